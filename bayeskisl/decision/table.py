"""One decision over tables, targets and risks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayeskisl import schema
from bayeskisl.arguments import require_fit, require_whole
from bayeskisl.cores import available_cores, one_blas_thread
from bayeskisl.decision.advice import decide
from bayeskisl.decision.criterion import Criterion
from bayeskisl.decision.decision import Answer, Decision
from bayeskisl.errors import BayeskislError, InputError
from bayeskisl.intervals import interval, interval_name
from bayeskisl.specifications import shown
from bayeskisl.target import Target

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["decision_table"]


def decision_table(
    fits: "Fit | str | Path | Mapping[str, Fit | str | Path] | Sequence[str | Path]",
    targets: Sequence[Target | float | str],
    tokens: Sequence[float | str | None] = (None,),
    *,
    risks: Sequence[float] = (),
    criterion: Criterion | None = None,
    workers: int | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Decide for every combination of tables, sizes, budgets and risks, side by side.

    Parameters
    ----------
    fits : Fit, path, mapping or sequence of paths
        One fit; or several, by name or as saved files, which are named by their paths.
    targets : sequence of Target, float or str
        Targets, or their non-embedding parameters such as ``["1B", "7B", "70B"]``.
    tokens : sequence of float or str, optional
        Token budgets of targets that are given by their size; by default the sweep's only one.
    risks : sequence of float, optional
        Risks that replace the criterion's risk.
    criterion : Criterion, optional
        As for `decide`.
    workers : int, optional
        Number of tables answered in parallel; by default one per core.
    **options
        As for `decide`, without the sensitivity.

    Returns
    -------
    pandas.DataFrame
        One row per answer: ``table`` (where there are several), ``params``, ``tokens``, ``risk``, ``unit``, ``decades``
        (log10 of the extrapolation in size), ``choice``, ``optimum``, ``near_optimal_low`` and ``_high``, the median
        and interval of ``collapse`` (of ``onset`` where nothing falls), ``verdict``, the ``rule`` that decided it, and
        ``edges``, the codes of the reasons for a bound. A bound is NaN in its column, with its ends in
        ``<name>_at_least`` and ``<name>_at_most``. Where the background is a benchmark without a stated value,
        ``optimum`` and what is near it are NaN. With several tables, a posterior that failed its gate has its
        verdict, and a question that a table cannot answer has only ``problem``, the reason.

    Raises
    ------
    InputError
        If an option is out of range, or the only table cannot answer.
    GateError
        If the only fit failed its gate.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> fit = bk.load_fit("desk-four")
    >>> table = bk.decision_table(fit, [55_296, 98_304])
    >>> table["choice"].round(-2).tolist()
    [600.0, 700.0]
    """
    several = isinstance(fits, Mapping | list | tuple | Iterator)
    by_name = _by_name(fits) if several else {"": fits}
    for source in by_name.values():
        if not isinstance(source, str | Path):
            require_fit(source, "fits")
    if not by_name:
        raise InputError("a fit or several", "none", "fits")
    if workers is not None:
        require_whole(workers, "workers", 1)
    asked = list(_targets(_listed(targets, "targets"), _listed(tokens, "tokens")))
    risks = _listed(risks, "risks")

    def rows(named: tuple[str, Any]) -> list[dict[str, Any]]:
        name, source = named
        return list(_rows(name, source, asked, risks, criterion, options, several))

    with one_blas_thread(), ThreadPoolExecutor(min(workers or available_cores(), len(by_name))) as pool:
        # a thread knows whether remedies name options of the command line only from a copy of this context
        contexts = [copy_context() for _ in by_name]
        tables = pool.map(lambda context, named: context.run(rows, named), contexts, by_name.items())
        return pd.DataFrame([row for of_table in tables for row in of_table])


def _by_name(fits: Any) -> dict[str, Any]:
    return dict(fits) if isinstance(fits, Mapping) else {str(path): path for path in fits}


def _listed[V](values: Iterable[V], where: str) -> list[V]:
    """Return several values; a single one in place of them is refused."""
    if isinstance(values, str | Target) or not hasattr(values, "__iter__"):
        raise InputError(f"several {where}", shown(values), where, "write a list, even for one: [...]")
    return list(values)


def _targets(
    targets: Iterable[Target | float | str], tokens: Sequence[float | str | None]
) -> Iterator[tuple[Target | float | str, dict[str, Any]]]:
    for each in targets:
        yield from ((each, {}),) if isinstance(each, Target) else ((each, {schema.TOKENS: one}) for one in tokens)


def _rows(
    name: str,
    source: Any,
    asked: list[tuple[Target | float | str, dict[str, Any]]],
    risks: Sequence[float],
    criterion: Criterion | None,
    options: dict[str, Any],
    several: bool,
) -> Iterator[dict[str, Any]]:
    """Answers of one table; an error of one does not prevent the others."""
    from bayeskisl.inference import load_fit

    label = {"table": name} if several else {}
    options = {"throw": not several, **options, "sensitivity": False}
    by: list[dict[str, Any]] = [
        {"criterion": replace(criterion, risk=risk)} if criterion else {"risk": risk} for risk in risks
    ]
    try:
        fit = source if hasattr(source, "tree") else load_fit(source)
    except BayeskislError as problem:
        if not several:
            raise
        yield label | {"problem": str(problem)}
        return
    for (target, budget), of_risk in product(asked, by or [{"criterion": criterion}]):
        try:
            yield label | _row(decide(fit, target, **options, **budget, **of_risk))
        except BayeskislError as problem:
            if not several:
                raise
            yield label | _question(target, budget, of_risk) | {"problem": str(problem)}


def _question(target: Target | float | str, budget: dict[str, Any], of_risk: dict[str, Any]) -> dict[str, Any]:
    """Size, budget and risk as they were asked for."""
    size, tokens = (target.params, target.tokens) if isinstance(target, Target) else (target, budget[schema.TOKENS])
    risk = of_risk["risk"] if "risk" in of_risk else (of_risk["criterion"] or Criterion()).risk
    return {schema.PARAMS: size, schema.TOKENS: tokens, "risk": risk}


def _row(decision: Decision) -> dict[str, Any]:
    about, half = decision.about, decision.about.half_point
    median, low, high = interval(decision.data[half].values, about.ci_prob)
    name = interval_name(about.ci_prob)
    optimum, near_optimal = decision.optimum, decision.near_optimal
    if about.lacks_value:
        optimum, near_optimal = Answer(None), (np.nan, np.nan)
    return {
        schema.PARAMS: about.params,
        schema.TOKENS: np.nan if schema.TOKENS in about.invented else about.tokens,
        "risk": about.risk,
        "unit": about.unit,
        "decades": about.extrapolation_decades,
        **_columns(schema.CHOICE, decision.choice),
        **_columns(schema.OPTIMUM, optimum),
        "near_optimal_low": near_optimal[0],
        "near_optimal_high": near_optimal[1],
        half: median,
        f"{half}_{name}_low": low,
        f"{half}_{name}_high": high,
        "verdict": decision.verdict.grade,
        "rule": decision.verdict.rule,
        "edges": ", ".join(dict.fromkeys(edge.code for edge in decision.edges)),
    }


def _columns(name: str, answer: Answer) -> dict[str, float | None]:
    return {name: answer.value, f"{name}_at_least": answer.at_least, f"{name}_at_most": answer.at_most}
