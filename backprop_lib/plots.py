"""Matplotlib figures that follow the page: light or dark, in its own font, sharp at any zoom.

Colours mean the same everywhere in the book: blue runs forward, orange runs backward.
"""

import io
import re
from zlib import crc32

import matplotlib
import numpy as np
from matplotlib.figure import Figure

# Matplotlib writes these stand-ins; the page's style decides what they look like.
INK, MUTED, GRID, FORWARD, BACKWARD = "#010203", "#010204", "#010205", "#010206", "#010207"
STAND_INS = {
    INK: "var(--bp-ink)",
    MUTED: "var(--bp-muted)",
    GRID: "var(--bp-grid)",
    FORWARD: "var(--bp-forward)",
    BACKWARD: "var(--bp-backward)",
}
DIVERGING = "PRGn_r"  # purple below zero, green above, white at zero

LIGHT = "--bp-ink:#1c2530;--bp-muted:#5b6673;--bp-grid:#d5dae1;--bp-forward:#1a5fb4;--bp-backward:#b4500a"
DARK = "--bp-ink:#e6e9ee;--bp-muted:#a3adba;--bp-grid:#3c4654;--bp-forward:#6fb1ff;--bp-backward:#ffab57"
STYLE = (
    f".bp-plot{{{LIGHT};margin:.5rem 0;overflow-x:auto}}.bp-plot svg{{max-width:100%;height:auto}}"
    f"html[data-theme=dark] .bp-plot,body[data-jp-theme-light=false] .bp-plot{{{DARK}}}"
    "@media(prefers-color-scheme:dark){html:not([data-theme]) body:not([data-jp-theme-light]) "
    f".bp-plot{{{DARK}}}}}"
)

SETTINGS = {
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.prop_cycle": matplotlib.cycler(color=[FORWARD, BACKWARD, MUTED, INK]),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "figure.facecolor": "none",
    "font.size": 10,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.edgecolor": GRID,
    "legend.facecolor": "none",
    "legend.labelcolor": INK,
    "lines.linewidth": 2,
    "svg.fonttype": "none",
    "svg.hashsalt": "backprop",
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}


class Plot:
    """A drawing for a notebook's cell to end in.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Made by ``new_figure``.
    description : str
        What is to be seen, for those who do not see it.
    """

    def __init__(self, figure, description):
        self.figure, self.description = figure, description

    def _repr_html_(self):
        label = self.description.replace("&", "&amp;").replace('"', "&quot;")
        return f'<div class="bp-plot" role="img" aria-label="{label}"><style>{STYLE}</style>{self.svg()}</div>'

    def __repr__(self):
        return f"<plot: {self.description}>"

    def svg(self):
        """Return the drawing as one SVG element without a date, the same at every run."""
        buffer = io.StringIO()
        with matplotlib.rc_context(SETTINGS):
            self.figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
        drawing = buffer.getvalue()
        drawing = drawing[drawing.index("<svg") :].strip()
        drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
        drawing = re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, sans-serif", drawing)
        for stand_in, colour in STAND_INS.items():
            drawing = drawing.replace(stand_in, colour)
        return self._with_own_ids(drawing)

    def _with_own_ids(self, drawing):
        """Keep the ids of several drawings on one page apart."""
        prefix = "p" + format(crc32(self.description.encode()), "x") + "-"
        drawing = re.sub(r'\bid="', f'id="{prefix}', drawing)
        drawing = drawing.replace("url(#", f"url(#{prefix}")
        return drawing.replace('xlink:href="#', f'xlink:href="#{prefix}')


def new_figure(width=6.4, height=3.2, columns=1, rows=1, **options):
    """Return a matplotlib figure and its axes, in the book's style, outside pyplot."""
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(rows, columns, **options)


def loss_history(losses, description="training loss per epoch"):
    """Plot the loss against the epoch."""
    figure, axes = new_figure()
    axes.plot(np.arange(1, len(losses) + 1), losses, color=FORWARD)
    axes.set(xlabel="epoch", ylabel="loss J", yscale="log")
    return Plot(figure, description)
