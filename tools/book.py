"""Build the book with every warning an error, say where it is, and open it on a desktop."""

import argparse
import os
import shutil
import subprocess
import sys
import webbrowser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--all", "-W", "-n", "--keep-going"]  # -n: every cross-reference must resolve


def build(out: Path) -> Path:
    """Build into out/_build/html and return that folder."""
    jupyter_book = shutil.which("jupyter-book", path=str(Path(sys.executable).parent))
    command = [jupyter_book, "build", ROOT, *FLAGS, "--path-output", out]
    subprocess.run(command, cwd=ROOT, check=True)
    return out / "_build" / "html"


def on_a_desktop() -> bool:
    """Whether somebody sits in front of this machine."""
    if os.environ.get("CI"):
        return False
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.platform in ("darwin", "win32") or bool(screen)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT)
    try:
        index = build(parser.parse_args().out.resolve()) / "index.html"
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    print(f"\nThe book is at {index}")
    if on_a_desktop():
        webbrowser.open(index.as_uri())
