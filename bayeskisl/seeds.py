"""Seeds that follow from others."""

import numpy as np

__all__ = ["seed_of"]


def seed_of(*parts: int) -> int:
    """The seed of one of many things, from that of all of them and its number: near numbers give unrelated seeds."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])
