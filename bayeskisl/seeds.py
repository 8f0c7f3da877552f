"""Derived seeds."""

import numpy as np

__all__ = ["seed_of"]


def seed_of(*parts: int) -> int:
    """Return the seed of one of many things from a common seed and a number; adjacent numbers give unrelated seeds."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])
