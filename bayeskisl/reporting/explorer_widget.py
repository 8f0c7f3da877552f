"""The explorer in Jupyter: slider positions in, answers out, through anywidget."""

from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from bayeskisl.decision import Decision, decide
from bayeskisl.errors import InputError
from bayeskisl.reporting.dials import Explorer

try:
    import anywidget
    import traitlets
except ImportError:
    raise InputError(
        "anywidget, which the explorer is drawn with", "none installed", "explore", "pip install 'bayeskisl[notebook]'"
    ) from None

__all__ = ["ExplorerWidget"]

_HERE = Path(__file__).parent


class ExplorerWidget(anywidget.AnyWidget):
    """A decision with sliders.

    Attributes
    ----------
    places : dict
        Name of each dial and the index of its stop; set it to move the sliders. The page adds ``asked``, a number that
        comes back in `answer`, so that it knows which of its questions was answered.
    answer : dict
        The displayed answer.
    """

    _esm = _HERE / "explorer.js"
    _css = _HERE / "explorer.css"

    dials: traitlets.List[Any] = traitlets.List().tag(sync=True)
    places = traitlets.Dict().tag(sync=True)
    answer = traitlets.Dict().tag(sync=True)

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer
        super().__init__(dials=[dial.to_dict() for dial in explorer.dials], places=explorer.start)

    @traitlets.observe("places")
    def _answer(self, change: Any) -> None:
        begun = perf_counter()
        shown = self.explorer.shown(change["new"])
        asked = change["new"].get("asked", 0)
        self.answer = {**shown, "asked": asked, "milliseconds": round(1e3 * (perf_counter() - begun), 1)}

    @property
    def values(self) -> dict[str, float]:
        """Values of the sliders."""
        return self.explorer.values(self.places)

    def decide(self, **options: Any) -> Decision:
        """Return the full decision at the sliders, from every draw, as `bayeskisl.decide` returns it."""
        glances, asked = self.explorer.glances, self.explorer.question(self.places)
        criterion = replace(glances.criterion, utility=asked["utility"], risk=asked["risk"])
        fixed = {
            "kind": glances.options.kind,
            "seed": glances.options.seed,
            "throw": False,  # the gate was asked when the explorer was made
        }
        return decide(glances.fit, glances.at(asked["params"], asked["tokens"]), criterion, **{**fixed, **options})
