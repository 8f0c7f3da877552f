"""What was found of a sweep so far, kept stage by stage, so that a page that was interrupted goes on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from bayeskisl.decision import Decision, load_decision
from bayeskisl.files import written
from bayeskisl.inference import Fit, load_fit

__all__ = ["Stages"]

Made = TypeVar("Made")


class Stages:
    """A folder with one file per finished stage; of other runs, laws or source it is emptied first.

    Parameters
    ----------
    folder : path
    made_from : dict
        What everything in it rests on.
    tell : callable
        Is told which stage begins, not of those that are there.
    """

    def __init__(self, folder: str | Path, made_from: dict[str, str], tell: Callable[[str], None]) -> None:
        self.folder, self.tell = Path(folder), tell
        header, told = self.folder / "made-from.json", json.dumps(made_from, sort_keys=True)
        if self.folder.is_dir() and not (header.is_file() and header.read_text(encoding="utf-8") == told):
            shutil.rmtree(self.folder)
        written(header, told)

    def fit(self, said: str, name: str, make: Callable[[], Fit]) -> Fit:
        """A posterior."""
        return self._kept(said, f"{name}.nc", make, load_fit, lambda fit, path: fit.save(path))

    def decision(self, said: str, name: str, make: Callable[[], Decision]) -> Decision:
        """A decision."""
        return self._kept(said, f"{name}.nc", make, load_decision, lambda decision, path: decision.save(path))

    def plain(self, said: str, name: str, make: Callable[[], Any]) -> Any:
        """Plain values, as JSON has them."""
        return self._kept(
            said,
            f"{name}.json",
            make,
            lambda path: json.loads(path.read_text(encoding="utf-8")),
            lambda values, path: written(path, json.dumps(values)),
        )

    def _kept(
        self,
        said: str,
        file: str,
        make: Callable[[], Made],
        load: Callable[[Path], Made],
        save: Callable[[Made, Path], Any],
    ) -> Made:
        path = self.folder / file
        if not path.is_file():
            self.tell(said)
            save(make(), path)
        return load(path)
