"""The command line: each subcommand is one public function of the package."""

import os
import sys

from bayeskisl.errors import BayeskislError

__all__ = ["main"]

_INTERRUPTED = 130  # the shell's code for Ctrl-C


def main() -> None:
    """Run the command line; errors meant for the user are one sentence, a traceback only with ``--debug``."""
    from bayeskisl.cli.app import app

    debug = "--debug" in sys.argv
    try:
        app(standalone_mode=True, prog_name="bayeskisl")
    except BayeskislError as problem:
        if debug:
            raise
        _stop(f"bayeskisl: {problem}", problem.exit_code)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as ended:  # typer turns Ctrl-C into its exit code without a word
        if ended.code == _INTERRUPTED:
            _interrupted()
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as problem:
        if debug:
            raise
        _stop(f"bayeskisl: {problem.filename or 'a file'}: {problem.strerror or problem}; choose another place.", 1)
    except Exception as problem:
        if debug:
            raise
        name = type(problem).__name__
        _stop(f"bayeskisl: unexpected {name}: {problem} (a bug; run again with --debug for the traceback).", 1)


def _interrupted() -> None:
    _stop("bayeskisl: interrupted; finished runs are kept, and the same command continues from there.", _INTERRUPTED)


def _stop(message: str, code: int) -> None:
    print(message, file=sys.stderr)
    raise SystemExit(code)
