"""Commands that answer: predict, decide, verify."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayeskisl.cli.display import console, loading, slim_table
from bayeskisl.cli.files import FigureFile
from bayeskisl.errors import InputError
from bayeskisl.quantities import read_number, read_numbers

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["Domain", "decide", "predict", "verify"]

SavedFit = Annotated[Path, typer.Argument(help="A saved fit.")]
Params = Annotated[str, typer.Option(help="Non-embedding parameters of the target, e.g. 98304, 300M or 7B.")]
Tokens = Annotated[
    str | None, typer.Option(help="Token budget of the target, e.g. 1.5T; by default the sweep's only one.")
]
Kind = Annotated[str, typer.Option(help="new_run: one fresh run; mean: the average over runs.")]
Hold = Annotated[
    list[str] | None,
    typer.Option(help="What the target holds fixed, where sweeps differ in it: --hold ratio=0.3. Repeatable."),
]
PriorDriven = Annotated[bool, typer.Option(help="Accept what was never varied, labelled.")]
Domain = Annotated[str | None, typer.Option(help="Which domain, of a fit of several.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def predict(
    fit: SavedFit,
    params: Params,
    tokens: Tokens = None,
    kind: Kind = "new_run",
    hold: Hold = None,
    domain: Domain = None,
    prior_driven: PriorDriven = False,
    seed: int = 0,
    as_json: AsJson = False,
    out: Annotated[Path | None, typer.Option(help="NetCDF file to write.")] = None,
) -> None:
    """Where a target that was never trained collapses; `decide` says what to give it."""
    size, budget = read_number(params, "--params"), read_number(tokens, "--tokens") if tokens else None
    with loading("loading the fit"):
        from bayeskisl.decision import predict as predict_at
        from bayeskisl.decision import prediction_summary, save_prediction
        from bayeskisl.inference import load_fit
        from bayeskisl.reporting import describe_prediction

        ahead = predict_at(
            load_fit(fit, domain), size, budget, kind=kind, hold=_held(hold), prior_driven=prior_driven, seed=seed
        )
    if out is not None:
        save_prediction(ahead, out)
    typer.echo(json.dumps(prediction_summary(ahead), indent=2) if as_json else describe_prediction(ahead))


def decide(
    fit: SavedFit,
    params: Annotated[
        str, typer.Option(help="Non-embedding parameters, e.g. 98304 or 7B; several give a table: 1B,7B,70B.")
    ],
    tokens: Annotated[
        str | None, typer.Option(help="Token budget, e.g. 1.5T, or several; by default the sweep's only one.")
    ] = None,
    risk: Annotated[float, typer.Option(help="Allowed chance that a run at the choice keeps too little.")] = 0.10,
    keep: Annotated[float, typer.Option(help="Share of its ceiling that a run at the choice must keep.")] = 0.9,
    kind: Kind = "new_run",
    facts: Annotated[str | None, typer.Option(help="Size of your domain, in facts: which ratio does it need?")] = None,
    at_most: Annotated[
        str | None, typer.Option(help="Largest infusion that is planned, in facts or as a ratio.")
    ] = None,
    background_weight: Annotated[float, typer.Option(help="Worth of a background fact in infused facts.")] = 1.0,
    token_price: Annotated[float, typer.Option(help="Price of an infused token, in facts.")] = 0.0,
    loss_price: Annotated[float, typer.Option(help="Price of a nat of general loss, in facts.")] = 0.0,
    hold: Hold = None,
    apart: Annotated[float, typer.Option(help="Factor between the laws above which the choice is a bound.")] = 2.0,
    prior_driven: PriorDriven = False,
    sensitivity: Annotated[
        bool,
        typer.Option(help="The same decision under each law and under doubled prior widths, which fits again once."),
    ] = True,
    domain: Domain = None,
    seed: int = 0,
    as_json: AsJson = False,
    out: Annotated[Path | None, typer.Option(help="NetCDF file to write.")] = None,
    figure: FigureFile = None,
) -> None:
    """The optimal infusion of a target that was never trained, with its risk."""
    sizes = read_numbers(params, "--params")
    budgets = read_numbers(tokens, "--tokens") if tokens else [None]
    several = len(sizes) * len(budgets) > 1
    if several and (out is not None or figure is not None):
        raise InputError("one target with --out or --figure", f"{len(sizes) * len(budgets)} targets", "decide",
                         "decide on each by itself, or redirect the table")  # fmt: skip
    with loading("loading the fit"):
        from bayeskisl.decision import KeptFacts
        from bayeskisl.inference import load_fit

        loaded = load_fit(fit, domain)
        options = {
            "utility": KeptFacts(background_weight, token_price, loss_price),
            "risk": risk,
            "keep": keep,
            "kind": kind,
            "facts": read_number(facts, "--facts") if facts else None,
            "at_most": _positive(at_most, "--at-most") if at_most else None,
            "hold": _held(hold),
            "apart": apart,
            "prior_driven": prior_driven,
            "seed": seed,
        }
    if several:
        _print_table(loaded, sizes, budgets, options, as_json)
        return
    with loading("deciding (the sensitivity fits again, once)" if sensitivity else "deciding"):
        from bayeskisl.decision import decide as decide_at
        from bayeskisl.decision import decision_summary
        from bayeskisl.reporting import describe_decision, plot_decision
        from bayeskisl.reporting.images import write_figure

        groups = set(loaded.tree.children)
        decision = decide_at(loaded, sizes[0], budgets[0], sensitivity=sensitivity, **options)
        if set(loaded.tree.children) != groups and domain is None:
            loaded.save(fit)  # with the refit of the sensitivity, so that the next decision has it
    if out is not None:
        decision.save(out)
    if figure is not None:
        write_figure(plot_decision(decision), figure)
    typer.echo(json.dumps(decision_summary(decision), indent=2) if as_json else describe_decision(decision))


def _print_table(fit: "Fit", sizes: list[int], budgets: list[int | None], options: dict, as_json: bool) -> None:
    from bayeskisl.decision import decision_table
    from bayeskisl.reporting.text import decision_rows

    with loading(f"deciding on {len(sizes) * len(budgets)} targets"):
        found = decision_table(fit, sizes, budgets, **options)
    if as_json:
        typer.echo(found.to_json(orient="records", indent=2))
        return
    head, *rows = decision_rows(found)
    table = slim_table(*head, words=["edges"])
    for row in rows:
        table.add_row(*row)
    console.print(table)


def verify(
    prediction: Annotated[Path, typer.Argument(help="A saved prediction or decision.")],
    curves: Annotated[Path, typer.Argument(help="Retention curves that hold runs of the target's size.")],
    as_json: AsJson = False,
) -> None:
    """Measure the target's collapse point from its own runs: a hit or a miss."""
    with loading("measuring"):
        from bayeskisl.curves import load_curves
        from bayeskisl.decision import load_prediction, verification_summary
        from bayeskisl.decision import verify as verify_prediction
        from bayeskisl.reporting import describe_verification

        result = verify_prediction(load_prediction(prediction), load_curves(curves))
    typer.echo(json.dumps(verification_summary(result), indent=2) if as_json else describe_verification(result))


def _held(pairs: list[str] | None) -> dict[str, float]:
    held = {}
    for pair in pairs or []:
        name, _, value = pair.partition("=")
        try:
            held[name.strip()] = float(value)
        except ValueError:
            raise InputError("a name and a number such as ratio=0.3", repr(pair), "--hold") from None
    return held


def _positive(text: str, where: str) -> float:
    """A ratio such as ``0.3``, or a number of facts such as ``50k``."""
    try:
        return float(text)
    except ValueError:
        return float(read_number(text, where))
