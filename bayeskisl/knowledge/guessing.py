"""Retained knowledge: recalled facts minus those that guessing would recall."""

from typing import Any

__all__ = ["kept", "known"]

Array = Any  # a float, a NumPy array or a DataArray: anything that broadcasts


def known(retention: Array, guessing: Array, most: Array = 1.0) -> Array:
    """Share of facts that are known rather than guessed, (rho - rho_0) / (rho_1 - rho_0).

    Parameters
    ----------
    retention : array
        Probability that a fact is recalled.
    guessing : array
        Probability that a fact that was never seen is recalled, in [0, 1): the known rate of chance, or a posterior's
        floor, which is that rate as measured.
    most : array
        Probability that a fact is recalled if nothing is lost: 1, or the score of a benchmark without infusion.
    """
    return (retention - guessing) / (most - guessing)


def kept(facts: Array, retention: Array, guessing: Array) -> Array:
    """Retained knowledge in facts: K (rho - rho_0) / (1 - rho_0).

    Guessing alone keeps nothing, however many facts there are. Without the correction, K times the floor grows without
    bound, and the best infusion would be wherever a grid happens to end.

    Parameters
    ----------
    facts : array
        K, distinct infused facts.
    retention, guessing : array
        As for `known`.
    """
    return facts * known(retention, guessing)
