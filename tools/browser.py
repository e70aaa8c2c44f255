"""A Chromium and a JupyterLab for it, as the tests and the benchmark of the figures use them."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome"]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    """Return the path of a Chromium: $CHROMIUM, or the first one on the PATH."""
    found = (shutil.which(name) for name in CHROMIUM_NAMES)
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


@contextmanager
def jupyterlab(folder):
    """Run JupyterLab for a folder, with nobody's settings, and say where each notebook is.

    The addresses differ in their workspace too: no notebook is opened beside an earlier one.
    ``jupyterapp`` is the application, for scripts in the page.
    """
    token, port = secrets.token_hex(), _free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--allow-root"]
    command += ["--ServerApp.port_retries=0", "--expose-app-in-browser"]
    settings = str(Path(folder) / ".jupyter")
    where = ["JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"]
    environment = os.environ | dict.fromkeys(where, settings) | {"JUPYTER_TOKEN": token}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, cwd=folder, env=environment, **quiet)
    lab = f"http://127.0.0.1:{port}/lab/workspaces"
    try:
        _wait_for_answer(server, port)
        yield lambda name: f"{lab}/{name}/tree/{name}.ipynb?token={token}"
    finally:
        server.terminate()
        server.wait()


def open_notebook(page, address):
    """Open a notebook and wait for its kernel."""
    page.goto(address, timeout=60_000)
    page.locator("text=/Python 3.*Idle/").wait_for(timeout=60_000)


def _wait_for_answer(server, port):
    for _ in range(300):
        with socket.socket() as answer:
            if answer.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            raise RuntimeError(f"JupyterLab ended with {server.returncode}")
        time.sleep(0.2)
    raise RuntimeError("JupyterLab did not answer within a minute")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
