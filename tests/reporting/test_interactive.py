"""An interactive figure shows what the drawn one shows."""

import sys

import numpy as np
import pytest
from scipy.special import logit

from bayeskisl import schema
from bayeskisl.axes import AXES
from bayeskisl.errors import InputError
from bayeskisl.inference.simulate import design_curves
from bayeskisl.reporting import interactive, plot_collapse, plot_curves, plot_decision
from bayeskisl.reporting.style import figure_style, infusion_axis, new_figure


def markers(figure):
    return [trace for trace in figure.data if trace.mode == "markers" and not trace.showlegend]


def named(figure):
    return [trace.name for trace in figure.data if trace.showlegend]


def test_every_run_is_a_point_where_it_was_measured(fit):
    figure = interactive(plot_curves(fit.curves))
    x, y = (np.concatenate([getattr(trace, name) for trace in markers(figure)]) for name in "xy")
    share = (fit.curves[schema.RECALLED] / fit.curves[schema.PROBED]).values.ravel()
    assert sorted(zip(x, y, strict=True)) == sorted(zip(fit.curves["facts"].values, share, strict=True))


def test_axes_keep_their_scale_range_and_name(fit):
    drawn = plot_collapse(fit)
    figure = interactive(drawn)
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")
    np.testing.assert_allclose(10.0 ** np.array(figure.layout.xaxis.range), drawn.axes[0].get_xlim())
    assert figure.layout.xaxis.title.text == drawn.axes[0].get_xlabel()
    assert "10k" in figure.layout.xaxis.ticktext


def test_panels_keep_their_places_and_share_an_axis(decision):
    drawn = plot_decision(decision)
    figure = interactive(drawn)
    assert figure.layout.xaxis2.matches == figure.layout.xaxis3.matches == "x"
    for axes, axis in zip(drawn.axes, (figure.layout.yaxis, figure.layout.yaxis2, figure.layout.yaxis3), strict=True):
        np.testing.assert_allclose(axis.domain, [axes.get_position().y0, axes.get_position().y1])


def test_every_entry_of_a_legend_is_there_and_hides_all_of_its_size(fit):
    drawn = plot_curves(fit)
    figure = interactive(drawn)
    assert named(figure) == [text.get_text() for text in drawn.axes[-1].get_legend().get_texts()]
    first = next(trace for trace in figure.data if trace.showlegend)
    together = [trace for trace in figure.data if trace.legendgroup == first.legendgroup]
    assert {"toself"} < {trace.fill for trace in together}  # bands go with the points
    assert len(together) >= 4


def test_colours_of_several_legends_do_not_mix(decision):
    groups = {trace.legendgroup for trace in interactive(plot_decision(decision)).data if trace.showlegend}
    assert {group.split()[0] for group in groups} == {"1", "2", "3"}


def test_the_choice_is_a_line_through_every_panel_and_a_second_axis_counts_exposures(decision):
    figure = interactive(plot_decision(decision))
    choice = decision.data[schema.CHOICE].item()
    lines = [shape for shape in figure.layout.shapes if shape.type == "line" and shape.x0 == shape.x1]
    assert [line.x0 for line in lines] == pytest.approx([choice] * 3)
    above = figure.layout.xaxis10
    assert (above.side, above.matches, above.title.text) == ("top", "x", "mean exposures of one fact")
    exposures = float(np.mean(decision.data["infusion"] * decision.data["exposures_at"]))
    for place, word in zip(above.tickvals, above.ticktext, strict=True):
        assert exposures / place == pytest.approx(float(word.replace("k", "e3")), rel=1e-6)
    spoken = [note for note in figure.layout.annotations if note.text.startswith("<b>choice")]
    assert 10 ** spoken[0].x == pytest.approx(choice)


def test_ratios_lie_at_their_log_odds_and_are_read_as_ratios():
    ratios = [0.1, 0.5, 0.9]
    runs = design_curves(
        params=[6_144, 24_576], facts=150, axis="ratio", ratio=ratios, background_facts=100, background_share=0.3,
        groups=("infused", "background"),
    )  # fmt: skip
    figure = interactive(plot_curves(runs.assign(recalled=runs.probed)))
    points = markers(figure)[0]
    np.testing.assert_allclose(sorted(set(points.x)), logit(ratios))
    np.testing.assert_allclose(points.customdata[:, 0], 1 / (1 + np.exp(-np.asarray(points.x))))
    assert "customdata[0]" in points.hovertemplate
    np.testing.assert_allclose(
        figure.layout.xaxis.tickvals, [logit(float(word)) for word in figure.layout.xaxis.ticktext]
    )


def test_the_ends_of_a_ratio_axis_are_no_points():
    with figure_style():
        drawn, axes = new_figure()
        axes.plot([0.0, 0.5, 1.0], [0, 1, 2])
        infusion_axis(axes, "x", np.array([0.1, 0.9]), AXES["ratio"])
    assert np.isnan(interactive(drawn).data[0].x).tolist() == [True, False, True]


def test_markup_in_a_name_is_text(fit):
    with figure_style():
        drawn, axes = new_figure()
        axes.plot([1, 2], [1, 2], label='<a href="javascript:alert(1)">law</a>')
        axes.set_xlabel("<b>size</b>")
        axes.legend()
    said = interactive(drawn).to_json()
    assert "\\u003ca" not in said
    assert "<a" not in said
    assert "&lt;a" in interactive(drawn).data[0].name


def test_a_mark_that_no_figure_here_draws_is_refused():
    with figure_style():
        drawn, axes = new_figure()
        axes.pcolormesh(np.ones((2, 2)))
    with pytest.raises(InputError, match="QuadMesh"):
        interactive(drawn)


def test_without_plotly_it_says_what_to_install(fit, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(InputError, match=r"bayeskisl\[report\]"):
        interactive(plot_curves(fit))
