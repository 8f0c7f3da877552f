"""From the sampler's variables to the quantities that people ask for, by their names in `schema`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import LoadEffect, axis_of
from bayeskisl.curves import cell_table, reference_load
from bayeskisl.inference.coefficients import draw_coefficients
from bayeskisl.inference.correlation import correlations
from bayeskisl.inference.curve_of_size import CurveOfSize, coefficients_at, curve_values
from bayeskisl.inference.data import ModelData
from bayeskisl.inference.definition import (
    APART,
    CURVE_PARTS,
    LINE_PARTS,
    about_common,
    half_points,
    of_groups,
    partly_centred,
    scale_between,
)  # fmt: skip
from bayeskisl.inference.freedom import information_of_runs
from bayeskisl.inference.lines import Line, line_mean, values_at
from bayeskisl.inference.load import on_axis_stretch
from bayeskisl.inference.model import lines_of, model_inputs
from bayeskisl.inference.rough import rough_half_points, rough_thresholds
from bayeskisl.inference.run_scatter import run_scatter
from bayeskisl.laws import Law
from bayeskisl.laws.shapes import SYMMETRIC, inverse_share

__all__ = ["ON_AXIS", "coefficients_of", "common_of_lines", "load_shift", "name_quantities", "report_on_axis"]

# A tenth of (ceiling - floor) is lost at the shoulder.
SHOULDER_SHARE = 0.9

ON_AXIS = (schema.COLLAPSE, schema.SHOULDER, schema.ONSET)


def name_quantities(
    draws: dict[str, np.ndarray], data: ModelData, law: Law, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The named quantities of every draw, shapes ``(chain, draw, ...)``, the coefficients drawn from their conditional.

    Parameters
    ----------
    draws : dict
        As `bayeskisl.inference.sampling.sample_model` returns them.
    """
    lines, given = lines_of(data, law), model_inputs(data, law)
    draws = {**draws, **_apart(draws, data, given)}
    common = common_of_lines(draws.get("common"), lines)
    at_half, (stretch, unit) = load_shift(draws, data), _stretches(draws, data)
    draws = {**draws, "sigma_run": unit * draws["sigma_run"]}
    along_axis, steepness_law = _along_line(
        "steepness", draws["steepness_scatter"], draws, lines, given, common, np.log(stretch), np.ones(1), rng
    )
    steepness = np.exp(along_axis) / stretch
    asymmetry = draws["asymmetry"][..., None, :] if "asymmetry" in draws else SYMMETRIC
    effect = np.zeros(1) if data.load is None else draws["load_effect"][..., None, :]
    given["threshold_rough"] = rough_thresholds(given, effect, steepness, asymmetry, np)
    if law.saturates:
        thresholds, threshold_law = _about_curve(draws, lines["threshold"], given, common["threshold"], at_half)
    else:
        thresholds, threshold_law = _along_line(
            "threshold", draws["tau"], draws, lines, given, common, at_half, unit, rng
        )
    log_exposures = data.log_exposures - (0.0 if data.load is None else effect * data.load.ahead)
    of_runs = steepness[..., data.cell_of_run, :]
    rough = rough_half_points(log_exposures, given["run_share"], of_runs, asymmetry, np)
    information = information_of_runs(given, of_runs, draws["concentration"][..., None, :])
    return {
        **group_quantities(draws, data),
        **coefficients_of(threshold_law, data),
        "steepness_intercept": steepness_law[..., 0],
        "steepness_exponent": steepness_law[..., 1],
        "steepness": steepness,
        "critical_exposures": np.exp(thresholds - at_half),
        "run_effect": _run_effects(thresholds, rough, information, draws, data, given),
    }


def group_quantities(draws: dict[str, np.ndarray], data: ModelData) -> dict[str, np.ndarray]:
    """What follows from the variables of groups and the ceilings alone; serves posterior and prior draws alike."""
    kept = (*data.positive, *data.unbounded)
    excess = draws.get("floor_excess", np.zeros_like(draws["tau"]))
    floor = data.guessing + (1 - data.guessing) * excess
    log_odds = draws["lapse_intercept"][..., None, :] + draws["lapse_scatter"][..., None, :] * draws["lapse_z"]
    several = (
        {"common": draws["common"], "run_correlation": np.stack(_run_correlations(draws, data), axis=-1)}
        if data.shape[1] > 1
        else {}
    )
    return (
        {"asymmetry": np.full_like(draws["tau"], SYMMETRIC)}
        | {name: draws[name] for name in kept}
        | several
        | {
            "floor_excess": excess,
            "floor": floor,
            "ceiling": ceiling_of(log_odds, floor[..., None, :]),
        }
    )


def _apart(draws: dict[str, np.ndarray], data: ModelData, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The quantities that several groups sample by their distance from what they have in common, ``(..., group)``."""
    if "common" not in draws:
        return {}
    alike = {name: draws["common"][..., data.positive.index(name), None] for name in APART}
    return {name: about_common(draws[f"{name}_own"], *of_groups(name, alike[name], given), np) for name in APART}


def common_of_lines(common: np.ndarray | None, lines: dict[str, Line]) -> dict[str, np.ndarray | None]:
    """What groups have in common of each line's coefficients, ``(..., column)``; None for a single group."""
    if common is None:
        return dict.fromkeys(lines)
    ends = np.cumsum([len(line.mean) for line in lines.values()])
    return dict(zip(lines, np.split(common[..., -ends[-1] :], ends[:-1], axis=-1), strict=True))


def _along_line(
    name: str,
    scatter: np.ndarray,
    draws: dict[str, np.ndarray],
    lines: dict[str, Any],
    given: dict[str, np.ndarray],
    common: dict[str, np.ndarray | None],
    shift: np.ndarray,
    unit: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Values ``(chain, draw, cell, group)`` of sampled places, and coefficients ``(chain, draw, group, column)``.

    The values lie about their law and `shift` above it.
    """
    line, shared = lines[name], common[name]
    inputs = {part: given[f"{name}_{part}"] for part in LINE_PARTS}
    values = values_at(
        draws[f"{name}_place"], line_mean(shared, inputs), scatter[..., None, :], unit[..., None, :], inputs, np
    )
    mean = line.mean if shared is None else (line.mean + line.common_sd * shared)[..., None, :]
    return values, draw_coefficients(np.swapaxes(values - shift, -1, -2), scatter, line.design, mean, line.sd, rng)


def _about_curve(
    draws: dict[str, np.ndarray],
    curve: CurveOfSize,
    given: dict[str, np.ndarray],
    common: np.ndarray | None,
    shift: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """As `_along_line`, for thresholds of a law that saturates."""
    inputs = {part: given[f"threshold_{part}"] for part in CURVE_PARTS}
    coefficients = coefficients_at(lambda name, *_: draws[name], len(curve.mean), common, inputs, np)
    scale = scale_between(inputs["freedom"], draws["tau"][..., None, :], given["prior_tau"][0], np)
    centre = curve_values(coefficients, inputs, np) + shift
    values = partly_centred(draws["threshold_place"], centre, inputs["rough"], inputs["freedom"], scale)
    return values, np.swapaxes(coefficients, -1, -2)


def load_shift(named: Mapping[str, np.ndarray], data: ModelData) -> np.ndarray:
    """How far thresholds lie above their law, which is that of the reference load, ``(..., cell, group)``."""
    return np.zeros((1, 1)) if data.load is None else named["load_effect"][..., None, :] * data.load.at_half


def _stretches(named: Mapping[str, np.ndarray], data: ModelData) -> tuple[np.ndarray, np.ndarray]:
    """Of each cell and of a typical one, ``(..., cell, group)`` and ``(..., group)``; one where the load is not known.

    See `bayeskisl.inference.load.on_axis_stretch`.
    """
    if data.load is None:
        return np.ones((1, 1)), np.ones(1)
    effect = named["load_effect"]
    return on_axis_stretch(effect[..., None, :], data.load.share), on_axis_stretch(effect, data.load.typical_share)


def _run_effects(
    thresholds: np.ndarray,
    rough: np.ndarray,
    information: np.ndarray,
    draws: dict[str, np.ndarray],
    data: ModelData,
    given: dict[str, np.ndarray],
) -> np.ndarray:
    """How far each run's half-point lies off its cell's, ``(chain, draw, run, group)``."""
    centre = thresholds[..., data.cell_of_run, :]
    own = half_points(
        lambda turn, mean, sd: draws[f"run_place_{turn}"],
        centre,
        run_scatter(draws, data.log_size[data.cell_of_run]),
        [each[..., None] for each in _run_correlations(draws, data)],
        rough,
        given["run_turns"],
        information,
        np,
    )
    return own - centre


def _run_correlations(draws: dict[str, np.ndarray], data: ModelData) -> list[np.ndarray]:
    """Of each pair of groups, ``(chain, draw)``; none for a single group."""
    return correlations(2 * draws["run_partial"] - 1, data.shape[1]) if data.shape[1] > 1 else []


def ceiling_of(lapse_log_odds: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Retention of facts that were seen often enough, 1 - lapse (1 - floor)."""
    return 1 - (1 - floor) / (1 + np.exp(-lapse_log_odds))


def coefficients_of(coefficients: np.ndarray, data: ModelData) -> dict[str, np.ndarray]:
    """Intercept ``(..., group)``, exponent and curvature ``(..., group, covariate)`` at the reference.

    Of several domains also what each adds, ``domain_intercept`` ``(..., group, domain)`` and ``domain_exponent``
    ``(..., group, domain, covariate)``.

    A law that saturates has them too, as the derivatives that they are, and its own ``coefficients``
    ``(..., group, coefficient)``, ``minimum_exposures`` and ``sharpness`` ``(..., group)``.
    """
    intercept, exponent, curvature = data.size_law.at_reference(coefficients)
    named = {"intercept": intercept, schema.EXPONENT: exponent, schema.CURVATURE: curvature}
    if data.size_law.domains:
        own_intercept, own_exponent = data.size_law.split_domains(coefficients)
        named |= {schema.DOMAIN_INTERCEPT: own_intercept, schema.DOMAIN_EXPONENT: own_exponent}
    if not data.size_law.saturates:
        return named
    own = {"minimum_exposures": np.exp(coefficients[..., -2]), "sharpness": np.exp(coefficients[..., -1])}
    return {**named, **own, "coefficients": coefficients}


def report_on_axis(named: xr.Dataset, curves: xr.Dataset, law: Law) -> xr.Dataset:
    """Collapse point and shoulder on the user's axis, added to the named quantities.

    Parameters
    ----------
    named : xarray.Dataset
        With ``critical_exposures`` and ``steepness``, dims ``(chain, draw, cell, group)``, and ``asymmetry``.
    curves : xarray.Dataset
        Where the runs lie.
    law : Law

    Returns
    -------
    xarray.Dataset
        With ``collapse`` and ``shoulder`` where a group's effective exposures fall along the axis, ``onset`` where they
        rise; NaN elsewhere.
    """
    ahead = np.exp(inverse_share(SHOULDER_SHARE, named["asymmetry"]) / named["steepness"])
    groups = [str(name) for name in named[schema.GROUP].values]
    axis, (cells, _) = axis_of(curves), cell_table(curves)
    held_fixed = {str(name): cells[name].reset_coords(drop=True) for name in cells.data_vars}
    load = LoadEffect(named["load_effect"], reference_load(curves)) if law.knows_load else None

    def on_axis(exposures: xr.DataArray, direction: int) -> xr.DataArray:
        columns = [
            axis.value(exposures.sel(group=group), group, held_fixed, load and load.sel(group=group))
            if axis.moves(group, law.knows_load) == direction and law.falls
            else exposures.sel(group=group) * np.nan
            for group in groups
        ]
        return xr.concat(columns, dim=schema.GROUP, coords="minimal", compat="override").transpose(*exposures.dims)

    critical = named[schema.CRITICAL_EXPOSURES]
    reported = named.assign({schema.COLLAPSE: on_axis(critical, -1), schema.SHOULDER: on_axis(critical * ahead, -1)})
    if any(axis.moves(group) > 0 for group in groups):
        reported = reported.assign({schema.ONSET: on_axis(critical, 1)})
    return reported
