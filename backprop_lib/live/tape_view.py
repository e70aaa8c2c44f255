"""The tape: a program's lines are recorded one by one, then derivatives go along it, either way."""

import re
from html import escape
from math import nan

from backprop_lib._validate import instance, sequence
from backprop_lib.formulas import IN_PROGRAM, PYTHON, Formula, written
from backprop_lib.graph import Value
from backprop_lib.live.experiment import Choice, Dial
from backprop_lib.live.explore import slider_range
from backprop_lib.live.figure import Figure
from backprop_lib.live.graph_view import GraphView
from backprop_lib.live.numbers import bracketed, number, plain_symbol, shown, symbol_of
from backprop_lib.live.recording import Recording
from backprop_lib.live.stepped import Stepped

MOST_INPUTS, MOST_LINES = 4, 8
ROOT = "all_outputs"  # what holds several outputs together; it is not shown


class TapeFigure(Stepped):
    """A program whose lines run one by one, and the two modes of differentiating it.

    Forward mode carries one input's tangent along with the values; reverse mode walks the finished
    tape back with the adjoints of one output.

    Parameters
    ----------
    outputs : list of Value
        What the program computes. Every computed value that is to be a line has a name; a named
        leaf is an input.
    title : str, optional
    """

    kind = "tape"
    sliders = ()  # in the boxes nothing can be dragged
    in_symbols = Figure.in_symbols

    def __init__(self, outputs, title="A program on its tape"):
        outputs = sequence(outputs, "TapeFigure: outputs", Value)
        if not outputs or not all(value.operation and value.name for value in outputs):
            raise ValueError(f"TapeFigure: outputs: expected named results, got {outputs}")
        self.title = instance(title, str, "TapeFigure: title")
        self.outputs = [value.name for value in outputs]
        root = sum(outputs[1:], start=outputs[0])
        if len(outputs) > 1:
            root.name = ROOT
        self.recording = Recording(root)
        shown_ = {name: v for name, v in self.recording.by_name.items() if name != ROOT}
        self.symbols = {name: symbol_of(name) for name in shown_}
        self.inputs = sorted(name for name, value in shown_.items() if not value.operation)
        self.lines = [name for name, value in shown_.items() if value.operation]
        self._check()
        self.arrows = sum(len(self.recording.local_derivatives(name)) for name in self.lines)
        self.caption = (
            "Each line leaves its value and its local derivatives on the tape. A sweep multiplies "
            f"once for each arrow of the graph: {self.arrows} times. Forward mode needs a sweep for "
            "each input and can forget every line that it has left; reverse mode needs a sweep for "
            "each output, and the whole tape."
        )
        modes = {f"reverse {name}": self._mode("reverse", name) for name in self.outputs}
        modes |= {f"forward {name}": self._mode("forward", name) for name in self.inputs}
        steps = 2 * len(self.lines) + len(self.inputs)
        leaves = [self.recording.by_name[name] for name in self.inputs]
        super().__init__(
            [
                Dial("step", "step", steps, 0, steps, 1),
                Choice("mode", "Mode", next(iter(modes)), modes),
                *(
                    Dial(v.name, plain_symbol(self.symbols[v.name]), v.data, *slider_range(v.data))
                    for v in leaves
                ),
            ]
        )
        self.settle()

    def _check(self):
        for name in self.inputs:
            if name in ("step", "mode"):
                raise ValueError(f"TapeFigure: expected another name of an input than {name!r}")
        for what, found, most in [
            ("named inputs", self.inputs, MOST_INPUTS),
            ("named lines", self.lines, MOST_LINES),
        ]:
            if not 1 <= len(found) <= most:
                raise ValueError(f"TapeFigure: expected 1 to {most} {what}, got {len(found)}")

    def _mode(self, mode, name):
        return f"{mode} mode, from {self._plain(name)}"

    def _plain(self, name):
        return plain_symbol(self.symbols[name])

    # The steps: the inputs alone, then every line, then in reverse mode all of them back

    @property
    def mode(self):
        """Forward or reverse, and the name of the input or output that it starts from."""
        return self.at["mode"].split(" ")

    def limits(self):
        """Return the last step."""
        back = len(self.back) if self.mode[0] == "reverse" else 0
        return {"step": len(self.lines) + back}

    @property
    def back(self):
        """What gets its adjoint in turn."""
        return [*reversed(self.lines), *reversed(self.inputs)]

    def settle(self):
        """Run the program; what the step has not reached has no number."""
        super().settle()
        by_name = self.recording.by_name
        for name in self.inputs:
            by_name[name].data = float(self.at[name])
        self.recording.run()
        self.slopes = self.tangents() if self.mode[0] == "forward" else self.adjoints()
        self.recording.unreached = self._ahead(), set()
        for name, value in by_name.items():
            value.grad = nan if name in self._later() else self.slopes[value]

    def _ahead(self):
        """Return the lines that have not run."""
        return set(self.lines[self.at["step"] :])

    def _later(self):
        """Return the names whose tangent or adjoint is still to come."""
        if self.mode[0] == "forward":
            return self._ahead()
        return set(self.back[max(self.at["step"] - len(self.lines), 0) :])

    def tangents(self):
        """Return d value / d the mode's input: local derivatives times tangents, line by line."""
        found = {}
        for value in self.recording.values:
            found[value] = sum([local * found[a] for a, local in value.edges], 0.0)
            if value.name == self.mode[1]:
                found[value] = 1.0
        return found

    def adjoints(self):
        """Return d the mode's output / d value: adjoints times local derivatives, backward."""
        found = dict.fromkeys(self.recording.values, 0.0)
        found[self.recording.by_name[self.mode[1]]] = 1.0
        for value in reversed(self.recording.values):
            for a, local in value.edges:
                found[a] += found[value] * local
        return found

    # What the graph's drawing asks for

    def formula(self, name):
        """Return a value's formula with names in braces."""
        return self.recording.formula(name)

    def local(self, name, source):
        """Return a local derivative's formula with names in braces."""
        return self.recording.formula(name, source)

    # What is said

    def line(self, name):
        """Return a line of the program."""
        (result, *inner), sources = self.recording.inner[name]
        symbol = {value: Formula(value.name) for value in sources}
        for value in [*reversed(inner), result]:
            symbol[value] = value.data
            if value.operation:
                inputs = [symbol[a] for a in value.inputs]
                symbol[value] = IN_PROGRAM[value.operation](*inputs)[0]
        return f"{name} = {written(symbol[result], PYTHON)}"

    def sentence(self):
        """Say what the step does, in numbers."""
        values = self.recording.values

        def read(match):
            plain, kind, i, k = match.groups()
            if kind == "l":
                x = self.recording.local_derivatives(values[int(i)].name)[values[int(k)].name]
            else:
                x = values[int(i)].data if kind == "v" else self.slopes[values[int(i)]]
            return (number if plain else bracketed)(x)

        return re.sub(r"\{(=?)(\w)(\d+),?(\d*)\}", read, self.said(*self.mode)[self.at["step"]])

    def said(self, mode, start):
        """Return what is said at each step of a mode.

        ``{v3}`` stands for the third value, ``{s3}`` for its tangent or adjoint, ``{l3,1}`` for
        its derivative by the first one, each in brackets if it is below 0, or not: ``{=v3}``.
        """
        at, lines = self.recording.number_of, []
        for k, name in enumerate(self.lines, 1):
            said = f"Line {k} of {len(self.lines)}: {self._plain(name)} = {{=v{at(name)}}}."
            if mode == "forward":
                sources = self.recording.local_derivatives(name)
                terms = [f"{{l{at(name)},{at(a)}}} × {{s{at(a)}}}" for a in sources]
                said += f" {self._derived(name, start, name, terms)}: local derivative × tangent."
            lines.append(said)
        first = "The inputs stand on the tape; no line has run."
        if mode == "forward":
            first += f" The seed is 1 at {self._plain(start)}, 0 at every other input."
            return [first, *lines]
        return [first, *lines, *(self._back_to(name, start) for name in self.back)]

    def _derived(self, above, below, of, terms):
        derivative = f"∂{self._plain(above)}/∂{self._plain(below)}"
        return f"{derivative} = {' + '.join(terms) or '0'} = {{=s{self.recording.number_of(of)}}}"

    def _back_to(self, name, start):
        at, users = self.recording.number_of, self.recording.consumers(name)
        if name == start:
            symbol = self._plain(name)
            return f"∂{symbol}/∂{symbol} = 1: the seed, where the way back starts."
        terms = [f"{{s{at(user)}}} × {{l{at(user)},{at(name)}}}" for user in users if user != ROOT]
        return f"{self._derived(start, name, name, terms)}: adjoint × local derivative."

    # What is shown

    def drawing(self):
        """Return the graph, as HTML."""
        self.settle()
        return GraphView([*self.inputs, *self.lines]).html(self)

    def pictures(self):
        """Return the graph for a still picture."""
        self.settle()
        return GraphView([*self.inputs, *self.lines]).pictures(self)

    def heading(self, mode, start):
        """Return what stands above the tangents or adjoints of a mode."""
        start = self._plain(start)
        return f"adjoint ∂{start}/∂" if mode == "reverse" else f"tangent ∂/∂{start}"

    def beside(self):
        """Return the program with its tape, and what the modes cost, as HTML."""
        now, ahead, read = self._now(), self._ahead(), self.recording.read
        rows = []
        for name in [*self.inputs, *self.lines]:
            kind = "bf-now" if name == now else "bf-later" if name in ahead else ""
            (value, value_mark), (slope, slope_mark) = read("value", name), read("grad", name)
            text = f"{name}: input" if name in self.inputs else self.line(name)
            rows.append(
                f'<tr class="{kind}" data-row={self.recording.number_of(name)}>'
                f"<th scope=row>{escape(text)}<td {value_mark}>{shown(value)}"
                f"<td {slope_mark}>{shown(slope)}"
            )
        return (
            "<div class=bf-sum><table class=bf-counts><thead><tr><th scope=col>program"
            f"<th scope=col>value<th scope=col data-heading>{self.heading(*self.mode)}<tbody class=bf-program>"
            f"{''.join(rows)}</table>{self._costs()}</div>"
        )

    def _costs(self):
        counts = {"forward": (len(self.inputs), "input"), "reverse": (len(self.outputs), "output")}
        rows = "".join(
            f"<tr><th scope=row>{mode}<td>{n}, one for each {of}<td>{n} × {self.arrows} = "
            f"{n * self.arrows}"
            for mode, (n, of) in counts.items()
        )
        return (
            "<table class=bf-counts><thead><tr><th scope=col>mode<th scope=col>sweeps"
            f"<th scope=col>products</thead><tbody>{rows}</table>"
        )

    def _now(self):
        """Return the name that the step is at; none before the first line."""
        step = self.at["step"]
        return [*self.lines, *self.back][step - 1] if step else None

    def lit(self, scope):
        """Return the style that lights a box, and hides what the graph has not grown yet."""
        number_of, here = self.recording.number_of, f".{scope} "
        ahead, later = self._ahead(), self._later()
        hidden = [f"[data-box='{number_of(name)}']" for name in ahead]
        hidden += [f"text:has([data-local^='{number_of(name)} '])" for name in ahead]
        ways = [f"[data-way$=' {number_of(name)}']" for name in ahead]
        ways += [f".bf-back[data-way^='{number_of(name)} ']" for name in later]
        ways += [".bf-back"] * (self.mode[0] == "forward")
        hidden += [f"{way}{tip}" for way in ways for tip in ("", " + .bf-tip")]
        style = ",".join(here + each for each in hidden) + "{visibility:hidden}" if hidden else ""
        if now := self._now():
            colour = "backward" if self.at["step"] > len(self.lines) else "forward"
            box = f"{here}[data-box='{number_of(now)}'] > rect"
            style += f"{box}{{fill:var(--tint);stroke:var(--{colour});stroke-width:3}}"
        return f"<style>{style}</style>"

    def data(self):
        """Return what the script computes from: the graph, its names, the order of the steps."""
        number_of, modes = self.recording.number_of, self.settings["mode"].options
        return {
            "nodes": self.recording.as_json(),
            "symbols": {number_of(name): symbol for name, symbol in self.symbols.items()},
            "index": {name: number_of(name) for name in self.symbols},
            "lines": [number_of(name) for name in self.lines],
            "back": [number_of(name) for name in self.back],
            "headings": {mode: self.heading(*mode.split(" ")) for mode in modes},
            "said": {mode: self.said(*mode.split(" ")) for mode in modes},
        }
