"""Kinds of priors in a law file, in the field's units."""

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ExcessPrior", "LogNormalPrior", "NormalPrior", "Strict"]


class Strict(BaseModel):
    """A table of a law file: unknown keys and infinite numbers are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NormalPrior(Strict):
    """A normal prior; a standard deviation of zero fixes a coefficient at its mean."""

    mean: float
    sd: Annotated[float, Field(ge=0)]


class LogNormalPrior(Strict):
    """A log-normal prior of a positive quantity: its median, and the standard deviation of its logarithm.

    A standard deviation of zero fixes a coefficient, of the law of size or of the steepness, at the median. All other
    quantities are sampled, and need one above zero.
    """

    median: Annotated[float, Field(gt=0)]
    log_sd: Annotated[float, Field(ge=0)]

    @property
    def log_median(self) -> float:
        """Mean of the logarithm."""
        return math.log(self.median)


class ExcessPrior(Strict):
    """A prior Beta(1, b) of a small probability, given by its median; a median of zero fixes it at zero."""

    median: Annotated[float, Field(ge=0, lt=0.5)]

    @property
    def tied(self) -> bool:
        """Whether the quantity is exactly zero."""
        return self.median == 0

    @property
    def b(self) -> float:
        """Second shape of the Beta: its median is 1 - 2^(-1/b)."""
        return -math.log(2) / math.log1p(-self.median)
