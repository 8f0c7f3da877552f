"""A law: shape, covariates and priors, in the field's units."""

import hashlib
import json
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, ValidationError, create_model, model_validator
from pydantic_core import PydanticCustomError

from bayeskisl import schema
from bayeskisl.arguments import in_words, require_instance, require_one_of
from bayeskisl.card import card, escaped
from bayeskisl.errors import InputError
from bayeskisl.laws.falls import FALL_PARAMETERS, FALLS, Fall
from bayeskisl.laws.priors import ExcessPrior, LogNormalPrior, NormalPrior, Strict
from bayeskisl.specifications import refusal, toml_value

__all__ = ["Law", "Priors"]

# A run coordinate of the curves: `params`, `tokens`, or another by the name that the curves give it.
Covariate = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]

# Quantities of a group whose logarithm has a normal prior.
_POSITIVE = ("tau", "sigma_run", "steepness_scatter", "lapse_scatter", "concentration", "guess_concentration")


# Priors that only a law with limits may state, beside the minimum of exposures that makes it one.
_OF_LIMITS = ("learning_exponent", "bits_per_parameter", "sharpness", "turn")


# Quantities whose prior needs a width, since each is sampled on its own.
_SAMPLED = (*_POSITIVE, *FALL_PARAMETERS, "load_effect", "lapse", "benchmark_lapse")


# Where a law file does not say how guesses scatter; see `models/laws/limits.toml`.
_GUESSES = LogNormalPrior(median=1000.0, log_sd=1.5)


class _Priors(Strict):
    """Priors of the quantities of every law, by their names in the posterior."""

    critical_exposures: LogNormalPrior
    minimum_exposures: LogNormalPrior | None = None
    bits_per_parameter: LogNormalPrior | None = None
    sharpness: LogNormalPrior | None = None
    learning_exponent: LogNormalPrior | None = None
    turn: NormalPrior | None = None
    exponent: dict[Covariate, NormalPrior] = Field(default_factory=dict)
    curvature: dict[Covariate, NormalPrior] = Field(default_factory=dict)
    tau: LogNormalPrior
    sigma_run: LogNormalPrior
    sigma_run_exponent: NormalPrior | None = None
    steepness: LogNormalPrior
    steepness_exponent: NormalPrior
    steepness_scatter: LogNormalPrior
    load_effect: LogNormalPrior | None = None
    lapse: LogNormalPrior
    benchmark_lapse: LogNormalPrior | None = None
    lapse_scatter: LogNormalPrior
    concentration: LogNormalPrior
    guess_concentration: LogNormalPrior = _GUESSES
    floor_excess: ExcessPrior


# A law file states the priors of its fall's parameters beside the others.
_OF_FALLS: Any = dict.fromkeys(FALL_PARAMETERS, (LogNormalPrior | None, None))
if TYPE_CHECKING:
    Priors = _Priors
else:
    Priors = create_model("Priors", __base__=_Priors, __doc__="Priors of one probe group.", **_OF_FALLS)


def _known_fall(name: str) -> str:
    if name not in FALLS:
        *others, last = (repr(known) for known in FALLS)
        raise PydanticCustomError("literal_error", f"Input should be {', '.join(others)} or {last}")
    return name


def _in_one_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Covariates as the model takes them, the size first, whatever the order in a law file."""
    if schema.PARAMS not in names:
        raise PydanticCustomError("covariates", "a list that names 'params'")
    if len(set(names)) < len(names):
        raise PydanticCustomError("covariates", "a list that names each covariate once")
    return tuple(sorted(names, key=lambda name: (name != schema.PARAMS, name != schema.TOKENS, name)))


class Law(Strict):
    """A law: the prior belief about retention before any data.

    Attributes
    ----------
    name, title : str
        Its name, and a title of one line.
    shape : str
        Name of the fall, one of `bayeskisl.laws.falls.FALLS`: ``break``, ``logistic``, ``gompertz`` or ``none``.
    covariates : tuple of str
        Covariates of critical exposures, by run coordinates of the curves: always ``params``; others, such as
        ``tokens`` or a coordinate of your own, only if the curves vary them. Their order in a file does not matter.
    pooling : float
        Prior correlation between the values of a quantity in two probe groups, in [0, 1): the expected similarity. It
        matters only with several groups.
    domain_pooling : float, optional
        Prior correlation of intercept and exponents between two domains (types of fact, corpora); by default `pooling`.
        It matters only with several domains.
    load : str, optional
        ``where exposures stay``: the effect of the load counts only in curves where the exposures of a probed group
        stay the same along the axis; by default it always counts.
    rivals : tuple of str
        Names of the laws that are fitted as rivals by default.
    priors : Priors
        Priors by readable names, in the field's units.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    title: str = ""
    shape: Annotated[str, AfterValidator(_known_fall)]
    covariates: Annotated[tuple[Covariate, ...], AfterValidator(_in_one_order)] = (schema.PARAMS,)
    pooling: Annotated[float, Field(ge=0, lt=1)] = 0.75
    domain_pooling: Annotated[float, Field(ge=0, lt=1)] | None = None
    load: Literal["where exposures stay"] | None = None
    rivals: tuple[str, ...] = ()
    priors: Priors

    def __init__(self, *given: Any, **content: Any) -> None:
        if given:
            raise InputError("the fields of a law by their names", in_words(given[0]), "law",
                             "load a law by its name or file with `bk.load_law`")  # fmt: skip
        try:
            super().__init__(**content)
        except ValidationError as error:
            raise refusal(error, type(self), "", "the law", "copy it from a shipped law") from None

    @model_validator(mode="after")
    def _covariates_have_priors(self) -> Self:
        known = {*self.priors.exponent, *((schema.PARAMS,) if self.has_limits else ())}
        lacking = [name for name in self.covariates if name not in known]
        if lacking:
            raise ValueError(f"every covariate to have a prior in priors.exponent, also {', '.join(lacking)}")
        foreign = {*self.priors.exponent, *self.priors.curvature} - {*self.covariates, schema.TOKENS}
        if foreign:
            raise ValueError(f"priors for the law's covariates alone, not for {', '.join(sorted(foreign))}")
        return self

    @model_validator(mode="after")
    def _has_an_effect_of_its_load(self) -> Self:
        if self.load is not None and not self.knows_load:
            raise ValueError("a prior of load_effect beside 'load'")
        return self

    @model_validator(mode="after")
    def _infers_what_its_fall_has(self) -> Self:
        for name, parameter in FALL_PARAMETERS.items():
            wanted, prior = parameter in self.fall.parameters, parameter.prior
            if wanted and self.prior_of_fall(name) is None:
                example = f"{{ median = {prior.median}, log_sd = {prior.log_sd} }}"
                raise ValueError(f"a prior of {name}, which a fall of shape '{self.shape}' has, such as {example}")
            if not wanted and self.prior_of_fall(name) is not None:
                raise ValueError(f"no prior of {name}, which a fall of shape '{self.shape}' does not have")
        return self

    @model_validator(mode="after")
    def _samples_what_is_no_coefficient(self) -> Self:
        widths = {name: prior.log_sd for name in _SAMPLED if (prior := getattr(self.priors, name)) is not None}
        if (varies := self.priors.sigma_run_exponent) is not None:
            widths["sigma_run_exponent"] = varies.sd
        fixed = [name for name, width in widths.items() if width == 0]
        if fixed:
            raise ValueError(f"a standard deviation of {fixed[0]} above 0, such as 0.01, since it is sampled")
        return self

    @model_validator(mode="after")
    def _bends_in_one_way(self) -> Self:
        priors = self.priors
        of_limits = [name for name in _OF_LIMITS if getattr(priors, name)]
        if of_limits and not self.has_limits:
            raise ValueError(f"a prior of minimum_exposures beside that of {of_limits[0]}")
        if self.has_limits and priors.curvature:
            raise ValueError("either minimum_exposures or a curvature, since both bend the law")
        if self.has_limits and (priors.learning_exponent is None or schema.PARAMS in priors.exponent):
            raise ValueError("learning_exponent in place of exponent.params beside minimum_exposures")
        return self

    def _repr_html_(self) -> str:
        exponents = {f"exponent of {name}": prior for name, prior in self.priors.exponent.items()}
        rows = [
            ("title", self.title),
            ("fall", f"{self.shape}: {self.fall.title}"),
            ("limits", "learning, minimum exposures and capacity" if self.has_limits else "none"),
            ("covariates", ", ".join(self.covariates)),
            *((name, f"mean {prior.mean:g}, standard deviation {prior.sd:g}") for name, prior in exponents.items()),
            ("load", self.load or ("always counts" if self.knows_load else "does not count")),
            ("pooling of groups", f"{self.pooling:g}"),
            ("rivals", ", ".join(self.rivals) or "none"),
            ("SHA-256", self.sha256[:12]),
        ]
        return card(f"law {escape(self.name)}: beliefs before any data", escaped(rows))

    @property
    def has_limits(self) -> bool:
        """Whether critical exposures are bounded by limits, see `bayeskisl.laws.LimitsLaw`, instead of linear."""
        return self.priors.minimum_exposures is not None

    def split_between_domains(self, domains: tuple[str, ...]) -> tuple[float, float]:
        """Fractions of a prior's standard deviation in the common part of domains and in the part of each."""
        if not domains:
            return 1.0, 0.0
        pooling = self.pooling if self.domain_pooling is None else self.domain_pooling
        return pooling**0.5, (1 - pooling) ** 0.5

    @property
    def knows_load(self) -> bool:
        """Whether the number of distinct facts of a run reduces the effect of exposures, by `load_effect`."""
        return self.priors.load_effect is not None

    def without_load(self) -> Self:
        """The same law in exposures alone."""
        return self.model_copy(update={"load": None, "priors": self.priors.model_copy(update={"load_effect": None})})

    @property
    def unbounded(self) -> tuple[str, ...]:
        """Names of the quantities of a group that may have either sign."""
        varies = ("sigma_run_exponent",) if self.priors.sigma_run_exponent else ()
        return ("lapse_intercept", *varies)

    @property
    def fall(self) -> Fall:
        """The fall of retention."""
        return FALLS[self.shape]

    @property
    def falls(self) -> bool:
        """Whether anything is ever lost; otherwise thresholds have no meaning."""
        return self.fall.loses

    def prior_of_fall(self, name: str) -> LogNormalPrior | None:
        """Return the prior of a parameter of a fall; None if the law has none."""
        require_one_of(name, FALL_PARAMETERS, "name", "a parameter of a fall among")
        prior: LogNormalPrior | None = getattr(self.priors, name)
        return prior

    def with_fall(self, fall: Fall) -> Self:
        """Return the law with another fall, whose parameters have their default priors."""
        require_instance(fall, Fall, "fall", "take one of `bayeskisl.laws.falls.FALLS`")
        usual = {parameter.name: parameter.prior for parameter in fall.parameters}
        of_falls = dict.fromkeys(FALL_PARAMETERS) | usual
        return self.model_copy(update={"shape": fall.name, "priors": self.priors.model_copy(update=of_falls)})

    def with_priors(self, **priors: Any) -> Self:
        """Return the law with some priors changed; what is not named stays.

        Parameters
        ----------
        **priors : mapping or prior
            Parts of a prior by the name of its quantity, as in a law file: ``tau={"median": 0.2}``. Those of exponents
            and curvatures are named by covariate: ``exponent={"params": {"sd": 0.2}}``.

        Raises
        ------
        InputError
            If a quantity or a key is unknown, or a value out of bounds, as for a law file.

        Examples
        --------
        >>> import bayeskisl as bk
        >>> law = bk.load_law("power").with_priors(tau={"median": 0.2})
        >>> law.priors.tau.median
        0.2
        """
        content = self.to_dict()
        return type(self)(**{**content, "priors": _merged(content["priors"], priors)})

    @property
    def positive(self) -> tuple[str, ...]:
        """Names of the quantities of a group that are sampled by their logarithm."""
        load_effect = ("load_effect",) if self.knows_load else ()
        return (*_POSITIVE, *self.fall.parameter_names, *load_effect)

    @property
    def sha256(self) -> str:
        """Hash of the law's content; comments and order in its file do not count."""
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
        lines = [f"{key} = {toml_value(value)}" for key, value in content.items()]
        for table, entries in {"priors": priors, **{f"priors.{k}": v for k, v in tables.items() if v}}.items():
            lines += ["", f"[{table}]", *(f"{key} = {toml_value(value)}" for key, value in entries.items())]
        return "\n".join(lines) + "\n"


def _merged(priors: Mapping[str, Any], changed: Any) -> Any:
    """Return nested tables with the changed entries in place of, or beside, their own."""
    if isinstance(changed, BaseModel):
        return changed.model_dump()
    if not isinstance(changed, Mapping):
        return changed
    return {**priors, **{name: _merged(_table(priors.get(name)), each) for name, each in changed.items()}}


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
