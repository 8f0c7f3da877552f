"""The command that compares laws."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from bayeskisl.cli.display import echo, print_json, show, slim_table
from bayeskisl.cli.files import ends_in
from bayeskisl.cli.help import rare
from bayeskisl.cli.options import AsJson, Seed, SomeTargetOptions
from bayeskisl.cli.progress import Progress

__all__ = ["compare"]

_COLUMNS = ("law", "gate", "elpd_cells", "behind", "behind_se", "pareto_k", "refitted", "elpd_largest", "weight")


def compare(
    fits: Annotated[
        list[Path], typer.Argument(metavar="FIT...", help="Saved fits of the same curves, rivals included.")
    ],
    target: SomeTargetOptions,
    largest: Annotated[
        int, typer.Option(min=0, metavar="N", help="Number of largest sizes that are left out together.")
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            help="NetCDF file for a fit with all laws and their weights; `decide` takes it.", callback=ends_in(".nc")
        ),
    ] = None,
    as_json: AsJson = False,
    refit: Annotated[bool, rare(help="Fit again where importance sampling is unreliable.")] = True,
    seed: Seed = 0,
) -> None:
    """Compare how well laws predict unseen sizes, and report whether these data can separate the laws.

    With a target, the prediction of each law is shown too."""
    asked = target.target()
    with Progress("loading the fits") as progress:
        from bayeskisl.decision import predict
        from bayeskisl.decision.about import about_of
        from bayeskisl.decision.planned_model import require_target
        from bayeskisl.inference import compare as compare_laws
        from bayeskisl.inference import load_fit
        from bayeskisl.inference.result import load_fit_if
        from bayeskisl.reporting import describe_prediction

        load = load_fit if asked is None else partial(load_fit_if, judge=partial(require_target, target=asked))
        found = compare_laws([load(path) for path in fits], refit=refit, largest=largest, seed=seed, progress=progress)
        ahead = None if asked is None else predict(found.fit, asked, throw=False)
    if out is not None:
        found.fit.save(out)
    if as_json:
        content: dict[str, Any] = {
            "laws": found.table.to_dicts(),
            "unseparated": found.unseparated,
            "verdict": found.verdict,
        }
        if ahead is not None:
            by_law = f"{about_of(ahead).half_point}_by_law"
            halves = ahead[by_law].quantile([0.05, 0.5, 0.95], ("chain", "draw"), method="inverted_cdf")
            content[by_law] = {str(law): halves.sel(law=law).values.tolist() for law in halves["law"].values}
        print_json(content)
        return
    _show(found.table)
    echo(found.verdict)
    if ahead is not None:
        echo(describe_prediction(ahead))


def _show(table: Any) -> None:
    shown = slim_table(*_COLUMNS, words=["law", "gate"])
    for row in table.select(_COLUMNS).iter_rows():
        shown.add_row(*(f"{value:.2f}" if isinstance(value, float) else str(value) for value in row))
    show(shown)
