"""Decisions: answers that are numbers or, with a reason, bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, overload

import numpy as np
import pandas as pd
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import as_numbers, require_instance, require_number, require_path
from bayeskisl.arrays import FloatArray
from bayeskisl.card import card, escaped
from bayeskisl.decision.about import AboutDecision
from bayeskisl.decision.caveat import Caveat, ranked
from bayeskisl.decision.files import load_answer
from bayeskisl.decision.limits import limit_probabilities, risk_by_limit
from bayeskisl.decision.summary import decision_summary
from bayeskisl.decision.two_sides import Window
from bayeskisl.decision.verdict import Verdict, verdict_on
from bayeskisl.errors import InputError
from bayeskisl.intervals import interval
from bayeskisl.kinds import DECISION
from bayeskisl.netcdf import write_netcdf
from bayeskisl.quantities import three_digits

__all__ = ["Answer", "Decision", "load_decision"]

# More warnings than these are not read.
_SHOWN = 3
# Stated where the domain's ratio is.
_IN_ITS_LINE = ("ratio_above_one",)


@dataclass(frozen=True)
class Answer:
    """A number, or a bound if only that is known.

    Parameters
    ----------
    value : float or None
        The number in the unit of the sweep's axis; None if only a bound is known.
    at_least, at_most : float or None
        Ends of the bound, if any.
    reasons, buy : tuple of str
        Reasons for the bound, and the runs that would turn it into a number; empty with a number.
    """

    value: float | None
    at_least: float | None = None
    at_most: float | None = None
    reasons: tuple[str, ...] = ()
    buy: tuple[str, ...] = ()

    @property
    def is_bound(self) -> bool:
        """Whether the answer is a bound instead of a number."""
        return self.value is None

    def __float__(self) -> float:
        """Return the number; a bound is refused."""
        if self.value is None:
            remedy = "read `at_least` and `at_most`, and `buy` for the runs that would turn the bound into a number"
            raise InputError("a number", f"a bound ({self})", "answer", remedy)
        return float(self.value)

    def __str__(self) -> str:
        return f"{self.value:,.6g}" if self.value is not None else self.in_words("").rstrip()

    def in_words(self, unit: str, *, up: bool = False) -> str:
        """Return the number or its bound with its unit, in three digits.

        Parameters
        ----------
        unit : str
        up : bool
            Whether more is safer, so that a number is rounded up; otherwise down.
        """
        if self.value is not None:
            return f"{three_digits(self.value, down=not up, up=up)} {unit}"
        low, high = self.at_least, self.at_most
        if low is not None and high is not None:
            return f"between {three_digits(low, down=True)} and {three_digits(high, up=True)} {unit}"
        if low is not None:
            return f"at least {three_digits(low, down=True)} {unit}"
        return "not known" if high is None else f"at most {three_digits(high, up=True)} {unit}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        if not self.is_bound:
            return {"value": self.value}
        return {
            "value": None,
            "at_least": self.at_least,
            "at_most": self.at_most,
            "reasons": list(self.reasons),
            "buy": list(self.buy),
        }


@dataclass(frozen=True, repr=False)
class Decision:
    """Recommended infusion of a target, with its risk.

    Attributes
    ----------
    data : xarray.Dataset
        The variables of `predict`, and over ``(chain, draw)``: ``admissible`` (the largest infusion at which a run
        retains its share), ``optimum`` (infinite or zero at an end of the range), ``best_utility`` (at that optimum),
        ``sufficient_ratio`` (amount, ratio). Over ``infusion``, for plotting: ``shortfall_risk``, ``collapse_risk``,
        ``ignorance_risk`` (ratio: the infused group retains too little), ``utility`` by quantile, ``mean_utility``,
        ``mean_kept_<group>``, ``expected_regret`` and its parts ``regret_of_too_much`` and ``regret_of_too_little``,
        and the place in ``facts_at``, ``ratio_at``, ``exposures_at``. Scalars: ``choice``, ``risk_neutral_choice``,
        ``least_sufficient``, ``domain_facts``; ``near_optimal`` over ``end``; ``choice_by_law`` over ``law``; the
        sensitivity over ``assumption``. Numbers that `choice` and `optimum` withhold are included.
    """

    kind: ClassVar[str] = DECISION
    data: xr.Dataset

    def __post_init__(self) -> None:
        require_instance(self.data, xr.Dataset, "data", "load a decision with `bk.load_decision`")

    @cached_property
    def about(self) -> AboutDecision:
        """The target, the criterion, the caveats and the provenance: all that is no array."""
        return AboutDecision.of(self.data)

    @property
    def choice(self) -> Answer:
        """The chance-constrained choice: the largest infusion within the risk of over-infusion.

        If more infusion harms no probed group: the smallest within the risk of under-infusion.
        """
        return self._answer("choice", self.data[schema.CHOICE].item())

    @property
    def advised(self) -> float | None:
        """The recommended infusion: the choice, or the safe end of its bound, unless that is zero; None without it."""
        choice = self.choice
        if not choice.is_bound:
            return choice.value
        return choice.at_most if self.is_least else choice.at_least or None

    @property
    def is_least(self) -> bool:
        """Whether the choice is the smallest sufficient infusion, since more infusion harms no probed group."""
        return self.about.half_point == schema.ONSET

    def within_range(self, choice: float) -> float | None:
        """Return a choice of the posterior; None at the end of the range where the risk is not kept."""
        require_number(choice, "choice")
        least, most = (self.data[end].item() for end in ("least", "most"))
        exists = choice < most if self.is_least else choice > least
        return float(choice) if exists else None

    @overload
    def risk_at(self, infusion: float) -> float: ...
    @overload
    def risk_at(self, infusion: Sequence[float] | FloatArray) -> FloatArray: ...
    def risk_at(self, infusion: float | Sequence[float] | FloatArray) -> float | FloatArray:
        """Probability that a run at an infusion retains less than its share.

        Parameters
        ----------
        infusion : float, sequence or array
            Infusions in the unit of the axis.

        Returns
        -------
        float or numpy.ndarray
            One probability for each infusion; NaN for NaN.

        Raises
        ------
        InputError
            If an infusion is no number.
        """
        places, bounds = as_numbers(infusion, "infusion"), self.data[self.about.bounds]
        risks = np.array([self.short_at(place, bounds).mean() for place in places.ravel()]).reshape(places.shape)
        risks = np.where(np.isnan(places), np.nan, risks)
        return risks if places.ndim else float(risks)

    def short_at(self, infusion: float, bounds: xr.DataArray) -> xr.DataArray:
        """Mask of the draws in which a run at an infusion retains less than its share."""
        return bounds > infusion if self.is_least else bounds < infusion

    @property
    def risk_by_law(self) -> dict[str, float]:
        """Risk of the recommended infusion under each law alone; empty without a recommendation."""
        if self.advised is None:
            return {}
        short = self.short_at(self.advised, self.data["bounds_by_law"]).mean(("chain", "draw"))
        return {str(law): float(short.sel(law=law)) for law in short["law"].values}

    @property
    def limits(self) -> dict[str, dict[str, float | None]]:
        """For each limit of the law, its ``probability`` of binding at the target, and the ``risk`` if it binds.

        Empty if no law has limits; a risk is None if nothing is recommended.
        """
        probabilities = limit_probabilities(self.data)
        if self.advised is None:
            return {name: {"probability": each, "risk": None} for name, each in probabilities.items()}
        short = self.short_at(self.advised, self.data[self.about.bounds]).values.ravel()
        risks = risk_by_limit(self.data, short)
        return {name: {"probability": each, "risk": risks[name]} for name, each in probabilities.items()}

    @property
    def optimum(self) -> Answer:
        """The risk-neutral choice: the infusion with the best mean utility."""
        return self._answer("optimum", self.data["risk_neutral_choice"].item())

    @property
    def has_best(self) -> bool:
        """Whether a best mean can be shown: inside the range or at a stated limit, of knowledge with a stated value."""
        ends = self.data["risk_neutral_side"].item() and self.about.at_most is None
        return not ends and not self.about.lacks_value

    @property
    def near_optimal(self) -> tuple[float, float]:
        """Ends of the infusions that lose less than 1 % of the best mean utility, before costs."""
        low, high = self.data["near_optimal"].values
        return float(low), float(high)

    @property
    def verdict(self) -> Verdict:
        """Whether the answer may be used, the deciding rule, and the remedy."""
        return verdict_on(self.caveats)

    @property
    def window(self) -> Window | None:
        """The infusions at which both sides hold with probability 1 - risk; None if there is only one side."""
        if "window" not in self.data:
            return None
        low, high = (float(end) for end in self.data["window"].values)
        choice = self.choice.value
        if choice is not None and low <= choice:  # both sides hold no further than one of them, a draw more or less
            high = min(high, choice)
        return Window(low, high, self.data["window_best"].item(), self.data["window_probability"].item())

    @property
    def would_have_to_give(self) -> dict[str, Any]:
        """Changes that open an empty window, each by itself: ``risk``, ``keep`` by group, ``facts``."""
        return self.about.gives or {}

    @property
    def levels(self) -> dict[str, float]:
        """The share that each group must retain; the attribute ``keep_of`` names its reference."""
        return self.about.levels

    @property
    def harmed(self) -> list[str]:
        """The groups that over-infusion harms: the choice keeps the level of each, `levels`."""
        return self.about.harmed

    @property
    def extrapolated(self) -> list[str]:
        """Statements that rest on the prior alone: values of the target that the sweep never varied."""
        return [caveat.message for caveat in self.caveats if caveat.code == "prior_driven_target"]

    @property
    def warnings(self) -> tuple[Caveat, ...]:
        """At most three further caveats, the most influential first; `further` contains the rest."""
        return self._beside[:_SHOWN]

    @property
    def further(self) -> tuple[Caveat, ...]:
        """Caveats that are not among the verdict, the answers and `warnings`."""
        return self._beside[_SHOWN:]

    @property
    def _beside(self) -> tuple[Caveat, ...]:
        elsewhere = {self.verdict.because, *self.extrapolated, *self.choice.reasons, *self.optimum.reasons}
        others = [one for one in self.caveats if one.concerns != "target" and one.code not in _IN_ITS_LINE]
        if self.about.lacks_value:  # no best mean is shown
            others = [one for one in others if one.code != "no_interior_optimum"]
        return tuple(caveat for caveat in ranked(others) if caveat.message not in elsewhere)

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        """Warnings and edges, each with its code and message."""
        return self.about.warnings

    @property
    def edges(self) -> tuple[Caveat, ...]:
        """Caveats that make an answer a bound or concern the target, each with the next run to add."""
        return tuple(caveat for caveat in self.caveats if caveat.concerns)

    @property
    def held_fixed(self) -> dict[str, float]:
        """Quantities that the sweep and the answer hold fixed."""
        return self.about.held_fixed

    @property
    def sensitivity(self) -> pd.DataFrame:
        """The same decision under other assumptions, one row each; empty unless it was requested."""
        if "assumption" not in self.data.dims:
            return pd.DataFrame()
        columns = [name for name in self.data if self.data[name].dims == ("assumption",)]
        table = self.data[columns].to_dataframe()
        return table.rename(columns=lambda name: str(name).removeprefix("sensitivity_"))

    def regret(self, infusion: float | Sequence[float] | FloatArray) -> pd.DataFrame:
        """Expected regret of any choice: its loss against the best infusion of every draw.

        Parameters
        ----------
        infusion : float, sequence or array
            Infusions in the unit of the axis, within ``data.infusion``.

        Returns
        -------
        pandas.DataFrame
            One row per infusion: ``regret`` in the unit of the utility, its parts ``too_much`` and ``too_little``, and
            ``percent`` of the expected best; NaN unless that is positive, as prices may prevent.
        """
        places = np.ravel(as_numbers(infusion, "infusion"))
        grid = self.data["infusion"].values
        parts = {"regret": "expected_regret", "too_much": "regret_of_too_much", "too_little": "regret_of_too_little"}
        columns = {
            name: np.interp(places, grid, self.data[variable].values, left=np.nan, right=np.nan)
            for name, variable in parts.items()
        }
        best = float(self.data["best_utility"].mean())
        table = pd.DataFrame(columns, index=pd.Index(places, name=self.about.coordinate))
        return table.assign(percent=100 * table["regret"] / best if best > 0 else np.nan)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, as `decide --json` prints them, see `bayeskisl.decision.decision_summary`."""
        return decision_summary(self)

    def save(self, path: str | Path) -> Path:
        """Write the decision as NetCDF, which `load_decision` and plain xarray read."""
        return write_netcdf(self.data, path)

    def __repr__(self) -> str:
        return f"<Decision for {self.about.target_in_words}: choice {self._choice_in_words}, {self.verdict.grade}>"

    def _repr_html_(self) -> str:
        about, verdict = self.about, self.verdict
        rows = [
            ("target", about.target_in_words),
            ("choice" if verdict.grade != "not usable" else "not a recommendation", self._choice_in_words),
            (f"predicted {about.half_point}", self._half_point_in_words),
            ("both sides", self._window_in_words),
            ("because", "; ".join(self.choice.reasons)),
            ("verdict", verdict.grade),
            ("since", verdict.because if verdict.rule else ""),
            ("remedy", verdict.remedy),
            ("next run to add", verdict.buy),
            ("best on average", self._best_mean_in_words),
            *(("warning", caveat) for caveat in self.warnings),
        ]
        return card("decision", escaped(rows))

    @property
    def _choice_in_words(self) -> str:
        side = "" if self.choice.is_bound else f"at {'least' if self.is_least else 'most'} "
        said = "none" if self.advised is None else side + self.choice.in_words(self.about.unit, up=self.is_least)
        return f"{said} at a risk of {100 * self.about.risk:g} %"

    @property
    def _half_point_in_words(self) -> str:
        median, low, high = map(three_digits, interval(self.data[self.about.half_point].values, self.about.ci_prob))
        return f"{median} {self.about.unit} ({low} to {high})"

    @property
    def _best_mean_in_words(self) -> str:
        best = self.optimum
        if self.about.lacks_value:
            return ""
        if best.value is None:
            return best.in_words(self.about.unit)
        return f"{three_digits(best.value)} {self.about.unit}, at a risk of {100 * self.risk_at(best.value):.2g} %"

    @property
    def _window_in_words(self) -> str:
        if self.window is None:
            return ""
        if self.window.is_empty:
            return f"no {self.about.coordinate} holds both levels"
        return (
            f"{three_digits(self.window.low, up=True)} to {three_digits(self.window.high, down=True)} {self.about.unit}"
        )

    def _answer(self, concerns: str, value: float) -> Answer:
        edges = [edge for edge in self.edges if edge.concerns == concerns]
        if not edges:
            return Answer(float(value))
        # none is admissible, or enough, whatever one of several laws would allow
        codes = {edge.code for edge in edges}
        lows = [edge.at_least for edge in edges if edge.at_least is not None and "none_admissible" not in codes]
        highs = [edge.at_most for edge in edges if edge.at_most is not None and "none_sufficient" not in codes]
        return Answer(
            None,
            min(lows, default=None),
            max(highs, default=None),
            tuple(edge.message for edge in edges),
            tuple(edge.buy for edge in edges),
        )


def load_decision(path: str | Path) -> Decision:
    """Read a decision.

    Raises
    ------
    InputError
        If the file is missing, is not NetCDF, or is not a decision.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> saved = bk.decide(bk.load_fit("desk-four"), 98_304, sensitivity=False).save("decision.nc")
    >>> bk.load_decision(saved).verdict.rule
    'short_ladder'
    """
    require_path(path, DECISION, "path")
    return Decision(load_answer(path, "decision"))
