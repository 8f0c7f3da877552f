import importlib.util
import sys
import types

import numpy as np
import pytest

from bayeskisl.inference.sensitivity import _weights
from bayeskisl.inference.weights import leave_one_out
from bayeskisl.inference.without_jax import without_lazy_jax

RNG = np.random.default_rng(3)


class _Announced:
    """A loader that must not be asked to load."""

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        raise AssertionError("JAX was loaded")


@pytest.fixture
def announced(monkeypatch):
    """A module `jax` that loads on first use, as ArviZ announces it."""
    spec = importlib.util.spec_from_loader("jax", importlib.util.LazyLoader(_Announced()))
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "jax", module)
    spec.loader.exec_module(module)
    return module


def test_prior_sensitivity_and_leaving_out_do_not_load_jax(announced):
    _weights(RNG.normal(size=(4, 250)), 0.99)
    leave_one_out(RNG.normal(size=(1000, 2)))
    assert sys.modules["jax"] is announced


def test_a_jax_that_is_loaded_stays(monkeypatch):
    loaded = types.ModuleType("jax")
    monkeypatch.setitem(sys.modules, "jax", loaded)
    with without_lazy_jax():
        assert sys.modules["jax"] is loaded
