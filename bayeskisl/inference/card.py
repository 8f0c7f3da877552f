"""A fit in a notebook: what was asked, what came out, and whether to believe it."""

from html import escape
from typing import TYPE_CHECKING

from bayeskisl import schema
from bayeskisl.inference.posterior import ON_AXIS

if TYPE_CHECKING:
    from bayeskisl.inference.result import Fit

__all__ = ["card"]


def card(fit: "Fit") -> str:
    """A compact HTML table."""
    gate = fit.gate
    verdict = "passed" if gate.passed else f"<b>failed</b>: {escape('; '.join(gate.reasons))}"
    weights = ", ".join(f"{escape(name)} {weight:.2f}" for name, weight in fit.weights.items())
    numbers = (
        f"R-hat {gate.rhat:.3f}, ESS {gate.ess_bulk:.0f} bulk, {gate.ess_tail:.0f} tail, "
        f"divergences {gate.divergences:.2%}"
    )
    quantities = fit.intervals((schema.EXPONENT, schema.CURVATURE, *ON_AXIS))
    rows = [
        ("law", f"{escape(fit.law.name)}: {escape(fit.law.title)} (weights {weights})"),
        ("curves", f"{fit.curves.sizes[schema.RUN]} runs along the axis '{escape(fit.curves.attrs['axis'])}'"),
        *((escape(label), escape(text)) for label, text in quantities.items()),
        ("gate", f"{verdict} ({numbers})"),
        *((escape(f"{caution.severity}: {caution.code}"), escape(str(caution))) for caution in fit.warnings),
    ]
    left = "style='text-align:left'"
    body = "".join(f"<tr><th {left}>{head}</th><td {left}>{cell}</td></tr>" for head, cell in rows)
    what = "preview of a fit" if fit.is_preview else "fit"
    return f"<table><caption>bayeskisl {what}: medians with 90 % equal-tailed intervals</caption>{body}</table>"
