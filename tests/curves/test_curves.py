"""From records to a Dataset that can be trusted."""

import json
import tomllib

import numpy as np
import pytest
import xarray as xr

from bayeskisl.curves import build_curves, cell_table, final, group_exposures, load_curves, save_curves, validate
from bayeskisl.curves.curve import Side, curves_of_cells
from bayeskisl.errors import InputError
from bayeskisl.inference.simulate import design_curves
from bayeskisl.shipped import shipped_folder
from tests.sweeping.conftest import SMOKE
from tests.sweeping.tiny import loaded, specification, trained, written


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("sweep"), SMOKE)


@pytest.fixture(scope="module")
def curves(folder):
    return build_curves(folder)


def test_counts_are_those_of_the_records(folder, curves):
    for path in folder.glob("*/records/*.jsonl"):
        opening, probe, general, _ = map(json.loads, path.read_text().splitlines())
        run = curves.sel(run=opening["run"], group="infused")
        assert (int(run.recalled), int(run.probed)) == (probe["recalled"], probe["probed"])
        assert float(run.general_loss) == general["general_loss"]
        assert {name: run[name].item() for name in ("params", "facts", "seed")} == {
            name: opening[name] for name in ("params", "facts", "seed")
        }
    assert curves.sizes["run"] == 16


def test_exposures_equal_the_identity(curves):
    exposures = group_exposures(curves).sel(group="infused")
    np.testing.assert_allclose(exposures, curves.exposures)


def test_replicates_share_a_cell(curves):
    cells, cell_of_run = cell_table(curves)
    assert cells.params.values.tolist() == [768, 3072]
    np.testing.assert_array_equal(cells.params.values[cell_of_run], curves.params)


def test_tokens_read_before_the_budget_are_a_coordinate_of_the_run(curves, tmp_path):
    assert "tokens_before" not in curves.coords
    built = build_curves(
        trained(tmp_path, specification("[background]\nfacts = 8\nshare = 0.5\n", tokens_before=3_840))
    )
    assert built.tokens_before.values.tolist() == [3_840] * 2
    assert set(built.tokens.values) == {15_360}


def test_runs_with_and_without_tokens_before_are_no_replicates(tmp_path):
    background = "[background]\nfacts = 8\nshare = 0.5\n"
    for name, before in (("bare", {}), ("after", {"tokens_before": 3_840})):
        written(loaded(tmp_path, specification(background, name=name, **before)), tmp_path / "records")
    cells, _ = cell_table(build_curves(tmp_path / "records"))
    assert sorted(cells.tokens_before.values.tolist()) == [0, 3_840]


def test_save_and_load_round_trip(curves, tmp_path):
    path = save_curves(curves, tmp_path / "curves.nc")
    xr.testing.assert_identical(load_curves(path), curves)


def broken(curves, name, value):
    out = curves.copy(deep=True)
    out[name].values[...] = value
    return out


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda c: c.drop_vars("probed"), "expected a variable 'probed', got none of that name"),
        (
            lambda c: c.assign_attrs(axis="depth"),
            "expected attribute 'axis' to be one of amount, ratio, dose, frequency, got 'depth'",
        ),
        (
            lambda c: c.assign(probed=c["probed"].astype("int64") * 10**9),
            "expected at most 2,147,483,647 probed facts, got more in 16 run",
        ),
        (lambda c: broken(c, "recalled", 999), "expected 0 <= recalled <= probed, got counts outside in 16 run"),
        (
            lambda c: c.assign_coords(background_facts=c.background_facts * 0 - 1),
            r"expected background_facts in \[0, 1e\+30\], 0 for none, got values outside or missing in 16 run",
        ),
        (lambda c: broken(c, "ratio", 1.5), r"expected ratio in \(0, 1\], got values outside in 16 run"),
        (lambda c: broken(c, "exposures", 1.0), "expected r D = K f l .*, got runs that break it in 16 run"),
        (lambda c: c.assign(recalled=c.recalled * np.nan), r"expected recalled to be a count .*, got NaN in 16 run"),
        (lambda c: c.assign_coords(group=["novel"]), "expected groups among infused, .*, got novel"),
        (lambda c: c.isel(run=[0, 0]), "expected distinct names of runs"),
        (lambda c: c.isel(run=[]), "expected at least one run, got none"),
    ],
)
def test_broken_promises_are_told_in_one_sentence(curves, damage, message):
    with pytest.raises(InputError, match=message):
        validate(damage(curves))


def test_files_that_are_not_curves_are_told(tmp_path):
    with pytest.raises(InputError, match=r"nowhere.nc: expected a file of retention curves, got no such file"):
        load_curves(tmp_path / "nowhere.nc")
    (tmp_path / "text.nc").write_text("not NetCDF")
    with pytest.raises(InputError, match=r"text.nc: expected a NetCDF file"):
        load_curves(tmp_path / "text.nc")
    with pytest.raises(InputError, match="expected a folder with records of a sweep, got no sweep in it"):
        build_curves(tmp_path)


@pytest.mark.parametrize(
    "name", sorted(tomllib.loads((shipped_folder("data") / "manifest.toml").read_text())["sweeps"])
)
def test_shipped_sweeps_load_by_name(name):
    curves = load_curves(name)
    assert len(np.unique(curves.params)) >= 3
    assert len(np.unique(curves.seed)) >= (2 if name in ("desk-replay", "words-choice", "words-ratio") else 3)
    # as a table: the text of some has to be collected first
    spec = tomllib.loads((shipped_folder("data") / "sweeps" / name / "sweep.toml").read_text())
    assert spec["axis"] == curves.attrs["axis"]


def test_a_benchmark_far_below_all_questions_is_measured_against_its_best_level():
    """Ten per cent above guessing is the best level of a small model, and half of that is where it collapses."""
    curves = load_curves("words-ratio")
    group = curves.get_index("group").get_loc("background")
    recalled = curves.recalled.values.copy()
    share = 0.25 + 0.75 * np.where(curves.ratio.values < 0.5, 0.1, 0.02)
    recalled[:, group] = np.round(share * curves.probed.values[:, group])
    weak = curves.assign(recalled=(curves.recalled.dims, recalled))
    assert {curve.side for curve in curves_of_cells(weak, "background")} == {Side.CROSSED}
    counted = curves_of_cells(weak.assign_attrs(background_scale="absolute"), "background")
    assert {curve.side for curve in counted} == {Side.LOST}


def mean_by_level(curves, values):
    """Means over seeds at each ratio, ascending, for every size."""
    for params in np.unique(curves.params):
        here = (curves.params == params).values
        ratios = curves.ratio.values[here]
        yield np.array([values.values[here][ratios == ratio].mean() for ratio in np.unique(ratios)])


def test_thresholds_of_the_ratio_sweep_lie_inside_its_range():
    curves = load_curves("desk-ratio")
    share = curves.recalled / curves.probed
    for group, first_is_low in (("infused", True), ("infused_heldout", True), ("background", False)):
        for means in mean_by_level(curves, share.sel(group=group)):
            assert (means[0] < 0.5) == first_is_low
            assert (means[-1] > 0.5) == first_is_low


def test_total_knowledge_of_the_dose_sweep_rises_and_collapses():
    curves = load_curves("desk-dose")
    share = curves.recalled / curves.probed
    kept = curves.facts * share.sel(group="infused") + curves.background_facts * share.sel(group="background")
    collapsed = [
        means.max() > 1.1 * means[0] and means[-1] < 0.9 * means.max() for means in mean_by_level(curves, kept)
    ]
    assert sum(collapsed) >= 3


@pytest.mark.parametrize("name", ["desk-ratio", "desk-dose", "desk-tokens", "desk-templates"])
def test_at_least_half_of_the_runs_lie_where_a_curve_moves(name):
    curves = final(load_curves(name))
    share = curves.recalled / curves.probed
    assert ((share > 0.03) & (share < 0.97)).any("group").mean() >= 0.5


def test_an_altered_shipped_file_is_refused(tmp_path, monkeypatch):
    from bayeskisl.curves import load

    (tmp_path / "sweeps" / "desk").mkdir(parents=True)
    (tmp_path / "sweeps" / "desk" / "curves.nc").write_bytes(b"altered")
    (tmp_path / "manifest.toml").write_text('[sweeps.desk]\nsha256 = "0123456789abcdef"\n')
    monkeypatch.setattr(load, "shipped_folder", lambda kind: tmp_path)
    with pytest.raises(InputError, match=r"expected a file with SHA-256 0123456789ab\.\.\., got .*install again"):
        load_curves("desk")


def test_shares_that_differ_by_rounding_are_one_cell():
    curves = design_curves(params=[6_144], facts=100, axis="ratio", ratio=[0.2, 0.5, 0.9], background_facts=100,
                           background_share=0.3, groups=("infused", "background"))  # fmt: skip
    rounded = curves.assign_coords(background_share=("run", 0.3 + np.array([0, 0, 1, 1, -4, -4]) * 5e-4))
    cells, cell_of_run = cell_table(rounded)
    assert set(cell_of_run) == {0}
    assert cells["background_share"].item() == 0.3
    twice = curves.assign_coords(background_share=("run", [0.3, 0.3, 0.3, 0.6, 0.6, 0.6]))
    assert cell_table(twice)[0].sizes["cell"] == 2


def test_a_missing_background_is_none(curves):
    unsaid = curves.assign_coords(background_facts=curves["background_facts"] * np.nan)
    assert (validate(unsaid)["background_facts"] == 0).all()
