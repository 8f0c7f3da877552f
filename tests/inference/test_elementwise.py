"""Functions of numbers as machine code compute what NumPy computes."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import gammaln, psi

from bayeskisl.inference import compiled
from bayeskisl.inference.compiled import sources
from bayeskisl.inference.elementwise import Elementwise


def sum_and_product(x, y, xp):
    return xp.gammaln(x) + xp.psi(y), xp.clip(xp.exp(-x) * xp.sqrt(y), 0.01, 0.5)


def expected(x, y):
    return gammaln(x) + psi(y), np.clip(np.exp(-x) * np.sqrt(y), 0.01, 0.5)


ROW, COLUMN = np.linspace(0.1, 90, 131), np.linspace(0.5, 7, 5)[:, None]
GIVEN = {
    "equal shapes": (ROW, ROW[::-1]),
    "more than a number of lanes, and not a multiple": (np.linspace(0.1, 9, 1000), np.linspace(1, 2, 1000)),
    "a row and a column": (ROW, COLUMN),
    "a number and an array": (3, COLUMN),
    "numbers": (2.5, 4),
    "nothing": (np.zeros(0), np.zeros(0)),
    "every second element": (np.linspace(1, 5, 40)[::2], 1.0),
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BAYESKISL_CACHE", str(tmp_path))


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_with_a_compiler(given):
    check(Elementwise(sum_and_product, "sum and product"), given)


def test_without_one(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    check(Elementwise(sum_and_product, "sum and product"), GIVEN["a row and a column"])


def check(function, given):
    for made, right in zip(function(*given), expected(*given), strict=True):
        assert made.shape == right.shape
        assert made == pytest.approx(right, rel=1e-12, abs=1e-12)


def test_compiled_code_follows_from_the_sources_that_write_it():
    """Also from each module with functions that are compiled; and not from what looks at posteriors alone."""
    followed = {path.stem for path in sources()}
    folder = Path(compiled.__file__).parent
    text = {path.stem: path.read_text() for path in folder.glob("*.py")}
    assert {name for name, content in text.items() if " Elementwise(" in content} <= followed
    assert {"c_source", "definition", "densities", "lines", "given", "run_counts", "with_pymc"} <= followed
    assert not {"cautions", "fit", "gate", "result", "storage"} & followed
    assert not any("from bayeskisl.inference import" in text[name] for name in followed)
