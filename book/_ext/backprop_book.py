"""What the book needs beyond its configuration.

MathJax and the script of the live figures are copied into it: the built pages ask no other host
for anything, so that a copied folder works without a network. What has a face for the book shows
it. Equations and figures are numbered by lesson.
"""

import json
import re
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from docutils import nodes
from docutils.transforms import Transform
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.fileutil import copy_asset

from backprop_lib import live
from backprop_lib.live.numbers import symbol_of
from backprop_lib.live.svg import STYLE
from backprop_lib.still import PAGE

ROOT = Path(__file__).resolve().parent.parent.parent
ASSETS = ROOT / "book" / "_assets"
SCRIPTS = [ASSETS / "book.js", ROOT / "backprop_lib/live/figure.js", ASSETS / "links.js"]

# MathJax 3.2.2 (Apache License 2.0), as the package sphinx-mathjax-offline carries it.
MATHJAX = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
MATHJAX_PARTS = ["tex-chtml.js", "input/tex/extensions", "output/chtml/fonts/woff-v2"]


class LiveFigure(SphinxDirective):
    """``{live-figure} toy_figure``: a figure of backprop_lib.live on a page without code."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        figure = getattr(live, self.arguments[0])()
        return [nodes.raw("", figure.html(), format="html")]


class ShowLinks(Transform):
    """``[the dot](#show-f2)`` lights f₂ in a figure, ``#show-grad.f2`` its gradient.

    No target on the page: the script knows it, by the symbol.
    """

    default_priority = 870  # before MyST looks for the target

    def apply(self) -> None:
        for link in self.document.findall(nodes.reference):
            found = re.fullmatch(r"#show-(grad\.)?(\w+)", link.get("refuri", ""))
            if found:
                slope, symbol = "∂ℓ/∂" if found[1] else "", symbol_of(found[2])
                del link["id_link"]
                link["refuri"], link["internal"] = f"#show-{quote(slope + symbol)}", True


def configure(app: Sphinx, config: Config) -> None:
    """Point the pages at the copies on this machine."""
    config.html_static_path.append(str(ASSETS / "book.css"))
    config.mathjax_path = "mathjax/tex-chtml.js"
    config.html_theme_options["navbar_persistent"] = []  # one search button is enough
    app.add_css_file("book.css")
    app.add_css_file("figure.css")
    for script in SCRIPTS:
        app.add_js_file(script.name, loading_method="defer")


def write_scripts(app: Sphinx) -> None:
    """Write the style that all live figures share, and the scripts without their comments."""
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    (static / "figure.css").write_text(STYLE, encoding="utf-8")
    for path in SCRIPTS:
        (static / path.name).write_text(lean(path.read_text(encoding="utf-8")), encoding="utf-8")


def lean(script: str) -> str:
    """Return a script without indentation and without comments of one line."""
    lines = (re.sub(r"(^| )// [^\"'`]*$", "", line.strip()) for line in script.splitlines())
    return "\n".join(line for line in lines if line)


def copy_mathjax(app: Sphinx) -> None:
    """Copy the parts of MathJax that the pages use: 2 MB of its 30."""
    for part in MATHJAX_PARTS:
        source, target = MATHJAX / part, Path(app.outdir) / "_static" / "mathjax" / part
        copy_asset(source, target if source.is_dir() else target.parent)


def show_page_faces(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the face that an output has for the book in the place of its still."""
    if PAGE not in source[0]:
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if PAGE in output.get("data", {}):
                output["data"]["text/html"] = output["data"].pop(PAGE)
    source[0] = json.dumps(notebook)


def number_by_lesson(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Number equations, figures and tables by lesson: the third equation of lesson 04 is (4.3).

    On the page beyond the lessons it is (B.3).
    """
    for docname, kinds in env.toc_fignumbers.items():
        lesson = re.match(r"lessons/0*(\d+)_", docname)
        prefix = lesson[1] if lesson else "B"
        for numbers in kinds.values():
            for k, label in enumerate(numbers, start=1):
                numbers[label] = (prefix, k)
    return []  # no page has to be read again


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_transform(ShowLinks)
    app.add_directive("live-figure", LiveFigure)
    app.connect("config-inited", configure)
    app.connect("builder-inited", copy_mathjax)
    app.connect("builder-inited", write_scripts)
    app.connect("source-read", show_page_faces)
    app.connect("env-get-updated", number_by_lesson, priority=900)  # after Sphinx's own numbers
    return {"parallel_read_safe": True, "parallel_write_safe": True}
