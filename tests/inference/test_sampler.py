"""Settings of the sampler."""

import pytest

from bayeskisl.errors import InputError
from bayeskisl.inference import fit, fit_many
from bayeskisl.inference.sampler import Sampler
from tests.decision.hand_made import amount_curves


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"chains": 1}, "chains: expected a whole number of at least 2, got 1"),
        ({"draws": "500"}, "draws: expected a whole number of at least 1, got '500'"),
        ({"draws": 0.5}, "draws: expected a whole number"),
        ({"tune": 0}, "tune: expected a whole number of at least 1"),
        ({"tune": True}, "tune: expected a whole number"),
        ({"cores": -1}, "cores: expected a whole number of at least 0"),
        ({"method": "nut"}, "'nut'; the nearest is 'nuts'"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        Sampler(**settings)


@pytest.mark.parametrize("ask", [lambda seed: fit(amount_curves(), seed=seed), lambda seed: fit_many([], seed=seed)])
@pytest.mark.parametrize("seed", [-1, 0.5])
def test_a_seed_is_a_whole_number_from_zero(ask, seed):
    with pytest.raises(InputError, match="seed: expected a whole number of at least 0"):
        ask(seed)


def test_no_gate_compares_the_chains_of_a_preview():
    assert Sampler(chains=1, method="preview").chains == 1
