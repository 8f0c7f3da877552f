"""Settings of one sampling."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bayeskisl.inference.sampler import Sampler

__all__ = ["Settings"]


def _silent(stage: object) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Settings:
    """Settings of one sampling: those of the sampler, a seed, whether it may go on for longer, and who hears of it.

    Parameters
    ----------
    sampler : Sampler
        Draws, chains, threads and method. Without compiled code, or with many cells, a preview is a short run of the
        sampler, which does not try again when draws diverge.
    seed : int
        Seed of the sampler; compiled code of another version may still give other draws.
    tell : callable
        Receives the name of each stage.
    share : callable
        Receives the share of the draws, in [0, 1], that a stage of sampling has made, now and then.
    retry : bool
        Whether a posterior that fails its gate for want of draws is sampled once more, longer.
    longer : int
        How many times as long each chain warms up and runs; every so many-th draw is kept.
    """

    sampler: Sampler = field(default_factory=Sampler)
    seed: int = 0
    tell: Callable[[str], None] = _silent
    share: Callable[[float], None] = _silent
    retry: bool = False
    longer: int = 1

    @property
    def stretched(self) -> "Settings":
        """The actual draws and warm-up of a chain."""
        draws, tune = self.sampler.draws * self.longer, self.sampler.tune * self.longer
        return replace(self, sampler=replace(self.sampler, draws=draws, tune=tune))
