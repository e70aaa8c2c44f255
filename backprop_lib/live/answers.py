"""What a figure answers in a running notebook: check, tasks, undo, updates wound back."""

from html import escape
from time import monotonic

import ipywidgets

from backprop_lib.live import check
from backprop_lib.live.numbers import plain_symbol

ONE_CHANGE = 0.8  # seconds within which a slider that goes on moving is one change to undo


class Answers:
    """The part of ``FigureControls`` that answers; it calls ``show`` after each change.

    Attributes
    ----------
    tasks_done : set of str
        The ids of the tasks done in this kernel, shared by all figures.
    """

    tasks_done = set()

    def _start_answering(self):
        self.past_states, self.future, self.changed = [], [], (None, 0.0)
        self.parameters = []  # of every update in the figure's history
        self.checking, self.hiding, self.helping = False, False, False
        self.task = next(
            (k for k, t in enumerate(self.figure.tasks) if t.id not in self.tasks_done), 0
        )
        self.task_line, self.checked, self.help = (ipywidgets.HTML() for _ in range(3))
        self.h = ipywidgets.Dropdown(
            options=[*check.STEPS], value=check.FIRST_STEP, description="h"
        )
        self.h.observe(lambda _: self.show(), names="value")
        self.wind = ipywidgets.IntSlider(max=0, description="update", readout=False, disabled=True)
        self.wind.observe(lambda change: self.listening and self.wind_to(change["new"]), "value")

    # Undo and redo

    def remember(self, what):
        """Keep the state before a change; what goes on moving is one change."""
        last, when = self.changed
        if what is None or what is not last or monotonic() > when + ONE_CHANGE:
            self.past_states.append(self._snapshot())
            self.future.clear()
        self.changed = what, monotonic()

    def _snapshot(self):
        figure = self.figure
        leaves = {value: value.data for value in figure.recording.values if not value.operation}
        history = list(figure.history), figure.at, list(self.parameters)
        return leaves, self.rate, self.example.value, figure.touched, history

    def undo(self):
        """Go back to before the last change."""
        self._travel(self.past_states, self.future)

    def redo(self):
        """Take back an undo."""
        self._travel(self.future, self.past_states)

    def _travel(self, here, there):
        if not here:
            return
        there.append(self._snapshot())
        leaves, self.rate, example, self.figure.touched, history = here.pop()
        for value, x in leaves.items():
            value.data = x
        self.figure.history, self.figure.at, self.parameters = history
        self.listening = False
        self.example.value = example
        self.listening = True
        self.changed, self.step = (None, 0.0), None
        self.show()

    # Updates: noted, wound back, kept

    def _note(self):
        self.figure.history.append(self.figure.recording.loss.data)
        self.parameters.append([value.data for value in self._moving()])

    def _moving(self):
        return [slider.value for slider in self.figure.sliders if slider.parameter]

    def _set_parameters(self, numbers):
        for value, x in zip(self._moving(), numbers, strict=True):
            value.data = x
        self.figure.recording.run()

    def wind_to(self, at):
        """Show the figure as it was after so many updates; the next one goes on from there."""
        self.remember("wind")
        self._set_parameters(self.parameters[at])
        self.figure.at, self.step = at, None
        self.show()

    def keep(self):
        """Leave this run's losses, dashed, to be compared with another's."""
        self.figure.kept = list(self.figure.history)
        many = len(self.figure.kept) > 1
        kept = "Kept, dashed: reset, change η or the start, and update again."
        self.note = kept if many else "No run is kept now."
        self.show()

    # Tasks

    def holds(self, task):
        """Whether a task's goal is reached now."""
        figure = self.figure

        def read(kind, name=None):
            if kind in ("value", "grad"):
                value = figure.recording.by_name[name]
                return value.data if kind == "value" else value.grad
            if kind == "updates":
                return figure.at
            if kind == "before":
                return figure.history[figure.at - 1] if figure.at else float("nan")
            return max(abs(slider.value.grad) for slider in figure.sliders)

        return task.done(read)

    def _check_tasks(self):
        for k, task in enumerate(self.figure.tasks):
            if task.id not in self.tasks_done and self.holds(task):
                self.tasks_done.add(task.id)
                self.task, self.note = k, f"✓ Solved. {task.why}"

    def hint(self):
        """Say the task's hint."""
        self.note = self.figure.tasks[self.task].hint
        self.show()

    def solve(self, task=None):
        """Set the figure as a task's solution says, by default the task's that is shown."""
        task = task or self.figure.tasks[self.task]
        leaves, figure = dict(task.solution), self.figure
        self.remember(None)  # all of it is one change
        self._begin()
        self.rate = leaves.pop("eta", figure.learning_rate)
        updates = int(leaves.pop("updates", 0))
        if "example" in leaves:
            self._set_example(list(figure.examples)[int(leaves.pop("example"))])
        for name, x in leaves.items():
            figure.recording.by_name[name].data = x
        self._by_hand()
        if updates:
            self._descend(updates)

    def next_task(self):
        """Show the next task."""
        self.task = (self.task + 1) % len(self.figure.tasks)
        self.show()

    # Switches

    def switch_check(self):
        """Show central differences beside the gradients, or no longer."""
        self.checking = not self.checking
        self.show()

    def switch_slopes(self):
        """Hide slopes and curve while the loss is lowered by hand, or reveal them."""
        self.hiding = not self.hiding
        self.slopes.description = "Reveal slopes" if self.hiding else "Hide slopes"
        if self.hiding:
            loss = plain_symbol(self.figure.symbols[self.figure.loss_name])
            self.note = f"Now lower {loss} by hand, as far as you can; then reveal the slopes."
        self.show()

    def switch_help(self):
        """Say what is what in this figure, or no longer."""
        self.helping = not self.helping
        self.show()

    def _show_answers(self):
        figure = self.figure
        self.undo_button.disabled, self.redo_button.disabled = not self.past_states, not self.future
        self.wind.disabled = len(figure.history) < 2
        with self.wind.hold_sync():  # a browser that heard of one alone would put the thumb back
            self.wind.max, self.wind.value = max(len(figure.history) - 1, 0), figure.at
        if figure.tasks:
            task = figure.tasks[self.task]
            done = "✓ " * (task.id in self.tasks_done)
            place = f"{done}Task {self.task + 1} of {len(figure.tasks)}"
            self.task_line.value = f"<p class=bf-task-line><b>{place}</b> {escape(task.text)}</p>"
        self.help.value = f"<div class=bf-help>{figure.help()}</div>" if self.helping else ""
        self.h.layout.display = None if self.checking else "none"
        self.checked.value = self._checks() if self.checking else ""
        hidden = "hidden" if self.hiding else None
        for part in (self.said, self.curve, self.past, *self.gradients):
            part.layout.visibility = hidden

    def _checks(self):
        """Return the sentence about all gradients, and a line for each."""
        checked = self.figure.checked(check.STEPS[self.h.value])
        hidden = self.figure.recording.unreached[1]  # the walk gives nothing away
        pairs = zip(self.figure.sliders, checked, strict=True)
        shown = [one for slider, one in pairs if slider.name not in hidden]
        lines = "".join(f"<li>{one.symbol}: {one.line()}" for one in shown)
        said = check.sentence(checked, self.h.value)
        return f"<div class=bf-checks><b>{said}</b><ul>{lines}</ul></div>"
