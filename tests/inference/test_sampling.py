"""The sampler: what an interruption leaves."""

import os
import signal

import numpy as np
import pytest
import xarray as xr

pytest.importorskip("nutpie")

from bayeskisl.inference import nuts, sampling
from bayeskisl.inference.data import prepare
from bayeskisl.inference.model import Model
from bayeskisl.inference.nuts import Steps, sampler_of
from bayeskisl.inference.posterior import name_quantities
from bayeskisl.inference.sampler import Sampler
from bayeskisl.inference.sampling import Sampled, halves_of, sample_model, well_placed
from bayeskisl.inference.settings import Settings
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
            sample_model(model, Settings(Sampler(30_000, 100, 2), share=interrupt))
    finally:
        signal.signal(signal.SIGINT, before)
    assert interrupted[0] < 1


@pytest.mark.slow
def test_other_coordinates_leave_the_posterior_as_it_is():
    law, settings = load_law("limits"), Settings(Sampler(500, 500, 2))
    first = Model(prepare(amount_curves(), law), law)
    other = well_placed(first, settings)
    assert not np.allclose(other.given.threshold.root, first.given.threshold.root)
    found = []
    for model in (first, other):
        raw = sample_model(model, settings).draws
        named = name_quantities(raw, model, np.random.default_rng(0), 1).quantities
        found.append(np.log(named["critical_exposures"]).reshape(1000, -1))
    spread = found[0].std(axis=0)
    np.testing.assert_allclose((found[0].mean(axis=0) - found[1].mean(axis=0)) / spread, 0, atol=0.3)
    np.testing.assert_allclose(found[1].std(axis=0) / spread, 1, atol=0.25)


def test_sampling_stops_as_soon_as_too_many_draws_have_diverged():
    law = load_law("limits")
    model = Model(prepare(amount_curves(), law), law)
    long = Settings(Sampler(200_000, 100, 2))
    assert sampler_of(model, print).sample(long, Steps(target_accept=0.3, most_divergent=0.0)) is None


def test_sampling_starts_again_in_shorter_steps(monkeypatch):
    law = load_law("limits")
    model = Model(prepare(amount_curves(), law), law)
    stages: list[str] = []
    none_may = Steps(target_accept=0.3, most_divergent=-1.0)  # even no divergence at all is too many
    monkeypatch.setattr(sampling, "_steps", lambda *_: (none_may, Steps(target_accept=0.9, most_divergent=1.0)))
    settings = Settings(Sampler(100, 100, 2), tell=stages.append)
    found = sample_model(model, settings)
    assert stages.count("some draws diverged: sampling again, in shorter steps") == 1
    assert found.statistics["diverging"].shape == (2, 100)
    assert found.shortened == 1
    again = sample_model(model, settings, found)
    assert stages.count("some draws diverged: sampling again, in shorter steps") == 1
    assert again.shortened == 1


def test_halves_of_two_samplings_make_chains_of_the_same_length():
    def sampled(first):
        draws = first + np.arange(10).reshape(2, 5)
        return Sampled({"tau": draws}, xr.Dataset({"depth": (("chain", "draw"), draws)}))

    both = halves_of(sampled(0), sampled(100))
    assert both.draws["tau"].tolist() == [[0, 2, 4, 101, 103], [5, 7, 9, 106, 108]]
    np.testing.assert_array_equal(both.statistics["depth"], both.draws["tau"])


def test_without_nutpie_pymc_samples_the_same_coordinates(monkeypatch):
    law = load_law("power")
    model, told = Model(prepare(amount_curves(), law), law), []
    with_nutpie = sampler_of(model, told.append)
    monkeypatch.setattr(nuts, "find_spec", lambda name: None)
    without = sampler_of(model, told.append)
    assert without.dimensions == with_nutpie.dimensions
    assert told[-1] == "sampling with PyMC (install nutpie to make this faster)"
