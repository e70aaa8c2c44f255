"""The face of a figure in a running notebook: ipywidgets controls, the same drawing."""

from html import escape
from math import ceil, isfinite, log10

import ipywidgets

from backprop_lib.live.answers import Answers
from backprop_lib.live.numbers import (
    html_symbol,
    number,
    parse_number,
    plain_symbol,
    short,
    shown,
    spoken_symbol,
    written,
)
from backprop_lib.live.svg import STYLE, style

SPEEDS = {"1×": 1200, "2×": 600, "½×": 2400}  # milliseconds a step

# The handles and fields of ipywidgets have no name for a screen reader, and no option gives them
# one. Their tooltip is that name: a style that has been loaded hands it on.
NAME_CONTROLS = """
const box = this.closest('.bf-notebook');
const name = () => box.querySelectorAll('.noUi-handle, .widget-text input').forEach((control) => {
  const label = control.closest('.widget-hslider')?.querySelector('label');
  control.ariaLabel = (label ?? control).title;
});
new MutationObserver(name).observe(box, { childList: true, subtree: true });
name();
"""


class FigureControls(Answers):
    """The ipywidgets controls of one figure.

    Attributes
    ----------
    box : ipywidgets.Box
        What the notebook shows.
    sliders : dict of str to ipywidgets.FloatSlider
        By the name of the leaf.
    fields : dict of str to ipywidgets.Text
        The number beside each slider, to be typed.
    drawing, said, curve, past, refused : ipywidgets.HTML
        The views; the sentence; the curve; the losses of the updates; what was refused.
    gradients : list of ipywidgets.HTML
        Beside the open sliders, and beside those that are folded.
    eta, eta_field : ipywidgets.FloatLogSlider, ipywidgets.Text
        For the learning rate.
    beat : ipywidgets.Play
        The clock of the walk by itself. It stands in the browser, so no kernel has to wait.
    step : int or None
        The place in the walk.
    rate : float
        The learning rate.
    """

    def __init__(self, figure):
        self.figure, self.step, self.note, self.rate = figure, None, "", figure.learning_rate
        self.listening = True
        self.drawing, self.said, self.curve, self.past, self.refused = (
            ipywidgets.HTML() for _ in range(5)
        )
        self.sliders = {slider.name: self._slider(slider) for slider in figure.sliders}
        self.fields = {slider.name: self._field(slider) for slider in figure.sliders}
        self.eta = self._eta()
        self.eta_field = self._text(self.type_rate, "learning rate eta, as a number")
        self.example = ipywidgets.Dropdown(options=list(figure.examples), description="Example")
        self.example.observe(lambda change: self.choose(change["new"]), names="value")
        self.beat = ipywidgets.Play(max=len(figure.walk) + 1, interval=SPEEDS["1×"])
        self.beat.layout.display = "none"
        self.beat.observe(lambda _: self.on_beat(), names="value")
        self.gradients = []
        self._start_answering()
        self.box = ipywidgets.Box([_with("bf-layout", ipywidgets.VBox(self._parts()))])
        self.box.add_class("bf-notebook")
        self.show()

    def _parts(self):
        """Return the parts in the order of a page, and what is not seen."""
        figure = self.figure
        sheet = f"{STYLE}{style('notebook.css')}.{figure.face}{{display:none}}"
        styled = f'<style onload="{escape(NAME_CONTROLS)}">{sheet}</style>'
        hidden = ipywidgets.HTML(styled, layout={"display": "none"})
        open_, folded = figure.sliders[: figure.open_sliders], figure.sliders[figure.open_sliders :]
        rows = [self._rows(open_)]
        if folded:
            accordion = ipywidgets.Accordion([self._rows(folded)])
            accordion.titles = [f"{len(folded)} more sliders"]
            rows.append(_with("bf-folded", accordion))
        if figure.trainable:
            rows += [
                self.past,
                self._line([_with("bf-wind", self.wind), self._button("Keep", self.keep)]),
            ]
        sliders = _with("bf-sliders", ipywidgets.VBox(rows))
        return [
            *self._task_parts(),
            self.drawing,
            _with("bf-said", ipywidgets.VBox([self._line(self._walk_buttons()), self.said])),
            _with("bf-panel", ipywidgets.HBox([self.curve, sliders])),
            _with("bf-wide-line", self._line(self._buttons())),
            _with("bf-wide-line", self._line([self.h, self.checked])),
            _with("bf-wide-line", self.refused),
            _with("bf-wide-line", self.help),
            self.beat,
            hidden,
        ]

    def _task_parts(self):
        if not self.figure.tasks:
            return []
        buttons = [("Hint", self.hint), ("Show me", self.solve), ("Next task", self.next_task)]
        buttons = [self._button(*pair) for pair in buttons]
        return [_with("bf-wide-line", self._line([self.task_line, *buttons]))]

    def _rows(self, sliders):
        """Return sliders with their fields, headed by their group, and their gradients."""
        column, rows, group = ipywidgets.HTML(), [], None
        self.gradients.append(column)
        for slider in sliders:
            if slider.group != group:
                group = slider.group
                named = f"<span>{escape(group)}</span><span>value</span>"
                rows.append(ipywidgets.HTML(f"<div class=bf-group>{named}</div>"))
            pair = [self.sliders[slider.name], self.fields[slider.name]]
            rows.append(_with("bf-leaf", ipywidgets.HBox(pair)))
        return _with("bf-rows", ipywidgets.HBox([ipywidgets.VBox(rows), column]))

    def _line(self, widgets):
        return _with("bf-line", ipywidgets.HBox(widgets))

    def _walk_buttons(self):
        if not self.figure.can_walk:
            return []
        self.play_button = self._button("▶▶ Play", self.play)
        self.speed_button = ipywidgets.Button(description="1×", tooltip="speed of Play")
        self.speed_button.on_click(lambda _: self.switch_speed())
        return [
            self._button("◀ Step", lambda: self.step_by(-1)),
            self._button("Step ▶", lambda: self.step_by(1)),
            _with("bf-play", self.play_button),
            _with("bf-speed", self.speed_button),
        ]

    def _buttons(self):
        buttons = [self.example] if self.figure.examples else []
        self.undo_button = self._button("↶", self.undo)
        self.redo_button = self._button("↷", self.redo)
        self.undo_button.tooltip, self.redo_button.tooltip = "undo", "redo"
        buttons += [self.undo_button, self.redo_button, self._button("⟲ Reset", self.reset)]
        if self.figure.trainable:
            buttons += [
                self._button("Update ×1", lambda: self.update(1)),
                self._button("×10", lambda: self.update(10)),
            ]
        if self.figure.has_network:
            self.edges = _with("bf-edges", self._button("Edges: weight", self.switch_edges))
            buttons.append(self.edges)
        self.slopes = self._button("Hide slopes", self.switch_slopes)
        buttons += [self._button("✓ Check", self.switch_check), self.slopes]
        buttons.append(self._button("?", self.switch_help))
        if self.figure.trainable:
            buttons.append(_with("bf-eta", ipywidgets.HBox([self.eta, self.eta_field])))
        return buttons

    def _button(self, label, act):
        """Return a button; whatever is done stops the walk by itself."""

        def clicked(_):
            playing = self.beat.playing
            self.pause()
            if act != self.play or not playing:
                act()

        button = ipywidgets.Button(description=label)
        button.on_click(clicked)
        return button

    def _slider(self, slider):
        widget = ipywidgets.FloatSlider(
            value=slider.thumb,
            min=slider.low,
            max=slider.high,
            step=slider.step,
            description=plain_symbol(self.figure.symbols[slider.name]),
            tooltip=self._spoken(slider),
            readout=False,
        )
        widget.observe(lambda change: self.move(slider, change["new"]), names="value")
        return widget

    def _spoken(self, slider):
        return f"{spoken_symbol(self.figure.symbols[slider.name])}, {slider.group}"

    def _field(self, slider):
        spoken = f"{self._spoken(slider)}, as a number"
        return self._text(lambda text: self.typed(slider, text), spoken)

    def _text(self, act, spoken):
        widget = ipywidgets.Text(continuous_update=False, tooltip=spoken)
        widget.observe(lambda change: self.listening and act(change["new"]), names="value")
        return widget

    def _eta(self):
        widget = ipywidgets.FloatLogSlider(
            value=self.rate,
            min=log10(self.rate) - 2,
            max=log10(self.rate) + 2,
            step=0.05,
            description="η",
            tooltip="learning rate eta",
            readout=False,
        )
        widget.observe(lambda change: self.slide_rate(change["new"]), names="value")
        return widget

    def move(self, slider, x):
        """Set one leaf and follow: forward, backward, drawing.

        A browser puts the thumb on the grid and reports it. That is no movement: the value, typed
        or reached by gradient descent, may lie between two points of the grid.
        """
        if not self.listening or abs(x - slider.thumb) < 1e-6 * slider.step:
            return
        self.remember(slider)
        slider.value.data = x
        self.figure.touched = slider
        self._by_hand()

    def typed(self, slider, text):
        """Set one leaf to a typed number; anything else is refused and said."""
        x, symbol = parse_number(text), plain_symbol(self.figure.symbols[slider.name])
        if x is None:
            self._refuse(text, "number such as −0.5", symbol, number(slider.value.data))
            return
        self.remember(slider)
        slider.value.data = x
        self.figure.touched = slider
        if not slider.low <= x <= slider.high:
            end = written(slider.low if x < slider.low else slider.high)
            self.note = f"{symbol} = {number(x)} lies outside its slider, which ends at {end}."
        self._by_hand()

    def _refuse(self, text, wanted, symbol, kept):
        self.pause()
        self.note = f"“{text}” is not a {wanted}, 1/2 or 1e−3: {symbol} stays {kept}."
        self.show()

    def type_rate(self, text):
        """Set the learning rate to a typed number; anything not positive is refused and said."""
        x = parse_number(text)
        if x is None or x <= 0:
            self._refuse(text, "positive number such as 0.01", "η", short(self.rate))
        else:
            self._set_rate(x)

    def slide_rate(self, x):
        """Set the learning rate, unless a browser reports where it put the thumb."""
        if self.listening and abs(log10(x) - log10(self._thumb_of_rate())) > 1e-6 * self.eta.step:
            self._set_rate(x)

    def _set_rate(self, x):
        self.pause()
        self.remember("η")
        self.rate = x
        self.show()

    def _thumb_of_rate(self):
        """The point of the slider's grid nearest to the learning rate."""
        low, high, step = self.eta.min, self.eta.max, self.eta.step
        inside = min(max(log10(self.rate), low), high)
        return 10 ** min(low + step * round((inside - low) / step), high)

    def choose(self, label):
        """Set the leaves of an example."""
        if not self.listening:
            return
        self.remember(None)
        self._set_example(label)
        self._by_hand()

    def _set_example(self, label):
        self.listening = False
        self.example.value = label
        self.listening = True
        for name, x in self.figure.examples[label].items():
            self.figure.recording.by_name[name].data = x

    def reset(self):
        """Put every leaf back to where the figure started."""
        self.remember(None)
        self._begin()
        self._by_hand()

    def _begin(self):
        """Put everything to the start; nothing is computed yet."""
        for slider in self.figure.sliders:
            slider.value.data = slider.default
        self.rate = self.figure.learning_rate
        for label in list(self.figure.examples)[:1]:  # the first is the start
            self._set_example(label)

    def _by_hand(self):
        """After a movement by hand the walk and the history of updates are over."""
        self.pause()
        self.step, self.figure.history, self.figure.at, self.parameters = None, [], 0, []
        self.show()

    def update(self, steps):
        """Take steps of gradient descent on the parameters, up to one that overflows."""
        self.remember(None)
        self._descend(steps)

    def _descend(self, steps):
        figure = self.figure
        if not figure.history:
            self._note()
        del figure.history[figure.at + 1 :], self.parameters[figure.at + 1 :]  # if wound back
        for k in range(steps):
            moved = [value.data - self.rate * value.grad for value in self._moving()]
            if not all(isfinite(x) for x in moved):
                self.note = (
                    f"Stopped before update {k + 1}: a weight would be too large for any number "
                    "here. Try a smaller η."
                )
                break
            self._set_parameters(moved)
            self._note()
        figure.at, self.step = len(figure.history) - 1, None
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

    def play(self):
        """Walk on by itself, until the end or until anything else is done."""
        with self.beat.hold_sync():  # a browser hears both at once, and beats for the first time
            self.beat.value, self.beat.playing = 0, True
        self.play_button.description = "❚❚ Pause"

    def pause(self):
        """Stop walking by itself."""
        if self.beat.playing:
            self.beat.playing = False
            self.play_button.description = "▶▶ Play"

    def on_beat(self):
        """Take the step of one beat; one that was under way when it was stopped is none."""
        if self.beat.playing and self.beat.value:
            self.step_by(1)
            if self.step is None:
                self.pause()

    def switch_speed(self):
        """Change how fast the walk goes by itself, in turn."""
        labels = list(SPEEDS)
        label = labels[(labels.index(self.speed_button.description) + 1) % len(labels)]
        self.speed_button.description, self.beat.interval = label, SPEEDS[label]

    def show(self):
        """Recompute, redraw, and bring sliders and fields to the values."""
        figure = self.figure
        figure.recording.run()
        self._check_tasks()
        hidden = zip(figure.walk.unreached(self.step), figure.walk.lost(), strict=True)
        figure.recording.unreached = tuple(ahead | lost for ahead, lost in hidden)
        lit = f"{self._lit()}{figure.head()}{figure.drawing()}"
        self.drawing.value = (
            f'<backprop-figure class="bf-in-notebook{" bf-hiding" * self.hiding} {self._scope}">'
            f"{lit}</backprop-figure>"
        )
        self.said.value = self._sentence()
        self.curve.value = _part(figure.curves())
        self.past.value = _part(figure.histories())
        self.refused.value = _part(f"<p class=bf-note role=status>{escape(self.note)}</p>")
        self.note = ""
        split = figure.open_sliders
        parts = [figure.sliders[:split], figure.sliders[split:]]
        for column, sliders in zip(self.gradients, parts, strict=False):
            column.value = self._column(sliders)
        self.listening = False
        self._show_answers()
        for slider in figure.sliders:
            self.sliders[slider.name].value = slider.thumb
            self.fields[slider.name].value = number(slider.value.data)
        self.eta.value, self.eta_field.value = self._thumb_of_rate(), short(self.rate)
        self.listening = True

    def _sentence(self):
        walk = self.figure.walk
        if self.step is None:
            said = walk.lost_sentence() or walk.backward_sentence(self.figure.touched.name)
        else:
            said = walk.said(self.step)
        wide, narrow = walk.lines()
        full = 3 + ceil((wide - 4) / 1.5)  # where a line has room for two gradients
        lines = f"--full:{full};--wide:{wide};--narrow:{narrow}"
        return _part(f'<p class=bf-sentence style="{lines}">{said}</p>')

    def _column(self, sliders):
        """Return the gradients beside some sliders, as HTML."""
        figure, rows, group = self.figure, [], None
        loss = html_symbol(figure.symbols[figure.loss_name])
        for slider in sliders:
            if slider.group != group:
                group = slider.group
                rows.append(f"<span>∂{loss}/∂</span>")
            gradient = shown(figure.recording.read("grad", slider.name)[0])
            rows.append(f"<b class=bf-grad>{gradient}</b>")
        return _part(f"<div class=bf-gradients>{''.join(rows)}</div>")

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


def _with(name, widget):
    """Return a widget with a class for the style."""
    widget.add_class(name)
    return widget


def _part(content):
    return f"<backprop-figure>{content}</backprop-figure>"
