from dataclasses import replace
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from bayeskisl.decision import Decision, Measurement, decide, verify
from bayeskisl.errors import InputError
from bayeskisl.inference.simulate import design_curves
from bayeskisl.laws import law_names
from bayeskisl.reporting import plot_collapse, plot_curves, plot_decision, plot_prior_predictive, plot_risk
from bayeskisl.reporting.style import LINES, figure_style, law_colors
from tests.decision.hand_made import HandMadeFit, MixedFit, amount_curves, law_line, mixed_curves


def texts(figure):
    return " ".join(text.get_text() for text in figure.findobj(mpl.text.Text))


@pytest.fixture(autouse=True)
def no_global_change():
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


@pytest.mark.parametrize("dark", [False, True])
def test_every_figure_can_be_drawn(fit, decision, verification, dark, tmp_path):
    drawn = [
        plot_curves(fit, dark=dark),
        plot_curves(fit.curves, dark=dark),
        plot_collapse(fit, dark=dark),
        plot_collapse(fit, decision.data, verification, dark=dark),
        plot_decision(decision, dark=dark),
        plot_decision(decision, verification, dark=dark),
        plot_risk(decision, dark=dark),
    ]
    for i, figure in enumerate(drawn):
        figure.savefig(tmp_path / f"{i}.png", dpi=40)
        assert all(axes.get_xlabel() or axes.get_shared_x_axes() for axes in figure.axes)


def lines_in(axes):
    return [line.get_xydata().tolist() for line in axes.get_lines()]


def test_figures_of_one_panel_are_drawn_into_given_axes(fit, decision):
    one = fit.curves.sel(group=["infused"])
    for draw in (
        lambda **options: plot_collapse(fit, decision, **options),
        lambda **options: plot_risk(decision, **options),
        lambda **options: plot_curves(one, **options),
    ):
        figure, (left, right) = plt.subplots(1, 2, figsize=(16, 5))
        plt.close(figure)
        assert draw(ax=right) is figure
        assert lines_in(left) == []
        assert len(right.get_lines()) == len(draw().axes[0].get_lines()) > 0
        assert right.get_title(loc="left") or right.get_title()
        assert figure.get_supxlabel() == ""
        with pytest.raises(InputError, match=r"ax: expected axes of matplotlib, got a Figure; make them with"):
            draw(ax=figure)


def test_curves_of_several_groups_need_several_axes(fit):
    several = xr.concat([fit.curves, fit.curves.assign_coords(group=["background"])], "group", data_vars="minimal")
    axes = plt.Figure().subplots()
    with pytest.raises(InputError, match="ax: expected curves of one probed group for one axes, got infused, backg"):
        plot_curves(several, ax=axes)


def test_curves_name_every_size_and_both_axes(fit):
    said = texts(plot_curves(fit))
    for word in ("6,144", "13,824", "24,576", "infused facts", "facts recalled", "mean exposures of one fact", "90 %"):
        assert word in said


def test_ticks_are_numbers_that_people_say(fit):
    figure = plot_curves(fit)
    figure.draw_without_rendering()
    ticks = {label.get_text() for label in figure.axes[0].get_xticklabels()}
    assert {"100", "1k"} <= ticks


def test_every_group_has_a_panel_and_what_is_kept_another():
    runs = design_curves(
        params=[6_144, 24_576], facts=150, axis="ratio", ratio=[0.1, 0.5, 0.9], background_facts=100,
        background_share=0.3, groups=("infused", "background"),
    )  # fmt: skip
    figure = plot_curves(runs.assign(recalled=runs.probed))
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["infused facts recalled", "background facts recalled", "facts kept, infused and background"]
    drawn = np.concatenate([line.get_ydata() for line in figure.axes[2].lines if len(line.get_ydata())])
    np.testing.assert_allclose(drawn, 250)
    assert figure.axes[2].get_ylim()[1] >= 250


def test_collapse_names_the_weights_of_the_prediction(fit, decision):
    laws = decision.data["law"].values.tolist()
    compared = decision.data.assign(weight=("law", [0.9, 0.1]))
    said = texts(plot_collapse(fit, compared))
    assert all(f"law '{law}' (weight {weight})" in said for law, weight in zip(laws, ("0.90", "0.10"), strict=True))
    assert f"law '{laws[1]}' (not in the prediction)" in texts(plot_collapse(fit, compared.isel(law=[0])))


def test_collapse_names_laws_weights_target_and_verdict(fit, decision, verification):
    said = texts(plot_collapse(fit, decision.data, verification))
    for word in ("law 'collapse' (weight 0.75)", "law 'power' (weight 0.25)", "predicted at 98,304", "measured: hit"):
        assert word in said


@pytest.mark.parametrize("dark", [False, True])
def test_what_a_prior_expects_has_a_row_for_each_group(dark):
    figure = plot_prior_predictive("collapse", mixed_curves("ratio"), draws=100, dark=dark)
    said = texts(figure)
    assert len(figure.axes) == 4
    assert all(f"{group}, recalled" in said for group in ("infused", "background"))
    assert "its predictive intervals hold" in said


def test_the_bands_of_a_size_have_its_own_runs():
    curves = amount_curves()
    (left, _) = plot_prior_predictive("power", curves, draws=50).axes
    (points,) = (line for line in left.lines if line.get_linestyle() == "None")
    assert len(points.get_xdata()) == int((curves.params == 13_824).sum())
    assert "13,824 parameters" in left.get_title(loc="left") + left.get_title()


@pytest.mark.parametrize("law", law_names())
def test_every_law_has_a_figure_of_its_prior(law):
    figure = plot_prior_predictive(law, amount_curves(), draws=50)
    assert f"law '{law}'" in texts(figure)


def test_the_null_is_drawn_without_a_fall_and_without_critical_exposures():
    curves, sizes = plot_prior_predictive("none", amount_curves(), draws=100).axes
    drawn = [line.get_ydata() for line in curves.lines if len(line.get_ydata()) > 100]
    assert len(drawn) > 10
    assert max(np.ptp(line) for line in drawn) < 1e-9
    assert not sizes.collections


@pytest.mark.parametrize("dark", [False, True])
def test_every_shipped_law_has_a_look_of_its_own(dark):
    laws = len(law_names())
    with figure_style(dark):
        assert len(set(law_colors(laws))) == laws
    assert len(set(LINES)) == len(LINES) >= laws


def test_a_bound_is_drawn_as_a_bound(fit, decision):
    runs = amount_curves((98_304,), (100, 200, 400), log_threshold=law_line)
    assert "at least" in texts(plot_collapse(fit, decision.data, verify(decision, runs)))


def test_decision_marks_the_choice_at_its_risk(decision):
    figure = plot_decision(decision)
    for axes in figure.axes[:3]:
        assert decision.choice.value in {float(line.get_xdata()[0]) for line in axes.lines}
    assert "at a risk of 10 %" in texts(figure)


def test_regret_of_too_much_and_too_little_are_told_apart(decision):
    said = texts(plot_decision(decision))
    assert "from over-infusion" in said
    assert "from under-infusion" in said


@pytest.mark.parametrize("axis", ["ratio", "dose"])
def test_a_mixture_shows_both_groups(fit, axis):
    made = MixedFit(curves=mixed_curves(axis))
    said = texts(plot_decision(decide(made, 98_304, sensitivity=False)))
    assert "infused facts kept" in said
    assert "background facts kept" in said
    assert ("learns less than" in said) == (axis == "ratio")


def test_what_was_measured_is_drawn_over_what_was_predicted(decision, verification):
    figure = plot_decision(decision, verification)
    stars = next(line for line in figure.axes[1].lines if "measured afterwards" in str(line.get_label()))
    assert tuple(stars.get_xdata()) == verification.kept.infusions


def test_a_decision_without_a_best_mean_is_drawn(fit):
    made = HandMadeFit(steepness=0.8, steepness_log_sd=0.01)
    assert "best mean" not in texts(plot_decision(decide(made, 98_304, sensitivity=False))).replace(
        "as the best mean", ""
    )


def test_curves_of_two_budgets_have_no_exposures_axis():
    both = xr.concat([amount_curves(), amount_curves(tokens=3_686_400)], dim="run")
    said = texts(plot_curves(both))
    assert "mean exposures" not in said
    assert "6,144, 3,686,400 tokens" in said


def test_nothing_probed_draws_nothing(fit):
    unprobed = fit.curves.assign(recalled=0 * fit.curves.recalled, probed=0 * fit.curves.probed)
    plot_curves(unprobed)
    assert np.all(unprobed.probed == 0)


def test_the_risk_alone_is_the_first_panel_of_the_decision(decision):
    (alone,), (first, *_) = plot_risk(decision).axes, plot_decision(decision).axes
    for one, other in zip(alone.lines, first.lines, strict=True):
        np.testing.assert_array_equal(one.get_xydata(), other.get_xydata())
    assert (alone.get_xlim(), alone.get_xlabel()) == (plot_decision(decision).axes[2].get_xlim(), "infused facts")


def test_a_ratio_that_was_measured_lies_in_the_panel(fit):
    made = MixedFit(curves=mixed_curves("ratio"))
    decision = decide(made, 98_304, sensitivity=False)
    cells = xr.DataArray(np.full((2, 300, 3, 2), 0.5), dims=("chain", "draw", "cell", "group"),
                         coords={"group": ["infused", "background"]})  # fmt: skip
    posterior = made.tree["posterior"].to_dataset()
    made.tree = xr.DataTree.from_dict(
        {"posterior": posterior.assign(collapse=cells), "rivals/power/posterior": posterior}
    )
    some_none = decision.data.assign(collapse=decision.data.collapse.where(np.arange(300) > 30, 0.0))
    measured = Measurement(
        0.985, 0.98, 0.99, ci_prob=0.9, values=np.array([0.985]), probability=np.array([1.0]), runs=("a",)
    )
    for found in (measured, replace(measured, median=0.985, low=0.985, high=np.inf, bound="at least")):
        of_it = SimpleNamespace(measured=found, params=98_304, verdict="hit", kind="a verification")
        axes = plot_collapse(made, Decision(some_none), of_it).axes[0]
        low, high = axes.get_ylim()
        assert low < 0.985 < high < 1
        bars = np.concatenate([bar for line in axes.containers for bars in line[2] for bar in bars.get_segments()])
        assert ((bars[:, 1] > 0) & (bars[:, 1] < 1)).all()


def test_the_predicted_interval_of_a_ratio_lies_in_the_panel(fit):
    made = MixedFit(curves=mixed_curves("ratio"))
    cells = xr.DataArray(np.full((2, 300, 3, 2), 0.5), dims=("chain", "draw", "cell", "group"),
                         coords={"group": ["infused", "background"]})  # fmt: skip
    posterior = made.tree["posterior"].to_dataset()
    made.tree = xr.DataTree.from_dict(
        {"posterior": posterior.assign(collapse=cells), "rivals/power/posterior": posterior}
    )
    ahead = decide(made, 98_304, sensitivity=False).data
    wide = ahead.assign(collapse=ahead.collapse.copy(data=np.linspace(0.9, 0.999, 600).reshape(2, 300)))
    axes = plot_collapse(made, wide).axes[0]
    bars = np.concatenate([bar for line in axes.containers for bars in line[2] for bar in bars.get_segments()])
    assert bars[:, 1].max() > 0.99
    assert axes.get_ylim()[1] > bars[:, 1].max()
    edges = [line.get_ydata()[-1] for line in axes.lines if len(line.get_ydata()) > 50]
    assert axes.get_ylim()[1] >= min(max(edges), 0.9999)


def test_a_utility_below_zero_has_no_share_of_the_best(decision):
    sunk = Decision(decision.data.assign(best_utility=0 * decision.data.best_utility - 5))
    of_best = [
        [axis.get_ylabel() for axis in plot_decision(each).axes[2].child_axes if axis.get_ylabel()]
        for each in (decision, sunk)
    ]
    assert of_best == [["of the best"], []]


@pytest.mark.parametrize("axis", ["ratio", "dose"])
def test_legends_of_a_decision_stand_above_its_curves_and_narrow_no_panel(fit, axis):
    made = MixedFit(curves=mixed_curves(axis))
    figure = plot_decision(decide(made, 98_304, sensitivity=False))
    above, middle, _ = figure.axes[:3]
    figure.draw_without_rendering()
    highest = float(np.nanmax(middle.lines[0].get_ydata()))
    for axes, end in ((above, 1.19), (middle, highest)):
        assert axes.get_legend().get_window_extent().y0 > axes.transData.transform((0.5, end))[1]
        assert axes.get_window_extent().width > 0.6 * figure.bbox.width
