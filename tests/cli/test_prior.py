"""`prior` as a new user types it, before any fit."""

from typer.testing import CliRunner

from bayeskisl.cli.app import app
from bayeskisl.inference import simulate


def test_the_prior_is_told_and_drawn(tmp_path):
    design = {"params": [6_144, 24_576], "facts": [62, 250, 1_000], "seeds": 2}
    simulate("power", design).to_netcdf(tmp_path / "curves.nc", engine="h5netcdf")
    arguments = ["prior", str(tmp_path / "curves.nc"), "--law", "power", "--out", str(tmp_path / "prior.svg")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("infused: before a count is seen the law 'power' expects half to be kept")
    assert "<svg" in (tmp_path / "prior.svg").read_text()[:2_000]
