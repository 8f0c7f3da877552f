"""What commands on a page print, made anew by running them in the order of the page."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from bayeskisl.errors import InputError
from bayeskisl.files import written
from studies.command import run

__all__ = ["with_transcripts"]

# A block of commands, and what they print if the page shows it.
_BLOCK = re.compile(r"(```(?P<kind>shell|python)\n(?P<code>.*?)```\n)(?P<shown>\n```text\n.*?```\n)?", re.DOTALL)
_WIDTH = 80

# What a terminal shows for a while: a line that is written over, and movements of the cursor.
_LIVE = re.compile(r"[^\n]*\r(?!\n)|\x1b\[[0-9;?]*[A-Za-z]")


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
    """What a block prints on a terminal; where that is nothing, its error."""
    command = ["bash", "-c", code] if kind == "shell" else [sys.executable, "-c", code]
    own = str(Path(sys.executable).parent)
    environment = {**os.environ, "NO_COLOR": "1", "PATH": own + os.pathsep + os.environ["PATH"]}
    with ThreadPoolExecutor(2) as readers:
        ends = [_terminal() for _ in range(2)]
        shown = [readers.submit(_all_of, reading) for reading, _ in ends]
        done = subprocess.run(command, cwd=folder, env=environment, stdout=ends[0][1], stderr=ends[1][1], check=False)
        for _, writing in ends:
            os.close(writing)
        out, error = (_LIVE.sub("", each.result().replace("\r\n", "\n")) for each in shown)
    lines = (out if out.strip() or not done.returncode else error).strip("\n").split("\n")
    return "\n".join(line.rstrip() for line in lines)


def _terminal() -> tuple[int, int]:
    """Open a terminal of the width of a page; return its ends for reading and writing."""
    reading, writing = pty.openpty()
    fcntl.ioctl(writing, termios.TIOCSWINSZ, struct.pack("HHHH", 50, _WIDTH, 0, 0))
    return reading, writing


def _all_of(reading: int) -> str:
    """Read until the other end is closed."""
    found = b""
    with suppress(OSError), os.fdopen(reading, "rb", buffering=0) as terminal:
        while part := terminal.read(65536):
            found += part
    return found.decode()


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
