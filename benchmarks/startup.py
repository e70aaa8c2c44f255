"""How long an import takes: whole fresh interpreters, minus one that imports nothing."""

import os
import subprocess
import sys
import tempfile
from functools import partial

from benchmarks.timing import interleaved

CODE = {"ours": "import backprop_lib", "numpy": "import numpy", "nothing": "pass"}


def import_seconds(rounds):
    """Return the seconds of each import by name, one entry a round."""
    with tempfile.TemporaryDirectory() as elsewhere:  # what is installed, not what lies here
        runs = {name: partial(_run, code, elsewhere) for name, code in CODE.items()}
        seconds = interleaved(runs, rounds, block=1e-3)  # once a round
    nothing = seconds.pop("nothing")
    return {
        name: [a - b for a, b in zip(times, nothing, strict=True)]
        for name, times in seconds.items()
    }


def _run(code, folder):
    # the first run, which is not timed, may leave the modules compiled, as an installation does
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, check=True)
