"""The command that sets laws side by side."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bayeskisl.cli.display import console, loading, slim_table
from bayeskisl.cli.options import AsJson, SomeTargetOptions, grouped

__all__ = ["compare"]

_COLUMNS = ("law", "gate", "elpd_cells", "behind", "behind_se", "pareto_k", "refitted", "elpd_largest", "weight")


@grouped
def compare(
    fits: Annotated[list[Path], typer.Argument(help="Saved fits of the same curves; their rivals are compared too.")],
    target: SomeTargetOptions,
    refit: Annotated[bool, typer.Option(help="Fit again where importance sampling is unreliable.")] = True,
    largest: Annotated[int, typer.Option(min=0, help="How many of the largest sizes are left out together.")] = 1,
    seed: int = 0,
    as_json: AsJson = False,
    out: Annotated[
        Path | None, typer.Option(help="NetCDF file for a fit with all laws and these weights; `decide` takes it.")
    ] = None,
) -> None:
    """Which law predicts sizes that it has not seen, whether these data can tell, and what each says of a target."""
    asked = target.target()
    with loading("loading the fits, leaving sizes out"):
        from bayeskisl.decision import predict
        from bayeskisl.inference import compare as compare_laws
        from bayeskisl.inference import load_fit
        from bayeskisl.reporting import describe_prediction

        found = compare_laws([load_fit(path) for path in fits], refit=refit, largest=largest, seed=seed)
        ahead = None if asked is None else predict(found.fit, asked, throw=False)
    if out is not None:
        found.fit.save(out)
    if as_json:
        content = {"laws": found.table.to_dicts(), "unseparated": found.unseparated, "verdict": found.verdict}
        if ahead is not None:
            by_law = f"{ahead.attrs['half_point']}_by_law"
            halves = ahead[by_law].quantile([0.05, 0.5, 0.95], ("chain", "draw"), method="inverted_cdf")
            content[by_law] = {str(law): halves.sel(law=law).values.tolist() for law in halves["law"].values}
        typer.echo(json.dumps(content, indent=2))
        return
    _show(found.table)
    typer.echo(found.verdict)
    if ahead is not None:
        typer.echo(describe_prediction(ahead))


def _show(table: Any) -> None:
    shown = slim_table(*_COLUMNS, words=["law", "gate"])
    for row in table.select(_COLUMNS).iter_rows():
        shown.add_row(*(f"{value:.2f}" if isinstance(value, float) else str(value) for value in row))
    console.print(shown)
