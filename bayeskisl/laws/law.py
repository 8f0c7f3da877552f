"""A law: shape, covariates and priors, in the field's units."""

import hashlib
import json
import math
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bayeskisl import schema

__all__ = ["ExcessPrior", "Law", "LogNormalPrior", "NormalPrior", "Priors"]

Covariate = Literal["params", "tokens"]

# Quantities of a group whose logarithm has a normal prior.
_POSITIVE = ("tau", "sigma_run", "steepness_scatter", "lapse_scatter", "concentration")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NormalPrior(_Strict):
    """A normal prior; a standard deviation of zero fixes the quantity at its mean."""

    mean: float
    sd: Annotated[float, Field(ge=0)]


class LogNormalPrior(_Strict):
    """A log-normal prior of a positive quantity: its median, and the standard deviation of its logarithm."""

    median: Annotated[float, Field(gt=0)]
    log_sd: Annotated[float, Field(gt=0)]

    @property
    def log_median(self) -> float:
        """Mean of the logarithm."""
        return math.log(self.median)


class ExcessPrior(_Strict):
    """A prior Beta(1, b) of a small probability by its median; a median of zero ties it to zero."""

    median: Annotated[float, Field(ge=0, lt=0.5)]

    @property
    def tied(self) -> bool:
        """Whether the quantity is exactly zero."""
        return self.median == 0

    @property
    def b(self) -> float:
        """Second shape of the Beta: its median is 1 - 2^(-1/b)."""
        return -math.log(2) / math.log1p(-self.median)


class Priors(_Strict):
    """Priors of one probe group, by the names that the posterior uses."""

    critical_exposures: LogNormalPrior
    minimum_exposures: LogNormalPrior | None = None
    sharpness: LogNormalPrior | None = None
    exponent: dict[Covariate, NormalPrior]
    curvature: dict[Covariate, NormalPrior] = {}
    tau: LogNormalPrior
    sigma_run: LogNormalPrior
    sigma_run_exponent: NormalPrior | None = None
    steepness: LogNormalPrior
    steepness_exponent: NormalPrior
    steepness_scatter: LogNormalPrior
    asymmetry: LogNormalPrior | None = None
    load_effect: LogNormalPrior | None = None
    lapse: LogNormalPrior
    lapse_scatter: LogNormalPrior
    concentration: LogNormalPrior
    floor_excess: ExcessPrior


class Law(_Strict):
    """What is believed about retention before any curve is seen.

    Attributes
    ----------
    name, title : str
        How it is called, and one line for people.
    shape : str
        Of the fall: ``logistic``, ``break`` (of an inferred asymmetry), or ``none`` (nothing is ever lost).
    covariates : tuple of str
        What critical exposures may depend on; ``params`` always, the others where the curves vary them.
    pooling : float
        Prior correlation between two probe groups' values of any one quantity, in [0, 1): how alike they are expected
        to be. It counts only where there are several groups.
    domain_pooling : float, optional
        The same between two domains (types of fact, corpora), of intercept and exponents; `pooling` if left out. It
        counts only where the curves hold several.
    rivals : tuple of str
        Names of the laws that are fitted beside it unless told otherwise.
    priors : Priors
        By readable names, in the field's units.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    title: str = ""
    shape: Literal["break", "logistic", "none"]
    covariates: tuple[Covariate, ...] = (schema.PARAMS,)
    pooling: Annotated[float, Field(ge=0, lt=1)] = 0.75
    domain_pooling: Annotated[float, Field(ge=0, lt=1)] | None = None
    rivals: tuple[str, ...] = ()
    priors: Priors

    @model_validator(mode="after")
    def _covariates_have_priors(self) -> Self:
        if schema.PARAMS not in self.covariates:
            raise ValueError("covariates to name 'params'")
        lacking = [name for name in self.covariates if name not in self.priors.exponent]
        if lacking:
            raise ValueError(f"every covariate to have a prior in priors.exponent, also {', '.join(lacking)}")
        return self

    @model_validator(mode="after")
    def _infers_the_asymmetry_of_a_break(self) -> Self:
        if (self.shape == "break") != (self.priors.asymmetry is not None):
            raise ValueError("a prior of asymmetry where the shape is 'break', and only there")
        return self

    @model_validator(mode="after")
    def _bends_in_one_way(self) -> Self:
        priors = self.priors
        if priors.sharpness and not priors.minimum_exposures:
            raise ValueError("a prior of minimum_exposures beside that of sharpness")
        if priors.minimum_exposures and priors.curvature:
            raise ValueError("either minimum_exposures or a curvature, since both bend the law")
        return self

    @property
    def saturates(self) -> bool:
        """Whether critical exposures stop falling with size: they are bounded below by `minimum_exposures`."""
        return self.priors.minimum_exposures is not None

    @property
    def knows_load(self) -> bool:
        """Whether exposures count for less the more distinct facts a run trains on; by how much is `load_effect`."""
        return self.priors.load_effect is not None

    @property
    def unbounded(self) -> tuple[str, ...]:
        """Names of the quantities of a group that may have either sign."""
        varies = ("sigma_run_exponent",) if self.priors.sigma_run_exponent else ()
        return ("lapse_intercept", *varies)

    @property
    def falls(self) -> bool:
        """Whether anything is ever lost; if not, no threshold means anything."""
        return self.shape != "none"

    @property
    def positive(self) -> tuple[str, ...]:
        """Names of the quantities of a group that are sampled by their logarithm."""
        asymmetry = ("asymmetry",) if self.shape == "break" else ()
        load_effect = ("load_effect",) if self.knows_load else ()
        return (*_POSITIVE, *asymmetry, *load_effect)

    @property
    def sha256(self) -> str:
        """Hash of the law's content (not of its file: comments and order do not count)."""
        canonical = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """The law as plain numbers and strings, as a fit stores it."""
        return self.model_dump(mode="json", exclude_none=True)

    def to_toml(self) -> str:
        """The law as the text of a law file, without comments."""
        content = self.to_dict()
        priors = content.pop("priors")
        tables = {key: priors.pop(key) for key in ("exponent", "curvature")}
        lines = [f"{key} = {_toml_value(value)}" for key, value in content.items()]
        for table, entries in {"priors": priors, **{f"priors.{k}": v for k, v in tables.items() if v}}.items():
            lines += ["", f"[{table}]", *(f"{key} = {_toml_value(value)}" for key, value in entries.items())]
        return "\n".join(lines) + "\n"


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml_value(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    return json.dumps(value)  # numbers and basic strings are spelled alike in JSON and TOML
