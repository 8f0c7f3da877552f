"""What commands on a page print, made anew by running them in the order of the page."""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from bayeskisl.errors import InputError
from bayeskisl.workflow.files import written
from studies.command import run

__all__ = ["with_transcripts"]

# A block of commands, and what they print if the page shows it.
_BLOCK = re.compile(r"(```(?P<kind>shell|python)\n(?P<code>.*?)```\n)(?P<shown>\n```text\n.*?```\n)?", re.DOTALL)
_WIDTH = "80"


def with_transcripts(text: str) -> str:
    """Return a page whose blocks of text show what the commands before them print.

    Commands run in one empty folder. A block that installs something is left alone, and so is a text whose commands
    print nothing, since the page shows something else there, such as a file.

    Parameters
    ----------
    text : str
        The page, in Markdown.
    """
    with TemporaryDirectory() as folder:

        def anew(block: re.Match[str]) -> str:
            if "pip install" in block["code"]:
                return block[0]
            printed = _printed(block["kind"], block["code"], folder)
            shown = f"\n```text\n{printed}\n```\n" if block["shown"] and printed else block["shown"] or ""
            return block[1] + shown

        return _BLOCK.sub(anew, text)


def _printed(kind: str, code: str, folder: str) -> str:
    """What a block prints; where that is nothing, its error."""
    command = ["bash", "-c", code] if kind == "shell" else [sys.executable, "-c", code]
    own = str(Path(sys.executable).parent)
    environment = {**os.environ, "COLUMNS": _WIDTH, "PATH": own + os.pathsep + os.environ["PATH"]}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    shown = done.stdout if done.stdout or not done.returncode else done.stderr
    return "\n".join(line.rstrip() for line in shown.strip("\n").split("\n"))


def main(
    page: Annotated[list[Path] | None, typer.Argument(help="Pages; by default the tutorial.")] = None,
) -> None:
    """Run the commands of pages, and write what they print below them."""
    for path in page or [Path("docs/tutorial.md")]:
        if not path.is_file():
            raise InputError("a page", "no such file", str(path))
        typer.echo(str(written(path, with_transcripts(path.read_text(encoding="utf-8")))))


if __name__ == "__main__":
    run(main)
