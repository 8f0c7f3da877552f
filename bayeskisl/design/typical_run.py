"""A run with the posterior medians of all that its fall consists of, but for its threshold and steepness."""

from dataclasses import dataclass, field

from bayeskisl.arrays import FloatArray
from bayeskisl.inference.run_counts import information, precision
from bayeskisl.knowledge.guessing import known
from bayeskisl.laws.falls import LOGISTIC, Shape

__all__ = ["TypicalRun"]


@dataclass(frozen=True)
class TypicalRun:
    """A run whose retention is floor + (ceiling - floor) S(x) at x = k (u - log e50).

    Parameters
    ----------
    floor, ceiling : float
        Recall of facts never seen, and of facts seen often.
    concentration, guess_concentration : float
        Concentration of the beta-binomial counts, for what is known and for guesses.
    shape : Shape
        S, parameters as numbers.
    """

    floor: float
    ceiling: float
    concentration: float
    guess_concentration: float
    shape: Shape = field(default_factory=LOGISTIC.with_values)

    def chance(self, ahead: FloatArray | float) -> FloatArray:
        """Probability of recall at x."""
        return self.floor + (self.ceiling - self.floor) * self.shape.share(ahead)

    def known(self, ahead: FloatArray | float) -> FloatArray:
        """Share of facts known at x; of a benchmark it is far below one even at the ceiling."""
        return known(self.ceiling, self.floor) * self.shape.share(ahead)

    def precision(self, ahead: FloatArray | float) -> FloatArray:
        """Concentration of the counts at x."""
        return precision(self.chance(ahead), self.floor, self.concentration, self.guess_concentration)

    def information(self, ahead: float, steepness: float, probed: int) -> float:
        """Information of the counts of one run about its log e50."""
        slope = (self.ceiling - self.floor) * steepness * self.shape.slope(ahead)
        return float(information(self.chance(ahead), slope, probed, self.precision(ahead)))
