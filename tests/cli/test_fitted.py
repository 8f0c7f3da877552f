"""What `bayeskisl fit` calls its cells: whatever several of them share is left out."""

import pytest

from bayeskisl.cli.fitted import _places
from bayeskisl.curves import cell_table
from bayeskisl.inference.simulate import design_curves


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
    assert said in _places(cells)
    assert len(set(_places(cells))) == cells.sizes["cell"]
