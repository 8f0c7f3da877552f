"""What one shipped sweep says, as plain numbers: the content of its page, and where every quoted number comes from."""

import hashlib
import json
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import bayeskisl
from bayeskisl import intervals, schema
from bayeskisl.arrays import FloatArray
from bayeskisl.decision import Decision
from bayeskisl.inference import Comparison, Fit, compare, fit
from bayeskisl.inference.storage import constant_data
from bayeskisl.laws import load_law
from studies.results.held_out import held_out_predictions, splits
from studies.results.measurements import measured_cells, moving_share
from studies.results.planned import planned, said_of
from studies.results.stages import Stages
from studies.results.subjects import Subject

__all__ = ["find", "made_from"]

_FEWEST = 3  # sizes that have to remain when the largest is left out, see `bayeskisl.inference.compare`

Found = dict[str, Any]


def made_from(subject: Subject) -> dict[str, str]:
    """What the findings rest on: when it changes, they are found anew."""
    curves = subject.curves()
    return {
        "records_sha256": curves.attrs["records_sha256"],
        "laws_sha256": hashlib.sha256("".join(load_law(law).sha256 for law in subject.laws).encode()).hexdigest(),
        "source_sha256": _source_sha256(),
    }


@cache
def _source_sha256() -> str:
    source = hashlib.sha256()
    package = Path(bayeskisl.__file__).parent
    for layer in ("curves", "laws", "inference", "decision"):
        for path in sorted((package / layer).rglob("*.py")):
            source.update(path.read_bytes())
    return source.hexdigest()


def find(subject: Subject, stages: Stages) -> tuple[Found, Fit, Decision]:
    """Fit a sweep in every way that its page reports.

    Parameters
    ----------
    subject : Subject
    stages : Stages
        What is there is taken from it, what is not is made and kept.

    Returns
    -------
    findings : dict
        Plain values, to be written as JSON.
    fit : Fit
        The main one, for figures.
    decision : Decision
        For a larger model.
    """
    curves, law, rivals = subject.curves(), subject.law, subject.rivals
    main = stages.fit("fitting every law", "fit", lambda: fit(curves, law, rivals=rivals, throw=False))
    compared = cache(lambda: _compared(main))
    laws = stages.plain("comparing the laws", "laws", lambda: _of_comparison(compared()))
    on_total = curves.assign_coords({schema.PARAMS: curves[schema.TOTAL_PARAMS]})
    total = stages.fit("fitting on total parameters", "fit-total", lambda: fit(on_total, law, rivals=(), throw=False))
    cells = stages.plain("measuring each cell by itself", "cells", lambda: measured_cells(curves))
    decision = stages.decision("deciding for a larger model", "decision", lambda: planned(compared().fit))
    held_out = [
        row
        for number, split in enumerate(splits(curves), start=1)
        for row in stages.plain(
            f"leaving out: trained on {split[0]}",
            f"held-out-{number}",
            partial(held_out_predictions, curves, law, rivals, *split),
        )
    ]
    return (
        {
            "sweep": subject.name,
            "sweeps": list(subject.sweeps),
            "axis": curves.attrs["axis"],
            "law": law,
            "curves": _described(curves),
            "cells": cells,
            "fit": _of_fit(main, curves),
            "fit_total": _of_fit(total, total.curves),
            "laws": laws,
            "held_out": held_out,
            "decision": said_of(decision),
        },
        main,
        decision,
    )


def _compared(main: Fit) -> Comparison:
    sizes = len(np.unique(main.curves[schema.PARAMS]))
    return compare([main], largest=1 if sizes > _FEWEST else 0)


def _of_comparison(compared: Comparison) -> Found:
    return {
        "table": compared.table.to_dicts(),
        "weights": compared.weights,
        "best": compared.best,
        "verdict": compared.verdict,
    }


def _described(curves: xr.Dataset) -> Found:
    params = np.unique(curves[schema.PARAMS])
    return {
        "runs": curves.sizes[schema.RUN],
        "sizes": [int(size) for size in params],
        "tokens": [int(budget) for budget in np.unique(curves[schema.TOKENS])],
        "groups": [str(group) for group in curves[schema.GROUP].values],
        "seeds": len(np.unique(curves[schema.SEED])),
        "moving": moving_share(curves),
        "diverged": len(json.loads(curves.attrs.get("diverged", "[]"))),
    }


def _of_fit(result: Fit, curves: xr.Dataset) -> Found:
    posterior, gate = result.posterior, result.gate
    covariates = [str(name) for name in posterior[schema.COVARIATE].values]
    sizes = np.unique(curves[schema.PARAMS].values.astype(float))
    reference = float(constant_data(result.tree)["covariate_reference"].sel(covariate=schema.PARAMS))
    return {
        "reference": reference,
        "gate": {"passed": gate.passed, "reasons": list(gate.reasons), "rhat": gate.rhat,
                 "ess": min(gate.ess_bulk, gate.ess_tail), "divergences": gate.divergences},
        "cautions": [f"{caution.severity}: {caution.message}" for caution in result.warnings],
        "groups": {
            str(group): _of_group(posterior.sel(group=group), covariates, sizes / reference)
            for group in posterior[schema.GROUP].values
        },
    }  # fmt: skip


def _of_group(posterior: xr.Dataset, covariates: Sequence[str], relative_sizes: FloatArray) -> Found:
    found: Found = {
        "exponent": {name: interval(posterior[schema.EXPONENT].sel(covariate=name)) for name in covariates},
        "tau": interval(posterior[schema.TAU]),
        "sigma_run": interval(posterior[schema.SIGMA_RUN]),
    }
    if schema.CURVATURE in posterior:
        bend = posterior[schema.CURVATURE]
        bend = bend.sel(covariate=schema.PARAMS) if schema.COVARIATE in bend.dims else bend
        found["curvature"] = interval(bend)
        exponent = posterior[schema.EXPONENT].sel(covariate=schema.PARAMS)
        ends = {"smallest": relative_sizes[0], "largest": relative_sizes[-1]}
        found["local_exponent"] = {end: interval(exponent - bend * np.log(size)) for end, size in ends.items()}
    for name in (schema.CRITICAL_EXPOSURES, schema.COLLAPSE, schema.ONSET):
        if name in posterior and np.isfinite(posterior[name]).any():
            found[name] = [interval(posterior[name].isel(cell=cell)) for cell in range(posterior.sizes[schema.CELL])]
    return found


def interval(draws: xr.DataArray) -> dict[str, float]:
    """Median and ends of the 90 % interval."""
    median, low, high = intervals.interval(draws.values, 0.9)
    return {"median": median, "low": low, "high": high}
