"""A figure that is an experiment: a few settings, and what comes of them drawn anew.

Two faces, as a ``Figure`` has: in a page ``figure.js`` computes from stored data, in a running
notebook Python does.
"""

import json
from dataclasses import dataclass
from html import escape
from math import log10

import ipywidgets

from backprop_lib.live.faces import TwoFaced
from backprop_lib.live.figure import NO_SCRIPT_LINE
from backprop_lib.live.numbers import exact, short
from backprop_lib.live.sheet import sheet
from backprop_lib.live.svg import STYLE


@dataclass
class Dial:
    """A number to be set with a slider; on a logarithmic one ``step`` is a share of a decade."""

    name: str
    label: str
    value: float
    low: float
    high: float
    step: float
    logarithmic: bool = False

    def html(self):
        """Return the slider's row for a page."""
        places = [self.value, self.low, self.high]
        value, low, high = map(exact, map(log10, places) if self.logarithmic else places)
        return (
            f"<div class=bf-setting><span>{self.label}</span><input type=range "
            f'aria-label="{self.label}" data-set={self.name}{" data-log=1" * self.logarithmic} '
            f"min={low} max={high} step={exact(self.step)} value={value} autocomplete=off>"
            f"<b class=bf-value>{short(self.value)}</b></div>"
        )

    def is_at(self, thumb, value):
        """Say whether a thumb stands for a value: a browser puts it on the grid's nearest point."""
        places = thumb, value, self.low
        thumb, value, low = map(log10, places) if self.logarithmic else places
        nearest = low + self.step * round((value - low) / self.step)
        return abs(thumb - nearest) < 1e-6 * self.step

    def widget(self):
        """Return the slider for a notebook."""
        whole = all(isinstance(x, int) for x in (self.value, self.low, self.high, self.step))
        make = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
        low, high = self.low, self.high
        if self.logarithmic:
            make, low, high = ipywidgets.FloatLogSlider, log10(low), log10(high)
        shown = {} if whole else {"readout_format": ".3g"}
        return make(
            value=self.value,
            min=low,
            max=high,
            step=self.step,
            description=self.label,
            layout={"width": "340px"},
            style={"description_width": "110px"},
            **shown,
        )


@dataclass
class Choice:
    """One of several texts to be chosen, each with what is said of it in the list."""

    name: str
    label: str
    value: str
    options: dict

    def html(self):
        """Return the list for a page."""
        options = "".join(
            f'<option value="{value}"{" selected" * (value == self.value)}>{escape(said)}</option>'
            for value, said in self.options.items()
        )
        return (
            f"<label class=bf-setting><span>{self.label}</span><select data-set={self.name} "
            f"autocomplete=off>{options}</select></label>"
        )

    def is_at(self, chosen, value):
        """Say whether it is the same choice."""
        return chosen == value

    def widget(self):
        """Return the list for a notebook."""
        return ipywidgets.Dropdown(
            options=[(said, value) for value, said in self.options.items()],
            value=self.value,
            description=self.label,
            layout={"width": "340px"},
            style={"description_width": "110px"},
        )


class ExperimentControls:
    """The face in a running notebook.

    Attributes
    ----------
    box : ipywidgets.VBox
        What the notebook shows.
    widgets : dict of str to widget
        By the setting's name.
    drawing : ipywidgets.HTML
    """

    def __init__(self, experiment):
        self.experiment, self.listening = experiment, True
        self.drawing = ipywidgets.HTML()
        self.widgets = {name: setting.widget() for name, setting in experiment.settings.items()}
        for name, widget in self.widgets.items():
            widget.observe(lambda change, name=name: self.set(name, change["new"]), names="value")
        reset = ipywidgets.Button(description="Reset", layout={"width": "auto"})
        reset.on_click(lambda _: self.reset())
        sheet = f"{STYLE}.{experiment.face}{{display:none}}"
        style = ipywidgets.HTML(f"<style>{sheet}</style>", layout={"display": "none"})
        below = [*self._walk(), *self.widgets.values(), ipywidgets.HBox([reset])]
        self.box = ipywidgets.VBox([style, self.drawing, *below])
        self.show()

    def _walk(self):
        """Return what goes through the experiment step by step, if it has steps."""
        return []

    def set(self, name, value):
        """Set one setting, and draw what comes of it."""
        experiment = self.experiment
        if self.listening and not experiment.settings[name].is_at(value, experiment.at[name]):
            experiment.at[name] = value
            self.show()

    def reset(self):
        """Put every setting back to where it started, and draw once."""
        self.listening = False
        for name, setting in self.experiment.settings.items():
            self.widgets[name].value = self.experiment.at[name] = setting.value
        self.listening = True
        self.show()

    def show(self):
        """Draw the experiment at its settings."""
        experiment, scope = self.experiment, f"bf-{id(self)}"
        drawn = f"{experiment.head()}<div class=bf-views>{experiment.drawing()}</div>"
        self.drawing.value = (
            f'<backprop-figure class="bf-in-notebook {scope}">{experiment.lit(scope)}{drawn}'
            f"<div class=bf-panel>{experiment.beside()}<div class=bf-sliders>{experiment.words()}"
            "</div></div></backprop-figure>"
        )


class Experiment(TwoFaced):
    """Settings, a drawing and a sentence; a subclass says what comes of the settings.

    It defines ``kind``, by which the script knows it, ``title``, ``caption``, and the methods
    ``drawing``, ``sentence``, ``pictures`` and ``data``.

    Attributes
    ----------
    at : dict
        The settings by name.
    """

    _Controls = ExperimentControls

    def __init__(self, settings):
        self.settings = {setting.name: setting for setting in settings}
        self.at = {setting.name: setting.value for setting in settings}

    def html(self):
        """Return the figure for a page: drawing, controls, and what the script computes from."""
        rows = "".join(setting.html() for setting in self.settings.values())
        data = {"kind": self.kind, "start": self.at} | self.data()
        stored = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return (
            f'<backprop-figure role=group aria-label="{escape(self.title)}">'
            f"{self.head()}<fieldset disabled><div class=bf-views>{self.drawing()}</div>"
            f"<div class=bf-panel>{self.beside()}<div class=bf-sliders>{self.walk()}{rows}"
            f"<button type=button data-do=reset>⟲ Reset</button>{self.words()}</div></div></fieldset>"
            "<p class=bf-spoken aria-live=polite></p>"
            f"<noscript><p>{NO_SCRIPT_LINE}</p></noscript>"
            f"<script type=application/json>{stored}</script></backprop-figure>"
        )

    def head(self):
        """Return the title, as HTML."""
        return f"<div class=bf-head><b>{escape(self.title)}</b></div>"

    def beside(self):
        """Return what stands beside the controls, as HTML."""
        return ""

    def walk(self):
        """Return the buttons of an experiment that has steps, as HTML."""
        return ""

    def lit(self, scope):
        """Return a style for the notebook's drawing: what else the script does there."""
        return ""

    def words(self):
        """Return what came of the settings, and what is drawn, as HTML."""
        return (
            f"<p class=bf-said>{escape(self.sentence())}</p><p class=bf-caption>{self.caption}</p>"
        )

    def description(self):
        """Return what the figure shows and what came of it, in a few words."""
        return f"live figure: {self.title}. {self.sentence()}"

    def still(self):
        """Return the figure as a picture, for where nothing moves: one SVG."""
        return sheet(self.pictures(), self.title)
