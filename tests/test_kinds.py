"""Files of another kind than expected are named, with the command that makes the expected kind of them."""

import pytest
import xarray as xr

from bayeskisl.curves import load_curves, save_curves
from bayeskisl.decision import load_prediction
from bayeskisl.errors import InputError, at_the_command_line
from bayeskisl.inference import load_fit
from tests.decision.hand_made import amount_curves


@pytest.fixture
def files(tmp_path):
    save_curves(amount_curves(), tmp_path / "curves.nc")
    xr.Dataset(attrs={"content": "decision"}).to_netcdf(tmp_path / "decision.nc", engine="h5netcdf")
    fitted = xr.DataTree.from_dict({"posterior": xr.Dataset({"tau": ("draw", [0.1])})})
    fitted.attrs["laws"] = "{}"
    fitted.to_netcdf(tmp_path / "fit.nc", engine="h5netcdf")
    (tmp_path / "table.csv").write_text("params,facts\n1,2\n")
    return tmp_path


@pytest.mark.parametrize(
    ("load", "file", "said"),
    [
        (
            load_curves,
            "table.csv",
            "expected a NetCDF file of retention curves, .* read it first with `bayeskisl curves import .*table",
        ),
        (load_curves, "fit.nc", "expected retention curves, got a fit"),
        (load_curves, "decision.nc", "expected retention curves, got a decision"),
        (load_fit, "curves.nc", "expected a fit, got retention curves; make it with `bayeskisl fit .*curves.nc`"),
        (load_fit, "decision.nc", "expected a fit, got a decision"),
        (
            load_prediction,
            "fit.nc",
            "got a fit; make it with `bayeskisl decide .*fit.nc.* or `bayeskisl predict .*",
        ),
        (load_prediction, "curves.nc", "expected a prediction, got retention curves"),
    ],
)
def test_another_kind_is_named_with_the_command_that_leads_on(files, load, file, said):
    with at_the_command_line(), pytest.raises(InputError, match=said):
        load(files / file)


def test_a_misspelt_sweep_has_a_nearest_name():
    with pytest.raises(InputError, match="the nearest is 'desk-amount'"):
        load_curves("desk-amuont")
