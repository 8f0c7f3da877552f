"""Whether runs came to their end: states of trackers, columns of yes and no, and exit codes."""

from collections.abc import Sequence

from bayeskisl.curves.tables.quantities import texts_in
from bayeskisl.curves.tables.spelling import as_sql

__all__ = ["FINISHED", "FLAGS", "UNFINISHED", "are_states", "state_by_flags", "state_in"]

# How trackers say that a run came to its end, and that it did not
FINISHED = frozenset(
    (
        "finished", "completed", "complete", "success", "succeeded", "done", "ok", "3",
        "fertig", "beendet", "abgeschlossen", "erfolgreich", "terminé", "fini", "réussi", "terminado", "completado",
    )
)  # fmt: skip
UNFINISHED = frozenset(
    (
        "crashed", "failed", "killed", "running", "preempted", "preempting", "pending", "scheduled", "queued",
        "out_of_memory", "node_fail", "boot_fail", "deadline", "revoked", "suspended", "diverged",
        "cancelled", "canceled", "aborted", "timeout", "interrupted", "stopped", "error", "oom", "1", "2", "4", "5",
        "abgebrochen", "abgestürzt", "fehlgeschlagen", "interrompu", "échoué", "fallido", "cancelado",
    )
)  # fmt: skip
# Names of columns of yes and no, or of exit codes, to the cells of runs that came to their end
_YES, _NO = frozenset(("true", "yes", "1", "1.0")), frozenset(("false", "no", "0", "0.0", "0:0"))
_EXIT_CODES = ("exit_code", "exitcode", "exit_status")
FLAGS = {
    **dict.fromkeys(
        ("finished", "completed", "is_finished", "is_completed", "run_finished", "success", "succeeded"), _YES
    ),
    **dict.fromkeys(("crashed", "failed", "is_crashed", "is_failed", "diverged", "killed", "oom", *_EXIT_CODES), _NO),
}


def state_in(text: str) -> str:
    """Return the state in the first word of a text: ``cancelled`` for ``CANCELLED by 1001``."""
    words = text.strip().lower().replace("-", "_").split()
    together = "_".join(words[:2])
    return together if together in UNFINISHED else (words[0].rstrip("+:") if words else "")


def are_states(cells: Sequence[object]) -> bool:
    """Whether cells are states of runs, at least some of them known states."""
    told = set(map(state_in, texts_in(cells)))
    return bool(told & (FINISHED | UNFINISHED)) and not all(word.isdigit() for word in told)


def state_by_flags(name: str, source: str, cells: Sequence[object]) -> str | None:
    """Return the state of a run, as SQL, from a column of flags with a name in `FLAGS`; None if it has none."""
    texts = {text: text.strip().lower() for text in texts_in(cells)}
    are_flags = all(_is_exit_code(word) if name in _EXIT_CODES else word in _YES | _NO for word in texts.values())
    if not texts or not are_flags:
        return None
    listed = ", ".join(as_sql(text) for text, word in texts.items() if word in FLAGS[name]) or "''"
    return f"CASE WHEN {source} IN ({listed}) THEN 'finished' ELSE 'failed' END"


def _is_exit_code(word: str) -> bool:
    return word.replace(":", "").lstrip("-").isdigit()
