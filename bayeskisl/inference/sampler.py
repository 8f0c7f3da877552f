"""Settings of the sampler."""

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from bayeskisl.arguments import require_whole
from bayeskisl.cores import available_cores
from bayeskisl.specifications import refuse_unknown

__all__ = ["Sampler", "SamplerKeywords", "require_seed"]

# R-hat compares chains, so that a single one never passes its gate. No gate examines a preview.
_FEWEST_CHAINS = {"nuts": 2, "preview": 1}

METHODS = ("nuts", "preview")


class SamplerKeywords(TypedDict, total=False):
    """Keywords of a short call, from which a `Sampler` is built."""

    draws: int
    tune: int
    chains: int
    cores: int | None
    method: Literal["nuts", "preview"]


@dataclass(frozen=True)
class Sampler:
    """The settings of the sampler.

    Parameters
    ----------
    draws, tune, chains : int
        Kept and discarded draws per chain, and chains, at least two but for a preview.
    cores : int, optional
        Number of threads; by default one per core that this process may use. `fit_many` uses one per posterior.
    method : {"nuts", "preview"}
        A preview of at most 16 cells draws from a normal about the posterior's mode and corrects it by importance,
        within a second or two; one of more cells is a short run of the sampler.
        Medians are as a rule within half a posterior standard deviation, and intervals of exponents up to twice too
        narrow. It never passes its gate, carries a warning, and is no basis for a decision.

    Raises
    ------
    InputError
        If a number is no whole number or too small, or the method is unknown.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> bk.Sampler(draws=500, chains=2).draws
    500
    """

    draws: int = 1000
    tune: int = 500
    chains: int = 4
    cores: int | None = None
    method: Literal["nuts", "preview"] = "nuts"

    def __post_init__(self) -> None:
        refuse_unknown([self.method], METHODS, "method", "a method")
        for name in ("draws", "tune"):
            require_whole(getattr(self, name), name, 1)
        require_whole(self.chains, "chains", _FEWEST_CHAINS[self.method])
        if self.cores is not None:
            require_whole(self.cores, "cores")

    @property
    def threads(self) -> int:
        """Number of threads: `cores`, or one per core that this process may use."""
        return self.cores or available_cores()

    @property
    def is_preview(self) -> bool:
        """Whether draws are made near the mode, see `bayeskisl.inference.about_mode`."""
        return self.method == "preview"


def require_seed(seed: Any) -> None:
    """Refuse what is no seed.

    Raises
    ------
    InputError
        If it is negative or no whole number.
    """
    require_whole(seed, "seed")
