"""Export of a sweep: a folder that another trainer reads, and a manifest for the import of its results.

DIR/runs.csv                    the manifest: a row for each run, group and probe
DIR/runs/RUN/data/FORMAT/       training data
DIR/runs/RUN/tasks/             probes for lm-evaluation-harness
DIR/runs/RUN/...                the trainer's configuration of the run
DIR/launch/                     run.sh, node.sh, slurm.sh, ray_runs.py
DIR/tokenizer/                  for transformers
DIR/heldout/                    documents that no run is trained on
DIR/export.json                 what was exported, and how
"""

import csv
import io
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bayeskisl import schema
from bayeskisl.arguments import require_path
from bayeskisl.card import card, escaped
from bayeskisl.errors import InputError, way
from bayeskisl.files import held, replace_file
from bayeskisl.knowledge.text import TextFacts
from bayeskisl.shipped import shipped_file
from bayeskisl.specifications import read_toml
from bayeskisl.sweeping.device_peaks import PEAKS, UTILISATION
from bayeskisl.sweeping.export.data import DataSettings, held_out_documents, write_data
from bayeskisl.sweeping.export.formats import FORMATS, JsonLines, Layout, Parquet, TextDocument
from bayeskisl.sweeping.export.launch import write_launchers
from bayeskisl.sweeping.export.repeats import repeat_matched_runs
from bayeskisl.sweeping.export.tasks import Task, write_tasks
from bayeskisl.sweeping.export.trainers import Job, Trainer, trainer_named
from bayeskisl.sweeping.reading import sweep_from_table
from bayeskisl.sweeping.spec import RunSpec, SweepSpec
from bayeskisl.sweeping.text import PreparedText, read_text

__all__ = ["MANIFEST_FILE", "Exported", "export_sweep"]

MANIFEST_FILE = "runs.csv"
SHARD_TOKENS = 100_000_000  # 200 MB at 16 bits, as llm.c has them
PEAK = PEAKS["h100"]
# What the sweep asked for, alike in all runs of a cell; beside it, what differs with the lengths of a run's own facts
_PLANNED = (schema.TOKENS, schema.RATIO, schema.FACTS, schema.EXPOSURES, schema.TOKENS_PER_FACT,
            schema.BACKGROUND_FACTS, schema.BACKGROUND_SHARE)  # fmt: skip
_REALISED = (schema.RATIO, schema.TOKENS_PER_FACT, schema.BACKGROUND_SHARE)
_SIDE_BY_SIDE = 16  # tasks of an array job
_RECIPE = 2  # counted up when the same sweep is exported with other data or another recipe


@dataclass(frozen=True)
class Exported:
    """Result of an export.

    Attributes
    ----------
    folder : Path
    runs : tuple of RunSpec
    realised : dict of str to dict
        Realised quantities by name of the run: tokens, ratio, facts, exposures, tokens per fact and so on, counted from
        its tokens.
    gpu_hours : dict of str to float
        Estimated GPU-hours by name of the run.
    """

    folder: Path
    runs: tuple[RunSpec, ...]
    realised: dict[str, dict[str, Any]]
    gpu_hours: dict[str, float]

    def _repr_html_(self) -> str:
        rows = [("folder", self.folder), ("runs", f"{len(self.runs):,}"), ("tokens", f"{self.tokens:,}"),
                ("GPU-hours", f"{sum(self.gpu_hours.values()):.3g}")]  # fmt: skip
        return card("export of a sweep", escaped(rows))

    @property
    def tokens(self) -> int:
        """Training tokens of all runs."""
        return sum(run.mixture.tokens for run in self.runs)


def export_sweep(
    spec: str | Path,
    out: str | Path,
    *,
    trainer: str = "hf",
    formats: tuple[str, ...] = (),
    spacing: int = 0,
    shard_tokens: int = SHARD_TOKENS,
    repeat_matched: int | None = None,
    utilisation: float = UTILISATION,
    peak: float = PEAK,
    on_run: Callable[[int, int], None] = lambda done, runs: None,
) -> Exported:
    """Write all files that another trainer needs to train and probe the runs of a sweep, and to return results.

    Parameters
    ----------
    spec : path
        A sweep's TOML file, with ``[corpus]`` and ``[knowledge]``, or a plan that ``bayeskisl plan`` wrote; or the name
        of a shipped sweep.
    out : path
        A new folder, or the folder of an interrupted export, which then continues.
    trainer : str
        A name in ``bayeskisl.sweeping.export.TRAINERS``.
    formats : tuple of str
        Formats of the data that replace or supplement the trainer's own; names in ``FORMATS``.
    spacing : int
        Tokens from one exposure of a fact to its next, rounded to whole sequences; 0 for a uniform order.
    shard_tokens : int
        Tokens of a shard.
    repeat_matched : int, optional
        The target's budget in tokens, to which levels and facts refer; see `repeat_matched_runs`.
    utilisation, peak : float
        Share of a device's FLOP/s, and those FLOP/s, for the estimate of GPU-hours: 6 (N + width x vocabulary) D over
        their product.
    on_run : callable, optional
        Called with (runs written, runs).

    Raises
    ------
    InputError
        If the sweep has no real text, the trainer cannot train its sizes or preserve its order, or the folder contains
        another export.

    Warns
    -----
    UserWarning
        If the sweep has checkpoints, or no document is held out.
    """
    require_path(spec, "a sweep", "spec")
    require_path(out, "a folder to write", "out")
    path = shipped_file("sweeps", spec)
    table, chosen, root = read_toml(path), trainer_named(trainer), Path(out)
    for name in formats:
        if name not in FORMATS:
            raise InputError(f"a format among {', '.join(FORMATS)}", repr(name), "format")
    if not 0 < utilisation <= 1 or not peak > 0:
        raise InputError("a utilisation in (0, 1] and a peak above 0", f"{utilisation:g} and {peak:g}", "utilisation")
    loaded, prepared = _load(table, path)
    runs = repeat_matched_runs(loaded, repeat_matched) if repeat_matched else loaded.runs()
    windows = _windows(spacing, loaded, chosen)
    if loaded.checkpoints:
        warnings.warn("Checkpoints are not exported: each run is evaluated at its end.", stacklevel=2)
    with held(root):
        with TemporaryDirectory() as aside:  # the folder may hold another export, which stays as it is
            end, number = _tokeniser(prepared, Path(aside), loaded.ladder.context)
        settings = DataSettings(
            formats=tuple(dict.fromkeys((*formats, chosen.format))),
            shard_tokens=shard_tokens,
            spacing=windows,
            end=number,
        )
        jobs = [Job(run, max(prepared.tokeniser.vocabulary, number + 1), number) for run in runs]
        for job in jobs:
            _refuse_architecture(job, chosen)
            chosen.refuse(job)
        held_out = held_out_documents(runs[0], prepared)
        _require_held_out(held_out, chosen)
        _write_identity(root, loaded, runs, chosen, settings)
        _tokeniser(prepared, root, loaded.ladder.context)
        realised, tasks = {}, {}
        hours = {job.run.name: job.run.flops / (utilisation * peak) / 3600 for job in jobs}
        for done, job in enumerate(jobs, 1):
            folder = root / job.folder
            realised[job.run.name] = write_data(job.run, prepared, folder / "data", settings)
            tasks[job.run.name] = write_tasks(job.run, prepared, folder / "tasks", end, root)
            for name, content in chosen.files(job).items():
                replace_file(folder / name, content.encode())
            on_run(done, len(jobs))
        _write_held_out(root, jobs, held_out, chosen, settings)
        rows = [row for job in jobs for row in _rows(job, chosen, realised[job.run.name], tasks[job.run.name], hours)]
        replace_file(root / MANIFEST_FILE, _csv(rows).encode())
        longest_first = sorted(hours, key=lambda name: -hours[name])
        write_launchers(root, loaded.name, chosen, longest_first, max(hours.values()), min(_SIDE_BY_SIDE, len(jobs)))
        return Exported(root, runs, realised, hours)


def _load(table: dict[str, Any], path: Path) -> tuple[SweepSpec, PreparedText]:
    if "corpus" not in table:
        raise InputError("a sweep in real text, with the tables [corpus] and [knowledge]", "one in symbols", path.name,
                         "add them: documents and a tokeniser, and triples or generated facts")  # fmt: skip
    prepared = read_text(table["corpus"], table.get("knowledge", {}), path.name)
    loaded = sweep_from_table(table, path.name, default_name=path.stem)
    form = loaded.ladder.facts
    if isinstance(form, TextFacts) and form.domain_marker:
        raise InputError("infused documents like any others", "domain_marker = true", f"{path.name} [knowledge]",
                         "leave it out; write a marker into the templates if you want one")  # fmt: skip
    return loaded, prepared


def _refuse_architecture(job: Job, trainer: Trainer) -> None:
    """Refuse an architecture whose rules of training the trainer's configuration does not state."""
    name = job.size.form.name
    if name not in trainer.architectures:
        got = f"the architecture {name!r} for {trainer.title}"
        raise InputError(f"a ladder of the architecture {' or '.join(trainer.architectures)}", got, "ladder",
                         way("train it with `bk.run_sweep`, or export it with `trainer='hf'`",
                             "train it with `bayeskisl sweep run`, or export it with `--for hf`"))  # fmt: skip


def _windows(spacing: int, spec: SweepSpec, trainer: Trainer) -> int:
    if spacing < 0:
        raise InputError("a spacing of at least 0 tokens", spacing, "spacing")
    if spacing and not trainer.keeps_order:
        raise InputError("a trainer that keeps the order of its data", trainer.title, "spacing",
                         "leave the order uniform")  # fmt: skip
    return max(1, round(spacing / spec.ladder.context)) if spacing else 0


def _tokeniser(prepared: PreparedText, root: Path, context: int) -> tuple[str, int]:
    # a question is a window at most, behind the end of a document
    return prepared.tokeniser.save(root / "tokenizer", context + 1)


def _write_identity(
    root: Path, spec: SweepSpec, runs: tuple[RunSpec, ...], trainer: Trainer, settings: DataSettings
) -> None:
    identity = {"recipe": _RECIPE, "sweep": spec.name, "axis": spec.axis, "identity": spec.identity,
                "trainer": trainer.name,
                "data": {**vars(settings), "formats": list(settings.formats)},
                "runs": [run.identity for run in runs]}  # fmt: skip
    path = root / "export.json"
    if path.is_file():
        there = json.loads(path.read_bytes())
        changed = [name for name, value in identity.items() if there.get(name) != value]
        if changed:
            raise InputError("the export that this folder holds", f"another one ({', '.join(changed)} differ)",
                             str(root), "choose another folder")  # fmt: skip
    replace_file(path, (json.dumps(identity, indent=2) + "\n").encode())


def _require_held_out(documents: Sequence[TextDocument], trainer: Trainer) -> None:
    """Warn where the corpus is too small for documents for a validation loss; refuse a trainer that stops without."""
    if documents:
        return
    if trainer.format == Parquet.name:
        raise InputError("at least twenty documents, of which one is held out", "fewer", "[corpus]",
                         f"{trainer.title} needs a validation loss: cut the text into documents")  # fmt: skip
    warnings.warn("The corpus has fewer than twenty documents, so that none is held out for a validation loss.",
                  stacklevel=3)  # fmt: skip


def _write_held_out(
    root: Path, jobs: list[Job], documents: Sequence[TextDocument], trainer: Trainer, settings: DataSettings
) -> None:
    """Write documents for a validation loss; nanochat uses its last shard for that, and stops without one."""
    writers: list[JsonLines | Parquet] = [JsonLines(Layout(root / "heldout", 1, 1, 1, int))]
    if trainer.format == Parquet.name:
        for job in jobs:
            shards = -(-job.run.mixture.sequences // max(1, settings.shard_tokens // job.context))
            writers.append(Parquet(Layout(root / job.folder / "data" / Parquet.name, 1, 1, 1, int), first=shards))
    for writer in writers:
        writer.add((), documents)
        writer.close()


def _rows(
    job: Job, trainer: Trainer, realised: dict[str, Any], tasks: list[Task], hours: dict[str, float]
) -> list[dict[str, Any]]:
    """Rows of the manifest: one for each task of a run, with the contents of its tokens."""
    run = job.run
    told = {
        schema.RUN: run.name,
        schema.PARAMS: run.params,
        schema.TOTAL_PARAMS: run.params + trainer.total_params(job) - trainer.params(job),
        "model_params": trainer.total_params(job),
        **{name: getattr(run.mixture, name) for name in _PLANNED},
        **{f"realised_{name}": realised[name] for name in _REALISED},
        **{name: realised[name] for name in ("fewest_exposures", "most_exposures", "corpus_passes")},
        schema.SEED: run.seed,
        schema.LEARNING_RATE: run.training.learning_rate,
        "gpu_hours": float(f"{hours[run.name]:.4g}"),
    }
    return [
        {**told, "probe": task.probe, "task": task.name, schema.GROUP: task.group, schema.PROBED: task.probed,
         schema.GUESSING: task.guessing}
        for task in tasks
    ]  # fmt: skip


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
