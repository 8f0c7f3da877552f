"""Does a kill leave anything half-written? Commands that write are killed at random moments (signal 9), and run again.

    python -m studies.kills --count 200

After each kill every file under a final name must be whole, and what is the same in every run must be the same bytes;
the same command must then end as it does undisturbed, with the same files. Processes are forked from one that has
imported everything, so that the moments fall into the work. Finished trials are written down; the command goes on.
"""

import contextlib
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import h5py
import typer

from bayeskisl.shipped import shipped_folder
from studies.command import Folder, counting, run
from studies.simulated.text_sweep import write_sweep
from studies.simulated.trials import Trials

__all__ = ["STAGES", "Stage", "prepare", "try_kill"]

OUT = shipped_folder("data") / "proof" / "kills"
_TARGET = "50000"

_SWEEP = """
name = "tiny"
axis = "amount"
ladder = "desk"
widths = [12, 16, 20]
tokens = 39_936
ratio = 0.5
levels = [8, 20, 50]
seeds = [0, 1]
stack = 3
"""


@dataclass(frozen=True)
class Stage:
    """A command that writes.

    Attributes
    ----------
    name : str
    arguments : tuple of str
        ``{out}`` is the folder to write into, ``{inputs}`` the folder of what was prepared.
    weight : int
        Its share of the trials: cheap ones are tried more often.
    same : str
        A pattern of the files that are the same bytes in every run.
    """

    name: str
    arguments: tuple[str, ...]
    weight: int
    same: str = field(default="")


STAGES = (
    Stage("sweep run", ("sweep", "run", "{inputs}/tiny.toml", "--out", "{out}/s", "--workers", "1",
                        "--save-every", "0.02"), 6, "s/*/records/*.jsonl"),
    Stage("curves build", ("curves", "build", "{inputs}/s", "--out", "{out}/curves.nc"), 4),
    Stage("fit", ("fit", "{inputs}/curves.nc", "--alone", "--law", "collapse", "--draws", "100",
                  "--out", "{out}/fit.nc"), 3),
    Stage("decide", ("decide", "{inputs}/good.nc", "--params", "1M", "--no-sensitivity",
                     "--out", "{out}/decision.nc"), 3),
    Stage("plan", ("plan", "{inputs}/good.nc", "--params", "1M", "--budget", "600", "--batch", "2",
                   "--out", "{out}/next.toml", "--figure", "{out}/plan.png"), 2),
    Stage("loop", ("loop", "{inputs}/tiny.toml", "--params", _TARGET, "--until", "width=9", "--budget", "60",
                   "--law", "collapse", "--out", "{out}/l", "--workers", "1"), 1, "l/sweeps/*/records/*.jsonl"),
    Stage("sweep export", ("sweep", "export", "{inputs}/text/tiny.toml", "--shard-tokens", "640", "--format",
                           "megatron", "--format", "jsonl", "--out", "{out}/e"), 4, "e/**/*.*"),
)  # fmt: skip
_PREPARED = (
    ("sweep", "run", "{inputs}/tiny.toml", "--out", "{inputs}/s", "--workers", "1"),
    ("curves", "build", "{inputs}/s", "--out", "{inputs}/curves.nc"),
    ("fit", "desk-amount", "--alone", "--law", "collapse", "--out", "{inputs}/good.nc"),
)
_WARM = (
    "bayeskisl.cli.sweeps", "bayeskisl.cli.fitting", "bayeskisl.cli.decisions", "bayeskisl.cli.planning",
    "bayeskisl.cli.exporting", "bayeskisl.curves", "bayeskisl.inference", "bayeskisl.decision", "bayeskisl.design",
    "bayeskisl.reporting", "bayeskisl.workflow", "nutpie", "pymc", "h5netcdf", "tokenizers",
)  # fmt: skip


def prepare(inputs: Path) -> None:
    """Write what the stages read, unless it is there."""
    for module in _WARM:
        import_module(module)
    inputs.mkdir(parents=True, exist_ok=True)
    (inputs / "tiny.toml").write_text(_SWEEP)
    text = inputs / "text"
    text.mkdir(exist_ok=True)
    write_sweep(text, widths=(16,), heldout=1)
    for arguments in _PREPARED:
        target = Path(arguments[arguments.index("--out") + 1].format(inputs=inputs))
        if not target.exists():
            process = _begun(_filled(arguments, inputs, inputs), inputs / "said.txt")
            process.join()
            assert process.exitcode == 0, (inputs / "said.txt").read_text()


def _filled(arguments: tuple[str, ...], inputs: Path, out: Path) -> list[str]:
    return [each.format(inputs=inputs, out=out) for each in arguments]


def _begun(arguments: list[str], said: Path) -> Any:
    """The command in a process of its own, forked from this one."""
    process = multiprocessing.get_context("fork").Process(target=_command, args=(arguments, said))
    process.start()
    return process


def _command(arguments: list[str], said: Path) -> None:
    from bayeskisl.cli import main as command_line

    with said.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        sys.argv = ["bayeskisl", *arguments]
        with contextlib.suppress(BrokenPipeError):
            command_line()


@dataclass(frozen=True)
class _Undisturbed:
    """How a command ends that is not killed."""

    seconds: float
    code: int
    files: frozenset[str]
    same: dict[str, bytes]


def undisturbed(stage: Stage, inputs: Path) -> _Undisturbed:
    """Run a command as it is."""
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        out = Path(folder) / "out"
        out.mkdir()
        begun = time.perf_counter()
        code = _whole_run(stage, inputs, out)
        seconds = time.perf_counter() - begun
        return _Undisturbed(seconds, code, frozenset(_final(out)), _same(stage, out))


def _whole_run(stage: Stage, inputs: Path, out: Path) -> int:
    process = _begun(_filled(stage.arguments, inputs, out), out.with_name("said.txt"))
    process.join()
    said = out.with_name("said.txt").read_text()
    assert "Traceback" not in said, said[-2000:]
    assert "(a bug" not in said, said[-2000:]
    assert process.exitcode is not None
    return process.exitcode


def try_kill(stage: Stage, inputs: Path, expected: _Undisturbed, seed: int) -> dict[str, Any]:
    """Kill a command once, look at what it left, and run it again.

    Returns
    -------
    dict
        Seconds until the kill, whether the command was still at work, and how many drafts it left.

    Raises
    ------
    AssertionError
        If a file is half-written, a record differs, or the command does not go on.
    """
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        out = Path(folder) / "out"
        out.mkdir()
        moment = random.Random(seed).uniform(0, expected.seconds)
        process = _begun(_filled(stage.arguments, inputs, out), out.with_name("said.txt"))
        process.join(moment)
        working = process.exitcode is None
        process.kill()
        process.join()
        left = _final(out)
        for name in left:
            _check_whole(out / name)
        _check_same(stage, out, expected)
        drafts = sum(path.is_file() for path in out.rglob(".*"))
        code = _whole_run(stage, inputs, out)
        said = out.with_name("said.txt").read_text()[-1000:]
        assert code == expected.code, f"it ended with {code} when it was run again: {said}"
        files = _final(out)
        assert files == set(expected.files), f"other files: {sorted(files ^ expected.files)[:6]}"
        _check_same(stage, out, expected)
        assert {path.name for path in Path(folder).iterdir()} == {"out", "said.txt"}, "something written beside it"
    return {"moment": round(moment, 3), "working": working, "files": len(left), "drafts": drafts}


def _final(out: Path) -> set[str]:
    """Names of files that are not drafts; those of locks, states and notes come and go."""
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    return {name for name in names if not any(part.startswith(".") or part == "states" for part in name.split("/"))}


def _same(stage: Stage, out: Path) -> dict[str, bytes]:
    found = (path for path in out.glob(stage.same) if path.is_file()) if stage.same else ()
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in found if not path.name.startswith(".")}


def _check_same(stage: Stage, out: Path, expected: _Undisturbed) -> None:
    for name, content in _same(stage, out).items():
        assert content == expected.same[name], f"{name} differs"


def _check_whole(path: Path) -> None:
    read = _READERS.get(path.suffix)
    try:
        if read:
            read(path)
    except Exception as problem:
        raise AssertionError(f"{path.name} is half-written: {problem}") from None


def _read_netcdf(path: Path) -> None:
    with h5py.File(path) as file:
        file.visititems(lambda _, each: each[()] if isinstance(each, h5py.Dataset) else None)


def _read_json_lines(path: Path) -> None:
    for line in path.read_text().splitlines():
        json.loads(line)


def _read_image(path: Path) -> None:
    assert path.read_bytes().endswith(b"IEND\xaeB`\x82"), "no end"


_READERS: dict[str, Callable[[Path], object]] = {
    ".nc": _read_netcdf,
    ".json": lambda path: json.loads(path.read_bytes()),
    ".toml": lambda path: tomllib.loads(path.read_text()),
    ".jsonl": _read_json_lines,
    ".png": _read_image,
}


def _attempt(stage: Stage, inputs: Path, expected: _Undisturbed, number: int) -> dict[str, Any]:
    try:
        return {"stage": stage.name, **try_kill(stage, inputs, expected, number)}
    except AssertionError as problem:
        return {"stage": stage.name, "broken": str(problem)[:2000]}


def main(
    count: Annotated[int, typer.Option(min=1, help="Kills, over all stages.")] = 200,
    out: Folder = OUT,
) -> None:
    """Kill commands at random moments; finished trials are not made again."""
    inputs = out / "inputs"
    prepare(inputs)
    references: dict[str, _Undisturbed] = {}
    turns = [stage for stage in STAGES for _ in range(stage.weight)]
    random.Random(0).shuffle(turns)

    def attempts(numbers: list[int]) -> list[dict[str, Any]]:
        found = []
        for number in numbers:
            stage = turns[number % len(turns)]
            if stage.name not in references:
                references[stage.name] = undisturbed(stage, inputs)
            found.append(_attempt(stage, inputs, references[stage.name], number))
        return found

    trials = Trials(out / "kills.jsonl", {"study": "kills", "stages": [stage.name for stage in STAGES]})
    with counting("kills") as tell:
        for done in trials.run(count, attempts, batch=1):
            tell("kills", done, count)
    rows = trials.rows(count)
    working, tried = (Counter(row["stage"] for row in rows if keep(row)) for keep in (_was_working, bool))
    for name in tried:
        print(f"{name}: {tried[name]} kills, {working[name]} while it was at work")
    for row in rows:
        if "broken" in row:
            print(f"  number {row['number']}, {row['stage']}: {row['broken']}")


def _was_working(row: dict[str, Any]) -> bool:
    return bool(row.get("working"))


if __name__ == "__main__":
    run(main)
