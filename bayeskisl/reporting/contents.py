"""Content of the report as plain strings, one function for each block of the page."""

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import bayeskisl
from bayeskisl import schema
from bayeskisl.axes import axis_of
from bayeskisl.curves import Finding, cell_table
from bayeskisl.curves.cells import told_apart
from bayeskisl.curves.exposures import assumed_terms
from bayeskisl.curves.groups import deciding_group
from bayeskisl.curves.tables.command import import_command
from bayeskisl.decision import decision_summary, prediction_summary
from bayeskisl.decision.caveat import Caveat
from bayeskisl.decision.caveats import APART
from bayeskisl.decision.criterion import KEEP
from bayeskisl.inference.data import suited
from bayeskisl.inference.gate import LARGEST_CORRELATION, LARGEST_RHAT, LEAST_ESS, MOST_DIVERGENT
from bayeskisl.inference.sampler import Sampler
from bayeskisl.intervals import interval
from bayeskisl.laws import law_names, load_law
from bayeskisl.quantities import SAME_HELD
from bayeskisl.reporting.brief import brief, gap, question
from bayeskisl.reporting.numbers import exact, percent, span, three_digits
from bayeskisl.reporting.text import (
    answer,
    beside_it,
    budget,
    domain_line,
    held_fixed,
    kept_at_choice,
    limit_doubt,
    limit_rows,
    measured_point,
    mending,
    near_optimal_in_words,
    no_best_mean,
    one_sided_answer,
    optimum_verdict,
    under_assumption,
    verdict,
    window_lines,
    with_interval,
)
from bayeskisl.reporting.words import distance

if TYPE_CHECKING:
    from bayeskisl.decision import Decision, Verification
    from bayeskisl.decision.about import About, AboutDecision
    from bayeskisl.inference import Fit

__all__ = [
    "answer_block",
    "command_lines",
    "exponent_rows",
    "gate_block",
    "law_rows",
    "no_warning",
    "provenance_rows",
    "runs_behind",
    "size_rows",
    "title",
    "verification_block",
    "warning_rows",
    "words",
]


def title(decision: "Decision | None") -> str:
    if decision is None:
        return "Where models collapse"
    return question(decision)


def words(fit: "Fit") -> dict[str, str]:
    """Return the name of the half-points of the sizes, and the verb for models there."""
    axis = axis_of(fit.curves)
    half = axis.half_point(deciding_group(fit.curves))
    if half == schema.ONSET:
        return {"half": half, "half_point": "onset", "do": "learn"}
    return {"half": half, "half_point": "collapse point", "do": "collapse"}


def answer_block(decision: "Decision") -> dict[str, Any]:
    found, about = decision_summary(decision), decision.about
    ci_prob, unit = about.ci_prob, about.unit
    return {
        "params": exact(about.params),
        "tokens": budget(about),
        "distance": distance(about.extrapolation_decades),
        "extrapolated": [
            f"{gap(one.message)}; next run to add: {one.buy}"
            for one in decision.caveats
            if one.message in decision.extrapolated
        ],
        "why": "" if decision.verdict.because in decision.extrapolated else decision.verdict.because.rstrip("."),
        "verdict": decision.verdict.to_dict() | {"mending": mending(decision.verdict)},
        "brief": brief(decision),
        "sentence": _capital(answer(decision)),
        "one_sided": "" if decision.window is None else _capital(one_sided_answer(decision)),
        "gives": [line.strip() for line in window_lines(decision)[1:]],
        "reasons": [
            {"message": why, "buy": buy}
            for why, buy in dict.fromkeys(zip(decision.choice.reasons, decision.choice.buy, strict=True))
            if why != decision.verdict.because
        ],
        "about_target": [edge.message for edge in decision.edges if edge.concerns == "target"],
        "no_best_mean": no_best_mean() if about.lacks_value else "",
        "beside": beside_it(decision),
        "near": near_optimal_in_words(decision),
        "collapse": with_interval(found[about.half_point], ci_prob, unit),
        "beyond_half": _beyond_half(found, about),
        "optimum": with_interval(found[schema.OPTIMUM], ci_prob, unit),
        "domain": domain_line(decision),
        "limits": limit_rows(decision.limits),
        "limit_doubt": limit_doubt(decision.limits, decision.about.exposures_are_known),
        "held_fixed": held_fixed(about),
        "kind": "a new run" if about.kind == "new_run" else "the mean of many runs",
        "sensitivity": sensitivity_rows(decision),
    }


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _beyond_half(found: dict[str, Any], about: "About") -> str:
    """Return the shoulder, or the point of enough, in one sentence."""
    ci_prob, unit = about.ci_prob, about.unit
    if schema.SHOULDER in found:
        return f"A tenth is lost at {with_interval(found[schema.SHOULDER], ci_prob, unit)}."
    return f"{percent(about.keep)} is kept from {with_interval(found['sufficient'], ci_prob, unit)} on."


def sensitivity_rows(decision: "Decision") -> list[dict[str, str]]:
    """The same decision under other assumptions."""
    return [
        {
            "assumption": str(name),
            **under_assumption(decision, row),
            **({"best": "not shown"} if decision.about.lacks_value else {}),
        }
        for name, row in decision.sensitivity.iterrows()
    ]


def verification_block(verification: "Verification") -> dict[str, Any]:
    at_choice = verification.at_choice
    near = f"At the choice, {kept_at_choice(at_choice)}." if at_choice and at_choice.bounds else ""
    if at_choice and verification.kept.facts:
        optimum = optimum_verdict(verification)
        near = f"{near} {optimum[0].upper()}{optimum[1:]}.".strip()
    return {
        "verdict": verification.verdict,
        "sentence": verdict(verification),
        "measured": measured_point(verification),
        "near": near,
    }


def size_rows(fit: "Fit") -> list[dict[str, str]]:
    """Collapse point of every cell."""
    cells, _ = cell_table(fit.curves)
    axis = axis_of(fit.curves)
    group = deciding_group(fit.curves)
    collapse = fit.tree["posterior"].to_dataset()[axis.half_point(group)].sel(group=group)
    rows, apart, known = [], told_apart(cells), schema.TOKENS not in assumed_terms(fit.curves)
    for cell in range(cells.sizes[schema.CELL]):
        median, low, high = interval(collapse.isel(cell=cell).values, 0.9)
        rows.append(
            {
                "params": exact(cells[schema.PARAMS][cell].item()) + apart[cell],
                "total_params": exact(cells[schema.TOTAL_PARAMS][cell].item()),
                "tokens": exact(cells[schema.TOKENS][cell].item()) if known else "not known",
                "collapse": f"{three_digits(median)} {axis.unit} ({span(low, high)})",
            }
        )
    return rows


def exponent_rows(fit: "Fit") -> list[dict[str, str]]:
    """Each exponent of the requested law."""
    draws = fit.tree["posterior"].to_dataset()[schema.EXPONENT]
    rows = []
    for group in draws["group"].values:
        for name in draws["covariate"].values:
            median, low, high = interval(draws.sel(group=group, covariate=name).values, 0.9)
            rows.append(
                {"name": f"{name}, {group}", "value": f"{three_digits(median)} (90 % interval {span(low, high)})"}
            )
    return rows


def gate_block(fit: "Fit") -> dict[str, Any]:
    gate = fit.gate
    rows = [
        ("R-hat, largest", f"{gate.rhat:.3f}", f"at most {LARGEST_RHAT}"),
        ("effective draws of the bulk, smallest", f"{gate.ess_bulk:,.0f}", f"at least {LEAST_ESS}"),
        ("effective draws of the tails, smallest", f"{gate.ess_tail:,.0f}", f"at least {LEAST_ESS}"),
        ("divergent draws", f"{100 * gate.divergences:.2g} %", f"below {100 * MOST_DIVERGENT:g} %"),
        (
            "correlation of two seeds at one level",
            _or_none(gate.seed_correlation),
            f"not significant, or below {LARGEST_CORRELATION}",
        ),
    ]
    mark = {"passed": "passed", "passed with care": "undecided", "failed": "failed"}[gate.outcome]
    return {"outcome": gate.outcome, "mark": mark, "reasons": list(gate.reasons), "rows": rows}


def _or_none(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "no pairs"


def law_rows(fit: "Fit", decision: "Decision | None", verification: "Verification | None") -> list[dict[str, str]]:
    summary = None if decision is None else prediction_summary(decision.data)
    rows = []
    for law, weight in fit.weights.items():
        row = {"name": law, "weight": f"{weight:.2f}", "collapse": "", "hit": ""}
        if decision is not None and summary is not None and law in summary["laws"]:
            entry = summary["laws"][law][decision.about.half_point]
            row["collapse"] = with_interval(entry, decision.about.ci_prob, decision.about.unit)
        if verification is not None:
            row["hit"] = verification.verdict_by_law.get(law, "")
        rows.append(row)
    return rows


def warning_rows(fit: "Fit", decision: "Decision | None") -> dict[str, Sequence[Caveat | Finding]]:
    """At most three warnings, and the folded ones; without a decision, the warnings of the fit."""
    if decision is not None:
        return {"first": decision.warnings, "further": decision.further}
    return {"first": fit.warnings[:3], "further": fit.warnings[3:]}


def no_warning(decision: "Decision | None") -> str:
    """Return the sentence of a page without warnings; the reason of a verdict is not among them."""
    is_good = decision is None or decision.verdict.grade == "good"
    return "No warning was raised." if is_good else "No warning was raised beside the reason of the verdict."


def provenance_rows(fit: "Fit", decision: "Decision | None") -> list[tuple[str, str]]:
    curves, tree = fit.curves.attrs, fit.tree.attrs
    rows = [
        ("curves", f"{curves.get('title', 'retention curves')}: {fit.curves.sizes[schema.RUN]} runs"),
        ("records, SHA-256", str(curves.get("records_sha256", "not built from records"))),
        ("law", f"{fit.law.name}: {fit.law.title}"),
        ("law, SHA-256", fit.law.sha256),
        *((name, str(tree[name])) for name in ("bayeskisl", "pymc", "nutpie", "seed") if name in tree),
        ("page written by", f"bayeskisl {bayeskisl.__version__}"),
    ]
    if decision is not None:
        rows.append(("decision written", decision.about.created))
    return rows


def runs_behind(fit: "Fit") -> str:
    """Return the runs that the page rests on, in one sentence: a folder or table may hold more."""
    runs, sizes = fit.curves.sizes[schema.RUN], np.unique(fit.curves[schema.PARAMS])
    of_sizes = f"{len(sizes)} sizes, {exact(sizes[0])} to {exact(sizes[-1])} parameters"
    of_sizes = of_sizes if len(sizes) > 1 else f"one size, {exact(sizes[0])} parameters"
    return (
        f"The page rests on {exact(runs)} runs of {of_sizes}. If the first command reads more runs, keep these alone."
    )


def command_lines(fit: "Fit", decision: "Decision | None", verification: "Verification | None") -> list[str]:
    """The commands that reproduce the page from the runs; file names are the reader's choice."""
    rivals = "".join(f" --rival {_law(fit, name)}" for name in fit.weights if name != fit.law.name)
    if not rivals and fit.law.rivals:
        rivals = " --alone"
    lines = [
        f"bayeskisl curves {_making(fit.curves.attrs)} --out curves.nc",
        f"bayeskisl fit curves.nc --law {_law(fit, fit.law.name)}{rivals}{_of_sampler(fit)} --out fit.nc",
    ]
    options = ""
    if decision is not None:
        about = decision.about
        budget_option = "" if schema.TOKENS in about.invented else f" --tokens {about.tokens:.0f}"
        of_domain = _unless(fit.tree.attrs.get(schema.DOMAIN), None, schema.DOMAIN)
        lines.append(
            f"bayeskisl decide fit.nc --params {about.params:.0f}{budget_option}"
            f"{_held(fit, decision)} --risk {about.risk:g}{_domain(decision)}{_by(about)}{of_domain} "
            f"--seed {about.seed} --out decision.nc"
        )
        options = f" --decision decision.nc{of_domain}"
    if verification is not None:
        unknown = {"import_mapping": "{}"} if "import_mapping" in fit.curves.attrs else {}
        made = verification.attrs or unknown
        lines.append(f"bayeskisl curves {_making(made, '_OF_THE_TARGET')} --out verification.nc")
        options += " --verification verification.nc"
    return [*lines, f"bayeskisl report fit.nc{options} --out report.html"]


def _law(fit: "Fit", name: str) -> str:
    """Return the name of a shipped law, or the file of another one, which no name leads to."""
    is_shipped = name in law_names() and suited(load_law(name), fit.curves).sha256 == fit.laws[name].sha256
    return name if is_shipped else shlex.quote(f"{name}.toml")


def _draws(fit: "Fit") -> int:
    """Return the draws of a chain when the fit was made; a thinned file holds fewer."""
    if "draws" in fit.tree.attrs:
        return int(fit.tree.attrs["draws"])
    kept = fit.tree["posterior"].coords["draw"].values  # of an earlier version: the places of every so many-th draw
    return len(kept) * int(kept[1] - kept[0]) if len(kept) > 1 else len(kept)


def _of_sampler(fit: "Fit") -> str:
    """Options of the sampler that are not the usual ones."""
    return _unless(_draws(fit), Sampler().draws, "draws") + _unless(fit.tree.attrs.get("seed"), 0, "seed")


def _making(attrs: Mapping[str, Any], whose: str = "") -> str:
    """The subcommand that made curves: an import of their table, or a build of their runs."""
    return import_command(attrs, f"TABLE{whose}") if "import_mapping" in attrs else f"build RUNS{whose}"


def _domain(decision: "Decision") -> str:
    """Option for the size of the domain; a sweep that fixes the facts has it among the values that it holds."""
    axis = decision.about.axis
    facts = decision.data["domain_facts"].item() if axis.counts_facts else decision.about.facts
    return "" if facts is None or axis.given == schema.FACTS else f" --facts {facts:.0f}"


def _by(about: "AboutDecision") -> str:
    """Options of the criterion that are not the usual ones."""
    keep = set(about.levels.values())
    kept = f" --keep {next(iter(keep)):g}" if len(keep) == 1 and keep != {KEEP} else ""
    kept = kept or "".join(f" --keep {group}={level:g}" for group, level in about.levels.items() if level != KEEP)
    return (
        kept
        # what is usual depends on whether the background is a benchmark
        + _unless(about.keep_of, None if schema.BACKGROUND in about.levels else "ceiling", "keep-of")
        + _unless(about.kind, "new_run", "kind")
        + _unless(about.at_most, None, "at-most")
        + _unless(about.apart, APART, "apart")
        + "".join(_unless(value, None, name.replace("_", "-")) for name, value in about.prices.items())
    )


def _unless(value: Any, usual: Any, option: str) -> str:
    """An option with its value, quoted for a shell, unless the value is the usual one."""
    if value is None or value == usual:
        return ""
    return f" --{option} {value:g}" if isinstance(value, int | float) else f" --{option} {shlex.quote(str(value))}"


def _held(fit: "Fit", decision: "Decision") -> str:
    """Options for fixed values of the target, unless they are what the sweep gives to a target that names none."""
    options = ""
    for name, value in decision.held_fixed.items():
        if name not in fit.curves.variables:
            continue
        swept = np.asarray(fit.curves[name].values, dtype=float)
        if not (np.allclose(swept, value, rtol=SAME_HELD) and np.isclose(value, np.median(swept), rtol=1e-9)):
            options += f" --hold {name}={value:.12g}"
    return options + " --prior-driven" * bool(decision.extrapolated)
