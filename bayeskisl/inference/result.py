"""Fits: posteriors with everything that their use and assessment need."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import require_instance, require_path, require_share, require_texts
from bayeskisl.curves import Finding
from bayeskisl.errors import InputError
from bayeskisl.inference.card import card_of_fit, quantities_in_words
from bayeskisl.inference.domains import domain_names, of_domain
from bayeskisl.inference.gate import OF_LIMITS, STRUCTURAL, Gate, diagnostics, scalars
from bayeskisl.inference.posterior import ON_AXIS
from bayeskisl.inference.storage import curves_of, laws_of, read_tree
from bayeskisl.intervals import interval
from bayeskisl.kinds import FIT
from bayeskisl.laws import Law
from bayeskisl.netcdf import write_netcdf
from bayeskisl.quantities import three_digits
from bayeskisl.shipped import shipped_folder

__all__ = ["Fit", "load_fit", "load_fit_if"]


@dataclass(frozen=True, repr=False)
class Fit:
    """A posterior, with everything that its assessment and predictions need.

    Attributes
    ----------
    tree : xarray.DataTree
        Groups ``posterior``, ``sample_stats``, ``log_prior`` (by the law's priors), ``log_likelihood`` (run effects
        integrated out), ``prior``,
        ``posterior_predictive``, ``observed_data``, ``constant_data``, and ``rivals/<law>/`` with the first three;
        and ``weaker_priors``, a fit of its own, once a decision needed it, see `kept`.
        Every ArviZ function takes it.
    """

    kind: ClassVar[str] = FIT
    tree: xr.DataTree

    def __post_init__(self) -> None:
        require_instance(self.tree, xr.DataTree, "tree", "load a fit with `bk.load_fit`, or make one with `bk.fit`")

    @cached_property
    def laws(self) -> dict[str, Law]:
        """The fitted laws by name, the requested one first."""
        return laws_of(self.tree)

    @property
    def law(self) -> Law:
        """The requested law."""
        return next(iter(self.laws.values()))

    @cached_property
    def gates(self) -> dict[str, Gate]:
        """The verdict on each law's posterior."""
        return {name: Gate.from_dict(gate) for name, gate in json.loads(self.tree.attrs["gates"]).items()}

    @property
    def gate(self) -> Gate:
        """The verdict on the posterior of `law`."""
        return self.gates[self.law.name]

    @property
    def is_preview(self) -> bool:
        """Whether the fit is a preview of few draws instead of a posterior, see `bayeskisl.inference.fit`."""
        return self.tree.attrs.get("method") == "preview"

    @cached_property
    def warnings(self) -> tuple[Finding, ...]:
        """Cautions about the posterior, the most severe first."""
        return tuple(Finding.from_dict(content) for content in json.loads(self.tree.attrs["warnings"]))

    @cached_property
    def weights(self) -> dict[str, float]:
        """Weight of each law that passed its gate; `law` is always among them.

        Weights measure how well the laws predict left-out cells (sizes), see `bayeskisl.inference.weights.law_weights`.
        A handful of sizes can hardly separate laws whose extrapolations differ by factors, so no weight falls below a
        floor. Check the prediction of each law as well.
        """
        return json.loads(self.tree.attrs["weights"])

    @cached_property
    def curves(self) -> xr.Dataset:
        """The fitted retention curves."""
        return curves_of(self.tree)

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """Names of the domains, if the fit has several."""
        return tuple(domain_names(self.tree))

    def of_domain(self, name: str) -> "Fit":
        """Return one of several domains as a separate fit, for predictions, decisions, plans and figures.

        Parameters
        ----------
        name : str
            One of `domains`.

        Returns
        -------
        Fit
            A fit with the runs and sizes of that domain. Its intercept and exponents include the common part of all
            domains, from the draws of this fit, and so use the data of the other domains.

        Raises
        ------
        InputError
            If the fit has no such domain.
        """
        return Fit(of_domain(self.tree, name))

    @property
    def posterior(self) -> xr.Dataset:
        """Named quantities under `law`, dims ``(chain, draw, ...)``."""
        return self.tree["posterior"].to_dataset()

    @cached_property
    def truth(self) -> xr.Dataset | None:
        """True values, if the curves were simulated."""
        truth = self.curves.attrs.get("truth")
        return None if truth is None else xr.Dataset.from_dict(json.loads(truth))

    def summary(self, ci_prob: float = 0.9) -> pd.DataFrame:
        """Medians, equal-tailed intervals and diagnostics of every structural quantity, those of limits included.

        Parameters
        ----------
        ci_prob : float
            Probability of the interval; its columns are named after it, ``eti90_low`` and ``eti90_high``.

        Returns
        -------
        pandas.DataFrame
            One row per scalar, with the heading ``preview`` for a preview. Simulated curves add the columns ``truth``
            and ``covered``, both missing where there is no true value.
        """
        require_share(ci_prob=ci_prob)
        names = (*ON_AXIS, *STRUCTURAL, *OF_LIMITS)
        percent, rows = f"eti{100 * ci_prob:g}", {}
        for label, draws in scalars(self.posterior, names):
            if not np.isnan(draws).all():
                median, low, high = interval(draws, ci_prob)
                rows[label] = {"median": median, "sd": draws.std(), f"{percent}_low": low, f"{percent}_high": high}
        table = pd.DataFrame(rows).T.join(pd.DataFrame(diagnostics(self.posterior, names)).T)
        if self.is_preview:
            table.index.name = "preview"
        if self.truth is None:
            return table
        truth = self.truth.expand_dims(chain=1, draw=1)
        table["truth"] = pd.Series({label: float(value.squeeze()) for label, value in scalars(truth, names)})
        covered = (table[f"{percent}_low"] <= table["truth"]) & (table["truth"] <= table[f"{percent}_high"])
        table["covered"] = covered.astype(object).where(table["truth"].notna(), None)
        return table

    def sensitivity(self, names: tuple[str, ...] = (*ON_AXIS, *STRUCTURAL)) -> pd.DataFrame:
        """Power-scaling sensitivity of structural quantities to each prior of `law`.

        Returns
        -------
        pandas.DataFrame
            A row per scalar, a column per prior and ``all``; above 0.05 the prior influences the quantity.
        """
        from bayeskisl.inference.sensitivity import sensitivity

        require_texts(names, "names", "names of quantities")
        if "log_prior" not in self.tree.children:
            raise InputError("the densities of the priors", "a light fit", "fit", "fit again with `bk.fit`")
        return sensitivity(self.posterior, self.tree["log_prior"].to_dataset(), names)

    def kept(self, name: str, make: "Callable[[Fit], Fit]") -> "Fit":
        """Return a fit that `make` derives from this one, made once.

        It becomes the group `name` of `tree`, which `save` writes; nothing else adds to `tree`.
        """
        if name not in self.tree.children:
            self.tree[name] = make(self).tree
        return Fit(self.tree.children[name].copy())

    def save(self, path: str | Path) -> Path:
        """Write the fit as NetCDF, which `load_fit` and plain ArviZ read."""
        return write_netcdf(self.tree, path)

    def __repr__(self) -> str:
        gate = "PREVIEW" if self.is_preview else f"gate {self.gate.outcome}" if self.gate.passed else "GATE FAILED"
        exponents = ", ".join(f"{label} {text}" for label, text in self.intervals((schema.EXPONENT,)).items())
        return f"<Fit of {self.curves.sizes[schema.RUN]} runs, law '{self.law.name}', {exponents}, {gate}>"

    def _repr_html_(self) -> str:
        return card_of_fit(
            "preview of a fit" if self.is_preview else "fit",
            law=self.law,
            weights=self.weights,
            curves=f"{self.curves.sizes[schema.RUN]} runs along the axis '{self.curves.attrs['axis']}'",
            quantities=quantities_in_words(self.posterior, self.curves),
            gate=self.gate,
            warnings=self.warnings,
        )

    def intervals(self, names: tuple[str, ...]) -> dict[str, str]:
        """Median and 90 % equal-tailed interval of every scalar of some variables, as text by label."""
        require_texts(names, "names", "names of quantities")
        found = {}
        for label, draws in scalars(self.posterior, names):
            if not np.isnan(draws).all():
                median, low, high = map(three_digits, interval(draws, 0.9))
                found[label] = f"{median} ({low} to {high})"
        return found


def load_fit(path: str | Path, domain: str | None = None) -> Fit:
    """Read a saved fit.

    Parameters
    ----------
    path : path
        A file, or ``desk-four``: the fit that ships as an example, of the four smallest sizes of ``desk-amount``.
    domain : str, optional
        One of several domains, see `Fit.of_domain`.

    Raises
    ------
    InputError
        If the file is missing, is not NetCDF, is not a fit, or has no such domain.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> fit = bk.load_fit("desk-four")
    >>> fit.curves.sizes["run"], fit.gate.passed
    (132, True)
    """
    require_path(path, FIT, "path")
    fit = Fit(read_tree(_shipped(path)))
    return fit if domain is None else fit.of_domain(domain)


def load_fit_if(path: str | Path, judge: Callable[[xr.Dataset], object]) -> Fit:
    """Read a saved fit whose curves can answer a question.

    Parameters
    ----------
    path : path
        As for `load_fit`.
    judge : callable
        Receives the retention curves before any draw is read, and raises if they cannot answer.

    Raises
    ------
    InputError
        As `load_fit` does; what `judge` raises.
    """
    return Fit(read_tree(_shipped(path), judge))


def _shipped(path: str | Path) -> str | Path:
    """Return the file of a shipped fit by its name, unless such a file exists locally."""
    shipped = shipped_folder("data") / "examples" / f"{path}.nc"
    return shipped if not Path(path).is_file() and Path(path).name == str(path) and shipped.is_file() else path
