"""The findings of one sweep as a Markdown page."""

from collections.abc import Iterator, Sequence
from typing import Any

from bayeskisl import schema
from bayeskisl.axes import axis_named
from bayeskisl.reporting.numbers import exact, percent, span, three_digits
from studies.results.literature import published_number
from studies.results.on_record import trained_targets
from studies.results.subjects import subject_of

__all__ = ["gate_word", "held_out_rows", "held_out_scores", "markdown_table", "page", "point"]

Found = dict[str, Any]

_CAPACITY = -1.0  # slope of critical exposures where what is kept is in proportion to size (arXiv 2404.05405)
_WHERE, _COUNTS = ("at_collapse", "most"), (schema.PARAMS, schema.TOTAL_PARAMS)
_GROUPS = {
    schema.INFUSED: "infused facts",
    schema.INFUSED_HELDOUT: "infused facts in held-out phrases",
    schema.INFUSED_CHOICE: "infused facts by multiple choice",
    schema.BACKGROUND: "background facts",
}


def page(found: Found) -> str:
    """One page, figures included; `found` is what `studies.results.findings.find` returned."""
    name = found["sweep"]
    parts = [
        f"# {name}",
        *_head(found),
        *_verdict_of_gate(found),
        *_pictures(found),
        _made_from(found),
        "## Collapse points",
        *_collapse(found),
        "## Exponents",
        *_exponents(found),
        "## Which law",
        *_laws(found),
        "## Left out, predicted, measured",
        *_held_out(found),
        *_decision(found),
        "## Bits",
        *_bits(found),
        *_cautions(found),
    ]
    return "\n\n".join(parts) + "\n"


def _pictures(found: Found) -> Iterator[str]:
    """The figures, each after the sentence that it shows."""
    name = found["sweep"]
    yield "The collapse point of every size, and the funnel of each law:"
    yield _figure(name, "collapse", "Collapse point against size, with every law's funnel")
    yield "The runs behind it: recall against infusion, one line a size."
    yield _figure(name, "curves", "Retention against infusion, one line a size")
    if found["held_out"]:
        yield "The largest sizes were left out, predicted from the others, and compared with their own runs:"
        yield _figure(name, "held-out", "Predicted intervals of each law beside the measured collapse points")
    yield "The decision for a model four times the largest size: risk, knowledge kept and expected regret."
    yield _figure(name, "decision", "Risk, knowledge kept and expected regret against the infusion")


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def point(value: dict[str, Any], digits: int | None = None) -> str:
    """A median with its 90 % interval, or a bound in words; to so many decimals, or to three digits."""
    if value.get("bound"):
        return f"{value['bound']} {three_digits(value['median'])}"
    if digits is None:
        return f"{three_digits(value['median'])} ({span(value['low'], value['high'])})"
    median, low, high = (f"{value[end]:.{digits}f}" for end in ("median", "low", "high"))
    return f"{median} ({low} to {high})"


def held_out_scores(found: Found) -> Iterator[list[str]]:
    """Law, hits, decided predictions, undecided ones, and predictions from posteriors that failed their gate."""
    rows = found["held_out"]
    for law in dict.fromkeys(row["law"] for row in rows):
        own = [row for row in rows if row["law"] == law]
        passed = [row["hit"] for row in own if row["gate"]]
        counted = [hit for hit in passed if hit is not None]
        undecided, failed = len(passed) - len(counted), len(own) - len(passed)
        yield [law, *map(str, (sum(counted), len(counted), undecided, failed))]


def held_out_rows(found: Found) -> list[list[str]]:
    """One line per prediction: what remained, the target, the measurement, and what every law said."""
    rows, laws = found["held_out"], list(dict.fromkeys(row["law"] for row in found["held_out"]))
    lines = []
    for target in dict.fromkeys((row["trained"], row["params"], row["tokens"]) for row in rows):
        own = {row["law"]: row for row in rows if (row["trained"], row["params"], row["tokens"]) == target}
        first = next(iter(own.values()))
        failed = "" if first["gate"] else " (gate failed)"
        lines.append(
            [f"{target[0]}{failed}", f"{exact(target[1])}, {exact(target[2])} tokens", point(first["measured"])]
            + [_forecast(own[law]) if law in own else "gate failed" for law in laws]
        )
    return lines


def _forecast(row: Found) -> str:
    word = {True: "hit", False: "**miss**", None: "undecided"}[row["hit"]]
    return f"{point(row['predicted'])}: {word}"


def _head(found: Found) -> Iterator[str]:
    curves, subject = found["curves"], subject_of(found["sweep"])
    sizes, budgets = curves["sizes"], curves["tokens"]
    joined = f", joined with {' and '.join(found['sweeps'][:-1])}" if len(found["sweeps"]) > 1 else ""
    spent = (
        f"{exact(budgets[0])} tokens" if len(budgets) == 1 else f"{exact(budgets[0])} to {exact(budgets[-1])} tokens"
    )
    yield (
        f"{subject.about} {exact(curves['runs'])} runs{joined}: {len(sizes)} sizes of {exact(sizes[0])} to "
        f"{exact(sizes[-1])} non-embedding parameters (a factor of {sizes[-1] / sizes[0]:.3g}), {spent}, "
        f"{curves['seeds']} seeds; {percent(round(curves['moving'], 2))} of the runs lie where the curve moves (3 to "
        f"97 % recall in some group), {curves['diverged']} diverged."
    )


def _made_from(found: Found) -> str:
    name = found["sweep"]
    return (
        f"`data/sweeps/{name}/PROVENANCE.md` describes how the runs were made. This page is made from "
        f"`data/results/{name}.json` by `python -m studies.pages {name}`. [How to read it](index.md)."
    )


def gate_word(fitted: Found) -> str:
    return "passed" if fitted["gate"]["passed"] else "**failed**"


def _verdict_of_gate(found: Found) -> Iterator[str]:
    gate = found["fit"]["gate"]
    numbers = f"largest R-hat {gate['rhat']:.3f}, smallest effective number of draws {gate['ess']:,.0f}"
    if gate["passed"]:
        yield f"The posterior under the law `{found['law']}` passed its gate ({numbers})."
        return
    yield (
        f"**The posterior under the law `{found['law']}` failed its gate**: {'; '.join(gate['reasons'])} ({numbers}). "
        "Inferred and predicted numbers below are shown for the record; do not rely on them. Measured numbers come "
        "from each cell's own runs, and are unaffected."
    )


def _collapse(found: Found) -> Iterator[str]:
    axis = axis_named(found["axis"])
    group, unit = axis.harmed_group(_groups(found)), axis.unit
    inferred = _groups(found)[group]
    yield f"The collapse point of the {_GROUPS[group]}, in {unit}:"
    rows = [
        [
            exact(cell["params"]),
            exact(cell["total_params"]),
            exact(cell["tokens"]),
            point(cell["collapse"]),
            point(inferred[schema.COLLAPSE][i]) if schema.COLLAPSE in inferred else "",
            point(inferred[schema.CRITICAL_EXPOSURES][i]),
        ]
        for i, cell in enumerate(found["cells"])
    ]
    yield markdown_table(["N", "total", "D", "measured", "inferred", "critical exposures"], rows)
    if any(_never_full(inferred, i, cell["collapse"]) for i, cell in enumerate(found["cells"])):
        yield (
            "No run comes near the ceiling of this group. Measured points are halves of what the best runs know, and "
            "inferred ones halves of the ceiling, so that they are not comparable, nor are forecasts and measurements "
            "below."
        )
    for name, each in _groups(found).items():
        if schema.ONSET in each:
            yield f"Onset of the {_GROUPS[name]}, where half is learned:"
            yield _by_size(found, each, schema.ONSET)
        if schema.COLLAPSE in each and name != group:
            never = "; 1 where more than half is kept at any share" if axis_named(found["axis"]).bounded else ""
            yield f"Collapse of the {_GROUPS[name]}, in {unit}{never}:"
            yield _by_size(found, each, schema.COLLAPSE)


def _never_full(inferred: Found, cell: int, measured: Found) -> bool:
    """Whether half of the ceiling is, by the law, not even known without infusion, though runs have a half-point."""
    return schema.COLLAPSE in inferred and inferred[schema.COLLAPSE][cell]["median"] == 0 < measured["median"]


def _by_size(found: Found, group: Found, quantity: str) -> str:
    rows = [
        [exact(cell["params"]), point(group[quantity][i]), point(group[schema.CRITICAL_EXPOSURES][i])]
        for i, cell in enumerate(found["cells"])
    ]
    return markdown_table(["N", quantity, "critical exposures"], rows)


def _groups(found: Found) -> Found:
    return found["fit"]["groups"]


def _exponents(found: Found) -> Iterator[str]:
    rows = []
    for group, own in _groups(found).items():
        total = found["fit_total"]["groups"][group]
        for covariate, value in own["exponent"].items():
            name = {"params": "N", "tokens": "D"}.get(covariate, covariate)
            rows.append([_GROUPS[group], name, point(value, 2), point(total["exponent"][covariate], 2)])
        for end, value in own.get("local_exponent", {}).items():
            rows.append(
                [_GROUPS[group], f"N, at the {end} size", point(value, 2), point(total["local_exponent"][end], 2)]
            )
        if "curvature" in own:
            rows.append([_GROUPS[group], "its bend", point(own["curvature"], 2), point(total["curvature"], 2)])
        rows.append([_GROUPS[group], "scatter of sizes, tau", point(own["tau"], 3), point(total["tau"], 3)])
        rows.append(
            [_GROUPS[group], "scatter of runs, sigma", point(own["sigma_run"], 3), point(total["sigma_run"], 3)]
        )
    yield (
        "Sizes are counted as non-embedding and as total parameters (gate of the second fit: "
        f"{gate_word(found['fit_total'])}):"
    )
    yield markdown_table(["group", "exponent of", "non-embedding", "total"], rows)
    yield from _against_published(found)


def _against_published(found: Found) -> Iterator[str]:
    if not found["fit"]["gate"]["passed"]:
        return
    group, own = next(iter(_groups(found).items()))
    slope = {"median": -own["exponent"]["params"]["median"], "low": -own["exponent"]["params"]["high"],
             "high": -own["exponent"]["params"]["low"]}  # fmt: skip
    measured = published_number("phase-transition-law", "threshold_frequency_slope")
    said = [
        f"{value:g} ({what}) lies {'inside' if slope['low'] <= value <= slope['high'] else 'outside'}"
        for value, what in ((measured, "measured on web text, 70M to 410M, arXiv 2505.18091"),
                            (_CAPACITY, "a capacity in proportion to size, arXiv 2404.05405"))
    ]  # fmt: skip
    steep = own.get("local_exponent", {}).get("smallest")
    at_end = f" At the smallest size the slope is {-steep['median']:.2f}." if steep else ""
    yield (
        f"Critical exposures of the {_GROUPS[group]} fall with slope {point(slope, 2)} in N. Of the published values, "
        f"{said[0]} and {said[1]} that interval.{at_end}"
    )


def _laws(found: Found) -> Iterator[str]:
    laws = found["laws"]
    rows = [
        [
            row["law"],
            "passed" if row["gate"] else "failed",
            f"{row['elpd_cells']:.1f}",
            f"{row['behind']:.1f}" + ("" if row["behind_se"] is None else f" (se {row['behind_se']:.1f})"),
            "" if row["elpd_largest"] is None else f"{row['elpd_largest']:.1f}",
            f"{row['weight']:.2f}",
        ]
        for row in laws["table"]
    ]
    yield markdown_table(["law", "gate", "score", "behind", "largest size", "weight"], rows)
    yield laws["verdict"]


def _held_out(found: Found) -> Iterator[str]:
    if not found["held_out"]:
        yield "Too few sizes to leave any out: four are needed to predict a fifth."
        return
    laws = list(dict.fromkeys(row["law"] for row in found["held_out"]))
    yield markdown_table(["trained on", "target", "measured", *laws], held_out_rows(found))
    scores = [f"{law} {hits} of {of}" for law, hits, of, *_ in held_out_scores(found) if of != "0"]
    if scores:
        yield f"Hits: {', '.join(scores)}."


def _bits(found: Found) -> Iterator[str]:
    rows = [
        [
            f"{exact(cell['params'])}, {exact(cell['tokens'])} tokens",
            *(three_digits(cell["bits"][count][what]) for what in _WHERE for count in _COUNTS),
        ]
        for cell in found["cells"]
        if cell["bits"]
    ]  # fmt: skip
    most = max(cell["bits"]["params"]["most"] for cell in found["cells"] if cell["bits"])
    yield "Bits of answers per parameter, mean over seeds:"
    head = ["N, D", "at the collapse", "the same, total parameters", "most at any level", "the same, total"]
    yield markdown_table(head, rows)
    few, many = (
        published_number("knowledge-capacity", "bits_per_parameter", exposures=times, conditions=None)
        for times in (100, 1000)
    )
    beside = f"{three_digits(few / most)} times less than" if most < few else "above"
    yield (
        f"Published: about {few:g} bit at 100 exposures and {many:g} at 1,000, for far larger models trained far "
        f"longer (arXiv 2404.05405). The most here is {three_digits(most)}, {beside} the lower one."
    )


def _decision(found: Found) -> Iterator[str]:
    decision = found["decision"]
    size, budget = exact(decision["params"]), exact(decision["tokens"])
    yield "## The decision for a larger model"
    command = f"bayeskisl decide fit.nc --params {decision['params']} --tokens {decision['tokens']}"
    yield f"`{command}`: four times the largest size ({size} parameters, {budget} tokens), at a risk of 10 %."
    yield from trained_targets(found["sweep"])
    yield "\n".join(f"    {line}".rstrip() for line in decision["said"])


def _cautions(found: Found) -> Iterator[str]:
    if found["fit"]["cautions"]:
        yield "## Cautions of the fit"
        yield "\n".join(f"- {caution}" for caution in found["fit"]["cautions"])


def _figure(name: str, what: str, caption: str) -> str:
    return f"![{caption}](figures/{name}-{what}.png)"
