"""Records in Weights & Biases and MLflow: read back by our own import, they are the same runs.

The clients are stood in for by ones that write the documented files; the real ones are tried where they are installed.
"""

import importlib.util
import sys
import types
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from bayeskisl.curves import build_curves, curves_from_table, read_runs
from bayeskisl.errors import InputError
from bayeskisl.sweeping import MlflowMirror, SweepEvents, WandbMirror


def wandb_stub():
    """What ``wandb`` leaves of an offline run, beside its log: a folder ``run-DATE-ID/files``."""

    class Run:
        def __init__(self, folder, config):
            self.files, self.config, self.summary = folder / "files", config, {}

        def log(self, values, step):
            self.summary |= {**values, "_step": step}

        def finish(self):
            self.files.mkdir(parents=True)  # offline: neither configuration nor summary

        @property
        def dir(self):
            return str(self.files)

    def init(*, project, id, name, dir, mode, config, reinit):
        assert (mode, reinit) == ("offline", True)
        return Run(Path(dir) / "wandb" / f"offline-run-20261128_120000-{id}", config)

    return types.SimpleNamespace(init=init)


def mlflow_stub():
    """What ``mlflow`` leaves in a tracking folder: ``mlruns/EXPERIMENT/RUN/{params,metrics}``."""

    class Client(types.SimpleNamespace):
        def set_tracking_uri(self, address):
            self.root = address.removeprefix("file:")

        def set_experiment(self, name):
            self.experiment = name

        def start_run(self, run_name):
            @contextmanager
            def run():
                self.folder = Path(self.root) / "1" / run_name
                for part in ("params", "metrics"):
                    (self.folder / part).mkdir(parents=True)
                yield
                about = {"run_id": run_name, "lifecycle_stage": "active", "status": 3}
                (self.folder / "meta.yaml").write_text(yaml.safe_dump(about))

            return run()

        def log_params(self, values):
            for name, value in values.items():
                (self.folder / "params" / name).write_text(str(value))

        def log_metrics(self, values, step):
            for name, value in values.items():
                with (self.folder / "metrics" / name).open("a") as file:
                    file.write(f"1763892000000 {value} {step}\n")

    return Client()


MIRRORS = {
    "wandb": (WandbMirror, wandb_stub, "wandb"),
    "mlflow": (MlflowMirror, mlflow_stub, "mlflow"),
}


def same(back, own):
    order = ["params", "facts", "seed"]  # MLflow names runs by itself
    back, own = back.sortby(order), own.sortby(order)
    for name in ("recalled", "probed"):
        assert (back[name].sel(group="infused").values == own[name].sel(group="infused").values).all()
    for name in ("params", "total_params", "tokens", "facts", "seed"):
        assert back[name].values.tolist() == own[name].values.tolist()
    assert back["ratio"].values == pytest.approx(own["ratio"].values, rel=1e-12)


@pytest.mark.parametrize("package", MIRRORS)
def test_what_is_mirrored_comes_back_as_the_same_curves(package, finished, tmp_path, monkeypatch):
    mirror, stub, source = MIRRORS[package]
    monkeypatch.setitem(sys.modules, package, stub())
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"file:{tmp_path / 'mlruns'}")
    own = build_curves(finished)
    listener = mirror(finished, tmp_path)
    assert len(listener.mirror()) == own.sizes["run"]
    assert listener.mirror() == []
    same(curves_from_table(read_runs(tmp_path, source), axis="amount"), own)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # those of others' packages
@pytest.mark.parametrize("package", MIRRORS)
def test_the_real_clients_leave_what_the_import_reads(package, finished, tmp_path, monkeypatch):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    mirror, _, source = MIRRORS[package]
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("WANDB_MODE", "offline")
    mirror(finished, tmp_path).mirror()
    path = tmp_path / "mlflow.db" if package == "mlflow" else tmp_path
    same(curves_from_table(read_runs(path, source), axis="amount"), build_curves(finished))


def test_the_listener_sends_and_passes_on(finished, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", wandb_stub())
    monkeypatch.delenv("WANDB_MODE", raising=False)
    heard = []

    class Display(SweepEvents):
        def finished(self, stack, seconds):
            heard.append((stack, seconds))

    WandbMirror(finished, tmp_path, Display()).finished("stack", 1.0)
    assert heard == [("stack", 1.0)]
    assert list(tmp_path.glob("wandb/*/files/wandb-summary.json"))


def test_a_package_that_is_not_there_is_one_sentence(finished, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(InputError, match="the package mlflow, got none installed"):
        MlflowMirror(finished, tmp_path)
