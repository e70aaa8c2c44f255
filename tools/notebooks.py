"""Run notebooks from top to bottom and store their outputs, the same bytes every time.

    python tools/notebooks.py lessons/*.ipynb

What a run leaves behind by chance is not stored: timestamps, the ids and the state of widgets,
the version of the kernel, the intermediate states of a progress bar. Everything else is, so a
second run leaves no diff unless a result changed.
"""

import os
import sys
import time
from importlib import import_module
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbval.plugin import coalesce_streams

TIMEOUT = 300  # seconds a cell may take
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}


def prepare_environment() -> None:
    """Keep from the kernels what changes outputs on one machine and not on another.

    Matplotlib, imported here, finds itself a folder where the reader's home cannot be written,
    and lists the fonts: a kernel would report either in its first cell.
    """
    import_module("matplotlib.font_manager")
    for name in [name for name in os.environ if name.startswith("TQDM_")]:
        del os.environ[name]


def execute(path: Path) -> None:
    """Run one notebook in its own folder and write it back."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    tidy(notebook)
    nbformat.write(notebook, path)


def tidy(notebook: nbformat.NotebookNode) -> None:
    """Remove from an executed notebook whatever another run would store differently."""
    notebook.metadata.update(nbformat.from_dict(KERNEL))
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = coalesce_streams(cell.outputs)  # as nbval does before it compares
            for output in cell.outputs:
                # A widget that is stored points at a kernel that has gone: its text stays.
                output.get("data", {}).pop(WIDGET_VIEW, None)
            cell.outputs = [output for output in cell.outputs if output.get("data", True)]


if __name__ == "__main__":
    prepare_environment()
    for name in sys.argv[1:]:
        print(f"{name}: ", end="", flush=True)  # before the run: a failure is then named
        start = time.perf_counter()
        execute(Path(name))
        print(f"{time.perf_counter() - start:.1f} s")
