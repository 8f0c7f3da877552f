"""The same decision at a grid of sizes and budgets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from bayeskisl import schema
from bayeskisl.decision.advice import decide
from bayeskisl.decision.decision import Answer
from bayeskisl.decision.intervals import interval, interval_name
from bayeskisl.target import Target

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["decision_table"]


def decision_table(
    fit: "Fit",
    targets: Sequence[Target | float | str],
    tokens: Sequence[float | str | None] = (None,),
    **options: Any,
) -> pd.DataFrame:
    """Decide at every combination of sizes and budgets.

    Parameters
    ----------
    fit : Fit
    targets : sequence of Target, float or str
        Targets, or their non-embedding parameters such as ``["1B", "7B", "70B"]``.
    tokens : sequence of float or str, optional
        Token budgets of targets that are given by their size; left out, the sweep's only one.
    **options
        As for `decide`. The sensitivity is left out.

    Returns
    -------
    pandas.DataFrame
        One row per target: ``params``, ``tokens``, ``decades`` (log10 of the extrapolation in size), ``choice``,
        ``optimum``, ``near_optimal_low`` and ``_high``, the median and interval of ``collapse`` (of ``onset`` where
        nothing falls), and ``edges``, the codes of what makes an answer a bound. A bound is NaN in its column and given
        in ``<name>_at_least`` and ``<name>_at_most``.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> fit = bk.load_fit("desk-four")
    >>> table = bk.decision_table(fit, [55_296, 98_304])
    >>> table["choice"].round(-2).tolist()
    [600.0, 800.0]
    """
    rows = []
    for each in targets:
        for of_budget in [{}] if isinstance(each, Target) else [{schema.TOKENS: budget} for budget in tokens]:
            decision = decide(fit, each, **{**options, **of_budget, "sensitivity": False})
            attrs = decision.data.attrs
            median, low, high = interval(decision.data[attrs["half_point"]].values, attrs["ci_prob"])
            name = interval_name(attrs["ci_prob"])
            rows.append(
                {
                    schema.PARAMS: attrs[schema.PARAMS],
                    schema.TOKENS: attrs[schema.TOKENS],
                    "decades": attrs["extrapolation_decades"],
                    **_columns(schema.CHOICE, decision.choice),
                    **_columns(schema.OPTIMUM, decision.optimum),
                    "near_optimal_low": decision.near_optimal[0],
                    "near_optimal_high": decision.near_optimal[1],
                    attrs["half_point"]: median,
                    f"{attrs['half_point']}_{name}_low": low,
                    f"{attrs['half_point']}_{name}_high": high,
                    "edges": ", ".join(dict.fromkeys(edge["code"] for edge in decision.edges)),
                }
            )
    return pd.DataFrame(rows)


def _columns(name: str, answer: Answer) -> dict[str, float | None]:
    return {name: answer.value, f"{name}_at_least": answer.at_least, f"{name}_at_most": answer.at_most}
