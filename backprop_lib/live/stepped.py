"""An experiment that is walked through: Step and Play set some of its numbers, one after the other."""

import ipywidgets

from backprop_lib.live.experiment import Experiment, ExperimentControls

BEAT = 1200  # milliseconds a step


class SteppedControls(ExperimentControls):
    """The face in a running notebook, with Step and Play.

    Attributes
    ----------
    beat : ipywidgets.Play
        The clock of Play. It stands in the browser, so no kernel has to wait.
    """

    def _walk(self):
        self.beat = ipywidgets.Play(max=10**4, interval=BEAT, layout={"display": "none"})
        self.beat.observe(lambda _: self.on_beat(), names="value")
        self.play_button = self._button("▶▶ Play", lambda: self.play(not self.beat.playing))
        steps = [("◀ Step", -1), ("Step ▶", 1)]
        buttons = [self._button(label, lambda way=way: self.go(way)) for label, way in steps]
        return [ipywidgets.HBox([*buttons, self.play_button]), self.beat]

    def _button(self, label, act):
        button = ipywidgets.Button(description=label, layout={"width": "auto"})
        button.on_click(lambda _: act())
        return button

    def go(self, way):
        """Go one place on or back; whoever does so by hand ends Play."""
        self.play(False)
        self._go(way)

    def _go(self, way):
        self.experiment.go(way)
        self.show()

    def play(self, on):
        """Go on place by place until the last one, or stop."""
        with self.beat.hold_sync():  # a browser hears both at once
            self.beat.value, self.beat.playing = 0, on
        self.play_button.description = "❚❚ Pause" if on else "▶▶ Play"

    def on_beat(self):
        """Go on by one beat; one that was under way when it was stopped is none."""
        if self.beat.playing and self.beat.value:
            self._go(1)
            if self.experiment.at_end:
                self.play(False)

    def set(self, name, value):
        """Set one setting, and draw what comes of it."""
        if self.listening:
            self.play(False)
        super().set(name, value)

    def show(self):
        """Draw the experiment, and bring the sliders to where the last step led."""
        experiment = self.experiment
        experiment.settle()
        self.listening = False
        for name, most in experiment.limits().items():
            self.widgets[name].max, self.widgets[name].value = most, experiment.at[name]
        self.listening = True
        super().show()


class Stepped(Experiment):
    """Settings, a drawing and a sentence; some settings are walked through.

    A subclass defines ``limits``, the largest number of each of these by name, and computes what
    is shown in ``settle``.
    """

    _Controls = SteppedControls

    def walk(self):
        """Return the buttons that walk, as HTML."""
        labels = ["◀ Step", "Step ▶", "▶▶ Play"]
        buttons = "".join(f"<button type=button data-walk>{label}</button>" for label in labels)
        return f"<div class=bf-buttons>{buttons}</div>"

    def go(self, way):
        """Go one step on or back: the last setting first, the one before it if it starts again."""
        for name, most in reversed(self.limits().items()):
            moved = self.at[name] + way
            self.at[name] = moved % (most + 1)
            if self.at[name] == moved:
                break

    @property
    def at_end(self):
        """Whether there is no further step."""
        return all(self.at[name] == most for name, most in self.limits().items())

    def settle(self):
        """Bring what is walked through inside its limits."""
        for name, most in self.limits().items():
            self.at[name] = min(self.at[name], most)
