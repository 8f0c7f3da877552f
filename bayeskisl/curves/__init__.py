"""Retention curves: the measurements as one `xarray.Dataset` with dims ``(run, group)``."""

from bayeskisl.curves.build import build_curves
from bayeskisl.curves.capacity import Capacity, bits_per_parameter, capacity_of, known_bits
from bayeskisl.curves.cells import (
    cell_at,
    cell_table,
    further_covariates,
    levels_of_runs,
    varied,
    with_covariates,
    without_covariates,
)
from bayeskisl.curves.checkpoints import final
from bayeskisl.curves.curve import Side, curves_of_cells
from bayeskisl.curves.diagnosis import Diagnosis, check
from bayeskisl.curves.exposures import group_exposures, load_of, reference_load
from bayeskisl.curves.finding import Finding
from bayeskisl.curves.join import join_curves
from bayeskisl.curves.load import load_curves, save_curves
from bayeskisl.curves.tables import Reading, TableError, curves_from_table, describe_import, read_exported, read_runs
from bayeskisl.curves.validation import validate

__all__ = [
    "Capacity",
    "Diagnosis",
    "Finding",
    "Reading",
    "Side",
    "TableError",
    "bits_per_parameter",
    "build_curves",
    "capacity_of",
    "cell_at",
    "cell_table",
    "check",
    "curves_from_table",
    "curves_of_cells",
    "describe_import",
    "final",
    "further_covariates",
    "group_exposures",
    "join_curves",
    "known_bits",
    "levels_of_runs",
    "load_curves",
    "load_of",
    "read_exported",
    "read_runs",
    "reference_load",
    "save_curves",
    "validate",
    "varied",
    "with_covariates",
    "without_covariates",
]
