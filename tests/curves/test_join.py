"""Several sweeps as one."""

import numpy as np
import pytest
import xarray as xr

from bayeskisl.curves import join_curves, load_curves
from bayeskisl.errors import InputError


@pytest.fixture(scope="module")
def curves():
    return load_curves("desk-amount")


def test_parts_of_a_sweep_join_to_the_whole(curves):
    small, large = curves.isel(run=slice(0, 100)), curves.isel(run=slice(100, None))
    joined = join_curves(small, large)
    xr.testing.assert_equal(joined.drop_attrs(), curves.drop_attrs())
    assert joined.attrs["axis"] == "amount"
    assert joined.attrs["sweeps"] == curves.attrs["sweeps"]


def test_a_run_in_two_sweeps_is_one_run(curves):
    joined = join_curves(curves.isel(run=slice(0, 60)), curves.isel(run=slice(40, 80)))
    assert joined.run.values.tolist() == curves.run.values[:80].tolist()


def test_a_group_that_one_sweep_lacks_has_nothing_probed(curves):
    other = curves.isel(run=[0, 1]).assign_coords(run=["a", "b"], group=["infused_heldout"])
    joined = join_curves(curves, other)
    assert joined.group.values.tolist() == ["infused", "infused_heldout"]
    assert joined.probed.sel(run=["a", "b"]).values.tolist() == [[0, n] for n in other.probed.values[:, 0].tolist()]
    np.testing.assert_array_equal(joined.guessing, 1 / 4096)
    assert joined.probed.dtype == curves.probed.dtype


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.assign_attrs(axis="ratio"), "expected sweeps along one axis, got amount and ratio"),
        (
            lambda c: c.assign(recalled=c.recalled * 0),
            "expected one measurement of each run, got another one of recalled",
        ),
    ],
)
def test_what_does_not_belong_together_is_refused(curves, change, message):
    with pytest.raises(InputError, match=message):
        join_curves(curves, change(curves))
