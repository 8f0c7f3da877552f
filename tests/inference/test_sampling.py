"""The sampler: what an interruption leaves."""

import os
import signal

import pytest

pytest.importorskip("nutpie")

from bayeskisl.inference.data import prepare
from bayeskisl.inference.model import Model
from bayeskisl.inference.sampling import Settings, sample_model
from bayeskisl.laws import load_law
from tests.decision.hand_made import amount_curves


def test_an_interruption_ends_the_sampling_and_returns_no_part_of_it():
    law = load_law("power")
    model = Model(prepare(amount_curves(), law), law)
    interrupted: list[float] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored, as under nohup

    def interrupt(share):
        if not interrupted:
            interrupted.append(share)
            os.kill(os.getpid(), signal.SIGINT)

    try:
        with pytest.raises(KeyboardInterrupt):
            sample_model(model, Settings(draws=30_000, tune=100, chains=2, share=interrupt))
    finally:
        signal.signal(signal.SIGINT, before)
    assert interrupted[0] < 1
