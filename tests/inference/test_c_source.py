"""Graphs written as C compute what PyTensor computes."""

import ctypes

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor.graph import rewrite_graph
from scipy import special

from bayeskisl.inference.c_source import PRELUDE, Untranslatable, View, c_function
from bayeskisl.machine_code import CannotCompile, load_library


def run_in_c(output, given):
    """The output, computed in C from values of its inputs."""
    inputs = {each: View.of(each, f"((npy_{each.type.dtype} *) data[{i}])") for i, each in enumerate(given)}
    text = c_function("graph", inputs, [output], [View.of(output, "out")])
    text = f"{PRELUDE}\n{text}\nvoid run(const void *const *data, double *out) {{ graph(0, data, out); }}"
    try:
        library, _ = load_library(text, lambda: (text, {}))
    except CannotCompile:
        pytest.skip("no C compiler")
    arrays = [np.ascontiguousarray(value, dtype=each.type.dtype) for each, value in given.items()]
    pointers = np.array([array.ctypes.data for array in arrays], dtype=np.uintp)
    made = np.zeros(output.type.shape)
    library.run(ctypes.c_void_p(pointers.ctypes.data), ctypes.c_void_p(made.ctypes.data))
    return made


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BAYESKISL_CACHE", str(tmp_path))


MATRIX, OTHER = np.arange(1.0, 13).reshape(3, 4) / 5, np.linspace(-1, 2, 12).reshape(3, 4)
ODD = np.array([np.nan, np.inf, 1e-300, 3])
ROWS, PICKED = np.array([2, 0, 2, 1, 1]), np.linspace(0, 1, 20).reshape(5, 4)
OPERATIONS = {
    "broadcast": lambda a, b, i, p: (a * b[:1] + b[:, :1], MATRIX * OTHER[:1] + OTHER[:, :1]),
    "transpose": lambda a, b, i, p: (pt.dot(a.T, b), MATRIX.T @ OTHER),
    "vector product": lambda a, b, i, p: (pt.dot(a, b[1]), MATRIX @ OTHER[1]),
    "sum along rows": lambda a, b, i, p: ((a * b).sum(axis=1), (MATRIX * OTHER).sum(axis=1)),
    "sum along columns": lambda a, b, i, p: (a.T.sum(axis=1), MATRIX.sum(axis=0)),
    "sum": lambda a, b, i, p: (a.sum() + b.T.sum(), MATRIX.sum() + OTHER.sum()),
    "largest": lambda a, b, i, p: (b.max(axis=0) + a.max(), OTHER.max(axis=0) + MATRIX.max()),
    "log of sum of exponentials": lambda a, b, i, p: (pt.logaddexp(a, b), np.logaddexp(MATRIX, OTHER)),
    "split": lambda a, b, i, p: (pt.split(a, [1, 3], n_splits=2, axis=1)[1] * b[:, 1:], MATRIX[:, 1:] * OTHER[:, 1:]),
    "gradient of a stack": lambda a, b, i, p: (simple(pt.grad((pt.stack([a, b], axis=-1) ** 2).sum(), a)), 2 * MATRIX),
    "slices": lambda a, b, i, p: (a[::-1, 1:3] + b[:, ::2], MATRIX[::-1, 1:3] + OTHER[:, ::2]),
    "rows": lambda a, b, i, p: (a[i] * p, MATRIX[ROWS] * PICKED),
    "rows added up": lambda a, b, i, p: (pt.inc_subtensor(a[i], p), added(MATRIX, ROWS, PICKED)),
    "part set": lambda a, b, i, p: (pt.set_subtensor(a[1:, 0], b[0, :2]), part_set(MATRIX, OTHER)),
    "join": lambda a, b, i, p: (pt.concatenate([a, b], axis=1), np.concatenate([MATRIX, OTHER], axis=1)),
    "reshape": lambda a, b, i, p: ((a * 2).reshape((4, 3)), (MATRIX * 2).reshape(4, 3)),
    "vector": lambda a, b, i, p: (pt.stack([a[0, 0], b[1, 1]]), np.array([MATRIX[0, 0], OTHER[1, 1]])),
    "whole numbers": lambda a, b, i, p: (i[:3, None] * a, ROWS[:3, None] * MATRIX),
    "choice": lambda a, b, i, p: (pt.switch(b > 0, pt.log(a), -np.inf), np.where(OTHER > 0, np.log(MATRIX), -np.inf)),
    "sigmoid": lambda a, b, i, p: (pt.sigmoid(a) ** b, special.expit(MATRIX) ** OTHER),
    "constant": lambda a, b, i, p: (a + ODD, MATRIX + ODD),
}  # fmt: skip


def simple(output):
    return rewrite_graph(output, include=("fast_run",), exclude=("inplace", "cxx_only", "fusion", "BlasOpt"))


def added(whole, rows, part):
    whole = whole.copy()
    np.add.at(whole, rows, part)
    return whole


def part_set(whole, other):
    whole = whole.copy()
    whole[1:, 0] = other[0, :2]
    return whole


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_operations(operation):
    a, b, p = pt.tensor("a", shape=(3, 4)), pt.tensor("b", shape=(3, 4)), pt.tensor("p", shape=(5, 4))
    i = pt.tensor("i", shape=(5,), dtype="int32")
    output, expected = operation(a, b, i, p)
    made = run_in_c(output, {a: MATRIX, b: OTHER, i: ROWS, p: PICKED})
    np.testing.assert_allclose(made, expected, rtol=1e-12)


def test_log_gamma_and_digamma_of_positive_arguments():
    at = np.concatenate([np.geomspace(1e-8, 1e7, 2001), 1 + np.linspace(-0.1, 0.1, 101)])
    x = pt.tensor("x", shape=at.shape)
    for ours, reference in ((pt.gammaln, special.gammaln), (pt.digamma, special.psi)):
        made, expected = run_in_c(ours(x), {x: at}), reference(at)
        assert np.max(np.abs(made - expected) / np.maximum(np.abs(expected), 1)) < 1e-13


def test_what_cannot_be_translated_says_so():
    x = pt.tensor("x", shape=(3, 3))
    with pytest.raises(Untranslatable, match="Cholesky"):
        run_in_c(pt.linalg.cholesky(x), {x: np.eye(3)})
    y = pt.tensor("y", shape=(None,))
    with pytest.raises(Untranslatable, match="unknown shape"):
        run_in_c(y * 2, {y: np.ones(3)})
