"""Display of a fit in a notebook: the question, the result, and whether to trust it."""

from collections.abc import Iterable, Mapping
from html import escape

from bayeskisl.inference.cautions import Caution
from bayeskisl.inference.gate import Gate
from bayeskisl.laws import Law

__all__ = ["card"]


def card(
    what: str,
    law: Law,
    weights: Mapping[str, float],
    curves: str,
    quantities: Mapping[str, str],
    gate: Gate,
    warnings: Iterable[Caution],
) -> str:
    """Return a compact HTML table of a fit.

    Parameters
    ----------
    what : str
        Kind of the object, such as ``fit``.
    law, weights, gate, warnings
        Attributes of the fit.
    curves : str
        Which runs were fitted.
    quantities : mapping
        Intervals as text by label.
    """
    verdict = gate.outcome if gate.passed else f"<b>failed</b>: {escape('; '.join(gate.reasons))}"
    beside = ", ".join(f"{escape(name)} {weight:.2f}" for name, weight in weights.items())
    numbers = (
        f"R-hat {gate.rhat:.3f}, ESS {gate.ess_bulk:.0f} bulk, {gate.ess_tail:.0f} tail, "
        f"divergences {gate.divergences:.2%}"
    )
    rows = [
        ("law", f"{escape(law.name)}: {escape(law.title)} (weights {beside})"),
        ("curves", escape(curves)),
        *((escape(label), escape(text)) for label, text in quantities.items()),
        ("gate", f"{verdict} ({numbers})"),
        *((escape(f"{caution.severity}: {caution.code}"), escape(str(caution))) for caution in warnings),
    ]
    left = "style='text-align:left'"
    body = "".join(f"<tr><th {left}>{head}</th><td {left}>{cell}</td></tr>" for head, cell in rows)
    return f"<table><caption>bayeskisl {what}: medians with 90 % equal-tailed intervals</caption>{body}</table>"
