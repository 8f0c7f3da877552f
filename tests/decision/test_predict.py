import json

import numpy as np
import pytest
import xarray as xr

import bayeskisl.inference
from bayeskisl.curves import Finding
from bayeskisl.decision import (
    collapse_along_sizes,
    load_prediction,
    predict,
    prediction_summary,
    save_prediction,
)
from bayeskisl.decision.mixture import law_of_draw
from bayeskisl.errors import GateError, InputError
from bayeskisl.laws import load_law
from bayeskisl.target import Target
from tests.decision.hand_made import FAILED, TOKENS, HandMadeFit, MixedFit, amount_curves, mixed_curves


def codes(ahead):
    return [warning["code"] for warning in json.loads(ahead.attrs["warnings"])]


def test_answers_are_ordered_as_the_fall_is(fit):
    ahead = predict(fit, 98_304)
    assert (ahead.shoulder < ahead.collapse).all()


def test_rescaled_facts_rescale_the_answer(fit):
    """Twice the tokens of a fact: half as many facts at the same exposures."""
    ahead = predict(fit, 98_304)
    coarse = fit.curves.assign_coords(
        tokens_per_fact=2 * fit.curves.tokens_per_fact, exposures=fit.curves.exposures / 2
    )
    halved = predict(HandMadeFit(curves=coarse), 98_304)
    for name in ("collapse", "shoulder"):
        assert np.allclose(halved[name], ahead[name] / 2)


def test_same_seed_same_prediction(fit):
    first, second = (predict(fit, 98_304, seed=3) for _ in range(2))
    xr.testing.assert_equal(first, second)


def test_mean_scatters_less_than_a_new_run(fit):
    spread = [float(np.log(predict(fit, 98_304, kind=kind).collapse).std()) for kind in ("mean", "new_run")]
    assert spread[0] < spread[1]


def test_mixture_takes_its_weights_exactly():
    chosen = law_of_draw({"collapse": 0.7, "power": 0.3, "other": 0.0}, 1_000, np.random.default_rng(0))
    assert np.bincount(chosen, minlength=3).tolist() == [700, 300, 0]


def test_sizes_and_budgets_are_read_as_people_write_them(fit):
    both = xr.concat([amount_curves(), amount_curves(tokens=2 * TOKENS)], dim="run")
    ahead = predict(HandMadeFit(curves=both), "98k", tokens="3.6864M")
    assert (ahead.attrs["params"], ahead.attrs["tokens"]) == (98_000, 2 * TOKENS)


@pytest.mark.parametrize("axis", ["ratio", "dose"])
def test_ratios_lie_between_0_and_1(fit, axis):
    for size in (100, 98_304, 98_304_000):
        ahead = predict(MixedFit(curves=mixed_curves(axis), threshold_sd=2.0), size)
        for name in {"collapse", "shoulder", "onset"} & set(ahead):
            assert ((ahead[name] >= 0) & (ahead[name] <= 1)).all()
    assert ("onset" in ahead) == (axis == "ratio")


def test_collapse_on_the_ratio_is_where_the_background_has_its_critical_exposures(fit):
    ahead = predict(MixedFit(curves=mixed_curves("ratio")), 98_304)
    exposures = (1 - ahead.collapse) * 0.3 * TOKENS / (150 * 6)
    np.testing.assert_allclose(exposures, ahead.critical_exposures)


def test_never_varied_tokens_are_refused_or_labelled(fit):
    with pytest.raises(InputError, match=r"only token budget.*prior_driven=True"):
        predict(fit, 98_304, tokens=2 * TOKENS)
    assert "prior_driven_target" in codes(predict(fit, 98_304, tokens=2 * TOKENS, prior_driven=True))
    assert "prior_driven_target" not in codes(predict(fit, 98_304, tokens=TOKENS))


def test_several_budgets_leave_the_target_open(fit):
    both = xr.concat([amount_curves(), amount_curves(tokens=2 * TOKENS)], dim="run")
    with pytest.raises(InputError, match=r"token budget of the target.*2.*`tokens`"):
        predict(HandMadeFit(curves=both), 98_304)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"params": -1}, "params"),
        ({"params": np.nan}, "params"),
        ({"params": "many"}, "params"),
        ({"tokens": 0}, "tokens"),
        ({"ci_prob": 90}, "ci_prob"),
        ({"kind": "median"}, "kind"),
        ({"hold": {"colour": 1}}, "hold"),
    ],
)
def test_bad_options_are_named(fit, options, name):
    with pytest.raises(InputError, match=f"^{name}: expected"):
        predict(fit, **{"params": 98_304, **options})


def test_several_ratios_are_refused_unless_one_is_held(fit):
    varied = fit.curves.assign_coords(ratio=("run", np.where(fit.curves.seed == 0, 0.25, 0.5)))
    with pytest.raises(InputError, match=r"one value of ratio.*hold="):
        predict(HandMadeFit(curves=varied), 98_304)
    ahead = predict(HandMadeFit(curves=varied), 98_304, hold={"ratio": 0.25})
    np.testing.assert_allclose(ahead.collapse, predict(fit, 98_304).collapse / 2)
    with pytest.raises(InputError, match=r"a value of ratio that was swept, 0\.25 to 0\.5"):
        predict(HandMadeFit(curves=varied), 98_304, hold={"ratio": 0.9})


def test_failed_gate_is_refused_or_labelled(fit):
    fit.gate = FAILED
    with pytest.raises(GateError, match=r"R-hat of tau is 1\.2.*throw=False"):
        predict(fit, 98_304)
    assert "gate" in codes(predict(fit, 98_304, throw=False))


@pytest.mark.parametrize(
    ("change", "params", "code"),
    [
        ({}, 98_304_000, "far_extrapolation"),
        ({}, 20_000, "inside_data"),
        ({}, 1_000, "below_data"),
        ({"exponent_sd": 0.8}, 98_304, "wide"),
        ({"warnings": (Finding("no_collapse", "note", "It never fell.", "Sweep on."),)}, 98_304, "no_collapse"),
    ],
)
def test_caveats(fit, change, params, code):
    assert code in codes(predict(HandMadeFit(**change), params))
    assert code not in codes(predict(fit, 98_304))


def test_laws_far_apart_are_said(fit, monkeypatch):
    ours = bayeskisl.inference.extrapolate

    def far_apart(fit, params, tokens, *, law, **options):
        draws = ours(fit, params, tokens, law=law, **options)
        return draws.assign(log_critical_exposures=draws.log_critical_exposures - (law == "power"))

    monkeypatch.setattr(bayeskisl.inference, "extrapolate", far_apart)
    assert "laws_apart" in codes(predict(fit, 98_304))


def test_summary_is_json_with_the_promised_keys(fit):
    summary = json.loads(json.dumps(prediction_summary(predict(fit, 98_304)), allow_nan=False))
    assert {"params", "tokens", "held_fixed", "collapse", "shoulder", "exponent", "laws", "extrapolation_decades",
            "gate", "warnings"} <= summary.keys()  # fmt: skip
    assert summary["collapse"].keys() == {"median", "eti90"}
    assert summary["exponent"]["params"]["median"] == pytest.approx(0.7, abs=0.02)
    assert summary["laws"]["power"]["weight"] == 0.25


def test_save_and_load(fit, tmp_path):
    ahead = predict(fit, 98_304)
    path = save_prediction(ahead, tmp_path / "prediction.nc")
    assert load_prediction(path).identical(ahead)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["prediction.nc"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("collapse", np.nan, "collapse not negative, got nan"),
        ("shoulder", -1.0, "shoulder not negative, got -1"),
        ("collapse_by_law", np.nan, "collapse_by_law not negative"),
        ("steepness", np.inf, "steepness positive and finite, got inf"),
        ("ceiling", 1.5, r"ceiling in \[0, 1\], got 1.5"),
        ("weight", np.nan, r"weight in \[0, 1\]"),
        ("exponent", np.inf, "exponent finite"),
    ],
)
def test_values_that_no_prediction_has_are_refused(fit, tmp_path, name, value, said):
    ahead = predict(fit, 98_304)
    ahead[name].values.flat[0] = value
    with pytest.raises(InputError, match=said):
        load_prediction(save_prediction(ahead, tmp_path / "prediction.nc"))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("schema_version", 99, "an answer of schema 1 or earlier, got 99"),
        ("axis", "depth", "attribute 'axis'"),
        ("params", -1.0, "attribute 'params' to be a positive number"),
        ("warnings", "[", "attribute 'warnings' to be a JSON list"),
    ],
)
def test_attributes_that_no_prediction_has_are_refused(fit, tmp_path, name, value, said):
    ahead = predict(fit, 98_304).assign_attrs({name: value})
    with pytest.raises(InputError, match=said):
        load_prediction(save_prediction(ahead, tmp_path / "prediction.nc"))


def test_foreign_files_are_refused(tmp_path):
    (tmp_path / "text.nc").write_text("not netCDF")
    xr.Dataset({"a": 1}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    for name in ("missing.nc", "text.nc", "other.nc"):
        with pytest.raises(InputError, match=f"{name}.*bk.predict"):
            load_prediction(tmp_path / name)


def test_funnel_widens_beyond_the_data(fit):
    funnel = collapse_along_sizes(fit, [13_824, 98_304, 1_000_000])
    width = np.log(funnel.isel(quantile=2) / funnel.isel(quantile=0))
    assert funnel.dims == ("law", "params", "quantile")
    assert (width.diff("params") > 0).all()


def test_a_law_that_never_falls_never_collapses(fit, monkeypatch):
    null = {**HandMadeFit().laws, "power": load_law("none")}
    monkeypatch.setattr(HandMadeFit, "laws", property(lambda self: null))
    ahead = predict(fit, 98_304)
    assert np.isinf(ahead.collapse_by_law.sel(law="power")).all()
    assert np.isfinite(ahead.collapse_by_law.sel(law="collapse")).all()
    assert float(np.isinf(ahead.collapse).mean()) == pytest.approx(0.25, abs=0.01)
    assert "laws_apart" in codes(ahead)


def test_every_draw_falls_with_the_asymmetry_of_its_own_law(fit):
    before = predict(fit, 98_304).shoulder.values
    after = predict(HandMadeFit(asymmetry={"power": 0.5}), 98_304)
    changed = ~np.isclose(after.shoulder.values, before)
    assert changed.mean() == pytest.approx(0.25, abs=0.01)
    np.testing.assert_allclose(after.collapse, predict(HandMadeFit(), 98_304).collapse)


def test_a_budget_that_followed_the_size_is_refused_at_another_number_of_tokens_a_parameter(fit):
    """No run separates size and budget, so that another budget for a size rests on the prior."""
    per_size = [amount_curves(sizes=(size,), tokens=20 * size) for size in (6_144, 12_288, 24_576)]
    curves = xr.concat(per_size, dim="run", data_vars="all")
    made = HandMadeFit(curves=curves.assign_coords(run=[f"run {i}" for i in range(curves.sizes["run"])]))
    assert predict(made, Target(98_304, 20.4 * 98_304)).attrs["tokens"] == 20.4 * 98_304
    with pytest.raises(InputError, match="20 tokens per parameter, got 100; sweep a second budget at one size"):
        predict(made, Target(98_304, 100 * 98_304))
    with pytest.raises(InputError, match=r"at the sweep's 20 per parameter it has 1,966,080"):
        predict(made, 98_304)
    ahead = predict(made, Target(98_304, 100 * 98_304, prior_driven=True))
    assert "prior_driven_target" in codes(ahead)
    assert "every run had one value of tokens per parameter, 20, and the target has 100" in ahead.attrs["warnings"]
