"""Plans in Python take the costs and the sizes that the command line takes, by the same words."""

import re

import pytest

import bayeskisl as bk
from bayeskisl.budgets import FLOP, worth_in
from bayeskisl.design import Costs, candidate_runs
from bayeskisl.design.pricing import Pricing
from bayeskisl.errors import InputError
from tests.design.hand_made import GaussianFit

FEW = {"particles": 300, "runs": 1}


@pytest.fixture(scope="module")
def fit():
    made = GaussianFit(draws=400, sd=0.15)
    made.curves = made.curves.assign_attrs(sweeps="{}")
    return made


def test_costs_are_those_of_the_device_and_its_price(fit, tmp_path):
    assert Pricing(device="b200", utilisation=0.3, price=4).of(fit.curves) == Costs.on_device("b200", 0.3).priced(4.0)
    assert Pricing(Costs.on_device("h100"), price=2).of(fit.curves) == Costs.on_device("h100").priced(2)
    assert Pricing().of(fit.curves) is None
    table = tmp_path / "costs.csv"
    table.write_text("params,hours\n6144,2\n24576,7\n")
    assert Pricing(table).of(fit.curves) == Costs.of_table(table, fit.curves)
    plan = bk.plan(fit, 98_304, budget="1h", device="1e9", price=3.6, **FEW)
    assert plan.costs == Costs.on_device("1e9").priced(3.6)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"device": "h100", "records": "x"}, "expected one of records, costs and device, got records and device"),
        ({"costs": Costs.of_flops(), "device": "h100"}, "got costs and device"),
        ({"price": 2}, "expected device, costs or records beside price"),
        ({"utilisation": 0.4}, "expected device beside utilisation"),
        ({"sizes": 50_000}, r"sizes: expected several sizes, got 50000; write \[50000\]"),
        ({"sizes": ["small"]}, "sizes: expected a positive whole number"),
        ({"largest": "many"}, "largest: expected a positive whole number"),
        ({"largest": -1}, "largest: expected a positive number"),
    ],
)
def test_words_that_cannot_be_are_one_sentence(fit, words, message):
    with pytest.raises(InputError, match=message):
        bk.plan(fit, 98_304, budget="1h", **words)


def test_sizes_and_the_largest_are_words_or_numbers(fit):
    named = candidate_runs(fit, 98_304, sizes="6.1k,24_576,50k", levels=2)
    assert named == candidate_runs(fit, 98_304, sizes=["6.1k", 24_576, 5e4], levels=2)
    assert {run.params for run in named} == {6_144, 24_576, 50_000}
    plan = bk.plan(fit, 98_304, budget="1e15flop", sizes="6144,24576,50k", largest="30k", **FEW)
    assert {*plan.table["params"]} == {6_144, 24_576}
    with pytest.raises(InputError, match="candidates, or the sizes on offer"):
        bk.plan(fit, 98_304, budget="1e15flop", candidates=named, largest="30k")


def test_a_largest_size_beyond_the_list_has_no_effect(fit):
    plan = bk.plan(fit, 98_304, budget="1e14flop", sizes=[6_144, 24_576], largest=50_000, **FEW)
    assert plan.notes[-1] == "`largest=50000` has no effect: the list of sizes ends at 24,576 parameters."


def test_the_ladder_of_a_named_sweep_has_the_sizes(fit):
    plan = bk.plan(fit, 98_304, budget="1e15flop", sweep="desk-amount", **FEW)
    ladder = {float(size.params) for size in bk.load_sweep("desk-amount").ladder.sizes.values()}
    assert {*plan.table["params"]} <= ladder


def test_the_way_that_a_note_names_is_taken(fit):
    capped = bk.plan(fit, 98_304, budget="1e16flop", largest=24_576, **FEW)
    (note,) = [note for note in capped.notes if note.startswith("A larger size")]
    largest = int(re.search(r"`largest=(\d+)`", note)[1])
    assert max(bk.plan(fit, 98_304, budget="1e16flop", largest=largest, **FEW).table["params"]) > 24_576
    listed = bk.plan(fit, 98_304, budget="1e16flop", sizes=[6_144, 24_576], **FEW)
    assert any(note.endswith("add it to the sizes, `sizes=[...]`.") for note in listed.notes)


@pytest.mark.parametrize("text", ["1000", "1,000", " 1e3 ", 1000])
def test_a_plain_number_has_the_unit_of_the_costs(text):
    assert worth_in(text, FLOP) == 1000
