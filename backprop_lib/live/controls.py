"""The face of a figure in a running notebook: ipywidgets controls, the same drawing."""

from html import escape
from math import isfinite, log10

import ipywidgets

from backprop_lib.live.numbers import html_symbol, number, parse_number, plain_symbol, shown
from backprop_lib.live.svg import STYLE


class FigureControls:
    """The ipywidgets controls of one figure.

    Attributes
    ----------
    box : ipywidgets.VBox
        What the notebook shows.
    sliders : dict of str to ipywidgets.FloatSlider
        By the name of the leaf.
    fields : dict of str to ipywidgets.Text
        The number beside each slider, to be typed.
    drawing, said, curve : ipywidgets.HTML
        The views; the sentence, and below it what was refused; the curve and the history.
    gradients : list of ipywidgets.HTML
        Beside the open sliders, and beside those that are folded.
    step : int or None
        The place in the walk.
    """

    def __init__(self, figure):
        self.figure, self.step, self.note = figure, None, ""
        self.drawing, self.said, self.curve = (ipywidgets.HTML() for _ in range(3))
        self.sliders = {slider.name: self._slider(slider) for slider in figure.sliders}
        self.fields = {slider.name: self._field(slider) for slider in figure.sliders}
        self.eta = ipywidgets.FloatLogSlider(
            value=figure.learning_rate,
            min=log10(figure.learning_rate) - 2,
            max=log10(figure.learning_rate) + 2,
            step=0.05,
            description="η",
            layout={"width": "240px"},
            style={"description_width": "20px"},
            readout_format=".2g",
        )
        self.example = ipywidgets.Dropdown(options=list(figure.examples), description="Example")
        self.example.observe(lambda change: self.choose(change["new"]), names="value")
        style = ipywidgets.HTML(f"<style>{STYLE}</style>", layout={"display": "none"})
        open_, folded = figure.sliders[: figure.open_sliders], figure.sliders[figure.open_sliders :]
        self.gradients = []
        rows = [self._rows(open_)]
        if folded:
            title = f"{len(folded)} more sliders"
            rows.append(ipywidgets.Accordion([self._rows(folded)], titles=[title]))
        moved = ipywidgets.HBox([self.curve, ipywidgets.VBox(rows)], layout={"flex_flow": "wrap"})
        below = [self._line(self._walk_buttons()), self.said, moved, self._line(self._buttons())]
        self.box = ipywidgets.VBox([style, self.drawing, *below])
        self.listening = True
        self.show()

    def _rows(self, sliders):
        column = ipywidgets.HTML()
        self.gradients.append(column)
        rows = [
            ipywidgets.HBox([self.sliders[s.name], self.fields[s.name]], layout={"height": "32px"})
            for s in sliders
        ]
        return ipywidgets.HBox([ipywidgets.VBox(rows), column])

    def _line(self, widgets):
        return ipywidgets.HBox(widgets, layout={"flex_flow": "wrap"})

    def _walk_buttons(self):
        if not self.figure.can_walk:
            return []
        return [
            self._button("◀ Step", lambda: self.step_by(-1)),
            self._button("Step ▶", lambda: self.step_by(1)),
        ]

    def _buttons(self):
        buttons = [self.example] if self.figure.examples else []
        buttons.append(self._button("Reset", self.reset))
        if self.figure.trainable:
            buttons += [
                self._button("Update ×1", lambda: self.update(1)),
                self._button("×10", lambda: self.update(10)),
                self.eta,
            ]
        if self.figure.has_network:
            self.edges = self._button("Edges: weight", self.switch_edges)
            buttons.append(self.edges)
        return buttons

    def _button(self, label, act):
        button = ipywidgets.Button(description=label, layout={"width": "auto"})
        button.on_click(lambda _: act())
        return button

    def _slider(self, slider):
        widget = ipywidgets.FloatSlider(
            value=slider.thumb,
            min=slider.low,
            max=slider.high,
            step=slider.step,
            description=plain_symbol(self.figure.symbols[slider.name]),
            readout=False,
            layout={"width": "260px"},
            style={"description_width": "50px"},
        )
        widget.observe(lambda change: self.move(slider, change["new"]), names="value")
        return widget

    def _field(self, slider):
        widget = ipywidgets.Text(continuous_update=False, layout={"width": "84px"})
        widget.observe(lambda change: self.typed(slider, change["new"]), names="value")
        return widget

    def move(self, slider, x):
        """Set one leaf and follow: forward, backward, drawing.

        A browser puts the thumb on the grid and reports it. That is no movement: the value, typed
        or reached by gradient descent, may lie between two points of the grid.
        """
        if not self.listening or abs(x - slider.thumb) < 1e-6 * slider.step:
            return
        slider.value.data = x
        self.figure.touched = slider
        self._by_hand()

    def typed(self, slider, text):
        """Set one leaf to a typed number; anything else is refused and said."""
        if not self.listening:
            return
        x, symbol = parse_number(text), plain_symbol(self.figure.symbols[slider.name])
        if x is None:
            self.note = (
                f"“{text}” is not a number such as −0.5, 1/2 or 1e−3: "
                f"{symbol} stays {number(slider.value.data)}."
            )
            self.show()
            return
        slider.value.data = x
        self.figure.touched = slider
        if not slider.low <= x <= slider.high:
            self.note = f"{symbol} = {number(x)} lies outside its slider, which stops at the end."
        self._by_hand()

    def choose(self, label):
        """Set the leaves of an example."""
        if not self.listening:
            return
        for name, x in self.figure.examples[label].items():
            self.figure.recording.by_name[name].data = x
        self._by_hand()

    def reset(self):
        """Put every leaf back to where the figure started."""
        for slider in self.figure.sliders:
            slider.value.data = slider.default
        self.listening = False
        self.eta.value = self.figure.learning_rate
        for label, setting in list(self.figure.examples.items())[:1]:  # the first is the start
            self.example.value = label
            for name, x in setting.items():
                self.figure.recording.by_name[name].data = x
        self.listening = True
        self._by_hand()

    def _by_hand(self):
        """After a movement by hand the walk and the history of updates are over."""
        self.step, self.figure.history = None, []
        self.show()

    def update(self, steps):
        """Take steps of gradient descent on the parameters, up to one that overflows."""
        history = self.figure.history
        if not history:
            history.append(self.figure.recording.loss.data)
        moving = [slider.value for slider in self.figure.sliders if slider.parameter]
        for k in range(steps):
            moved = [value.data - self.eta.value * value.grad for value in moving]
            if not all(isfinite(x) for x in moved):
                self.note = f"Stopped before update {k + 1}: a weight would be too large."
                break
            for value, x in zip(moving, moved, strict=True):
                value.data = x
            self.figure.recording.run()
            history.append(self.figure.recording.loss.data)
        self.step = None
        self.show()

    def switch_edges(self):
        """Let a network's edges show gradients instead of weights, and back."""
        self.figure.by_gradient = not self.figure.by_gradient
        self.edges.description = f"Edges: {'gradient' if self.figure.by_gradient else 'weight'}"
        self.show()

    def step_by(self, direction):
        """Walk one step on or back; past either end the walk is over."""
        start = -1 if direction > 0 else len(self.figure.walk)
        step = (start if self.step is None else self.step) + direction
        self.step = step if 0 <= step < len(self.figure.walk) else None
        self.show()

    def show(self):
        """Recompute, redraw, and bring sliders and fields to the values."""
        figure = self.figure
        figure.recording.run()
        figure.recording.unreached = figure.walk.unreached(self.step)
        self.drawing.value = (
            f'<backprop-figure class="bf-in-notebook {self._scope}">{self._lit()}{figure.head()}'
            f"{figure.drawing()}</backprop-figure>"
        )
        self.said.value = self._sentence()
        self.curve.value = (
            f'<backprop-figure class="bf-part bf-aside">{figure.curves()}{figure.histories()}'
            "</backprop-figure>"
        )
        split = figure.open_sliders
        parts = [figure.sliders[:split], figure.sliders[split:]]
        for column, sliders in zip(self.gradients, parts, strict=False):
            column.value = self._column(sliders)
        self.listening = False
        for slider in figure.sliders:
            self.sliders[slider.name].value = slider.thumb
            self.fields[slider.name].value = number(slider.value.data)
        self.listening = True

    def _sentence(self):
        walk, note = self.figure.walk, escape(self.note)
        self.note = ""
        if self.step is None:
            said = walk.lost_sentence() or walk.backward_sentence(self.figure.touched.name)
        else:
            said = walk.said(self.step)
        wide, narrow = walk.lines()
        return (
            f'<backprop-figure class="bf-part"><p class=bf-sentence style="--wide:{wide};'
            f'--narrow:{narrow}">{said}</p><p class=bf-note>{note}</p></backprop-figure>'
        )

    def _column(self, sliders):
        """Return the gradients beside some sliders, as HTML."""
        figure = self.figure
        loss = html_symbol(figure.symbols[figure.loss_name])
        rows = "".join(
            f"<div>∂{loss}/∂{html_symbol(figure.symbols[slider.name])} = "
            f"<b class='bf-grad'>{shown(figure.recording.read('grad', slider.name)[0])}</b></div>"
            for slider in sliders
        )
        return f"<backprop-figure class='bf-part bf-gradients'>{rows}</backprop-figure>"

    @property
    def _scope(self):
        return f"bf-{id(self)}"

    def _lit(self):
        """Return a style that lights what the walk is at."""
        at = self.figure.recording.number_of
        here = f".{self._scope} [data"
        forward, picked, boxed = False, [self.figure.touched.name], None
        if self.step is not None:
            (boxed, *picked), forward = self.figure.walk.current(self.step)
        colour = "forward" if forward else "backward"
        lit = [f'{here}-pick="{at(name)}"] rect' for name in picked]
        if boxed:
            lit += [f'{here}-box~="{at(boxed)}"] > {shape}' for shape in ("rect", "circle")]
        style = f"{','.join(lit)}{{stroke:var(--{colour});stroke-width:3}}" if lit else ""
        names = [boxed, *picked] if boxed else picked
        cells = ",".join(self._cells([at(name) for name in names], forward))
        return f"<style>{style}{cells}{{stroke:var(--rim,var(--{colour}));stroke-width:5}}</style>"

    def _cells(self, numbers, forward):
        """Return the selectors of the cells and bars that show values, or else gradients.

        A value whose gradient has no place of its own stands for it.
        """
        drawn = ":is(.bf-heat, .bf-bars)"
        for i in numbers:
            value, grad, local = (
                f"[data-value='{i}']",
                f"[data-grad='{i}']",
                f"[data-local$=' {i}']",
            )
            without = f":not(:has({drawn} > {grad}))"
            shown = [("", value)] if forward else [("", grad), ("", local), (without, value)]
            for when, mark in shown:
                yield f".{self._scope}{when} {drawn} > rect:has(+ {mark})"
