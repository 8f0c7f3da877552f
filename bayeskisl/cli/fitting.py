"""Commands that fit a law, or show what it expects before a fit."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayeskisl.cli.display import echo, print_json, show
from bayeskisl.cli.files import FigureFile, ends_in
from bayeskisl.cli.help import rare
from bayeskisl.cli.options import AsJson, Curves, LawName, Seed
from bayeskisl.cli.progress import Progress
from bayeskisl.errors import GateError, InputError

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["fit", "prior"]


@dataclass(frozen=True, kw_only=True)
class RivalOptions:
    """Options of the laws to fit and the number of draws."""

    law: LawName = "limits"
    rival: Annotated[
        list[str] | None,
        typer.Option(metavar="LAW", help="A law to fit beside it, in place of rivals that its file names. Repeatable."),
    ] = None
    alone: Annotated[bool, typer.Option("--alone", help="Leave out the rivals that the law's file names.")] = False
    draws: Annotated[int, rare(min=100, metavar="N", help="Draws per chain.")] = 1000
    seed: Seed = 0

    def require_one_kind(self) -> None:
        """Refuse rival laws together with the option for none."""
        if self.alone and self.rival:
            raise InputError("--alone or --rival", "both", "fit", "leave one out")


def fit(
    curves: Curves,
    laws: RivalOptions,
    out: Annotated[Path, typer.Option(help="NetCDF file to write.", callback=ends_in(".nc"))] = Path("fit.nc"),
    every: Annotated[bool, typer.Option("--all", help="Show every quantity, with its diagnostics.")] = False,
    as_json: AsJson = False,
) -> None:
    """Infer collapse points and exponents from retention curves.

    A posterior that fails its checks is saved and marked as failed."""
    laws.require_one_kind()
    with Progress(f"reading {curves}") as progress:
        from bayeskisl.curves import load_curves
        from bayeskisl.laws import load_law

        law = load_law(laws.law)
        rivals = [load_law(other) for other in laws.rival] if laws.rival else ([] if laws.alone else None)
        loaded = load_curves(curves)
        progress("loading the sampler")
        from bayeskisl.inference import fit as fit_curves

        result = fit_curves(
            loaded, law, rivals=rivals, draws=laws.draws, seed=laws.seed, throw=False, progress=progress
        )
        progress(f"writing {out}")
        result.save(out)
    if as_json:
        print_json({"file": out, **_summary(result)})
    else:
        from bayeskisl.reporting.text import beside_posterior, describe_fit

        if every:  # a wide table is not wrapped
            show(result.summary().to_string())
        for said in beside_posterior(result) if every else [describe_fit(result)]:
            echo(said)
    if not result.gate.passed:
        raise GateError(f"{out}: {'; '.join(result.gate.reasons)}. The posterior is saved and marked as failed.")
    if not as_json:
        rhat, ess = result.gate.rhat, min(result.gate.ess_bulk, result.gate.ess_tail)
        echo(f"gate {result.gate.outcome} (largest R-hat {rhat:.3f}, fewest effective draws {ess:,.0f}): {out}")


def _summary(result: "Fit") -> dict[str, object]:
    return {
        "runs": result.curves.sizes["run"],
        "gate": result.gate.to_dict(),
        "weights": result.weights,
        "warnings": [warning.to_dict() for warning in result.warnings],
        "quantities": result.summary().to_dict(orient="index"),
    }


def prior(
    curves: Curves,
    law: LawName = "limits",
    out: FigureFile = None,
    as_json: AsJson = False,
    seed: Seed = 0,
) -> None:
    """Show what a law expects before any data.

    Its draws are compared with the counts of the curves: a prior that excludes them is wrong for these runs."""
    with Progress(f"reading {curves}") as progress:
        from bayeskisl.curves import load_curves
        from bayeskisl.laws import load_law

        loaded_law, loaded = load_law(law), load_curves(curves)
        progress("drawing from the prior")
        from bayeskisl.inference import prior_predictive
        from bayeskisl.reporting import describe_prior, plot_prior_predictive
        from bayeskisl.reporting.images import write_figure

        expected = prior_predictive(loaded_law, loaded, seed=seed)
        if out is not None:
            write_figure(plot_prior_predictive(loaded_law, loaded, seed=seed), out)
    if not as_json:
        echo(describe_prior(expected, loaded_law))
        return
    by_group = {
        str(group): {name: float(expected[name].sel(group=group).mean()) for name in ("inside", "held")}
        for group in expected["group"].values
    }
    print_json({"law": loaded_law.name, "groups": by_group})
