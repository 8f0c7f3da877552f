"""Whole sizes left out, by importance sampling and by refits; uses the sweep and the posterior of conftest."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from bayeskisl import schema
from bayeskisl.decision import predict
from bayeskisl.errors import InputError
from bayeskisl.inference import Fit, compare, fit
from bayeskisl.inference.compare import _named, _of_one_sweep, _without
from bayeskisl.inference.data import prepare
from bayeskisl.inference.extrapolate import extrapolate
from bayeskisl.inference.left_out_cells import kind, likelihoods_by_kind
from bayeskisl.inference.settings import Settings
from bayeskisl.inference.storage import REFIT, posterior_group
from tests.decision.hand_made import FAILED, PASSED

FEW = {"rivals": (), "draws": 100, "tune": 100, "retry": False, "throw": False}


@pytest.fixture(scope="module")
def comparison(fitted):
    return compare([fitted])


def test_four_sizes_do_not_separate_two_laws(comparison):
    assert comparison.unseparated == tuple(comparison.table["law"][1:])
    assert "4 sizes do not separate" in comparison.verdict
    assert repr(comparison) == f"<Comparison of 2 laws: {comparison.verdict}>"
    assert set(comparison.weights) == {"collapse", "power"}
    assert sum(comparison.weights.values()) == pytest.approx(1)
    assert min(comparison.weights.values()) > 0.15
    assert comparison.table["behind"][0] == 0
    assert comparison.table["weight"].is_sorted(descending=True)


def test_the_envelope_holds_what_each_law_says(comparison):
    ahead = predict(comparison.fit, 552_960)
    assert ahead["law"].values.tolist() == ["collapse", "power"]
    assert dict(zip(ahead["law"].values.tolist(), ahead["weight"].values, strict=True)) == comparison.weights
    mixed = np.log(ahead[schema.COLLAPSE]).std()
    assert mixed > np.log(ahead["collapse_by_law"].sel(law="power")).std()


@pytest.mark.slow
def test_importance_sampling_agrees_with_refits(fitted):
    curves, laws, posteriors = _of_one_sweep([fitted])
    importance = compare([fitted], refit=False, largest=0)
    every = ((law, _named(posteriors[name]), prepare(curves, law)) for name, law in laws.items())
    likelihoods = likelihoods_by_kind(every, 0)[kind(laws["power"])]
    most_reliable = np.argsort(importance.pareto_k["power"])[:2]
    assert (importance.pareto_k["power"][most_reliable] < 0.7).all()
    for cell in most_reliable:
        refitted, cautions = _without(curves, laws["power"], [cell], likelihoods, Settings(seed=1))
        assert not cautions
        assert refitted == pytest.approx(importance.pointwise["power"][cell], abs=0.15)


def test_an_unreliable_cell_is_fitted_again(fitted, comparison):
    poor = {law: int(np.sum(k > 0.7)) for law, k in comparison.pareto_k.items()}
    assert {row["law"]: row["refitted"] for row in comparison.table.iter_rows(named=True)} == poor
    by_importance = compare([fitted], refit=False, largest=0)
    for law, k in comparison.pareto_k.items():
        alike = comparison.pointwise[law] == by_importance.pointwise[law]
        assert (alike == (k <= 0.7)).all()
    assert not by_importance.largest


def test_the_largest_size_is_left_out_by_a_refit(comparison):
    """On smooth data from a nearly straight law, a refit and importance sampling agree about the topmost size."""
    for law, density in comparison.largest.items():
        assert density == pytest.approx(comparison.pointwise[law][-1], abs=0.8)


def test_a_refit_predicts_a_new_size_and_says_if_its_gate_failed(fitted, monkeypatch):
    asked = []

    def instead(curves, law, others, settings, **_):
        assert settings.retry
        gate = FAILED if law.name == "power" else PASSED
        parts = {name: fitted.tree[name].to_dataset() for name in ("constant_data", "observed_data")}
        tree = xr.DataTree.from_dict({"posterior": posterior_group(fitted.tree, law.name), **parts})
        tree.attrs = {"laws": json.dumps({law.name: law.to_dict()})}
        return SimpleNamespace(tree=tree, gate=gate)

    def extrapolated(*args, as_new=False, **options):
        asked.append(as_new)
        return extrapolate(*args, as_new=as_new, **options)

    module = sys.modules["bayeskisl.inference.compare"]
    monkeypatch.setattr(module, "fit_laws", instead)
    monkeypatch.setattr(module, "extrapolate", extrapolated)
    found = compare([fitted], refit=False)
    assert asked == [True, True]
    (caution,) = found.cautions
    assert "'power' without 55296p 1843200t failed its gate" in caution
    assert found.verdict.endswith(caution)


@pytest.mark.slow
def test_fits_of_several_files_are_joined(curves, fitted, tmp_path):
    other = fit(curves, "saturating", rivals=(), throw=False)
    joined = compare([fitted, other], refit=False, largest=0)
    assert list(joined.fit.laws) == ["collapse", "power", "saturating"]
    assert set(joined.table["law"]) == {"collapse", "power", "saturating"}
    path = joined.fit.save(tmp_path / "joined.nc")
    from bayeskisl.inference import load_fit

    assert load_fit(path).weights == joined.weights
    assert "saturating" in predict(joined.fit, 552_960, throw=False)["law"].values


def test_a_joined_fit_holds_no_refit_of_one_fit_under_weaker_priors(fitted):
    """A decision would take it for one of all laws."""
    first = Fit(fitted.tree.copy())
    first.tree[REFIT] = fitted.tree
    assert REFIT not in compare([first], refit=False, largest=0).fit.tree.children
    assert REFIT in first.tree.children


def test_what_cannot_be_compared_is_refused(curves, fitted):
    with pytest.raises(InputError, match="at least two laws"):
        compare([fit(curves, "power", **FEW)])
    with pytest.raises(InputError, match="at most 1 of 4 sizes"):
        compare([fitted], largest=2)
    fewer = fit(curves.isel(run=slice(0, 48)), "power", **FEW)
    with pytest.raises(InputError, match="same curves"):
        compare([fitted, fewer])


def test_one_fit_with_rivals_may_stand_alone_and_one_law_is_refused_with_what_to_do(fitted):
    alone = compare(fitted, refit=False, largest=0)
    assert set(alone.weights) == set(fitted.laws)
    with pytest.raises(InputError, match=r"at least two laws, got 1; fit with a rival, as in `fit\(curves, rivals="):
        compare(fit(fitted.curves, **FEW))
