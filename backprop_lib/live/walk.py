"""The walk through a figure: every value once forward, every gradient once backward."""

import re
from html import escape
from math import isfinite

from backprop_lib.live.numbers import bracketed, html_symbol, number

LONGEST_SUM = 6  # terms; of a longer sum the first two are written


class Walk:
    """The order of the walk through a figure, and what is said at each of its steps.

    Parameters
    ----------
    figure : Figure
        Gives the recording, the symbols and the formulas.

    Attributes
    ----------
    ahead : list of str
        The computed values, inputs before results.
    back : list of list of str
        The values and boxed leaves, results before inputs. A leaf without a box, such as a weight,
        follows the value that completes its gradient.
    """

    def __init__(self, figure):
        self.figure, self.recording = figure, figure.recording
        boxed = {name for view in figure.views for name in view.boxes}
        by_name = self.recording.by_name
        self.ahead = [name for name, value in by_name.items() if value.operation]
        own = [name for name, value in by_name.items() if value.operation or name in boxed]
        self.back = [[name] for name in reversed(own)]
        step_of = {step[0]: step for step in self.back}
        for name in by_name:
            if name not in step_of:
                step_of[self.recording.consumers(name)[0]].append(name)

    def __len__(self):
        return len(self.ahead) + len(self.back)

    def current(self, step):
        """Return the names of one step, and whether it is a forward one."""
        forward = step < len(self.ahead)
        return ([self.ahead[step]] if forward else self.back[step - len(self.ahead)]), forward

    def waiting(self, step):
        """Return the names whose value, and those whose gradient, have not been reached yet."""
        done = step - len(self.ahead) + 1
        return self.ahead[step + 1 :], sum(self.back[max(done, 0) :], start=[])

    def said(self, step):
        """Say what a step does, as HTML."""
        names, forward = self.current(step)
        if forward:
            place = f"<b>Forward, {step + 1} of {len(self.ahead)}.</b>"
            return f"{place} {self.forward_sentence(names[0])}"
        place = f"<b>Backward, {step - len(self.ahead) + 1} of {len(self.back)}.</b>"
        return f"{place} {'<br>'.join(self.backward_sentence(name) for name in names)}"

    def lost_sentence(self):
        """Say where the numbers end, as HTML; nothing if they do not."""
        values, end = (
            self.recording.by_name,
            "no number can hold it. Move the slider back, or reset.",
        )
        for name, value in values.items():
            if not isfinite(value.data):
                symbol = html_symbol(self.figure.symbols[name])
                return f'<b class="bf-value">{symbol} = {number(value.data)}</b>: {end}'
        for name, value in reversed(values.items()):
            if not isfinite(value.grad):
                lost = f"{self._slope_symbol(name)} = {number(value.grad)}"
                return f'<b class="bf-grad">{lost}</b>: {end}'
        return ""

    def forward_sentence(self, name):
        """Say how a value comes about: formula, numbers plugged in, result."""
        template = self.figure.formula(name)
        formula = f"{self.figure.in_symbols(template)} = " if template else ""
        plugged = f"{self._in_numbers(template)} = " if template else ""
        value = number(self.recording.by_name[name].data)
        symbol = html_symbol(self.figure.symbols[name])
        return f'{symbol} = {formula}<b class="bf-value">{plugged}{value}</b>'

    def backward_sentence(self, name):
        """Say how a gradient comes about: upstream × local, summed where paths meet."""
        recording, values = self.recording, self.recording.by_name
        if name == self.figure.loss_name:
            start = '<b class="bf-grad">1.000</b>: the walk back starts here.'
            return f"{self._slope_symbol(name)} = {start}"
        words, numbers = [], []
        for consumer in recording.consumers(name):
            slope = recording.local_derivatives(consumer)[name]
            upstream = bracketed(values[consumer].grad)
            words.append(f"{self._slope_symbol(consumer)} × {self._local_symbol(consumer, name)}")
            numbers.append(f"{upstream} × {self._local_number(consumer, name, slope)}")
        if len(words) > LONGEST_SUM:
            words[2:], numbers[2:] = [f"… ({len(words)} terms)"], ["…"]
        return (
            f'{self._slope_symbol(name)} = {" + ".join(words)} = <b class="bf-grad">'
            f"{' + '.join(numbers)} = {number(values[name].grad)}</b>"
        )

    def _slope_symbol(self, name):
        symbols = self.figure.symbols
        return f"∂{html_symbol(symbols[self.figure.loss_name])}/∂{html_symbol(symbols[name])}"

    def _local_symbol(self, name, source):
        template = self.figure.local(name, source)
        if template:
            return self.figure.in_symbols(f"({template})" if _is_sum(template) else template)
        symbols = self.figure.symbols
        return f"∂{html_symbol(symbols[name])}/∂{html_symbol(symbols[source])}"

    def _local_number(self, name, source, slope):
        template = self.figure.local(name, source)
        if not template or re.fullmatch(r"\{\w+\}|\d+", template):
            return bracketed(slope)
        return f"({self._in_numbers(template)} = {number(slope)})"

    def _in_numbers(self, template):
        values = self.recording.by_name
        return re.sub(r"\{(\w+)\}", lambda m: bracketed(values[m[1]].data), escape(template))


def _is_sum(template):
    """Whether a formula needs brackets as a factor."""
    while "(" in template:
        template = re.sub(r"\([^()]*\)", "", template)
    return re.search(" [+−] ", template)
