"""Coordinates rescaled along narrow directions: the density stays, and the directions are found."""

import numpy as np
import pytest

from bayeskisl.inference.compiled import compiled_density
from bayeskisl.inference.data import prepare
from bayeskisl.inference.model import Model
from bayeskisl.inference.rescaled import Directions, far_from_one, rescaled, rescaled_along
from bayeskisl.laws import load_law
from tests.decision.hand_made import amount_curves

RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def density():
    law = load_law("power")
    found = compiled_density(Model(prepare(amount_curves(), law), law), print)
    if found is None:
        pytest.skip("there is no C compiler")
    return found


def two_directions(density):
    """A narrow and a wide direction, which leave scatters as they are."""
    sd = RNG.uniform(0.5, 2.0, density.length)
    vectors = np.linalg.qr(np.where(density.is_scatter, 0.0, RNG.standard_normal((2, density.length))).T)[0].T
    return Directions(vectors * sd, vectors / sd, np.array([400.0, 0.01]))


def test_value_gradient_start_and_variables_are_those_at_the_places(density):
    directions = two_directions(density)
    other = rescaled_along(density, directions)
    matrix = np.eye(density.length) + directions.out.T @ np.diag(directions.eigenvalues**-0.5 - 1) @ directions.along
    np.testing.assert_allclose(matrix @ other.start(), density.start(), atol=1e-10)
    point = other.start() + 0.1 * RNG.standard_normal(density.length)
    (value, gradient), (there, slope) = other.value_and_gradient(point), density.value_and_gradient(matrix @ point)
    assert value == pytest.approx(there, rel=1e-10)
    np.testing.assert_allclose(gradient, matrix.T @ slope, rtol=1e-8, atol=1e-6)
    expected = density.expand(matrix @ point)
    for name, values in other.expand(point).items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-8)


def test_the_narrow_direction_of_a_normal_is_found_and_what_is_held_is_left():
    """Of 30 standard normals the mean of the first 20 is known to 0.02."""
    mean = np.r_[np.full(20, 1 / 20), np.zeros(10)]
    held = np.arange(30) >= 28

    def value_and_gradient(point):
        of_mean = mean @ point / 0.02**2
        return -0.5 * (point @ point + of_mean * (mean @ point)), -point - of_mean * mean

    found = far_from_one(value_and_gradient, np.zeros(30), held, workers=2)
    variance = 1 - 1 / 400 / (0.02**2 + 1 / 20)  # what is left of each of the 20
    assert found.eigenvalues == pytest.approx([variance * (1 + 1 / (20 * 0.02**2))], rel=1e-4)
    np.testing.assert_allclose(found.out @ found.along.T, np.eye(1), atol=1e-8)
    np.testing.assert_allclose(found.out[0, 20:], 0, atol=1e-6)


def test_none_is_narrow_afterwards(density):
    skewed = rescaled_along(density, two_directions(density))
    found, ascents = rescaled(skewed, skewed.ascents(np.random.default_rng(0)))
    assert found is not skewed
    heights = [found.value_and_gradient(end)[0] for end in ascents.ends]
    np.testing.assert_allclose(heights, ascents.heights, rtol=1e-8)
    assert rescaled(found, ascents)[0] is found


def test_a_density_without_narrow_directions_keeps_its_coordinates():
    nothing = far_from_one(lambda point: (-0.5 * point @ point, -point), np.zeros(4), np.zeros(4, dtype=bool), 1)
    assert len(nothing.eigenvalues) == 0
