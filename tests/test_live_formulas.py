"""Every formula that a figure displays is evaluated, and so is every local derivative."""

import html
import json
import math
import random
import re

import pytest

from backprop_lib import formulas, graph, live
from backprop_lib.live.recording import Recording

# The book's notation, step by step, in Python's
IN_PYTHON = [
    ("log₁₀", "log10"),
    ("10⁻¹⁷", "1e-17"),
    ("½(", "0.5*("),
    ("½", "0.5"),
    ("−", "-"),
    ("·", "*"),
    ("^", "**"),
    ("²", "**2"),
    ("³", "**3"),
    ("σ(", "sigmoid("),
    (r"re:\|([^|]*)\|", r"abs(\1)"),
    (r"re:(?<!\w)(\d+)\(", r"\1*("),
    (r"re:\b(sin|cos|exp|log|tanh) (\{\w+\})", r"\1(\2)"),
    (r"re:\[([^\]]*) > 0\]", r"float((\1) > 0)"),
    (r"re:\[([^\]]*) ≥ ([^\]]*)\]", r"float((\1) >= (\2))"),
]
FUNCTIONS = {name: getattr(math, name) for name in "sin cos exp log log10 tanh".split()}
FUNCTIONS |= {"ReLU": lambda z: max(z, 0.0), "sigmoid": lambda z: 1 / (1 + math.exp(-z))}
FUNCTIONS |= {"sign": lambda z: math.copysign(z != 0, z)}


def evaluate(formula, values):
    """Return the number that a displayed formula stands for; names are in braces."""
    for book, python in IN_PYTHON:
        if book.startswith("re:"):
            formula = re.sub(book[3:], python, formula)
        else:
            formula = formula.replace(book, python)
    numbers = {f"v{name}": x for name, x in values.items()}
    return eval(re.sub(r"\{(\w+)\}", r"v\1", formula), FUNCTIONS | numbers)


def every_operation():
    a, b, c = (graph.Value(x, name) for x, name in [(0.7, "a"), (1.3, "b"), (-0.4, "c")])
    step = {"r": a * b, "s": graph.sin(c) / b, "e": graph.exp(-a), "g": graph.log(b)}
    step["p"] = a**b - 2**c
    step["q"] = graph.square(c) * b**3 + a**2
    step["h"] = graph.tanh(a) + graph.sigmoid(c) + graph.cos(b)
    step["m"] = graph.maximum(a, c) - abs(c) * graph.relu(a) + 1.5
    step["k"] = graph.sigmoid(a)
    step["l"] = graph.tanh(b)
    total = sum(step.values(), graph.Value(0.0))
    for name, value in [*step.items(), ("out", total)]:
        value.named(name)
    return live.Figure(
        total,
        title="every operation",
        sliders=[live.Slider(a, 0.1, 2), live.Slider(b, 0.5, 2), live.Slider(c, -2, 2)],
        views=[live.GraphView([*step, "out"])],
    )


FIGURES = live.FIGURES | {
    "explored": lambda: live.explore(lambda x, y: graph.sin(x) * y + x**2, x=1.0, y=2.0),
    "every operation": every_operation,
}


def displayed(figure):
    """Return the formulas of the figure's drawings and of the page's sentences."""
    recording = figure.recording
    data = json.loads(re.search(r"<script type=application/json>(.*)</script>", figure.html())[1])
    values = {name: figure.formula(name) for name in recording.by_name}
    locals_ = {
        (name, source): figure.local(name, source)
        for name in recording.by_name
        for source in recording.local_derivatives(name)
    }
    number = {str(recording.number_of(name)): name for name in recording.by_name}
    in_page = {number[i]: f for i, f in data["formulas"].items()}
    in_page |= {tuple(number[i] for i in k.split()): f for k, f in data["locals"].items()}
    everything = values | locals_
    for key, formula in in_page.items():
        named = re.sub(r"\{(\d+)\}", lambda m: f"{{{number[m[1]]}}}", formula)
        assert html.unescape(named) == everything[key]
    return {key: formula for key, formula in everything.items() if formula}


def check(figure, rng, times=10):
    """Evaluate every displayed formula at random settings; return how many there are."""
    found, recording = displayed(figure), figure.recording
    for _ in range(times):
        for slider in figure.sliders:
            slider.value.data = slider.low + rng.random() * (slider.high - slider.low)
        recording.run()
        values = {name: value.data for name, value in recording.by_name.items()}
        for key, formula in found.items():
            right = values.get(key) if isinstance(key, str) else None
            if right is None:
                right = recording.local_derivatives(key[0])[key[1]]
            # the same operations in another order, on numbers up to some thousands
            assert evaluate(formula, values) == pytest.approx(right, rel=1e-9, abs=1e-9), key
    return len(found)


@pytest.mark.parametrize("name", FIGURES)
def test_every_displayed_formula_is_what_the_figure_computes(name):
    figure = FIGURES[name]()
    count = check(figure, random.Random(name))
    computed = [n for n, value in figure.recording.by_name.items() if value.operation]
    assert count >= (len(computed) if figure.can_walk else 9)


EXCHANGED = {"sin": "cos", "cos": "sin", "square": "abs", "mul": "add", "sub": "add", "exp": "log"}


@pytest.mark.parametrize("wrong", EXCHANGED)
def test_a_wrong_notation_is_noticed(wrong, monkeypatch):
    notation = formulas.BOOK.get(EXCHANGED[wrong], EXCHANGED[wrong] + "({})")
    monkeypatch.setitem(formulas.BOOK, wrong, notation)
    with pytest.raises((AssertionError, ValueError)):
        check(every_operation(), random.Random(0))


@pytest.mark.parametrize(
    "f, formula, slopes",
    [
        (lambda a, b: a + 2 * b, "{a} + 2·{b}", ["1", "2"]),
        (lambda a, b: a - (b - a), "{a} − ({b} − {a})", ["2", "−1"]),
        (lambda a, b: -(a * b) + 1, "−{a}·{b} + 1", ["−{b}", "−{a}"]),
        (lambda a, b: 0.5 * graph.square(a - b), "½({a} − {b})²", ["{a} − {b}", "{b} − {a}"]),
        (lambda a, b: graph.sin(a) * b, "sin({a})·{b}", ["{b}·cos({a})", "sin {a}"]),
        (lambda a, b: a / b, "{a} / {b}", ["1 / {b}", "−{out} / {b}"]),
        (lambda a, b: a / (a * b), "{a} / ({a}·{b})", None),
        (lambda a, b: a / (b / a), "{a} / ({b} / {a})", None),
        (lambda a, b: a**3 + b, "{a}³ + {b}", ["3·{a}²", "1"]),
        (lambda a, b: 2 ** -(a * b), "2^(−{a}·{b})", None),
        (lambda a, b: graph.exp(a + 0 * b), "exp {a}", None),
        (lambda a, b: 0.123456 * a * b, "", None),  # not exact in four digits
        (lambda a, b: sum([a * b] * 6, a), "", None),  # too long
    ],
)
def test_what_is_written(f, formula, slopes):
    a, b = graph.Value(1.5, "a"), graph.Value(0.5, "b")
    recording = Recording(f(a, b).named("out"))
    assert recording.formula("out") == formula
    if slopes:
        assert [recording.formula("out", name) for name in "ab"] == slopes
    assert recording.formula("a") == ""


def test_a_formula_of_nine_names_is_written_and_a_longer_one_is_not():
    for count in (9, 10):
        leaves = [graph.Value(1.0, f"a{k}") for k in range(count)]
        recording = Recording(sum(leaves[1:], start=leaves[0]).named("out"))
        assert bool(recording.formula("out")) == (count == 9)


def test_a_sigmoid_of_a_number_is_written():
    a = graph.Value(1.5, "a")
    out = (a * graph.sigmoid(1.0)).named("out")
    assert Recording(out).formula("out") == "{a}·σ(1)"
    one = graph.Value(1.0, "one")
    assert Recording(graph.sigmoid(-one).named("out")).formula("out") == "1 − σ({one})"
    assert Recording((a * graph.sigmoid(-1.0)).named("out")).formula("out") == "{a}·σ(−1)"


def test_a_value_s_own_name_stands_in_its_derivative():
    a = graph.Value(1.5, "a")
    recording = Recording((a * a + a).named("out"))
    assert recording.formula("out", "a") == "1 + {a} + {a}"
    out = graph.sigmoid(a).named("out")
    assert Recording(out).formula("out", "a") == "{out}·(1 − {out})"
