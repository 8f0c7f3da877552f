"""What a shipped sweep would decide for a model four times as large as any of its own."""

from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.decision import Decision, decide
from bayeskisl.inference import Fit
from bayeskisl.reporting import describe_decision

__all__ = ["planned", "said_of"]

_TIMES = 4


def planned(fit: Fit) -> Decision:
    """The decision, with its sensitivity; the budget grows with the size where it does so in the sweep."""
    params, tokens = (fit.curves[name].values for name in (schema.PARAMS, schema.TOKENS))
    one_budget_a_size = len(set(zip(params, tokens, strict=True))) == len(np.unique(params))
    grows = one_budget_a_size and len(np.unique(tokens)) > 1
    budget = float(tokens.max()) * (_TIMES if grows else 1)
    return decide(fit, float(_TIMES * params.max()), tokens=budget, throw=False)


def said_of(decision: Decision) -> dict[str, Any]:
    """Plain values: the target, and what `bayeskisl decide` prints, without the cautions that the page has anyway."""
    lines = [line for line in describe_decision(decision).splitlines() if not line.startswith("warning: ")]
    return {
        "params": int(decision.about.params),
        "tokens": int(decision.about.tokens),
        "said": "\n".join(lines).strip().splitlines(),
    }
