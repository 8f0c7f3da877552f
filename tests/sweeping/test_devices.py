"""A device that is not here is refused in one sentence, before anything is begun."""

import pytest
import torch
from typer.testing import CliRunner

from bayeskisl.cli.app import app
from bayeskisl.errors import InputError, at_the_command_line
from bayeskisl.sweeping import estimate_sweep, run, run_sweep
from bayeskisl.sweeping.devices import require_device
from bayeskisl.sweeping.sitting import sit

ABSENT = ["h100", "cuda:99", "", *([] if torch.cuda.is_available() else ["cuda"])]


@pytest.mark.parametrize("device", ABSENT)
def test_what_is_not_here_is_refused(device):
    with pytest.raises(InputError, match="an accelerator that torch finds on this machine, got"):
        require_device(device)


def test_the_processor_is_always_here():
    require_device("cpu")


def test_nothing_is_begun_on_a_device_that_is_not_here(smoke, tmp_path):
    for begin in (
        lambda: run_sweep(smoke, tmp_path / "out", device="h100"),
        lambda: estimate_sweep(smoke, device="h100"),
        lambda: sit(smoke, tmp_path / "out", tmp_path / "home", minutes=1, device="h100"),
    ):
        with pytest.raises(InputError, match="'h100'"):
            begin()
    assert not list(tmp_path.iterdir())


def test_more_workers_than_gpus_are_refused(smoke, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "require_device", lambda device: None)
    monkeypatch.setattr(run, "default_workers", lambda device: 2)
    with pytest.raises(InputError, match=r"a worker for each of the 2 GPU\(s\) here, got 3"):
        run_sweep(smoke, tmp_path, device="cuda", workers=3)


def test_the_command_line_says_what_to_do():
    with at_the_command_line():
        said = CliRunner().invoke(app, ["sweep", "estimate", "demo", "--device", "h100"])
    assert isinstance(said.exception, InputError)
    assert "--tokens-per-second" in str(said.exception)
