"""The law of size of a fit, and the places at which it is evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.curves import Capacity, capacity_of, cell_table
from bayeskisl.errors import InputError
from bayeskisl.inference.data import domains_of, law_of_size
from bayeskisl.inference.storage import constant_data, curves_of
from bayeskisl.laws import Law, LawOfSize

__all__ = ["FittedLawOfSize"]


@dataclass(frozen=True)
class FittedLawOfSize:
    """A law of size relative to the reference of a fit, its trained cells, and other places.

    Parameters
    ----------
    law : LawOfSize
        The law, with its priors.
    cells : xarray.Dataset
        The trained cells, see `bayeskisl.curves.cell_table`.
    places : numpy.ndarray
        The same as the law takes them, shape ``(cell, covariate)``.
    capacity : Capacity
        Capacity of the trained cells.
    domain : str, optional
        The one of several whose places are meant.
    """

    law: LawOfSize
    cells: xr.Dataset
    places: FloatArray
    capacity: Capacity
    domain: str | None = None

    @classmethod
    def of(cls, tree: xr.DataTree, law: Law, domain: str | None = None) -> "FittedLawOfSize":
        """Return the law of size of `law`, one of the laws of a fit; with several domains, as one of them sees it.

        The reference of one domain among several is not the middle of its own cells, hence that of the fit.
        """
        reference = constant_data(tree)["covariate_reference"]
        found = cls.of_curves(curves_of(tree), law, tuple(str(name) for name in reference[schema.COVARIATE].values))
        return replace(found, law=replace(found.law, reference=reference.values), domain=domain)

    @classmethod
    def of_curves(cls, curves: xr.Dataset, law: Law, covariates: tuple[str, ...]) -> "FittedLawOfSize":
        """Return the law of size of `law` for the cells of curves that vary some covariates."""
        cells, _ = cell_table(curves)
        capacity = capacity_of(curves)
        domains, of_domain = domains_of(cells)
        values = np.stack([cells[name].values for name in covariates], axis=1)
        places, of_size = law_of_size(law, covariates, np.concatenate([values, of_domain], axis=1), capacity, domains)
        return cls(of_size, cells, places, capacity)

    @property
    def ours(self) -> IntArray:
        """Indices of the trained cells of the domain; of all where there is one."""
        if self.domain is None:
            return np.arange(len(self.places))
        return np.flatnonzero(self.cells[schema.CELL_DOMAIN].values.astype(str) == self.domain)

    def place_of(self, target: Mapping[str, float]) -> FloatArray:
        """Return a target in the coordinates of the law, shape ``(covariate,)``.

        Raises
        ------
        InputError
            If the target has no value of a covariate that the curves vary.
        """
        if lacking := [name for name in self.law.covariates if name not in target]:
            raise InputError("the target's value of every covariate that the curves vary", f"none of {lacking[0]!r}",
                             "covariates")  # fmt: skip
        values = [target[name] for name in self.law.covariates]
        values += [float(name == self.domain) for name in self.law.domains]
        if self.law.takes_capacity:
            of_mixture = (target.get(name) for name in (schema.RATIO, schema.TOKENS_PER_FACT))
            ours = self.capacity.of_cells(self.ours)
            values.append(ours.exposures_at(target[schema.PARAMS], target[schema.TOKENS], *of_mixture))
        return np.array(values, dtype=float)
