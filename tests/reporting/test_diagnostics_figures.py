"""Figures on arviz-plots: they say the gate's verdict, tell series apart without colour, and hide nothing."""

import re
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from bayeskisl.errors import InputError
from bayeskisl.inference import load_fit
from bayeskisl.reporting import plot_calibration, plot_diagnostics, plot_prior_vs_posterior
from tests.decision.hand_made import FAILED, HandMadeFit, posterior_draws


def texts(figure):
    return " ".join(text.get_text() for text in figure.findobj(mpl.text.Text))


def drawn_from(gate):
    rng = np.random.default_rng(0)
    posterior = posterior_draws().drop_vars("tau", errors="ignore")
    tau = (("chain", "draw", "group"), np.exp(rng.standard_normal((2, 300, 1))))
    posterior = posterior.assign(tau=tau)
    tree = xr.DataTree.from_dict({"posterior": posterior, "prior": posterior.isel(chain=[0]) + 0.5})
    return SimpleNamespace(tree=tree, posterior=posterior, curves=HandMadeFit().curves, gate=gate, kind="a fit")


@pytest.fixture(autouse=True)
def no_global_change():
    plot_of_nothing = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == plot_of_nothing
    assert plt.get_fignums() == []


@pytest.mark.parametrize("dark", [False, True])
def test_diagnostics_say_the_verdict(dark, tmp_path):
    figure = plot_diagnostics(drawn_from(HandMadeFit().gate), dark=dark)
    said = texts(figure)
    for word in ("gate passed", "R-hat", "exponent", "log size scatter", "rank of the draws"):
        assert word in said
    styles = {line.get_linestyle() for line in figure.axes[0].lines}
    assert {"-", "--"} <= styles
    figure.savefig(tmp_path / "d.png")
    assert "gate FAILED" in texts(plot_diagnostics(drawn_from(FAILED), dark=dark))


def test_chains_are_named_and_cells_are_in_words():
    figure = plot_diagnostics(load_fit("desk-four"), ["critical_exposures"])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [f"chain {number}" for number in (1, 2, 3, 4)]
    assert "log critical exposures\n3,456 parameters, infused" in texts(figure)
    assert re.findall(r"p = 0\.\d\d", texts(figure))
    assert "α" not in texts(figure)


def test_a_panel_shows_the_bulk_of_the_prior_and_the_whole_posterior():
    made = drawn_from(HandMadeFit().gate)
    prior = made.tree["prior"].to_dataset()
    far = prior["exponent"].copy(data=np.where(np.arange(300)[None, :, None, None] == 0, 1e3, prior["exponent"]))
    made.tree["prior"] = prior.assign(exponent=far)
    posterior = made.tree["posterior"]["exponent"].values
    low, high = plot_prior_vs_posterior(made, ["exponent"]).axes[0].get_xlim()
    assert low < posterior.min() < posterior.max() < high < 10


def test_prior_and_posterior_are_named():
    said = texts(plot_prior_vs_posterior(drawn_from(HandMadeFit().gate)))
    for word in ("prior", "posterior", "exponent", "density"):
        assert word in said
    assert "group" not in said
    with pytest.raises(InputError, match=r"quantities: expected quantities of the posterior .*, got colour"):
        plot_prior_vs_posterior(drawn_from(FAILED), ["colour"])


def test_calibration_shows_the_whole_departure():
    rng = np.random.default_rng(0)
    figure = plot_calibration({"right": rng.random(100), "tau[infused]": 0.2 * rng.random(100)})
    assert "100 simulated sweeps" in texts(figure)
    farthest = max(np.abs(line.get_ydata()).max() for axes in figure.axes for line in axes.lines)
    assert farthest > 0.7
    assert all(axes.get_ylim()[1] >= farthest for axes in figure.axes)
    assert not any(points.get_offsets().size for axes in figure.axes for points in axes.collections)


@pytest.mark.parametrize("transforms", [{}, {"a": [1.5]}, {"a": []}, {"a": [np.nan]}])
def test_what_is_no_transform_is_refused(transforms):
    with pytest.raises(InputError, match=r"expected transforms in \[0, 1\]"):
        plot_calibration(transforms)
