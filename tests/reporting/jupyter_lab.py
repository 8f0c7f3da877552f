"""JupyterLab with a live kernel, served on this machine alone, for a browser to drive."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager


@contextmanager
def served_notebook(folder, *cells):
    """The address of a notebook of these cells; nothing of the user's own Jupyter settings is read or written."""
    import nbformat  # a second to import, which only those who serve a notebook should wait for

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "explore.ipynb")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
             "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")  # fmt: skip
    options = ["--no-browser", f"--port={port}", "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=",
               "--expose-app-in-browser", "--allow-root", f"--ServerApp.root_dir={folder}"]  # fmt: skip
    log = (folder / "jupyter.log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options],
        env={**os.environ, **{name: str(folder / name.lower()) for name in names}},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api", server)
        yield f"http://127.0.0.1:{port}/doc/tree/explore.ipynb?reset"
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def _wait_for(address, server):
    patience = time.monotonic() + 240
    while time.monotonic() < patience and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    raise TimeoutError("JupyterLab did not answer within 240 s")
