"""What `bayeskisl plan` prints, and `bk.describe` returns."""

from dataclasses import replace

import pytest

from bayeskisl.design import candidate_runs, plan
from bayeskisl.reporting import describe
from bayeskisl.reporting.text import describe_plan
from tests.design.hand_made import TOKENS, GaussianFit


@pytest.fixture(scope="module")
def found():
    fit = GaussianFit(draws=1_000, sd=0.15)
    return plan(fit, 98_304, budget="1e14flop", candidates=candidate_runs(fit, 98_304, levels=2), particles=500, runs=1)


def part(text, start):
    """Rows of the table behind the line that begins so, its header first."""
    return text.split(f"\n{start}")[1].split("\n\n")[0].splitlines()[1:]


def test_a_plan_is_described_by_its_runs_its_candidates_and_its_costs(found):
    text = describe(found)
    assert text.startswith(found.advice)
    assert found.verdict in text.splitlines()
    assert f"Costs in {found.costs.unit}: {found.costs.source}." in text.splitlines()
    assert [row.split()[0] for row in part(text, "The plan, in order")[1:]] == ["1"]
    head, *best = part(text, "The best of ")
    assert head.split() == ["params", "level", "runs", "cost", "factor", "narrowing", "why"]
    (run,) = found.runs
    chosen = next(row.split() for row in best if row.startswith("1 "))
    assert chosen[:4] == ["1", f"{run.params:,.0f}", f"{run.level:,.6g}", str(run.replicates)]


def test_token_budgets_are_stated_where_there_are_several(found):
    several = replace(found, table=found.table.assign(tokens=[TOKENS, *found.table["tokens"][1:] * 2]))
    heads = [part(describe(each), "The plan, in order")[0].split()[:2] for each in (found, several)]
    assert heads == [["params", "level"], ["params", "tokens"]]


@pytest.mark.parametrize("columns", [80, 120])
def test_reasons_are_folded_where_a_row_would_be_too_long(found, columns):
    rows = part(describe_plan(found, columns), "The best of ")
    assert max(map(len, rows)) <= columns
    whole = " ".join(found.table["why"].head(12))
    words = [row[rows[0].index("why") :].strip() for row in rows[1:]]
    assert " ".join(words) == whole


def test_a_plan_without_runs_has_no_order(found):
    assert "The plan, in order" not in describe(replace(found, purchases=()))
