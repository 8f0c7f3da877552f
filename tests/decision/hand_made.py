"""A fit whose posterior is written by hand, so that what follows from it can be worked out by hand too."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
import xarray as xr

from bayeskisl.curves import group_exposures
from bayeskisl.inference import Gate
from bayeskisl.inference.simulate import design_curves
from bayeskisl.kinds import FIT
from bayeskisl.laws import Law, load_law

SIZES = (6_144, 13_824, 24_576)
TOKENS, RATIO, TOKENS_PER_FACT, GUESSING = 1_843_200, 0.5, 6.0, 1 / 4096
CHAINS, DRAWS = 2, 300


def amount_curves(
    sizes=SIZES,
    levels=(62, 125, 250, 500, 1000, 2000),
    seeds=(0, 1),
    *,
    log_threshold=None,
    steepness=8.0,
    tokens=TOKENS,
    rng=None,
):
    """Retention curves of an amount sweep; binomial counts with `rng`, expected counts without.

    Each size collapses at ``log_threshold(size)`` log exposures; left out, along the power law of `HandMadeFit`.
    """
    log_threshold = log_threshold or law_line
    rows = [(n, k, s) for n in sizes for k in levels for s in seeds]
    params, facts, seed = (np.array(column) for column in zip(*rows, strict=True))
    exposures = RATIO * tokens / (facts * TOKENS_PER_FACT)
    threshold = np.array([log_threshold(n) for n in params])
    share = 1 / (1 + np.exp(-steepness * (np.log(exposures) - threshold)))
    recall, probed = GUESSING + (0.995 - GUESSING) * share, np.minimum(facts, 500)
    recalled = rng.binomial(probed, recall) if rng is not None else np.round(recall * probed).astype(int)
    run = "run"
    return xr.Dataset(
        {
            "recalled": ((run, "group"), recalled[:, None]),
            "probed": ((run, "group"), probed[:, None]),
            "guessing": ((run, "group"), np.full((len(rows), 1), GUESSING)),
        },
        coords={
            "run": [f"{n}-{k}-{s}-{tokens}" for n, k, s in rows],
            "group": ["infused"],
            "params": (run, params),
            "total_params": (run, params + 10_000),
            "tokens": (run, np.full(len(rows), tokens)),
            "facts": (run, facts),
            "ratio": (run, np.full(len(rows), RATIO)),
            "exposures": (run, exposures),
            "tokens_per_fact": (run, np.full(len(rows), TOKENS_PER_FACT)),
            "background_facts": (run, np.zeros(len(rows), int)),
            "background_share": (run, np.zeros(len(rows))),
            "seed": (run, seed),
        },
        attrs={"axis": "amount"},
    )


def law_line(params):
    """log e50 = log 250 - 0.7 log(N / 13,824)."""
    return np.log(250) - 0.7 * np.log(params / 13_824)


def posterior_draws(exponent_sd=0.05, seed=0):
    """Draws that scatter around `law_line`."""
    rng = np.random.default_rng(seed)
    shape, size = (CHAINS, DRAWS, 1), np.array(SIZES)
    exponent = 0.7 + exponent_sd * rng.standard_normal(shape)
    z = np.log(size / 13_824)
    log_thresholds = np.log(250) - exponent[:, :, None] * z[:, None] + 0.05 * rng.standard_normal((*shape[:2], 3, 1))
    steepness = np.exp(np.log(8) + 0.1 * rng.standard_normal((*shape[:2], 3, 1)))
    collapse = RATIO * TOKENS / (TOKENS_PER_FACT * np.exp(log_thresholds))
    cell = ("chain", "draw", "cell", "group")
    return xr.Dataset(
        {
            "exponent": (("chain", "draw", "group", "covariate"), exponent[..., None]),
            "critical_exposures": (cell, np.exp(log_thresholds)),
            "collapse": (cell, collapse),
            "steepness": (cell, steepness),
            "ceiling": (cell, np.full(collapse.shape, 0.995)),
            "floor": (cell, np.full(collapse.shape, GUESSING)),
            "asymmetry": (("chain", "draw", "group"), np.ones(shape)),
            "sigma_run": (("chain", "draw", "group"), np.full(shape, 0.1)),
            "tau": (("chain", "draw", "group"), np.full(shape, 0.1)),
        },
        coords={
            "chain": range(CHAINS),
            "draw": range(DRAWS),
            "cell": [f"{n}p {TOKENS}t" for n in SIZES],
            "group": ["infused"],
            "covariate": ["params"],
        },
    )


PASSED = Gate(True, (), 1.003, 1_900.0, 2_100.0, 0.0, 0.05, 0.4, 12.0)
FAILED = Gate(False, ("R-hat of tau is 1.2",), 1.2, 90.0, 80.0, 0.01, 0.05, 0.4, 12.0)


@dataclass
class HandMadeFit:
    """What decision and reporting need of a fit."""

    kind: ClassVar[str] = FIT
    curves: xr.Dataset = field(default_factory=amount_curves)
    weights: dict = field(default_factory=lambda: {"collapse": 0.75, "power": 0.25})
    exponent_sd: float = 0.05
    steepness: float = 8.0
    steepness_log_sd: float = 0.1
    gate: Gate = PASSED
    is_preview: bool = False
    warnings: tuple = ()
    domains: tuple = ()
    law: Law = field(default_factory=lambda: load_law("collapse"))
    asymmetry: dict = field(default_factory=dict)  # by law

    @property
    def laws(self) -> dict[str, Law]:
        return {"collapse": self.law, "power": load_law("power")}

    @cached_property
    def tree(self) -> xr.DataTree:
        posterior = posterior_draws(self.exponent_sd)
        return xr.DataTree.from_dict(
            {"posterior": posterior, "rivals/power/posterior": posterior, "observed_data": self.curves[["recalled"]]}
        )


def extrapolate(fit, params, tokens, *, covariates=None, kind="new_run", law=None, as_new=False, seed=0):
    """What `bayeskisl.inference.extrapolate` promises, for a `HandMadeFit`; the power law stands 10 % higher."""
    if isinstance(fit, MixedFit):
        return fit.draws_at(params, tokens, kind=kind, law=law, seed=seed)
    rng = np.random.default_rng([seed, 1])
    shape = (CHAINS, DRAWS, 1)
    exponent = fit.tree["posterior"]["exponent"].values[..., 0]
    threshold = np.log(250) - exponent * np.log(params / 13_824) + 0.1 * rng.standard_normal(shape)
    run_effect = 0.1 * rng.standard_normal(shape) * (kind == "new_run")
    log_steepness = np.log(fit.steepness) + fit.steepness_log_sd * rng.standard_normal(shape)
    dims = ("chain", "draw", "group")
    return xr.Dataset(
        {
            "log_critical_exposures": (
                dims,
                threshold - 0.1 * (law == "power") if fit.laws[law].falls else -np.inf + 0 * threshold,
            ),
            "run_effect": (dims, run_effect),
            "log_steepness": (dims, log_steepness),
            "fall": fit.laws[law].fall.name,
            "asymmetry": (dims, np.full(shape, fit.asymmetry.get(law, 1.0))),
            "floor": (dims, np.full(shape, GUESSING)),
            "ceiling": (dims, np.full(shape, 0.995)),
        },
        coords={"chain": range(CHAINS), "draw": range(DRAWS), "group": ["infused"]},
    )


# Ratio and dose: two groups, each with its own log e50 at 13,824 parameters.
BOTH = ("infused", "background")
HALVES = {"infused": 200.0, "background": 100.0}


def mixed_curves(axis, *, ratios=(0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97), sizes=SIZES, seeds=(0, 1), halves=HALVES):
    """Expected counts of a ratio, frequency or dose sweep; general loss rises as the general share falls."""
    columns = []
    for ratio in ratios:
        facts = 150 if axis in ("ratio", "frequency") else round(ratio * TOKENS / (400.0 * TOKENS_PER_FACT))
        columns.append(
            design_curves(params=list(sizes), facts=facts, axis=axis, ratio=ratio, tokens=TOKENS, seeds=len(seeds),
                          tokens_per_fact=6, background_facts=150, background_share=0.3, groups=BOTH)
        )  # fmt: skip
    curves = xr.concat(columns, dim="run", data_vars="all")
    curves = curves.assign_coords(run=[f"mixed {i}" for i in range(curves.sizes["run"])])
    size = np.log(curves.params.values / 13_824)[:, None]
    threshold = np.log([halves[group] for group in BOTH]) - 0.7 * size
    share = 1 / (1 + np.exp(-8.0 * (np.log(group_exposures(curves).values) - threshold)))
    recall = GUESSING + (0.995 - GUESSING) * share
    recalled = np.round(recall * curves.probed.values).astype(int)
    loss = 2.4 * (curves.params / 13_824) ** -0.05 * (1 - curves.ratio) ** -0.1
    return curves.assign(recalled=(("run", "group"), recalled), general_loss=("run", loss.values))


@dataclass
class MixedFit(HandMadeFit):
    """A posterior over two groups, thresholds along `HALVES` and the law of `law_line`."""

    halves: dict = field(default_factory=lambda: dict(HALVES))
    threshold_sd: float = 0.1
    load_effect: float = 0.0

    def draws_at(self, params, tokens, *, kind, law, seed):
        """What `extrapolate` promises, in both groups."""
        rng = np.random.default_rng([seed, 2])
        shape = (CHAINS, DRAWS, len(BOTH))
        centre = np.log([self.halves[group] for group in BOTH]) - 0.7 * np.log(params / 13_824)
        same = np.ones(shape)
        dims = ("chain", "draw", "group")
        return xr.Dataset(
            {
                "log_critical_exposures": (
                    dims,
                    centre + self.threshold_sd * rng.standard_normal(shape) - 0.05 * (law == "power"),
                ),
                "run_effect": (dims, 0.05 * rng.standard_normal(shape) * (kind == "new_run")),
                "log_steepness": (dims, np.log(self.steepness) + self.steepness_log_sd * rng.standard_normal(shape)),
                "fall": "break",
                "asymmetry": (dims, same),
                "floor": (dims, GUESSING * same),
                "ceiling": (dims, 0.995 * same),
                **({"load_effect": (dims, self.load_effect * same)} if self.load_effect else {}),
            },
            coords={"chain": range(CHAINS), "draw": range(DRAWS), "group": list(BOTH)},
        )

    @cached_property
    def tree(self):
        exponent = xr.DataArray(
            np.full((CHAINS, DRAWS, len(BOTH), 1), 0.7),
            dims=("chain", "draw", "group", "covariate"),
            coords={"group": list(BOTH), "covariate": ["params"]},
            name="exponent",
        )
        return xr.DataTree.from_dict(
            {"posterior": exponent.to_dataset(), "rivals/power/posterior": exponent.to_dataset()}
        )
