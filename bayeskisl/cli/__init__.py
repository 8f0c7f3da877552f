"""The command line: each subcommand is one public function of the package."""

import io
import os
import resource
import signal
import sys

from bayeskisl.cli.sentences import for_stream
from bayeskisl.errors import BayeskislError, InputError, at_the_command_line

__all__ = ["EXTRAS", "main", "missing_package"]

# The packages of each part of bayeskisl that is installed on demand.
EXTRAS = {
    "train": ("torch",),
    "infer": ("pymc", "nutpie", "arviz", "xarray", "h5netcdf", "h5py", "polars", "scipy", "threadpoolctl", "pandas"),
    "fleet": ("numpyro", "jax"),
    "report": ("matplotlib", "jinja2", "plotly"),
    "text": ("tokenizers", "datasets", "pyarrow"),
    "notebook": ("anywidget", "jupyterlab"),
    "cluster": ("ray",),
    "hf": ("transformers", "accelerate", "lm_eval"),
}

_INTERRUPTED = 130  # the shell's code for Ctrl-C
# Their codes are 128 and the signal's number, as a shell has them.
_TERMINATED = {128 + number: number for number in (signal.SIGTERM, signal.SIGHUP)}
# Commands that keep what is finished.
_RESUMED = {"demo", "loop", "replay", "sweep"}

_OUT_OF_MEMORY = "out of memory; close other programs, raise the limit (`ulimit -v`), or ask for less."
_NO_ROOM = "failed to map segment"  # what the loader says of a library that does not fit

# Variables that libraries read when they are loaded: how many threads their pools get.
_POOLS = ("POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_LEAST_MEMORY = 2**31  # bytes: `curves build` of 18 runs needs more than 1.2 GB, of which it uses 0.3


def main() -> None:
    """Run the command line; errors meant for the user are one sentence, a traceback only with ``--debug``."""
    debug = "--debug" in sys.argv
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8
    try:
        for number in _TERMINATED.values():
            if signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores one of them
                signal.signal(number, _terminate)
        _require_memory()
        _bound_threads()
        from bayeskisl.cli.app import app

        with at_the_command_line():
            app(standalone_mode=True, prog_name="bayeskisl")
    except KeyboardInterrupt:
        _stop(_ended_by("interrupted"), _INTERRUPTED)
    except SystemExit as ended:  # typer turns Ctrl-C into its exit code without a word
        if ended.code == _INTERRUPTED or ended.code in _TERMINATED:
            _stop(_ended_by("interrupted" if ended.code == _INTERRUPTED else "terminated"), int(ended.code))
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as problem:
        if debug:
            raise
        sentence, code = _told(problem)
        _stop(f"bayeskisl: {sentence}", code)


def _told(problem: Exception) -> tuple[str, int]:
    """Return the sentence about a problem and the exit code."""
    match problem:
        case BayeskislError():
            return str(problem), problem.exit_code
        case ImportError() if _NO_ROOM in str(problem):
            return _OUT_OF_MEMORY, 1
        case MemoryError():
            return _OUT_OF_MEMORY, 1
        case ModuleNotFoundError(name=str(name)):
            return missing_package(name), 1
        case OSError():
            return f"{problem.filename or 'a file'}: {problem.strerror or problem}; choose another place.", 1
    name = type(problem).__name__
    return f"unexpected {name}: {problem} (a bug; run again with --debug for the traceback).", 1


def _require_memory() -> None:
    """Refuse a memory limit under which polars would end the process; training needs less."""
    limit, light = resource.getrlimit(resource.RLIMIT_AS)[0], {"sweep", "doctor", "--version", "--help", "--help-all"}
    if 0 <= limit < _LEAST_MEMORY and not light & set(sys.argv):
        raise InputError(f"at least {_LEAST_MEMORY >> 20:,} MiB of address space", f"{limit >> 20:,} MiB", "ulimit -v",
                         "raise the limit")  # fmt: skip


def _bound_threads() -> None:
    """Start no more threads than a limit on memory has room for: one for each GiB of addresses.

    Every thread of a pool reserves its stack and an arena of the allocator, 24 to 100 MiB, whether or not it works: on
    a machine of 128 cores polars then ended under 2 GiB with 32,000 lines, and starts as many as there are cores.
    """
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return
    room = max(1, limit >> 30)
    for name in _POOLS:
        wanted = os.environ.get(name, "")
        os.environ[name] = str(min(room, int(wanted)) if wanted.isdigit() and int(wanted) else room)


def missing_package(name: str) -> str:
    """Return a sentence that names a missing package and the extra that installs it."""
    extra = next((extra for extra, packages in EXTRAS.items() if name.partition(".")[0] in packages), "all")
    remedy = f"pip install 'bayeskisl[{extra}]'"
    return f"{name} is not installed; install it with {remedy}. `bayeskisl doctor` lists what is missing."


def _terminate(number: int, _: object) -> None:
    """End as after Ctrl-C: workers are stopped and temporary folders removed."""
    raise SystemExit(128 + number)


def _ended_by(how: str) -> str:
    resumed = "; finished work is kept, and the same command continues from there"
    return f"bayeskisl: {how}{resumed if _RESUMED & set(sys.argv[1:3]) else ''}."


def _stop(message: str, code: int) -> None:
    print(for_stream(message, sys.stderr), file=sys.stderr)
    raise SystemExit(code)
