"""Records of runs: JSON lines, complete with their closing line, and byte-identical on repetition.

First line: the specification and its coordinates. Then one line per probe. Last line: how many lines stand before it
and the SHA-256 of their bytes, so that a truncated or altered file is known for what it is.
"""

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bayeskisl import schema
from bayeskisl.errors import OutputError, SweepError
from bayeskisl.files import replace_file
from bayeskisl.sweeping.plan import Stack
from bayeskisl.sweeping.spec import RunSpec, canonical_json, plain

__all__ = [
    "GroupProbe",
    "Measured",
    "RunProbe",
    "coordinates",
    "record_bytes",
    "told_as_sweep_error",
    "write_atomically",
]


@dataclass(frozen=True)
class GroupProbe:
    """Answers of one group in one run: counts, and the summed cross-entropy of the answer tokens in nats.

    The rate of guesses stands here where it is that of the group's questions, and not that of the facts.
    """

    recalled: int
    probed: int
    answer_nats: float
    guessing: float | None = None


@dataclass(frozen=True)
class Measured:
    """Measurements of all groups of one run at one time, with its loss on general text in nats per token.

    Text has a number of bytes per token, symbols have none.
    """

    tokens_seen: int
    groups: dict[str, GroupProbe]
    general_loss: float
    bytes_per_token: float | None = None

    @property
    def is_finite(self) -> bool:
        """Whether every loss is a number."""
        return all(map(math.isfinite, (self.general_loss, *(group.answer_nats for group in self.groups.values()))))


@dataclass(frozen=True)
class RunProbe:
    """Measurements of a run, at its checkpoints and at its end; or the step at which it diverged."""

    measured: tuple[Measured, ...]
    diverged_at: int = -1


def record_bytes(run: RunSpec, stack: Stack, probe: RunProbe) -> bytes:
    """Return the complete record of a finished run."""
    lines = [canonical_json({"kind": "run", **coordinates(run), "spec": plain(run), "stack": stack.place(run)})]
    if probe.diverged_at >= 0:
        lines.append(
            canonical_json({"kind": "failed", "run": run.name, "step": probe.diverged_at, "reason": "loss not finite"})
        )
    else:
        lines += [line for measured in probe.measured for line in _lines(run, measured)]
    body = "".join(line + "\n" for line in lines).encode()
    end = {"kind": "end", "run": run.name, "lines": len(lines), "sha256": hashlib.sha256(body).hexdigest()}
    return body + (canonical_json(end) + "\n").encode()


def _lines(run: RunSpec, measured: Measured) -> Iterator[str]:
    seen = {"run": run.name, schema.TOKENS_SEEN: measured.tokens_seen}
    for group, answer in measured.groups.items():
        yield canonical_json({"kind": "probe", **seen, "group": group, **plain(answer)})
    size = {} if measured.bytes_per_token is None else {"bytes_per_token": measured.bytes_per_token}
    yield canonical_json({"kind": "general", **seen, "general_loss": measured.general_loss, **size})


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file atomically, even across a power cut.

    Raises
    ------
    SweepError
        If the folder is read-only or the disk is full.
    """
    with told_as_sweep_error(path):
        replace_file(path, content)


@contextmanager
def told_as_sweep_error(path: Path) -> Iterator[None]:
    """Context that turns a full disk or a read-only folder into an error of one sentence."""
    try:
        yield
    except (OSError, OutputError) as problem:
        reason = problem.reason if isinstance(problem, OutputError) else problem.strerror
        raise SweepError(
            f"cannot write {path}: {reason}; free or choose another folder, finished runs are kept."
        ) from None


def coordinates(run: RunSpec) -> dict[str, Any]:
    """Return the derived coordinates of a run, which its first line contains beside the specification."""
    mixture = run.mixture
    return {
        schema.RUN: run.name,
        schema.PARAMS: run.params,
        schema.TOTAL_PARAMS: run.total_params,
        schema.TOKENS: mixture.tokens,
        schema.FACTS: mixture.facts,
        schema.RATIO: mixture.ratio,
        schema.EXPOSURES: mixture.exposures,
        schema.TOKENS_PER_FACT: mixture.tokens_per_fact,
        schema.BACKGROUND_FACTS: mixture.background_facts,
        schema.BACKGROUND_SHARE: mixture.background_share,
        schema.SEED: run.seed,
        schema.GUESSING: run.facts.guessing,
        schema.LEARNING_RATE: run.training.learning_rate,
        **({schema.TOKENS_BEFORE: run.tokens_before} if run.tokens_before else {}),
    }
