"""The explorer of a fit, for Jupyter."""

from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

from bayeskisl import schema
from bayeskisl.arguments import require_fit, require_whole
from bayeskisl.decision.criterion import KEEP, Criterion, KeepOf
from bayeskisl.decision.glances import Glances
from bayeskisl.decision.of_fit import require_gate
from bayeskisl.decision.prediction import Options
from bayeskisl.decision.prospect import Kind
from bayeskisl.reporting.dials import TIMES, Explorer
from bayeskisl.target import Target, TargetKeywords, target_from

if TYPE_CHECKING:
    from bayeskisl.inference import Fit
    from bayeskisl.reporting.explorer_widget import ExplorerWidget

__all__ = ["explore"]


def explore(
    fit: "Fit",
    target: Target | float | str | None = None,
    *,
    kind: Kind = "new_run",
    keep: float = KEEP,
    keep_of: KeepOf | None = None,
    draws: int = 1_000,
    seed: int = 0,
    throw: bool = True,
    **short: Unpack[TargetKeywords],
) -> "ExplorerWidget":
    """Show the decision in Jupyter, with sliders for target size, tokens, risk and price.

    Parameters
    ----------
    fit : Fit
        A posterior that passed its gate, of a sweep along any axis. It is never fitted again.
    target : Target, float or str, optional
        Start of the sliders; by default four times the largest size, and the largest budget. A prior-driven target
        allows budgets that the sweep never varied, labelled as resting on the prior; otherwise a sweep of one budget
        has no slider for tokens.
    kind, keep, keep_of, seed, throw
        As for `decide`.
    draws : int
        Number of draws of the posterior used at every move. `decide` uses all of them.
    **short
        Keywords of `Target`, instead of the object.

    Returns
    -------
    ExplorerWidget
        A widget; ``widget.decide()`` returns the full decision at the sliders, as `bayeskisl.decide` does.

    Raises
    ------
    InputError
        If an option is out of range, or anywidget is not installed (``pip install 'bayeskisl[notebook]'``).
    GateError
        If the fit failed its gate.
    """
    from bayeskisl.reporting.explorer_widget import ExplorerWidget

    require_fit(fit)
    require_whole(draws, "draws", 1)
    require_gate(fit, throw)
    asked = target_from(target, short, default=TIMES * float(fit.curves[schema.PARAMS].max()), of=explore)
    fit = fit if asked.domain is None else fit.of_domain(asked.domain)
    criterion = Criterion(keep=keep, keep_of=keep_of)
    glances = Glances(fit, draws, Options(kind, seed=seed), replace(asked, domain=None), criterion)
    return ExplorerWidget(Explorer.about(glances, asked.params, asked.tokens))
