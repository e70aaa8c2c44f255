"""An explorer that is alive in a notebook, and in a page shows its picture at the start."""

import ipywidgets

from backprop_lib._validate import real_number
from backprop_lib.live.numbers import plain_symbol
from backprop_lib.live.views import STYLE

NOTE = (
    "This picture shows the starting values. It follows sliders in a running notebook: open this "
    "page through the rocket at the top, or start JupyterLab with <code>make lab</code>."
)


class Explorer:
    """Sliders that drive a drawing made by Python.

    Parameters
    ----------
    draw : callable
        Takes one number per slider by keyword, returns HTML.
    sliders : dict of str to (low, high, start)
        By the keyword that ``draw`` takes.
    title : str
        What is to be seen, in a few words.
    symbols : dict of str to str, optional
        How a slider is labelled; its name if absent.
    step : float, optional
        The grid of the sliders.
    columns : int, optional
        In how many columns the sliders stand.

    Attributes
    ----------
    sliders : dict of str to ipywidgets.FloatSlider
    drawing : ipywidgets.HTML
    """

    def __init__(self, draw, sliders, *, title, symbols=None, step=0.05, columns=1):
        self.draw, self.title = draw, title
        symbols = symbols or {}
        self.drawing = ipywidgets.HTML()
        self.sliders = {}
        for name, (low, high, start) in sliders.items():
            start = real_number(start, f"Explorer: start of {name}")
            if not low <= start <= high:
                raise ValueError(f"Explorer: {name} = {start} is outside {low} to {high}")
            self.sliders[name] = ipywidgets.FloatSlider(
                value=start,
                min=low,
                max=high,
                step=step,
                description=plain_symbol(symbols.get(name, name)),
                readout_format=".2f",
                layout={"width": f"{max(660 // columns, 210)}px"},
                style={"description_width": "44px" if columns > 1 else "80px"},
            )
            self.sliders[name].observe(self.show, names="value")
        grid = ipywidgets.GridBox(
            list(self.sliders.values()),
            layout={"grid_template_columns": f"repeat({columns}, auto)"},
        )
        self.box = ipywidgets.VBox([grid, self.drawing])
        self.show()

    def picture(self):
        """Return the drawing for the sliders' present values, as HTML with its style."""
        numbers = {name: slider.value for name, slider in self.sliders.items()}
        drawn = self.draw(**numbers)
        return f"<backprop-figure class='bf-in-notebook'><style>{STYLE}</style>{drawn}</backprop-figure>"

    def show(self, _=None):
        """Draw again."""
        self.drawing.value = self.picture()

    def _repr_mimebundle_(self, include=None, exclude=None):
        starts = ", ".join(f"{name} = {s.value:g}" for name, s in self.sliders.items())
        bundle = {
            "text/plain": f"<explorer: {self.title}; {starts}>",
            "text/html": f"{self.picture()}<p style='margin:.6rem 0 1.2rem'><em>{NOTE}</em></p>",
        }
        return self.box._repr_mimebundle_() | bundle
