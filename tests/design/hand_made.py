"""A fit whose posterior is Gaussian and written by hand, so that the value of a run has a closed form."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
import xarray as xr

from bayeskisl.decision.planned_model import planned_model
from bayeskisl.inference import Gate
from bayeskisl.inference.simulate import design_curves
from bayeskisl.inference.storage import measured
from bayeskisl.kinds import FIT
from bayeskisl.laws import Law, SizeLaw, load_law
from bayeskisl.target import Target

SIZES, TOKENS, TARGET = (6_144, 13_824, 24_576), 1_843_200, 98_304
RATIOS = (0.3, 0.6, 0.8, 0.9)
BACKGROUND = {"background_facts": 250, "background_share": 0.8, "groups": ("infused", "background")}
PASSED = Gate(True, (), 1.0, 2_000.0, 2_000.0, 0.0, 0.0, 0.5, 10.0)
FAILED = Gate(False, ("R-hat of tau is 1.2",), 1.2, 90.0, 80.0, 0.0, 0.0, 0.5, 10.0)


@dataclass
class GaussianFit:
    """Thresholds N(law's line at its prior mean, sd^2) independent over cells; tau, sigma and steepness known."""

    kind: ClassVar[str] = FIT
    sizes: tuple = SIZES
    levels: tuple = (250, 500, 1000, 2000)
    sd: float = 0.05
    tau: float = 0.1
    sigma_run: float = 0.1
    steepness: float = 4.0
    draws: int = 4_000
    seed: int = 0
    gate: Gate = PASSED
    is_preview: bool = False
    tokens: tuple = (TOKENS,)
    thresholds: dict = field(default_factory=dict)
    axis: str = "amount"
    load_effect: float | None = None
    between_groups: float = 0.0  # correlation of the two groups' thresholds in every cell

    @cached_property
    def law(self) -> Law:
        return load_law("power" if self.load_effect is None else "common")

    @property
    def laws(self) -> dict:
        return {self.law.name: self.law}

    @property
    def weights(self) -> dict:
        return {self.law.name: 1.0}

    @property
    def warnings(self) -> tuple:
        return ()

    @cached_property
    def curves(self) -> xr.Dataset:
        swept = {
            "amount": {"facts": list(self.levels)},
            "ratio": {"facts": 250, "ratio": list(RATIOS), **BACKGROUND},
            "dose": {"exposures": 300.0, "ratio": list(RATIOS), **BACKGROUND},
        }[self.axis]
        curves = design_curves(
            axis=self.axis, params=list(self.sizes), tokens=list(self.tokens), seeds=1, tokens_per_fact=6, **swept
        )
        return curves.assign_attrs(sweeps=json.dumps({"demo": "demo-0123"}))

    @cached_property
    def size_law(self) -> SizeLaw:
        return SizeLaw.of(self.law, ("params",), np.array(self.sizes, dtype=float)[:, None])

    @property
    def design(self) -> np.ndarray:
        return self.size_law.design_matrix(np.array(self.sizes, dtype=float)[:, None])

    @cached_property
    def tree(self) -> xr.DataTree:
        rng = np.random.default_rng(self.seed)
        groups = list(self.curves["group"].values)
        shape, cells = (2, self.draws // 2, len(groups)), len(self.sizes)
        mean = np.array(
            [self.thresholds.get(n, m) for n, m in zip(self.sizes, self.design @ self.size_law.mean, strict=True)]
        )
        noise = rng.standard_normal((self.draws, cells * len(groups)))
        noise -= noise.mean(axis=0)
        noise = np.linalg.solve(
            np.linalg.cholesky(np.cov(noise, rowvar=False)), noise.T
        ).T  # exactly N(0, I) in moments
        noise = noise.reshape(*shape[:2], cells, len(groups))
        own = noise[..., -1:]
        noise = np.concatenate([*[self._like(own, other) for other in np.moveaxis(noise, -1, 0)[:-1]], own], axis=-1)
        threshold = mean[:, None] + self.sd * noise
        group, cell = ("chain", "draw", "group"), ("chain", "draw", "cell", "group")
        known = {
            "tau": self.tau, "sigma_run": self.sigma_run, "steepness_scatter": 1e-9, "lapse_scatter": 0.3,
            "lapse_intercept": -8.0, "concentration": 1e7, "guess_concentration": 1e7,
            "floor_excess": 0.0, "asymmetry": 1.0,
            "steepness_intercept": np.log(self.steepness), "steepness_exponent": 0.0, "intercept": 5.0,
            **({} if self.load_effect is None else {"load_effect": self.load_effect}),
        }  # fmt: skip
        posterior = xr.Dataset(
            {name: (group, np.full(shape, value)) for name, value in known.items()}
            | {
                "critical_exposures": (cell, np.exp(threshold)),
                "steepness": (cell, np.full(threshold.shape, self.steepness)),
                "ceiling": (cell, np.full(threshold.shape, 0.9999)),
                "floor": (cell, np.full(threshold.shape, 1 / 4096)),
                "exponent": ((*group, "covariate"), np.full((*shape, 1), 0.7)),
                "curvature": ((*group, "covariate"), np.zeros((*shape, 1))),
            },
            coords={"group": groups, "covariate": ["params"], "cell": [f"{n}p" for n in self.sizes]},
        )
        tree = xr.DataTree.from_dict({"posterior": posterior, **measured(self.curves, self)})
        tree.attrs = {"laws": json.dumps({self.law.name: self.law.to_dict()})}
        return tree

    def _like(self, own: np.ndarray, other: np.ndarray) -> np.ndarray:
        return self.between_groups * own + np.sqrt(1 - self.between_groups**2) * other[..., None]

    def moments(self, params: float) -> tuple[float, float]:
        """Variance of log e50 of a size (scatter included), and its covariance with the target's line."""
        covariance, move = self._coefficients()
        there, target = self.size_law.design_matrix(np.array([[params], [TARGET]], dtype=float))
        if params in self.sizes:
            return self.sd**2, float(target @ move[:, self.sizes.index(params)]) * self.sd**2
        return float(there @ covariance @ there) + self.tau**2, float(target @ covariance @ there)

    def line_variance(self) -> float:
        """Variance of the target's line."""
        target = self.size_law.design_matrix(np.array([TARGET], dtype=float))
        return float(target @ self._coefficients()[0] @ target)

    def _coefficients(self) -> tuple[np.ndarray, np.ndarray]:
        """Covariance of the coefficients, and how their conditional mean moves with each cell's log e50.

        A coefficient with a standard deviation of zero stays at its mean.
        """
        free = self.size_law.sd > 0
        design = self.design[:, free]
        given = np.linalg.inv(np.diag(1 / self.size_law.sd[free] ** 2) + design.T @ design / self.tau**2)
        move = np.zeros((len(free), len(self.sizes)))
        move[free] = given @ design.T / self.tau**2
        covariance = self.sd**2 * move @ move.T
        covariance[np.ix_(free, free)] += given
        return covariance, move


def level_at_half(fit: GaussianFit, params: float) -> float:
    """The infusion at which a size keeps half of the group that it harms, if it lies on the law at its prior mean."""
    row = fit.size_law.design_matrix(np.array([params], dtype=float))
    threshold = fit.thresholds.get(params, float(row @ fit.size_law.mean))
    level = float(planned_model(fit.curves, Target(params)).infusion(threshold, load_effect=fit.load_effect or 0.0))
    return float(round(level)) if fit.axis == "amount" else level
