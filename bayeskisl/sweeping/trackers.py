"""Records mirrored to Weights & Biases or MLflow with their own clients: optional listeners of a sweep."""

import importlib
import json
import os
from abc import abstractmethod
from pathlib import Path
from typing import Any

from bayeskisl.errors import InputError
from bayeskisl.files import held, replace_file
from bayeskisl.sweeping.mirror import Mirror, measurements_of, settings_of
from bayeskisl.sweeping.record_reading import Record
from bayeskisl.sweeping.run import SweepEvents
from bayeskisl.sweeping.store import SweepFolder, sweep_folders

__all__ = ["MlflowMirror", "WandbMirror"]

_SENT = "mirrored.txt"  # names of the runs that are there


class _TrackerMirror(Mirror):
    """Sends every finished run once, as soon as its record exists; the folder remembers which runs were sent.

    Parameters are those of `bayeskisl.sweeping.mirror.Mirror`.

    Raises
    ------
    InputError
        If the tracker's package is not installed.
    """

    package: str

    def __init__(self, out: str | Path, folder: str | Path, events: SweepEvents | None = None) -> None:
        super().__init__(out, folder, events)
        try:
            self._client: Any = importlib.import_module(self.package)
        except ImportError:
            raise InputError(f"the package {self.package}", "none installed", type(self).__name__,
                             f"pip install {self.package}") from None  # fmt: skip

    def mirror(self) -> list[str]:
        """Send each finished run that was not sent yet; an incomplete record is skipped.

        Returns
        -------
        list of str
            Names of the runs that were sent.
        """
        with held(self._folder, wait=True):  # two sweeps may go to one tracker
            return self._send_new()

    def _send_new(self) -> list[str]:
        path = self._folder / _SENT
        sent = path.read_text().split() if path.is_file() else []
        new = [(folder, file.stem, record) for folder in sweep_folders(self._out)
               for file, record in folder.records_or_reasons() if isinstance(record, Record)
               and file.stem not in sent]  # fmt: skip
        for folder, name, record in new:
            measured = measurements_of(record)
            sent.append(name)
            if not measured:  # a run that diverged
                continue
            self._send(folder, name, settings_of(record), measured)
            replace_file(path, "".join(f"{each}\n" for each in sent).encode())
        return [name for _, name, _ in new]

    @abstractmethod
    def _send(
        self, folder: SweepFolder, name: str, settings: dict[str, float], values: dict[int, dict[str, float]]
    ) -> None:
        """Send one run: its settings, and the measurements at each number of tokens."""


class WandbMirror(_TrackerMirror):
    """Mirrors records to Weights & Biases, offline unless ``WANDB_MODE`` says otherwise; `folder` is its ``dir``.

    Other parameters are those of `bayeskisl.sweeping.mirror.Mirror`.
    """

    package = "wandb"

    def _send(
        self, folder: SweepFolder, name: str, settings: dict[str, float], values: dict[int, dict[str, float]]
    ) -> None:
        mode = os.environ.get("WANDB_MODE", "offline")
        self._folder.mkdir(parents=True, exist_ok=True)
        run = self._client.init(project=folder.path.name, id=name, name=name, dir=str(self._folder), mode=mode,
                                config=settings, reinit=True)  # fmt: skip
        for step, at in values.items():
            run.log(at, step=step)
        files = Path(run.dir)
        run.finish()
        _describe(files, settings, values)


class MlflowMirror(_TrackerMirror):
    """Mirrors records to MLflow, into `folder` as its tracking store unless ``MLFLOW_TRACKING_URI`` names another.

    Other parameters are those of `bayeskisl.sweeping.mirror.Mirror`.
    """

    package = "mlflow"

    def _send(
        self, folder: SweepFolder, name: str, settings: dict[str, float], values: dict[int, dict[str, float]]
    ) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        address = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(self._folder / 'mlflow.db').resolve()}"
        self._client.set_tracking_uri(address)
        self._client.set_experiment(folder.path.name)
        with self._client.start_run(run_name=name):
            self._client.log_params(settings)
            for step, at in values.items():
                self._client.log_metrics(at, step=step)


def _describe(files: Path, settings: dict[str, float], values: dict[int, dict[str, float]]) -> None:
    """Write files that the client writes only for an online run: the configuration and the last values.

    JSON is YAML, too.
    """
    config = {name: {"desc": None, "value": value} for name, value in settings.items()}
    summary = {name: value for at in values.values() for name, value in at.items()}
    for name, content in (("config.yaml", config), ("wandb-summary.json", summary)):
        if not (files / name).is_file():
            replace_file(files / name, (json.dumps(content, indent=1) + "\n").encode())
