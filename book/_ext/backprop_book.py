"""What the book needs beyond its configuration: MathJax and the live figures, from this machine.

The built pages ask no other host for anything, so that a copied folder works without a network.
"""

from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.fileutil import copy_asset

ROOT = Path(__file__).resolve().parent.parent.parent
STATIC_FILES = [ROOT / "book" / "_assets" / "book.css", ROOT / "backprop_lib/live/figure.js"]

# MathJax 3.2.2 (Apache License 2.0), as the package sphinx-mathjax-offline carries it.
MATHJAX = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
MATHJAX_PARTS = ["tex-chtml.js", "input/tex/extensions", "output/chtml/fonts/woff-v2"]


def configure(app: Sphinx, config: Config) -> None:
    """Point the pages at the copies on this machine."""
    config.html_static_path += [str(path) for path in STATIC_FILES]
    config.mathjax_path = "mathjax/tex-chtml.js"
    app.add_css_file("book.css")
    app.add_js_file("figure.js", loading_method="defer")


def copy_mathjax(app: Sphinx) -> None:
    """Copy the parts of MathJax that the pages use: 2 MB of its 30."""
    for part in MATHJAX_PARTS:
        source, target = MATHJAX / part, Path(app.outdir) / "_static" / "mathjax" / part
        copy_asset(source, target if source.is_dir() else target.parent)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("config-inited", configure)
    app.connect("builder-inited", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
