"""A live figure: one object with two faces.

In a page it is a drawing with sliders and the recorded graph as JSON, which ``figure.js`` sets
moving. In a running notebook it is the same drawing with ipywidgets sliders, recomputed here.
"""

import json
import re
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from math import log10

import ipywidgets

from backprop_lib._validate import real_number
from backprop_lib.graph import Value
from backprop_lib.live.numbers import (
    bracketed,
    html_symbol,
    number,
    plain_symbol,
    svg_symbol,
)
from backprop_lib.live.recording import Recording
from backprop_lib.live.views import CurveView, NetworkView

STYLE = (files("backprop_lib") / "live" / "figure.css").read_text(encoding="utf-8")


@dataclass
class Slider:
    """A control for one leaf of the graph.

    Parameters
    ----------
    value : Value
        A named leaf.
    low, high, step : float
        The range and the grid of the slider.
    group : str, optional
        A heading under which sliders are gathered.
    parameter : bool, optional
        Whether gradient descent updates it; inputs and targets are not parameters.
    """

    value: Value
    low: float
    high: float
    step: float = 0.05
    group: str = ""
    parameter: bool = True

    def __post_init__(self):
        self.low, self.high = (
            real_number(self.low, "Slider: low"),
            real_number(self.high, "Slider: high"),
        )
        self.step = real_number(self.step, "Slider: step")
        if self.value.operation is not None or not self.value.name:
            raise ValueError(f"Slider: expected a named leaf of the graph, got {self.value!r}")
        if not self.low <= self.value.data <= self.high:
            raise ValueError(
                f"Slider: {self.name} = {self.value.data} is outside {self.low} to {self.high}"
            )
        self.default = self.value.data

    @property
    def name(self):
        """The leaf's name."""
        return self.value.name


class Figure:
    """A recorded scalar graph with views and sliders.

    Parameters
    ----------
    loss : Value
        The result of the graph. Every value that a view shows has a name.
    title : str
        What the figure shows, in a few words.
    symbols : dict of str to str
        How each name is written: ``"beta0": "β_0"``, ``"a12": "a^1_2"``.
    sliders : list of Slider
        The first one is the one whose curve is drawn at the start.
    views : list of views
        Drawn in this order; curves stand beside the sliders.
    formulas : dict of str to str, optional
        For a computed value, its formula in names: ``"{beta0} + {omega0}·{x}"``.
    locals : dict of (str, str) to str, optional
        For (result, input), the local derivative's formula in names: ``"cos {f0}"``.
    learning_rate : float, optional
        Where the slider for η starts; it reaches a hundred times lower and higher.
    """

    def __init__(
        self,
        loss,
        *,
        title,
        symbols,
        sliders,
        views,
        formulas=None,
        locals=None,
        learning_rate=0.01,
    ):
        self.recording = Recording(loss)
        self.loss_name = loss.name
        self.title, self.symbols, self.sliders, self.views = title, symbols, sliders, views
        self.formulas, self.locals = formulas or {}, locals or {}
        self.learning_rate = learning_rate
        self.touched = sliders[0]
        missing = sorted(self.recording.by_name.keys() - symbols.keys())
        if missing:
            raise ValueError(f"Figure: expected a symbol for every name, none for {missing}")
        self._controls = None

    @property
    def trainable(self):
        """Whether gradient descent has anything to update."""
        return any(slider.parameter for slider in self.sliders)

    # What the views ask for

    def pair(self, name, source):
        """Return the two positions that stand for d name / d source."""
        return f"{self.recording.number_of(name)} {self.recording.number_of(source)}"

    def formula_svg(self, name):
        """Return a value's formula in symbols, for a drawing."""
        return self._filled(self.formulas.get(name, ""), svg_symbol)

    def local_svg(self, name, source):
        """Return a local derivative's formula in symbols, for a drawing."""
        return self._filled(self.locals.get((name, source), ""), svg_symbol)

    def _filled(self, template, write):
        return re.sub(r"\{(\w+)\}", lambda match: write(self.symbols[match[1]]), escape(template))

    # The sentence under the figure

    def sentence(self):
        """Say how the touched slider's gradient comes about, with the numbers."""
        name, values = self.touched.name, self.recording.by_name
        words, numbers = [], []
        for consumer in values:
            slope = self.recording.local_derivatives(consumer).get(name)
            if slope is not None:
                upstream = bracketed(values[consumer].grad)
                words.append(
                    f"{self._slope_symbol(consumer)} × {self._local_symbol(consumer, name)}"
                )
                numbers.append(f"{upstream} × {self._local_number(consumer, name, slope)}")
        return (
            f'{self._slope_symbol(name)} = {" + ".join(words)} = <b class="bf-grad">'
            f"{' + '.join(numbers)} = {number(values[name].grad)}</b>"
        )

    def _slope_symbol(self, name):
        loss = html_symbol(self.symbols[self.loss_name])
        return f"∂{loss}/∂{html_symbol(self.symbols[name])}"

    def _local_symbol(self, name, source):
        formula = self.locals.get((name, source))
        if formula:
            a_sum = re.match(r"[^(]* [+−] ", formula)
            return self._filled(f"({formula})" if a_sum else formula, html_symbol)
        return f"∂{html_symbol(self.symbols[name])}/∂{html_symbol(self.symbols[source])}"

    def _local_number(self, name, source, slope):
        template = self.locals.get((name, source), "")
        if not template or re.fullmatch(r"\{\w+\}|\d+", template):
            return bracketed(slope)
        values = self.recording.by_name
        plugged = re.sub(r"\{(\w+)\}", lambda m: bracketed(values[m[1]].data), template)
        return f"({plugged} = {number(slope)})"

    # The face in a page

    def html(self):
        """Return the figure for a page: drawing, sliders, recorded graph."""
        return (
            f'<backprop-figure role="group" aria-label="{escape(self.title)}">'
            f"<style>{STYLE}</style>"
            f"{self._views()}"
            f'<div class="bf-panel"><div class="bf-sliders">{self._slider_rows()}</div>'
            f"{self._curves()}</div>"
            f'<div class="bf-controls">{self._buttons()}</div>'
            f'<p class="bf-sentence" aria-live="polite">{self.sentence()}</p>'
            f"{self._table()}"
            f'<script type="application/json">{self._json()}</script>'
            "</backprop-figure>"
        )

    def _views(self):
        drawings = "".join(
            view.html(self) for view in self.views if not isinstance(view, CurveView)
        )
        return (
            f'<div class="bf-head"><b>{escape(self.title)}</b><span><span class="bf-value">value, '
            f'forward →</span> <span class="bf-grad">← gradient, backward</span></span></div>'
            f'<div class="bf-views">{drawings}</div>'
        )

    def _curves(self):
        return "".join(view.html(self) for view in self.views if isinstance(view, CurveView))

    def _slider_rows(self):
        loss = html_symbol(self.symbols[self.loss_name])
        rows, group = [], None
        for slider in self.sliders:
            if slider.group != group:
                group = slider.group
                rows.append(
                    f'<div class="bf-row bf-row-head"><span>{escape(group)}</span><span></span>'
                    f"<span>value</span><span>∂{loss}/∂</span></div>"
                )
            i = self.recording.number_of(slider.name)
            symbol = html_symbol(self.symbols[slider.name])
            spoken = escape(f"{plain_symbol(self.symbols[slider.name])}, {slider.group}")
            rows.append(
                f'<label class="bf-row"><span class="bf-name">{symbol}</span>'
                f'<input type="range" disabled data-leaf="{i}" aria-label="{spoken}" min="{slider.low:g}" '
                f'max="{slider.high:g}" step="{slider.step:g}" value="{slider.value.data:.12g}">'
                f'<output class="bf-value" data-value="{i}">{number(slider.value.data)}</output>'
                f'<output class="bf-grad" data-grad="{i}">{number(slider.value.grad)}</output>'
                "</label>"
            )
        return "".join(rows)

    def _buttons(self):
        names = [
            ("reset", "⟲ Reset"),
            ("back", "◀ Step"),
            ("step", "Step ▶"),
        ]
        if self.trainable:
            names += [("update", "Update ×1"), ("update10", "×10")]
        if any(isinstance(view, NetworkView) for view in self.views):
            names.append(("edges", "Edges: weight"))
        buttons = "".join(
            f'<button type="button" disabled data-do="{do}">{label}</button>' for do, label in names
        )
        return buttons + (self._eta() if self.trainable else "")

    def _eta(self):
        start = log10(self.learning_rate)
        return (
            f'<label class="bf-eta">η <input type="range" disabled data-eta '
            f'min="{start - 2:.4g}" max="{start + 2:.4g}" step="0.05" value="{start:.4g}" '
            f'aria-label="learning rate eta"><output>{self.learning_rate:g}</output></label>'
        )

    def _table(self):
        rows = "".join(
            f"<tr><th scope='row'>{html_symbol(self.symbols[name])}</th>"
            f"<td data-value='{self.recording.number_of(name)}'>{number(value.data)}</td>"
            f"<td data-grad='{self.recording.number_of(name)}'>{number(value.grad)}</td></tr>"
            for name, value in self.recording.by_name.items()
        )
        loss = html_symbol(self.symbols[self.loss_name])
        return (
            "<details class='bf-table'><summary>All values as a table</summary><table><thead><tr>"
            f"<th scope='col'>symbol</th><th scope='col'>value</th><th scope='col'>∂{loss}/∂</th>"
            f"</tr></thead><tbody>{rows}</tbody></table></details>"
        )

    def _json(self):
        at = self.recording.number_of
        data = {
            "nodes": self.recording.as_json(),
            "symbols": {
                at(name): html_symbol(self.symbols[name]) for name in self.recording.by_name
            },
            "formulas": {at(name): self._numbered(f) for name, f in self.formulas.items()},
            "locals": {self.pair(*names): self._numbered(f) for names, f in self.locals.items()},
            "parameters": [at(slider.name) for slider in self.sliders if slider.parameter],
            "touched": at(self.touched.name),
        }
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")

    def _numbered(self, template):
        return re.sub(r"\{(\w+)\}", lambda m: f"{{{self.recording.number_of(m[1])}}}", template)

    # The face in a running notebook

    @property
    def controls(self):
        """The ipywidgets sliders and buttons, made when first asked for."""
        if self._controls is None:
            self._controls = FigureControls(self)
        return self._controls

    def _repr_mimebundle_(self, include=None, exclude=None):
        loss = self.recording.loss
        bundle = {
            "text/plain": f"<live figure: {self.title}; {loss.name} = {number(loss.data)}>",
            "text/html": self.html(),
        }
        return self.controls.box._repr_mimebundle_() | bundle


class FigureControls:
    """The ipywidgets controls of one figure.

    Attributes
    ----------
    box : ipywidgets.VBox
        What the notebook shows.
    sliders : dict of str to ipywidgets.FloatSlider
        By the name of the leaf.
    drawing, gradients : ipywidgets.HTML
        Rewritten at every movement.
    """

    def __init__(self, figure):
        self.figure = figure
        self.drawing, self.gradients = ipywidgets.HTML(), ipywidgets.HTML()
        self.sliders = {slider.name: self._slider(slider) for slider in figure.sliders}
        self.eta = ipywidgets.FloatLogSlider(
            value=figure.learning_rate,
            min=log10(figure.learning_rate) - 2,
            max=log10(figure.learning_rate) + 2,
            step=0.05,
            description="η",
            layout={"width": "240px"},
            readout_format=".2g",
        )
        buttons = [self._button("Reset", self.reset)]
        if figure.trainable:
            buttons += [
                self._button("Update ×1", lambda: self.update(1)),
                self._button("×10", lambda: self.update(10)),
                self.eta,
            ]
        rows = ipywidgets.HBox([ipywidgets.VBox(list(self.sliders.values())), self.gradients])
        self.box = ipywidgets.VBox([self.drawing, rows, ipywidgets.HBox(buttons)])
        self.listening = True
        self.show()

    def _button(self, label, act):
        button = ipywidgets.Button(description=label, layout={"width": "auto"})
        button.on_click(lambda _: act())
        return button

    def _slider(self, slider):
        widget = ipywidgets.FloatSlider(
            value=slider.value.data,
            min=slider.low,
            max=slider.high,
            step=slider.step,
            description=plain_symbol(self.figure.symbols[slider.name]),
            readout_format=".3f",
            layout={"width": "340px"},
        )
        widget.observe(lambda change: self.move(slider, change["new"]), names="value")
        return widget

    def move(self, slider, x):
        """Set one leaf and follow: forward, backward, drawing."""
        if not self.listening or abs(x - slider.value.data) < 1e-6 * slider.step:
            return  # the widget's own rounding is no movement
        slider.value.data = x
        self.figure.touched = slider
        self.show()

    def reset(self):
        """Put every leaf back to where the figure started."""
        for slider in self.figure.sliders:
            slider.value.data = slider.default
        self.show()

    def update(self, steps):
        """Take steps of gradient descent on the parameters, up to one that overflows."""
        for _ in range(steps):
            for slider in self.figure.sliders:
                if slider.parameter:
                    slider.value.data -= self.eta.value * slider.value.grad
            try:
                self.figure.recording.run()
            except (ArithmeticError, ValueError):
                break  # show says what happened
        self.show()

    def show(self):
        """Recompute, redraw, and bring the sliders to the values."""
        figure = self.figure
        try:
            figure.recording.run()
        except (ArithmeticError, ValueError) as error:
            self._write(
                f"<p>No value here: {escape(str(error))}. Move a slider back, or reset.</p>"
            )
            return
        self._write(
            f"{figure._views()}{figure._curves()}<p class='bf-sentence'>{figure.sentence()}</p>"
        )
        loss = html_symbol(figure.symbols[figure.loss_name])
        rows = "".join(
            f"<div>∂{loss}/∂{html_symbol(figure.symbols[slider.name])} = "
            f"<b class='bf-grad'>{number(slider.value.grad)}</b></div>"
            for slider in figure.sliders
        )
        self.gradients.value = f"<backprop-figure class='bf-gradients'>{rows}</backprop-figure>"
        self.listening = False
        for slider in figure.sliders:
            self.sliders[slider.name].value = slider.value.data
        self.listening = True

    def _write(self, html):
        self.drawing.value = f"<backprop-figure class='bf-in-notebook'><style>{STYLE}</style>{html}</backprop-figure>"
