"""What `bayeskisl fit` prints of a posterior."""

from types import SimpleNamespace

import pytest

from bayeskisl.curves import cell_table, check, load_curves
from bayeskisl.curves.cells import names_of_cells
from bayeskisl.inference import load_fit
from bayeskisl.inference.simulate import design_curves
from bayeskisl.reporting import describe
from bayeskisl.reporting.numbers import three_digits
from bayeskisl.reporting.text.fits import _quantities
from tests.decision.hand_made import amount_curves, posterior_draws


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "7B parameters"),
        ({"tokens": [10**9, 2 * 10**9]}, "7B parameters, 1B tokens"),
        ({"domains": ("legal", "medical")}, "7B parameters of legal"),
        ({"domains": ("legal",)}, "7B parameters"),
        ({"tokens": [10**9, 2 * 10**9], "domains": ("legal", "medical")}, "7B parameters, 1B tokens of legal"),
    ],
)
def test_cells_are_told_apart(more, said):
    cells, _ = cell_table(design_curves(params=[300_000_000, 7_000_000_000], facts=[10, 100], seeds=1, **more))
    assert said in names_of_cells(cells)
    assert len(set(names_of_cells(cells))) == cells.sizes["cell"]


@pytest.mark.parametrize(("effect", "is_said"), [(0.0, False), (0.4, True)])
def test_a_group_that_feels_no_load_has_no_effect_of_it(effect, is_said):
    posterior = posterior_draws()
    fit = SimpleNamespace(curves=amount_curves(), posterior=posterior.assign(load_effect=0 * posterior.tau + effect))
    assert ("effect of the load" in [label for label, *_ in _quantities(fit, "infused")]) == is_said


def test_a_fit_is_described_in_rows_beside_its_regime():
    found = load_fit("desk-four")
    table, rest = describe(found).split("\n\n")
    head, *rows = table.splitlines()
    assert head.split() == ["posterior", "median", "90", "%", "interval"]
    median = three_digits(found.summary()["median"].filter(like="collapse[3456p").item())
    assert rows[0].split()[:6] == ["collapse", "of", "3,456", "parameters,", "facts", median]
    assert rest.startswith("regime: ")


def test_a_check_is_described_by_its_findings():
    found = check(load_curves("desk-amount"))
    assert describe(found) == found.text


def test_a_size_whose_runs_never_probed_a_group_has_no_row_of_it():
    curves, posterior = amount_curves(), posterior_draws()
    smallest = curves.params.min().item()
    unasked = curves.assign(probed=curves.probed.where(curves.params != smallest, 0))
    said, left = (
        [label for label, *_ in _quantities(SimpleNamespace(curves=each, posterior=posterior), "infused")]
        for each in (curves, unasked)
    )
    assert [label for label in said if label not in left] == [said[0]]
    assert said[0].startswith(f"collapse of {smallest:,.0f} parameters")
