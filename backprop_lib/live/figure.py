"""A live figure: one object with two faces.

In a page it is a drawing with sliders and the recorded graph as JSON, which ``figure.js`` sets
moving. In a running notebook it is the same drawing with ipywidgets sliders, recomputed here.
"""

import json
import re
from dataclasses import dataclass
from html import escape
from math import log10

from backprop_lib._validate import instance, number_range, positive_number, real_number, sequence
from backprop_lib.graph import Value
from backprop_lib.live.check import FIRST_STEP, STEPS, Checked
from backprop_lib.live.controls import FigureControls
from backprop_lib.live.faces import TwoFaced
from backprop_lib.live.numbers import (
    MINUS,
    exact,
    html_symbol,
    number,
    plain_symbol,
    short,
    shown,
    spoken_symbol,
    svg_symbol,
    symbol_of,
)
from backprop_lib.live.recording import Recording, check_kind
from backprop_lib.live.sheet import sheet
from backprop_lib.live.svg import SYMBOL, View, fitted, width_of
from backprop_lib.live.task import OF_THE_CONTROLS, Task
from backprop_lib.live.walk import Walk

NO_SCRIPT_LINE = "Without JavaScript the figure stands still, at the values it starts from."
ADDRESS = ("at", "eta", "example", "step")  # what else than leaves an address can set
HEAD = [("link", "Link"), ("help", "?", "what is what in this figure")]
CONTROLS = [
    "<b>Step</b> computes one value at a time, forward, then one gradient at a time, back; "
    "<b>Play</b> does it by itself.",
    "<b>A slider or its field</b> sets a number.",
    "<b>✓ Check</b> computes the central difference beside every gradient, with two more forward "
    "passes.",
]
UPDATES = [
    "<b>Update</b> subtracts η times its gradient from every weight; the small curve keeps the "
    "losses, its slider winds back, <b>Keep</b> leaves this run's curve to compare with.",
]
NAME_ROOM = 60  # pixels of the widest column of names; longer ones have smaller letters
DRAGGING = [
    "<b>In the drawing</b> a number with a slider, its plate or its <u>dotted</u> name can be "
    "dragged sideways; a plate that is pressed shows its curve.",
]
LONGEST_WALK = 110  # named values; more cannot be followed one by one


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
        if not isinstance(self.value, Value):
            raise TypeError(f"Slider: value: expected a Value, got {type(self.value).__name__}")
        if self.value.operation is not None or not self.value.name:
            raise ValueError(f"Slider: expected a named leaf of the graph, got {self.value!r}")
        if self.name in ADDRESS:
            raise ValueError(
                f"Slider: expected a name that no address of a figure uses, got {self.name!r}"
            )
        instance(self.group, str, "Slider: group")
        instance(self.parameter, bool, "Slider: parameter")
        self.low, self.high = number_range(self.low, self.high, "Slider")
        self.step = positive_number(self.step, "Slider: step")
        if self.step < 1e-100:
            raise ValueError(f"Slider: step: expected a number from 1e-100 up, got {self.step}")
        if not self.low <= self.value.data <= self.high:
            raise ValueError(
                f"Slider: {self.name} = {self.value.data} is outside {self.low} to {self.high}"
            )
        self.default = self.value.data

    @property
    def name(self):
        """The leaf's name."""
        return self.value.name

    @property
    def thumb(self):
        """The point of the grid nearest to the value, where the slider's thumb stands."""
        inside = min(max(self.value.data, self.low), self.high)
        nearest = self.low + self.step * round((inside - self.low) / self.step)
        return min(max(nearest, self.low), self.high)


class Figure(TwoFaced):
    """A recorded scalar graph with views and sliders.

    Parameters
    ----------
    loss : Value
        The result of the graph. Every value that a view shows has a name.
    title : str
        What the figure shows, in a few words.
    sliders : list of Slider
        The first one is the one whose curve is drawn at the start.
    views : list of views
        Drawn in this order; curves stand beside the sliders.
    formulas : dict of str to str, optional
        The formulas in names, ``"{beta0} + {omega0}·{x}"``, of values for which the one that is
        written from the graph would be less clear.
    learning_rate : float, optional
        Where the slider for η starts; it reaches a hundred times lower and higher.
    examples : dict of str to dict of str to float, optional
        Settings to choose from by label: numbers for leaves. The first one is the figure's start.
    legend : sequence of str, optional
        What is blue, what is orange, and more to be said.
    tasks : sequence of Task, optional
        What to bring about, one after the other.
    terms : dict of str to (str, list), optional
        What the page's formulas call several numbers: ``{"δ^L": ("grad", ["z2_1", "z2_2"])}``;
        "value", "grad" or "local", then names or pairs (result, input). One number's own symbol,
        and ∂loss/∂symbol, need no entry.
    apart : bool, optional
        Whether the other sections of its page use its letters for other numbers: there the
        formulas speak of it by its terms alone.
    """

    _Controls = FigureControls
    open_sliders = 3  # the others are folded

    def __init__(
        self,
        loss,
        *,
        title,
        sliders,
        views,
        formulas=None,
        learning_rate=0.01,
        examples=None,
        legend=("value, forward →", "← gradient, backward"),
        tasks=(),
        terms=None,
        apart=False,
    ):
        self.recording = Recording(loss)
        self.loss_name = loss.name
        self.symbols = {name: symbol_of(name) for name in self.recording.by_name}
        self.title = title
        self.sliders = sequence(sliders, "Figure: sliders")
        self.views = sequence(views, "Figure: views")
        self.typed = instance(formulas or {}, dict, "Figure: formulas")
        self.learning_rate = positive_number(learning_rate, "Figure: learning_rate")
        self.examples = instance(examples or {}, dict, "Figure: examples")
        self.legend = sequence(legend, "Figure: legend", str)
        self.tasks = sequence(tasks, "Figure: tasks", Task)
        self.terms = instance(terms or {}, dict, "Figure: terms")
        self.apart = instance(apart, bool, "Figure: apart")
        self._check()
        self.touched = self.sliders[0]
        self.history = []  # the losses of the updates since the last movement by hand
        self.at = 0  # the place in this history
        self.kept = []  # the losses of a run to compare with
        self.by_gradient = False  # whether a network's edges show gradients, not weights
        self.walk = Walk(self)

    def _check(self):
        """Refuse what would show nothing, or fail only when it is drawn or moved."""
        by_name = self.recording.by_name
        if not self.recording.loss.operation:
            raise ValueError(f"Figure: loss: expected a computed value, got {self.loss_name}")
        if not 1e-300 <= self.learning_rate <= 1e300:  # the slider for η reaches beyond it
            raise ValueError(
                f"Figure: learning_rate: expected 1e-300 to 1e300, got {self.learning_rate}"
            )
        if not isinstance(self.title, str) or not self.title:
            raise ValueError(f"Figure: title: expected a few words, got {self.title!r}")
        if not self.sliders:
            raise ValueError("Figure: sliders: expected at least one, got none")
        for slider in self.sliders:
            if not isinstance(slider, Slider):
                raise TypeError(f"Figure: sliders: expected Sliders, got {type(slider).__name__}")
            if by_name.get(slider.name) is not slider.value:
                raise ValueError(f"Figure: sliders: {slider.name} is no leaf of this graph")
        if len({slider.name for slider in self.sliders}) < len(self.sliders):
            raise ValueError("Figure: sliders: expected one for each leaf, got two for the same")
        for view in self.views:
            if not isinstance(view, View):
                raise TypeError(f"Figure: views: expected views, got {type(view).__name__}")
            owner = f"Figure: {type(view).__name__}"
            for name in view.needs:
                self._check_name(name, owner)
            for k, name in enumerate(view.boxes):
                for user in set(self.recording.consumers(name)).intersection(view.boxes[:k]):
                    raise ValueError(f"{owner}: expected {name} before {user}, its result")
        for name, template in self.typed.items():
            owner = "Figure: formulas"
            self._check_name(instance(name, str, owner), owner)
            for used in re.findall(r"\{(\w*)\}", instance(template, str, f"{owner}: {name}")):
                self._check_name((used,), f"{owner}: {name}")
            if re.search(r"[{}]", re.sub(r"\{\w+\}", "", template)):
                raise ValueError(f"{owner}: {name}: expected names in braces, got {template!r}")
        for label, setting in self.examples.items():
            owner = f"Figure: examples: {instance(label, str, 'Figure: examples')}"
            for name, x in instance(setting, dict, owner).items():
                self._check_name(instance(name, str, owner), owner)
                if by_name[name].operation:
                    raise ValueError(f"Figure: examples: {label}: {name} is computed, no leaf")
                setting[name] = real_number(x, f"Figure: examples: {label}: {name}")
        first = next(iter(self.examples.values()), {})
        start = {name: by_name[name].data for name in first}
        if first != start:
            raise ValueError(f"Figure: examples: expected {start} first, the start, got {first}")
        if any(setting.keys() != first.keys() for setting in self.examples.values()):
            raise ValueError("Figure: examples: expected numbers for the same leaves in each")
        self._check_tasks()
        self._check_terms()

    def _check_tasks(self):
        for task in self.tasks:
            for name in task.names():
                self._check_name(name, f"Figure: task {task.id}: goal")
            for name in task.solution.keys() - set(OF_THE_CONTROLS):
                if name not in {slider.name for slider in self.sliders}:
                    raise ValueError(f"Figure: task {task.id}: solution: {name} has no slider")

    def _check_terms(self):
        for term, meant in self.terms.items():
            owner = f"Figure: terms: {instance(term, str, 'Figure: terms')}"
            of, places = sequence(meant, f"{owner}: (kind, names)", count=2)
            check_kind(of, sequence(places, f"{owner}: names"), owner)
            if not places:
                raise ValueError(f"{owner}: expected at least one name, got none")
            for at in places:
                self._check_name(at, owner)

    def _check_name(self, at, owner):
        """Refuse a name, or a pair (result, source), that the graph does not have."""
        names = (at,) if isinstance(at, str) else at
        for name in names:
            if name not in self.recording.by_name:
                known = ", ".join(self.recording.by_name)
                raise ValueError(f"{owner}: expected a name of the graph ({known}), got {name!r}")
        if len(names) == 2 and names[0] not in self.recording.consumers(names[1]):
            raise ValueError(f"{owner}: {names[0]} is not computed from {names[1]} directly")

    @property
    def can_walk(self):
        """Whether the values are few enough to be walked through one by one."""
        return len(self.recording.by_name) <= LONGEST_WALK

    @property
    def has_network(self):
        """Whether a view has edges that show weights or gradients."""
        return any(view.has_edges for view in self.views)

    @property
    def trainable(self):
        """Whether gradient descent has anything to update."""
        return any(slider.parameter for slider in self.sliders)

    # What the views and the walk ask for

    def formula(self, name):
        """Return a value's formula with names in braces; empty where there is none to show."""
        return self.typed.get(name) or self.recording.formula(name)

    def local(self, name, source):
        """Return a local derivative's formula with names in braces, or nothing."""
        return self.recording.formula(name, source)

    def in_symbols(self, template, write=None):
        """Return a formula with the names as the book writes them, or as ``write`` does."""
        write = write or (lambda name: html_symbol(self.symbols[name]))
        return re.sub(r"\{(\w+)\}", lambda m: write(m[1]), escape(template))

    # The face in a page

    def html(self):
        """Return the figure for a page: drawing, walk, curve and sliders, recorded graph."""
        wide, narrow = self.walk.lines()
        said = self.walk.backward_sentence(self.touched.name)
        return (
            f'<backprop-figure role=group aria-label="{escape(self.title)}">'
            f"<fieldset disabled>{self.head(_buttons(*HEAD))}{self._task_line()}"
            f"<div class=bf-main>{self.drawing()}<div class=bf-walk>"
            f"<div class=bf-buttons>{self._walk_buttons()}</div>"
            f'<p class=bf-sentence style="--wide:{wide};--narrow:{narrow}">{said}</p></div>'
            f"<div class=bf-panel>{self.curves()}<div class=bf-sliders{self._name_room()}>{self._slider_rows()}"
            f"{self.histories()}{self._winding()}</div></div></div>"
            f"<div class=bf-controls>{self._buttons()}</div>{self._check_line()}{self._help()}"
            "</fieldset>"
            '<p class=bf-note role=status></p><p class="bf-spoken" aria-live=polite></p>'
            f"<noscript><p>{NO_SCRIPT_LINE}</p></noscript>"
            f"{self._table()}<script type=application/json>{self._json()}</script>"
            "</backprop-figure>"
        )

    def head(self, buttons=""):
        """Return the title and what is drawn in which colour, as HTML."""
        blue, orange, *more = (*self.legend, *(view.legend for view in self.views if view.legend))
        more = "".join(f" <span>{escape(text)}</span>" for text in more)
        return (
            f"<div class=bf-head><b>{escape(self.title)}</b><span><span class=bf-value>"
            f"{escape(blue)}</span> <span class=bf-grad>{escape(orange)}</span>{more}</span>{buttons}</div>"
        )

    def drawing(self):
        """Return the views that do not stand beside the sliders, as HTML."""
        drawings = "".join(view.html(self) for view in self.views if not view.beside)
        return f"<div class=bf-views>{drawings}</div>"

    def curves(self):
        """Return the views that stand beside the sliders, as HTML."""
        return "".join(view.html(self) for view in self.views if view.beside)

    def histories(self):
        """Return the losses of the updates so far, as HTML."""
        return "".join(view.history(self) for view in self.views if self.trainable and view.beside)

    def _task_line(self):
        """Return the line with the first task, of which the script shows the one to be done."""
        if not self.tasks:
            return ""
        buttons = _buttons(("hint", "Hint"), ("solve", "Show me"), ("task", "Next task"))
        return (
            f"<div class=bf-task><p><b data-task>Task 1 of {len(self.tasks)}</b> "
            f"<span data-task-text>{escape(self.tasks[0].text)}</span></p>"
            f"<div class=bf-buttons>{buttons}</div></div>"
        )

    def _winding(self):
        """Return what winds the updates back, and keeps their losses to be compared."""
        if not self.trainable:
            return ""
        return (
            "<div class=bf-winding><label>update <input type=range data-wind min=0 max=0 value=0 "
            f"autocomplete=off disabled></label>{_buttons(('keep', 'Keep'))}</div>"
        )

    def _name_width(self, slider):
        return width_of(svg_symbol(self.symbols[slider.name]), SYMBOL)

    def _name_room(self):
        """Return the style that gives names longer than a letter with indices a wider column."""
        widest = min(max(map(self._name_width, self.sliders)), NAME_ROOM)
        return f' style="--name:{widest:.0f}px"' if widest > 34 else ""

    def _slider_rows(self):
        """Return the first sliders, and the others folded."""
        first, others = self.sliders[: self.open_sliders], self.sliders[self.open_sliders :]
        rows = self._rows(first)
        if others:
            rows += (
                f"<details class=bf-more><summary>{len(others)} more sliders</summary>"
                f"{self._rows(others)}</details>"
            )
        return rows

    def _rows(self, sliders):
        loss = html_symbol(self.symbols[self.loss_name])
        rows, group = [], None
        for slider in sliders:
            if slider.group != group:
                group = slider.group
                rows.append(
                    f'<div class="bf-row bf-row-head"><span>{escape(group)}</span><span></span>'
                    f"<span>value</span><span>∂{loss}/∂</span></div>"
                )
            i = self.recording.number_of(slider.name)
            symbol = self.symbols[slider.name]
            small = fitted(svg_symbol(symbol), SYMBOL, NAME_ROOM)
            small = f" {small}" if small else ""
            spoken = escape(f"{spoken_symbol(symbol)}, {slider.group}")
            rows.append(
                f"<div class=bf-row><span class=bf-name{small}>{html_symbol(symbol)}</span>"
                f'<input type=range data-leaf={i} aria-label="{spoken}" min={exact(slider.low)} '
                f"max={exact(slider.high)} step={exact(slider.step)} "
                f"value={exact(slider.value.data)}>"
                f"<b data-value={i}>{shown(slider.value.data)}</b>"
                f"<b data-grad={i}>{shown(slider.value.grad)}</b></div>"
                f"<small class=bf-checks data-check={i}></small>"
            )
        return "".join(rows)

    def _walk_buttons(self):
        if not self.can_walk:
            return ""
        return _buttons(
            ("back", "◀ Step"),
            ("step", "Step ▶"),
            ("play", "▶▶ Play"),
            ("speed", "1×", "speed of Play"),
        )

    def _buttons(self):
        names = [("undo", "↶", "undo"), ("redo", "↷", "redo"), ("reset", "⟲ Reset")]
        if self.trainable:
            names += [("update", "Update ×1"), ("update10", "×10")]
        if self.has_network:
            names.append(("edges", "Edges: weight"))
        names.append(("check", "✓ Check"))
        if any(view.beside for view in self.views):
            names.append(("hide", "Hide slopes"))
        return self._choice() + _buttons(*names) + (self._eta() if self.trainable else "")

    def _choice(self):
        if not self.examples:
            return ""
        options = "".join(
            f"<option value={k}>{escape(label)}</option>" for k, label in enumerate(self.examples)
        )
        return f"<label>Example <select autocomplete=off>{options}</select></label>"

    def _eta(self):
        start = log10(self.learning_rate)
        return (
            f"<span class=bf-eta>η <input type=range data-eta "
            f"min={start - 2:.4g} max={start + 2:.4g} step=0.05 value={start:.4g} "
            'autocomplete=off aria-label="learning rate eta"><input class="bf-typed bf-value" data-eta-field '
            f'aria-label="learning rate eta, as a number" value={short(self.learning_rate)}></span>'
        )

    def help(self, in_page=False):
        """Return what is what in this figure, as HTML; in a page more can be done."""
        parts = [text for view in self.views for text in view.explains]
        parts += CONTROLS if self.can_walk else CONTROLS[1:]
        parts += UPDATES if self.trainable else []
        parts += DRAGGING if in_page else []
        return f"<ul>{''.join(f'<li>{part}' for part in parts)}</ul>"

    def _help(self):
        forget = _buttons(("forget", "Forget which tasks are solved")) if self.tasks else ""
        return (
            f'<dialog class=bf-help aria-label="What is what"><b>What is what</b>{self.help(in_page=True)}'
            f"<form method=dialog class=bf-buttons><button>Close</button>{forget}</form></dialog>"
        )

    def _check_line(self):
        """Return what the check says of all gradients, and the choice of h."""
        options = "".join(
            f"<option{' selected' * (step == FIRST_STEP)} value={h:g}>{step}</option>"
            for step, h in STEPS.items()
        )
        return (
            f"<div class=bf-check hidden><label>h <select data-h autocomplete=off>{options}</select>"
            "</label><p class=bf-checked role=status></p></div>"
        )

    def checked(self, h):
        """Return every slider's gradient beside its central difference."""
        return [
            Checked(
                self.walk.slope_symbol(slider.name),
                slider.value.grad,
                *self.recording.difference(slider.name, h),
            )
            for slider in self.sliders
        ]

    def _table(self):
        rows = "".join(
            f"<tr><th scope=row>{escape(plain_symbol(self.symbols[name]))}"
            f"<td data-value={self.recording.number_of(name)}>{shown(value.data)}"
            f"<td data-grad={self.recording.number_of(name)}>{shown(value.grad)}"
            for name, value in self.recording.by_name.items()
        )
        loss = html_symbol(self.symbols[self.loss_name])
        return (
            "<details class=bf-table><summary>All values as a table</summary><table><thead><tr>"
            f"<th scope=col>symbol<th scope=col>value<th scope=col>∂{loss}/∂<tbody>{rows}"
            "</table></details>"
        )

    def _json(self):
        at, walk = self.recording.number_of, self.walk
        data = {
            "nodes": self.recording.as_json(),
            "symbols": {at(name): self.symbols[name] for name in self.recording.by_name},
            "names": {at(slider.name): slider.name for slider in self.sliders},
            "formulas": self._formulas(),
            "locals": self._locals(),
            "walk": {
                "ahead": [at(name) for name in walk.ahead] if self.can_walk else [],
                "back": [[at(name) for name in step] for step in walk.back if self.can_walk],
            },
            "parameters": [at(slider.name) for slider in self.sliders if slider.parameter],
            "examples": [
                {at(name): x for name, x in setting.items()} for setting in self.examples.values()
            ],
            "tasks": [self._task_json(task) for task in self.tasks],
            "touched": at(self.touched.name),
            "eta": self.learning_rate,
            "terms": {self._term(term): self._meant(*of) for term, of in self.terms.items()},
            "apart": self.apart,
        }
        return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")

    def _task_json(self, task):
        def numbered(tree):
            if not isinstance(tree, list) or tree[0] not in ("value", "grad"):
                return [numbered(part) for part in tree] if isinstance(tree, list) else tree
            return [tree[0], self.recording.number_of(tree[1])]

        said = {name: getattr(task, name) for name in ("id", "text", "why", "hint", "solution")}
        return said | {"goal": numbered(task.tree)}

    @staticmethod
    def _term(term):
        """Return a term as a formula is read: without spaces, with a true minus."""
        return term.replace(" ", "").replace("-", MINUS)

    def _meant(self, of, places):
        at = self.recording.number_of
        pairs = [(place,) if isinstance(place, str) else place for place in places]
        return [" ".join([of, *(str(at(name)) for name in names)]) for names in pairs]

    def _formulas(self):
        """Return the formulas that the walk says, by number and in numbers."""
        names = self.walk.ahead if self.can_walk else []
        found = {self.recording.number_of(name): self.formula(name) for name in names}
        return {i: self._numbered(formula) for i, formula in found.items() if formula}

    def _locals(self):
        """Return the local derivatives that the sentences say: of sliders only, without a walk."""
        recording, by_hand = self.recording, {slider.name for slider in self.sliders}
        found = {
            (name, source): self.local(name, source)
            for source in recording.by_name
            for name in recording.consumers(source)
            if self.can_walk or source in by_hand
        }
        return {
            " ".join(str(recording.number_of(name)) for name in pair): self._numbered(formula)
            for pair, formula in found.items()
            if formula
        }

    def _numbered(self, template):
        number = self.recording.number_of
        return re.sub(r"\{(\w+)\}", lambda m: f"{{{number(m[1])}}}", escape(template))

    # The face in a running notebook

    def description(self):
        """Return what the figure shows, in a few words."""
        loss = self.recording.loss
        return f"live figure: {self.title}; {loss.name} = {number(loss.data)}"

    def still(self):
        """Return the figure as a picture, for where nothing moves: one SVG."""
        return sheet([row for view in self.views for row in view.pictures(self)], self.title)


def _buttons(*names):
    """Return buttons: what each does, its label, and what a screen reader says where that differs."""
    return "".join(
        f"<button type=button data-do={do}"
        + "".join(f' aria-label="{said}" title="{said}"' for said in spoken)
        + f">{label}</button>"
        for do, label, *spoken in names
    )
