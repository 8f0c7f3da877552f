"""The command line: each subcommand is one public function of the package."""

import os
import signal
import sys

from bayeskisl.errors import BayeskislError, at_the_command_line

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


def main() -> None:
    """Run the command line; errors meant for the user are one sentence, a traceback only with ``--debug``."""
    debug = "--debug" in sys.argv
    try:
        for number in _TERMINATED.values():
            if signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores one of them
                signal.signal(number, _terminate)
        from bayeskisl.cli.app import app

        with at_the_command_line():
            app(standalone_mode=True, prog_name="bayeskisl")
    except BayeskislError as problem:
        if debug:
            raise
        _stop(f"bayeskisl: {problem}", problem.exit_code)
    except KeyboardInterrupt:
        _stop(_ended_by("interrupted"), _INTERRUPTED)
    except SystemExit as ended:  # typer turns Ctrl-C into its exit code without a word
        if ended.code == _INTERRUPTED or ended.code in _TERMINATED:
            _stop(_ended_by("interrupted" if ended.code == _INTERRUPTED else "terminated"), int(ended.code))
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as problem:
        if debug:
            raise
        _stop(f"bayeskisl: {problem.filename or 'a file'}: {problem.strerror or problem}; choose another place.", 1)
    except MemoryError:
        if debug:
            raise
        _stop("bayeskisl: out of memory; close other programs, raise the limit (`ulimit -v`), or ask for less.", 1)
    except ModuleNotFoundError as problem:
        if debug or problem.name is None:
            raise
        _stop(f"bayeskisl: {missing_package(problem.name)}", 1)
    except Exception as problem:
        if debug:
            raise
        name = type(problem).__name__
        _stop(f"bayeskisl: unexpected {name}: {problem} (a bug; run again with --debug for the traceback).", 1)


def missing_package(name: str) -> str:
    """Return a sentence about a package that a command needs, with the extra that installs it."""
    extra = next((extra for extra, packages in EXTRAS.items() if name.partition(".")[0] in packages), "all")
    remedy = f"pip install 'bayeskisl[{extra}]'"
    return f"{name} is not installed; install it with {remedy}. `bayeskisl doctor` lists what is missing."


def _terminate(number: int, _: object) -> None:
    """End as after Ctrl-C: workers are stopped and temporary folders removed."""
    raise SystemExit(128 + number)


def _ended_by(how: str) -> str:
    resumed = "; what is finished is kept, and the same command continues from there"
    return f"bayeskisl: {how}{resumed if _RESUMED & set(sys.argv[1:3]) else ''}."


def _stop(message: str, code: int) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(code)
