"""Commands that answer a question about a target: predict, decide, verify."""

import json
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bayeskisl.cli.display import echo, print_json, show, slim_table, terminal_columns
from bayeskisl.cli.files import FigureFile, ends_in
from bayeskisl.cli.help import rare
from bayeskisl.cli.options import AsJson, SavedFit, SavedFits, Seed, TargetOptions, TargetsOptions, by_group
from bayeskisl.cli.progress import Progress
from bayeskisl.errors import InputError, OutputError
from bayeskisl.files import turn_in
from bayeskisl.quantities import number_in, read_number, short

if TYPE_CHECKING:
    import pandas as pd

    from bayeskisl.decision import Criterion
    from bayeskisl.target import Target

__all__ = ["decide", "predict", "verify"]

Kind = Annotated[str, rare(metavar="NAME", help="new_run: one new run; mean: one without run scatter.")]
ArrayFile = Annotated[Path | None, typer.Option(help="NetCDF file to write.", callback=ends_in(".nc"))]


def predict(
    fit: SavedFit,
    target: TargetOptions,
    out: ArrayFile = None,
    as_json: AsJson = False,
    kind: Kind = "new_run",
    seed: Seed = 0,
) -> None:
    """Predict the collapse point of an untrained model.

    `decide` recommends how much to infuse."""
    asked = target.target()
    with Progress("loading the fit") as progress:
        from bayeskisl.decision import predict as predict_at
        from bayeskisl.decision import prediction_summary, save_prediction
        from bayeskisl.decision.planned_model import require_target
        from bayeskisl.inference.result import load_fit_if
        from bayeskisl.reporting import describe_prediction

        loaded = load_fit_if(fit, partial(require_target, target=asked))
        progress("predicting")
        ahead = predict_at(loaded, asked, kind=cast("Any", kind), seed=seed)  # `predict_at` refuses what is no kind
    if out is not None:
        save_prediction(ahead, out)
    if as_json:
        print_json(prediction_summary(ahead))
    else:
        echo(describe_prediction(ahead))


@dataclass(frozen=True, kw_only=True)
class CriterionOptions:
    """Options of the rule that chooses an infusion."""

    risk: Annotated[
        list[float] | None,
        typer.Option(metavar="X", help="Accepted probability that a run keeps too little, 0.1 by default. Repeatable."),
    ] = None
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X", help="Share that a run must keep, 0.9 by default; or GROUP=X for each group: background=0.98."
        ),
    ] = None
    keep_of: Annotated[
        str | None,
        rare(
            metavar="WHAT",
            help="What `--keep` is a share of: the `ceiling` of each group, all `facts`, or what a benchmark keeps "
            "`uninfused` or with the `fewest` facts.",
        ),
    ] = None
    facts: Annotated[
        str | None, typer.Option(metavar="N", help="Size of your domain in facts, for the ratio that it needs.")
    ] = None
    at_most: Annotated[
        str | None,
        typer.Option(metavar="X", help="Largest infusion: facts, a ratio, or parts per million along a frequency."),
    ] = None
    background_weight: Annotated[float, rare(metavar="X", help="Value of a background fact, in infused facts.")] = 1.0
    token_price: Annotated[float, rare(metavar="X", help="Price of an infused token, in facts.")] = 0.0
    loss_price: Annotated[float, rare(metavar="X", help="Price of a nat of general loss, in facts.")] = 0.0

    @property
    def risks(self) -> list[float]:
        """The requested risks."""
        return self.risk or [0.10]

    def criterion(self) -> "Criterion":
        """The criterion that the options name."""
        from bayeskisl.decision import Criterion, KeptFacts
        from bayeskisl.decision.criterion import KEEP

        return Criterion(
            utility=KeptFacts(self.background_weight, self.token_price, self.loss_price),
            risk=self.risks[0],
            keep=by_group(self.keep or [], "--keep", "0.9") or KEEP,
            keep_of=cast("Any", self.keep_of),  # `Criterion` refuses any other
            facts=read_number(self.facts, "--facts") if self.facts else None,
            at_most=_ratio_or_facts(self.at_most, "--at-most") if self.at_most else None,
        )


@dataclass(frozen=True, kw_only=True)
class AnswerFiles:
    """Options of the files that a decision is written to."""

    out: ArrayFile = None
    figure: FigureFile = None
    as_json: AsJson = False


def decide(
    fits: SavedFits,
    target: TargetsOptions,
    criterion: CriterionOptions,
    answer: AnswerFiles,
    kind: Kind = "new_run",
    apart: Annotated[float, rare(metavar="X", help="Factor between the laws above which the choice is a bound.")] = 2.0,
    sensitivity: Annotated[bool, rare(help="Decide again under each law and under weaker priors.")] = True,
    seed: Seed = 0,
) -> None:
    """Recommend an infusion for an untrained model, with its risk.

    Several fits, sizes, budgets or risks give one table."""
    targets, risks = target.targets(), criterion.risks
    questions = len(fits) * len(targets) * len(risks)
    if questions > 1 and (answer.out is not None or answer.figure is not None):
        raise InputError("one target with --out or --figure", f"{questions} questions", "decide",
                         "decide on each target separately, or redirect the table")  # fmt: skip
    options: dict[str, Any] = {"kind": kind, "apart": apart, "seed": seed}
    with Progress("loading the package"):
        options["criterion"] = criterion.criterion()
    if questions > 1:
        _print_table(fits, targets, risks, options, answer.as_json)
        return
    fit = fits[0]
    with Progress("loading the fit"):
        from bayeskisl.decision.advice import require_question
        from bayeskisl.inference.result import load_fit_if

        loaded = load_fit_if(fit, partial(require_question, target=targets[0], by=options["criterion"]))
    with Progress("deciding"):
        from bayeskisl.decision import decide as decide_at
        from bayeskisl.decision import decision_summary, write_record
        from bayeskisl.reporting import describe_decision, plot_decision
        from bayeskisl.reporting.images import write_figure

        groups = set(loaded.tree.children)
        decision = decide_at(loaded, targets[0], sensitivity=sensitivity, **options)
    if answer.out is not None:
        with turn_in(answer.out.parent):
            record = write_record(decision, decision.save(answer.out))
        echo(f"on record: {record}, SHA-256 of its content {_hash_of(record)}", err=True)
    if answer.figure is not None:
        write_figure(plot_decision(decision), answer.figure)
    if answer.as_json:
        print_json(decision_summary(decision))
    else:
        echo(describe_decision(decision))
    if set(loaded.tree.children) != groups and fit.is_file() and fit.suffix == ".nc":
        with suppress(OutputError):  # only the next decision would be faster for it
            loaded.save(fit)


def _hash_of(record: Path) -> str:
    return json.loads(record.read_text(encoding="utf-8"))["sha256"]


# Columns of a table of decisions that a terminal of fewer columns than these has no room for.
_WIDE, _WIDE_COLUMNS = 100, {"times the largest", "as good, to 1 %"}


def _print_table(
    fits: list[Path], targets: "list[Target]", risks: list[float], options: dict[str, Any], as_json: bool
) -> None:
    with Progress(f"deciding on {len(fits) * len(targets) * len(risks)} questions"):
        from bayeskisl.decision import decision_table
        from bayeskisl.reporting.text import decision_rows

        found = decision_table(fits if len(fits) > 1 else fits[0], targets, risks=risks, **options)
    problems = found[found["problem"].notna()] if "problem" in found else found[:0]
    if as_json:
        print_json(json.loads(found.to_json(orient="records")))
    elif len(problems) < len(found):
        head, *rows = decision_rows(_without_folders(found))
        left_out = _WIDE_COLUMNS if terminal_columns() < _WIDE else set()
        shown = [place for place, name in enumerate(head) if name not in left_out]
        table = slim_table(*(head[place] for place in shown), words=["table", "verdict", "edges"])
        for row in rows:
            table.add_row(*(row[place] for place in shown))
        show(table)
    for _, row in problems.iterrows():
        echo(f"not answered: {_question(row)}: {row['problem']}", err=True)
    if len(problems) == len(found):
        raise typer.Exit(1)


def _without_folders(found: "pd.DataFrame") -> "pd.DataFrame":
    """Name tables by their files alone, where these differ."""
    if "table" not in found:
        return found
    names = found["table"].map(lambda path: Path(path).name)
    return found.assign(table=names) if names.nunique() == found["table"].nunique() else found


def _question(row: "pd.Series") -> str:
    """Name a question of a table; one whose fit cannot be read has no size, budget or risk."""
    from bayeskisl.reporting.numbers import percent

    known = row.dropna()
    words = {"params": "parameters", "tokens": "tokens"}
    place = [f"{short(known[name])} {word}" for name, word in words.items() if name in known]
    risk = [f"a risk of {percent(known['risk'])}"] if "risk" in known else []
    return ", ".join([known["table"], *place, *risk])


def verify(
    prediction: Annotated[Path, typer.Argument(help="A saved prediction or decision.")],
    curves: Annotated[Path, typer.Argument(help="Retention curves with runs of the target's size.")],
    as_json: AsJson = False,
) -> None:
    """Compare a prediction or decision with runs of the target that were trained later."""
    with Progress("measuring the collapse point"):
        from bayeskisl.curves import load_curves
        from bayeskisl.decision import check_record, load_prediction, verification_summary
        from bayeskisl.decision import verify as verify_prediction
        from bayeskisl.reporting import describe_verification

        check_record(prediction)
        result = verify_prediction(load_prediction(prediction), load_curves(curves))
    if as_json:
        print_json(verification_summary(result))
    else:
        echo(describe_verification(result))


def _ratio_or_facts(text: str, where: str) -> float:
    """Read a ratio such as ``0.3``, or a number of facts such as ``50k``."""
    number = number_in(text)
    return float(read_number(text, where)) if number is None else number
