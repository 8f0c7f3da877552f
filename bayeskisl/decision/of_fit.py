"""Whether an answer may rest on a fit, or rests on it: its gate, its warnings, its runs and its law."""

from dataclasses import replace
from typing import TYPE_CHECKING

from bayeskisl import schema
from bayeskisl.curves import Finding
from bayeskisl.curves.by_size import AGAINST_SIZE, AGAINST_SIZE_AT_THE_END, SAME_LOSS
from bayeskisl.decision.about import About
from bayeskisl.decision.caveat import Caveat
from bayeskisl.decision.caveats import has_short_ladder
from bayeskisl.decision.planned_model import PlannedModel
from bayeskisl.errors import GateError, InputError, way

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["caveats_of_fit", "require_gate", "require_own"]


def require_gate(
    fit: "Fit", throw: bool, otherwise: str = "take a prediction that is labelled not usable"
) -> None:  # fmt: skip
    """Refuse a preview and a fit that failed its gate, unless the gate is waived, as `otherwise` puts it."""
    if not throw or fit.gate.passed:
        return
    anyway = way(f"; or {otherwise} with throw=False", "")
    if fit.is_preview:
        raise GateError(f"expected a posterior, got a preview, which no gate examines; {_fit_in_full()}{anyway}.")
    raise GateError(
        "expected a posterior that passed its gate, got one that failed: "
        f"{'; '.join([*_of_data(fit), *fit.gate.reasons])}; {_fit_longer()}{anyway}."
    )


def require_own(fit: "Fit", about: About, where: str) -> None:
    """Refuse an answer that was made from another fit, of other runs or under another law."""
    ours, theirs = set(fit.curves[schema.RUN].values.astype(str).tolist()), set(about.fitted_runs)
    if ours == theirs and about.law_sha256 in ("", fit.law.sha256):  # answers of earlier versions name no hash
        return
    runs = f"one from {len(theirs):,} runs, {len(ours & theirs):,} of which are among its {len(ours):,}"
    got = f"one under another law, {about.law!r}" if ours == theirs else runs
    raise InputError("an answer from this fit", got, where, "ask this fit again, or name the other one")


def _fit_in_full() -> str:
    return way("fit without `method='preview'`", "fit the curves with `bayeskisl fit CURVES`")


def _fit_longer() -> str:
    return way("fit again with `draws=4000`", "fit again with `bayeskisl fit CURVES --draws 4000`")


def _of_data(fit: "Fit") -> list[str]:
    """Findings about the data that make a longer fit useless."""
    return [each.message for each in fit.warnings if Caveat.of_finding(each).weight == "unusable"]


def caveats_of_fit(fit: "Fit", target: PlannedModel) -> list[Caveat]:
    """Return the fit's own warnings, and its failed gate if that was waived."""
    reasons = "" if fit.is_preview else "; ".join(fit.gate.reasons)  # a preview has a warning of its own
    failed = [Caveat("gate", f"the posterior failed its gate: {reasons}", weight="unusable", remedy=_fit_longer())]
    sizes = fit.curves[schema.PARAMS].values
    # few sizes take nothing from a target among them, and a short ladder says more
    said = sizes.min() <= target.params <= sizes.max() or has_short_ladder(target, fit.curves)
    ours = [finding for finding in fit.warnings if not (said and finding.code == "few_sizes")]
    return [*(failed if reasons else ()), *(_of_finding(finding, fit, target) for finding in ours)]


def _of_finding(finding: Finding, fit: "Fit", target: PlannedModel) -> Caveat:
    """A finding as a caveat: what the limits exclude weighs less within the sizes seen, and nothing without limits."""
    caveat, is_larger = Caveat.of_finding(finding), target.params > fit.curves[schema.PARAMS].values.max()
    if finding.code == SAME_LOSS:
        return caveat if is_larger else replace(caveat, weight="note")
    if finding.code not in (AGAINST_SIZE, AGAINST_SIZE_AT_THE_END):
        return caveat
    if not fit.law.has_limits:
        return replace(caveat, weight="note")
    return caveat if is_larger else replace(caveat, weight="care")
