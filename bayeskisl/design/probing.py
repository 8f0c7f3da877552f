"""Number of facts that a run would be asked, by probe group."""

from collections.abc import Mapping
from dataclasses import dataclass

import xarray as xr

from bayeskisl import schema
from bayeskisl.axes import axis_of
from bayeskisl.curves.cells import domain_of_runs
from bayeskisl.design.runs import Run, in_domain

__all__ = ["Probing"]


@dataclass(frozen=True)
class Probing:
    """Probing of a sweep's runs: all facts of a group, up to the most that it asked.

    Parameters
    ----------
    most : dict
        Facts of a group that a run was asked at most, by domain and group; all domains together have no name.
    at_level : frozenset of str
        Groups that have as many facts as the run's level says.
    """

    most: Mapping[str, Mapping[str, int]]
    at_level: frozenset[str]

    @classmethod
    def of(cls, curves: xr.Dataset) -> "Probing":
        """Return the probing of some curves."""
        axis, groups = axis_of(curves), [str(name) for name in curves[schema.GROUP].values]
        probed = curves[schema.PROBED].transpose(schema.RUN, schema.GROUP, ...).values

        def most(domain: str) -> dict[str, int]:
            asked = probed[in_domain(curves, domain)].max(axis=0)
            return {name: int(count.max()) for name, count in zip(groups, asked, strict=True)}

        at_level = {name for name in groups if axis.counts_facts and name != schema.BACKGROUND}
        return cls({domain: most(domain) for domain in ("", *domain_of_runs(curves)[0])}, frozenset(at_level))

    def facts(self, run: Run, group: str) -> int:
        """Return how many facts of a group a run would be asked."""
        most = self.most[run.domain][group]
        return int(min(run.level, most)) if group in self.at_level else most
