"""Retention curves: what was measured, as one `xarray.Dataset` with dims ``(run, group)``."""

from bayeskisl.curves.cells import cell_covariates, cell_table, varied
from bayeskisl.curves.exposures import group_exposures
from bayeskisl.curves.validate import validate

__all__ = ["cell_covariates", "cell_table", "group_exposures", "validate", "varied"]
