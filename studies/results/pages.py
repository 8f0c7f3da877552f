"""Remaking the results: findings as JSON, figures and pages, each only where something changed."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from bayeskisl.axes import axis_named
from bayeskisl.files import written
from bayeskisl.inference import Fit
from bayeskisl.reporting import plot_collapse, plot_curves, plot_decision
from bayeskisl.sweeping.records import write_atomically
from studies.results.findings import Found, find, made_from
from studies.results.held_out_figure import plot_held_out
from studies.results.images import small_png
from studies.results.overview import BESIDE, index_page
from studies.results.rounding import rounded
from studies.results.stages import Stages
from studies.results.subjects import SUBJECTS, subject_of
from studies.results.text import page

__all__ = ["load_findings", "make_pages", "with_weights"]


def make_pages(
    names: Sequence[str],
    findings: str | Path,
    pages: str | Path,
    work: str | Path,
    tell: Callable[[str], None],
    *,
    fresh: bool = False,
) -> list[Path]:
    """Find what sweeps say, and write it down.

    Parameters
    ----------
    names : sequence of str
        Of shipped sweeps; empty for all.
    findings, pages : path
        Folders of the JSON files and of the pages.
    work : path
        Folder in which each stage is kept until a page is whole; the same call goes on from there.
    tell : callable
        Is told what is being done.
    fresh : bool
        Whether to find again what was found from the same runs, laws and source.

    Returns
    -------
    list of Path
        The pages, the overview last.

    Raises
    ------
    InputError
        If there is no such sweep.
    """
    findings, pages, work = Path(findings), Path(pages), Path(work)
    subjects = [subject_of(name) for name in names] or list(SUBJECTS.values())
    for subject in subjects:
        source, path = made_from(subject), findings / f"{subject.name}.json"
        if fresh or not path.is_file() or json.loads(path.read_text())["made_from"] != source:
            stages = Stages(work / subject.name, source, partial(_tell_stage, tell, subject.name))
            found, fitted, decision = find(subject, stages)
            weighted = with_weights(fitted, found["laws"]["weights"])
            drawn = {"curves": plot_curves(fitted), "collapse": plot_collapse(weighted)}
            _save(subject.name, drawn | {"decision": plot_decision(decision)}, pages / "figures")
            content = json.dumps({**rounded(found), "made_from": source}, indent=1)
            written(path, content + "\n")
            shutil.rmtree(stages.folder)
    everything = load_findings(findings)
    for found in everything:
        if rows := found["held_out"]:
            figure = plot_held_out(rows, axis_named(found["axis"]).unit)
            _save(found["sweep"], {"held-out": figure}, pages / "figures")
    of_sweeps = [written(pages / f"{found['sweep']}.md", page(found)) for found in everything]
    beside = [name for name in BESIDE if (pages / f"{name}.md").is_file()]
    overview = index_page(everything, beside)
    return [*of_sweeps, written(pages / "index.md", overview)]


def load_findings(folder: str | Path) -> list[Found]:
    """The findings of every sweep that has them, in the order of the pages."""
    paths = [Path(folder) / f"{name}.json" for name in SUBJECTS]
    return [json.loads(path.read_text()) for path in paths if path.is_file()]


def with_weights(fit: Fit, weights: Mapping[str, float]) -> Fit:
    """Return a fit with the weights of a comparison, which refits the laws where importance fails; a page has one."""
    tree = fit.tree.copy()
    tree.attrs = {**fit.tree.attrs, "weights": json.dumps(dict(weights))}
    return Fit(tree)


def _tell_stage(tell: Callable[[str], None], name: str, stage: str) -> None:
    tell(f"{name}: {stage}")


def _save(sweep: str, figures: dict[str, Figure], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for what, figure in figures.items():
        write_atomically(folder / f"{sweep}-{what}.png", small_png(figure))
