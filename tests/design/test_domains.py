"""Candidates of other domains: a run of one domain tells what the domains have in common."""

import json
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import bayeskisl as bk
from bayeskisl import schema
from bayeskisl.cli.app import app
from bayeskisl.curves import cell_table
from bayeskisl.design import Outlook, Run, believe, candidate_runs, next_sweep, plan
from bayeskisl.design.runs import Cell
from bayeskisl.errors import InputError
from bayeskisl.inference.data import domains_of
from bayeskisl.inference.simulate import design_curves
from bayeskisl.inference.storage import measured
from bayeskisl.laws import SizeLaw, load_law
from bayeskisl.target import Target
from tests.design.hand_made import PASSED, TARGET, TOKENS

SIZES, DOMAINS, TAU, SD = (6_144, 13_824, 24_576), ("legal", "medical"), 0.1, 0.02
ASKED = Target(TARGET, domain="legal")


@dataclass(frozen=True)
class TwoDomains:
    """A Gaussian posterior of two domains: thresholds N(law's line at its prior mean, sd^2), independent over cells.

    Medical facts are twice as long, and half as many of them are recalled by guessing as legal ones.
    """

    pooling: float
    draws: int = 4_000

    @cached_property
    def law(self):
        return load_law("power").model_copy(update={"domain_pooling": self.pooling})

    @cached_property
    def curves(self):
        guessing = {"legal": 1 / 4096, "medical": 1 / 8192}
        design = design_curves(params=list(SIZES), facts=[250, 500, 1000, 2000], tokens=[TOKENS], seeds=1,
                               domains=DOMAINS, guessing=guessing)  # fmt: skip
        longer = xr.where(design[schema.DOMAIN] == "medical", 2.0, 1.0)
        return design.assign_coords(
            tokens_per_fact=design[schema.TOKENS_PER_FACT] * longer, exposures=design[schema.EXPOSURES] / longer
        ).assign_attrs(sweeps="{}")

    @cached_property
    def cells(self):
        return cell_table(self.curves)[0]

    @cached_property
    def places(self):
        return np.column_stack([self.cells[schema.PARAMS].values, domains_of(self.cells)[1]]).astype(float)

    @cached_property
    def size_law(self):
        return SizeLaw.of(self.law, ("params",), self.places, DOMAINS)

    @cached_property
    def fit(self):
        law, rng = self.size_law, np.random.default_rng(0)
        shape, cells = (2, self.draws // 2, 1), len(self.places)
        line = law.design_matrix(self.places) @ law.mean
        thresholds = line[:, None] + SD * rng.standard_normal((*shape[:2], cells, 1))
        named = {
            name: np.broadcast_to(value, (*shape, *np.shape(value))) for name, value in law.named(law.mean).items()
        }
        group, cell = ("chain", "draw", "group"), ("chain", "draw", "cell", "group")
        further = {
            "exponent": ("covariate",), "curvature": ("covariate",), schema.DOMAIN_INTERCEPT: ("domain",),
            schema.DOMAIN_EXPONENT: ("domain", "covariate"),
        }  # fmt: skip
        known = {
            "tau": TAU, "sigma_run": 0.1, "steepness_scatter": 1e-9, "concentration": 1e7,
            "guess_concentration": 1e7, "asymmetry": 1.0,
            "steepness_intercept": np.log(4.0), "steepness_exponent": 0.0,
        }  # fmt: skip
        of_cells = {"steepness": 4.0, "ceiling": 0.9999, "floor": 1 / 4096}
        posterior = xr.Dataset(
            {name: (group, np.full(shape, value)) for name, value in known.items()}
            | {name: ((*group, *further.get(name, ())), value) for name, value in named.items()}
            | {name: (cell, np.full(thresholds.shape, value)) for name, value in of_cells.items()}
            | {"critical_exposures": (cell, np.exp(thresholds))},
            coords={"group": ["infused"], "covariate": ["params"], "domain": list(DOMAINS),
                    "cell": self.cells[schema.CELL].values},
        )  # fmt: skip
        tree = xr.DataTree.from_dict({"posterior": posterior, **measured(self.curves, self)})
        tree.attrs = {
            "laws": json.dumps({self.law.name: self.law.to_dict()}), "weights": json.dumps({self.law.name: 1.0}),
            "gates": json.dumps({self.law.name: PASSED.to_dict()}), "warnings": "[]",
        }  # fmt: skip
        return bk.Fit(tree)

    def variance_removed(self, cell, noise):
        """Variance of the target's line that a measurement of a new cell's log e50 removes, in closed form."""
        law = self.size_law
        free, design = law.sd > 0, law.design_matrix(self.places)
        given = np.linalg.inv(np.diag(1 / law.sd[free] ** 2) + design[:, free].T @ design[:, free] / TAU**2)
        move = given @ design[:, free].T / TAU**2
        covariance = given + SD**2 * move @ move.T
        target, there = (
            law.design_matrix(np.array([params, *(float(domain == name) for name in DOMAINS)]))[free]
            for params, domain in ((TARGET, "legal"), (cell.params, cell.domain))
        )
        return (target @ covariance @ there) ** 2 / (there @ covariance @ there + TAU**2 + noise)


def level_at_half(fit, cell):
    beliefs = believe(fit, ASKED, [cell], particles=400)
    return float(np.round(beliefs.probes[0].at(cell).infusion(np.median(beliefs.places[cell].on_axis))))


def gain_of(two, domain, params=55_296):
    cell = Cell(params, TOKENS, domain)
    run = Run(params, TOKENS, level_at_half(two.fit, cell), 1, domain)
    outlook = Outlook.of(believe(two.fit, ASKED, [cell], particles=4_000), two.fit.curves)
    return outlook.gain(run), two.variance_removed(cell, outlook.linear.noise(run)[0]), outlook.linear.v_gain(run)


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_gain_of_a_run_of_each_domain_has_the_closed_form(domain):
    by_outcomes, exact, linear = gain_of(TwoDomains(0.8), domain)
    assert linear == pytest.approx(exact, rel=0.15)
    assert by_outcomes == pytest.approx(exact, rel=0.2)


def test_a_run_of_another_domain_tells_the_more_the_more_domains_have_in_common():
    exact, by_outcomes = [], []
    for pooling in (0.0, 0.5, 0.9, 0.99):
        own, other = (gain_of(TwoDomains(pooling), domain) for domain in DOMAINS)
        by_outcomes.append(other[0] / own[0])
        exact.append(other[1] / own[1])
    assert np.all(np.diff(exact) > 0)
    np.testing.assert_allclose(by_outcomes, exact, atol=0.15)
    assert by_outcomes[0] < 0.02


@pytest.fixture(scope="module")
def two():
    return TwoDomains(0.9)


def test_a_cheap_run_of_another_domain_is_chosen_for_what_it_tells(two):
    known = Run(13_824, TOKENS, 800.0, domain="legal")  # a trained size, whose half-point is known
    cell = Cell(9_600, TOKENS, "medical")
    cheap = Run(9_600, TOKENS, level_at_half(two.fit, cell), domain="medical")
    assert cheap.params < known.params
    found = plan(two.fit, ASKED, budget="1e15flop", candidates=[known, cheap], runs=1, particles=4_000)
    assert found.runs == (cheap,)
    assert found.table["gain"][0] > 2 * found.table["gain"][1]
    assert found.table["why"].tolist() == ["new size between 6,144 and 13,824", "new level at the cliff"]
    assert found.table[schema.DOMAIN].tolist() == ["medical", "legal"]


def test_runs_of_the_targets_domain_alone_are_offered_unless_others_are_named(two):
    sizes = {"sizes": "9600,24576", "levels": 3, "replicates": (1,)}
    assert {run.domain for run in candidate_runs(two.fit, ASKED, **sizes)} == {"legal"}
    both = candidate_runs(two.fit, ASKED, domains="medical, legal", **sizes)
    assert {run.domain for run in both} == set(DOMAINS)
    assert {run.params for run in both if run.domain == "medical"} == {9_600, 24_576}
    middle = {name: np.median([run.level for run in both if run.domain == name]) for name in DOMAINS}
    assert middle["legal"] == pytest.approx(2 * middle["medical"], rel=0.3), "medical facts are twice as long"


def test_the_table_of_a_plan_names_the_domain_and_what_its_runs_hold_fixed(two):
    found = plan(two.fit, ASKED, budget="1e15flop", sizes="55296", domains=DOMAINS, runs=2, particles=500)
    both = replace(found, purchases=tuple(
        replace(found.purchases[0], run=replace(found.runs[0], domain=domain)) for domain in DOMAINS
    ))  # fmt: skip
    assert both.orders[[schema.DOMAIN, schema.TOKENS_PER_FACT]].values.tolist() == [["legal", 6.0], ["medical", 12.0]]
    assert both.orders.columns[2] == schema.FACTS, "a loop reads the level there"
    assert [each["domain"] for each in both.to_dict()["runs"]] == list(DOMAINS)
    named = [text.get_text() for text in bk.plot_plan(both).axes[0].get_legend().get_texts()]
    assert named == ["candidate, by narrowing per cost", "candidate of medical", "trained", "planned"]
    text = bk.describe(both)
    assert text.split("The plan, in order")[1].splitlines()[1].split()[:3] == ["params", "domain", "level"]
    assert " of legal with " in both.advice
    with pytest.raises(InputError, match="runs of one domain in a sweep's file, got those of legal, medical"):
        next_sweep(both.runs, two.fit.curves, {})


def test_a_run_without_a_domain_is_one_of_the_targets(two):
    runs = [Run(9_600, TOKENS, 500.0), Run(9_600, TOKENS, 500.0, domain="medical")]
    found = plan(two.fit, ASKED, budget="1e15flop", candidates=runs, particles=500)
    assert set(found.table[schema.DOMAIN]) == set(DOMAINS)


def test_domains_that_cannot_be_are_one_sentence(two):
    with pytest.raises(InputError, match="a domain among legal, medical, got 'tax'"):
        plan(two.fit, ASKED, budget="1e15flop", domains=["tax"])
    with pytest.raises(InputError, match="a fit of several domains, got 'legal'"):
        plan(bk.load_fit("desk-four"), TARGET, budget="1e15flop", domains="legal")
    with pytest.raises(InputError, match="names of domains"):
        plan(two.fit, ASKED, budget="1e15flop", domains="legal,,medical")


def test_the_command_line_takes_domains(two, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bayeskisl.inference.result.load_fit_if", lambda path, judge: judge(two.fit.curves) or two.fit)
    asked = ["plan", "f.nc", "--params", str(TARGET), "--domain", "legal", "--budget", "1e15flop", "--sizes", "9600"]
    result = CliRunner().invoke(app, [*asked, "--runs", "1", "--domains", "medical", "--out", "next.csv"])
    assert result.exit_code == 0, result.exception
    assert pd.read_csv("next.csv")["domain"].tolist() == ["medical"]
    for options, message in {
        ("--domains", "tax"): "a domain among legal, medical, got 'tax'",
        ("--domains", "legal,medical", "--out", "next.toml"): "a table for runs of other domains",
    }.items():
        assert message in str(CliRunner().invoke(app, [*asked, *options]).exception)
