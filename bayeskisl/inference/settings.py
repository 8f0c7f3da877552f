"""Settings of one sampling."""

from collections.abc import Callable
from dataclasses import dataclass, replace

__all__ = ["Settings"]


def _silent(stage: object) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Settings:
    """Settings of one sampling.

    Parameters
    ----------
    draws, tune, chains : int
        Kept and discarded draws per chain, and chains.
    seed : int
        Seed of the sampler; compiled code of another version may still give other draws.
    cores : int
        Threads.
    method : str
        ``nuts``, or ``preview``: draws near the mode, see `bayeskisl.inference.about_mode`. Without compiled code, or
        with many cells, a preview is a short run of the sampler, which does not try again when draws diverge.
    retry : bool
        Whether a posterior that fails its gate for want of draws is sampled once more, longer.
    longer : int
        How many times as long each chain warms up and runs; every so many-th draw is kept.
    tell : callable
        Receives the name of each stage.
    share : callable
        Receives the share of the draws, in [0, 1], that a stage of sampling has made, now and then.
    """

    draws: int = 1000
    tune: int = 500
    chains: int = 4
    seed: int = 0
    cores: int = 1
    method: str = "nuts"
    tell: Callable[[str], None] = _silent
    share: Callable[[float], None] = _silent
    retry: bool = False
    longer: int = 1

    @property
    def stretched(self) -> "Settings":
        """The actual draws and warm-up of a chain."""
        return replace(self, draws=self.draws * self.longer, tune=self.tune * self.longer)
