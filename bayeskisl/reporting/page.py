"""The report: one self-contained HTML file with the answer first, or Markdown with figures beside it."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack
from urllib.parse import quote

import jinja2
from markupsafe import Markup
from matplotlib.figure import Figure

from bayeskisl import schema
from bayeskisl.arguments import require_decision, require_fit, require_kind, require_path
from bayeskisl.decision.of_fit import require_own
from bayeskisl.errors import InputError, require_ending
from bayeskisl.files import replace_file
from bayeskisl.kinds import VERIFICATION
from bayeskisl.reporting import contents
from bayeskisl.reporting.assessment import assessment_rows
from bayeskisl.reporting.collapse_figure import plot_collapse
from bayeskisl.reporting.curves_figure import plot_curves
from bayeskisl.reporting.decision_figure import plot_decision, plot_risk
from bayeskisl.reporting.images import data_uri, write_figure
from bayeskisl.reporting.live import packed_figures, packed_library
from bayeskisl.reporting.markdown import pieces, render_markdown
from bayeskisl.reporting.text import answer
from bayeskisl.target import Target, TargetKeywords, target_from

if TYPE_CHECKING:
    from bayeskisl.decision import Decision, Verification
    from bayeskisl.inference import Fit

__all__ = ["report"]

_ENDINGS = (".html", ".htm", ".md")


def report(
    fit: "Fit",
    decision: "Decision | None" = None,
    verification: "Verification | None" = None,
    out: str | Path = "report.html",
    *,
    target: Target | None = None,
    figures_dir: str | Path | None = None,
    **short: Unpack[TargetKeywords],
) -> Path:
    """Write one self-contained HTML page: the answer, the evidence, the checks, the provenance.

    Parameters
    ----------
    fit : Fit
    decision : Decision, optional
        Result of `decide`.
    verification : Verification, optional
        Result of `verify` for that decision.
    out : path
        File to write: ``.html``, or ``.md`` for Markdown in a pull request or a wiki.
    target : Target, optional
        Target of the drawn collapse points if there is no decision, see `plot_collapse`.
    figures_dir : path, optional
        Folder for the figures as PNG files; for Markdown by default ``<name>-figures``.
    **short
        Keywords of `Target`, instead of the object.

    Returns
    -------
    pathlib.Path
        Path of the page. The page loads nothing from elsewhere, follows the reader's light or dark setting, and can be
        printed. Its figures show values on hover and can be zoomed; without scripts and on paper they are static
        images.

    Raises
    ------
    InputError
        If `out` has neither ending, or the decision was made from another fit.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> fit = bk.load_fit("desk-four")
    >>> decision = bk.decide(fit, 98_304, sensitivity=False)
    >>> bk.report(fit, decision, out="report.md").name
    'report.md'
    """
    require_path(out, "a page to write", "out", 'name it, for example "report.html"')
    if figures_dir is not None:
        require_path(figures_dir, "a folder", "figures_dir")
    out = Path(out)
    require_ending(out, _ENDINGS, "report")
    require_fit(fit)
    _require_parts(decision, verification)
    asked = target_from(target, short, default=float(fit.curves[schema.PARAMS].max()), of=report)
    domain = _domain(fit, asked, decision)
    fit = fit if domain is None else fit.of_domain(domain)
    if decision is not None:
        require_own(fit, decision.about, "decision")
    drawn = list(_figures(fit, decision, verification, replace(asked, domain=None)))
    content = _content(fit, decision, verification)
    if out.suffix == ".md":
        folder = Path(figures_dir) if figures_dir is not None else out.with_name(f"{out.stem}-figures")
        page = render_markdown(content, [_beside(figure, folder, out.parent) for figure in drawn])
    else:
        figures = [_embedded(figure, figures_dir) for figure in drawn]
        page = _template().render(**content, figures=figures, library=packed_library())
    replace_file(out, page.encode())
    return out


def _require_parts(decision: Any, verification: Any) -> None:
    """Refuse parts of a page that are something else, and the name of the page in place of the decision."""
    if isinstance(decision, str | Path) and str(decision).endswith(_ENDINGS):
        raise InputError("a decision", repr(str(decision)), "decision", "name the page as `out=`")
    if decision is not None:
        require_decision(decision)
    if verification is not None:
        require_kind(verification, "verification", VERIFICATION)


def _domain(fit: "Fit", asked: Target, decision: "Decision | None") -> str | None:
    """The domain that the page is about: that of the decision, unless the fit has one domain alone."""
    decided = decision.about.domain if decision is not None and fit.domains else None
    if decided and asked.domain not in (None, decided):
        raise InputError(f"the domain of the decision, {decided!r}", repr(asked.domain), "domain", "leave it out")
    return asked.domain or decided or None


def _content(fit: "Fit", decision: "Decision | None", verification: "Verification | None") -> dict[str, Any]:
    """Return the content of the page in words and numbers, and the commands unchanged."""
    commands = contents.command_lines(fit, decision, verification)
    return {**_kept_together(_in_words(fit, decision, verification)), "commands": commands}


def _kept_together(content: Any) -> Any:
    """Put a no-break space between each number and its percent sign, in all texts of the content."""
    match content:
        case str():
            return re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", content)
        case dict():
            return {name: _kept_together(each) for name, each in content.items()}
        case list() | tuple():
            return [_kept_together(each) for each in content]
    return content


def _in_words(fit: "Fit", decision: "Decision | None", verification: "Verification | None") -> dict[str, Any]:
    return {
        "title": contents.title(decision),
        **contents.words(fit),
        "answer": None if decision is None else contents.answer_block(decision),
        "verification": None if verification is None else contents.verification_block(verification),
        "sizes": contents.size_rows(fit),
        "exponents": contents.exponent_rows(fit),
        "gate": contents.gate_block(fit),
        "laws": contents.law_rows(fit, decision, verification),
        "warnings": contents.warning_rows(fit, decision),
        "assessment": [] if decision is None else assessment_rows(fit, decision),
        "provenance": contents.provenance_rows(fit, decision),
        "no_warning": contents.no_warning(decision),
        "runs_behind": contents.runs_behind(fit),
    }


@dataclass(frozen=True)
class _Figure:
    """A figure and its caption; `draw` takes ``dark``."""

    name: str
    draw: Callable[..., Figure]
    caption: str
    alt: str


def _embedded(figure: _Figure, figures_dir: str | Path | None) -> dict[str, str]:
    light, dark = (figure.draw(dark=dark) for dark in (False, True))
    if figures_dir is not None:
        write_figure(light, Path(figures_dir) / f"{figure.name}.png")
    return {
        "light": data_uri(light),
        "dark": data_uri(dark),
        "live": packed_figures(light, dark),
        **_words(figure),
    }


def _words(figure: _Figure) -> dict[str, str]:
    return _kept_together({"alt": figure.alt, "caption": figure.caption})


def _beside(figure: _Figure, folder: Path, page_folder: Path) -> dict[str, str]:
    write_figure(figure.draw(dark=False), folder / f"{figure.name}.png")
    path = os.path.relpath(folder / f"{figure.name}.png", page_folder)
    return {"path": quote(Path(path).as_posix()), **_words(figure)}


def _figures(
    fit: "Fit", decision: "Decision | None", verification: "Verification | None", target: Target
) -> Iterator[_Figure]:
    if decision is not None:
        yield _Figure(
            "risk",
            partial(plot_risk, decision),
            "The risk of each infusion at the target. The vertical line is the choice.",
            f"Risk against infusion. The choice: {answer(decision)}.",
        )
        yield _Figure(
            "decision",
            partial(plot_decision, decision, verification),
            "Above: the risk of each infusion at the target. Middle: the retained facts. Below: the expected regret of "
            "a choice, from under-infusion and from over-infusion. The vertical line is the choice.",
            f"Risk, kept knowledge and expected regret against infusion. The choice: {answer(decision)}.",
        )
    sizes, half_point = contents.size_rows(fit), contents.words(fit)["half_point"]
    points = "; ".join(f"{size['params']} parameters: {size['collapse']}" for size in sizes)
    yield _Figure(
        "collapse",
        partial(plot_collapse, fit, None if decision is None else decision.data, verification, target),
        f"The {half_point} of every trained size, and the range in which each law expects a new run of a new size. "
        "Where the funnels part, the data no longer decide between the laws.",
        f"{half_point.capitalize()} against model size on logarithmic axes. {points}.",
    )
    yield _Figure(
        "retention",
        partial(plot_curves, fit),
        "Measurements: the share of facts that each run recalls, and the inferred curves.",
        f"Share of facts recalled against infusion, one curve for each of {len(sizes)} model sizes.",
    )


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bayeskisl.reporting", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = _with_code
    return environment.get_template("report.html.j2")


def _with_code(text: str) -> Markup:
    """Escape a sentence, and mark its code as such."""
    return Markup("").join(Markup("<code>{}</code>").format(piece) if is_code else piece
                           for is_code, piece in pieces(text))  # fmt: skip
