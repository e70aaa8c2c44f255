"""Live figures on a page of their own, with the script or with a broken one."""

from helpers import ROOT

SCRIPT = (ROOT / "backprop_lib" / "live" / "figure.js").read_text(encoding="utf-8")


def write_alone(path, figures, script):
    """Write a page of live figures and their script."""
    body = "".join(figure.html() for figure in figures)
    path.write_text(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
        f"content='width=device-width'><title>figure</title>{body}<script>{script}</script>",
        encoding="utf-8",
    )
