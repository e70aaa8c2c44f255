"""The walk through a figure: every value once forward, every gradient once backward."""

import re
from html import escape
from math import ceil, isfinite

from backprop_lib.live.numbers import bracketed, digits_for, html_symbol, number

LONGEST_SUM = 3  # terms; of a longer sum the two largest are written


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

    def unreached(self, step):
        """Return the names whose value, and those whose gradient, a step has not reached yet."""
        if step is None:
            return set(), set()
        done = step - len(self.ahead) + 1
        return set(self.ahead[step + 1 :]), set(sum(self.back[max(done, 0) :], start=[]))

    def lost(self):
        """Return the names whose value, and those whose gradient, depend on what is not finite."""
        by_name, consumers = self.recording.by_name, self.recording.consumers
        values = {name for name, value in by_name.items() if not isfinite(value.data)}
        for name in by_name:  # inputs before results
            if name in values:
                values.update(consumers(name))
        if values:
            return values, set(by_name)
        grads = set()
        for name, value in reversed(by_name.items()):
            if not isfinite(value.grad) or grads.intersection(consumers(name)):
                grads.add(name)
        return values, grads

    def said(self, step):
        """Say what a step does, as HTML: one equals sign a line."""
        names, forward = self.current(step)
        if forward:
            place = f"<b>Forward, {step + 1} of {len(self.ahead)}.</b>"
            return f"{place} {self.forward_sentence(names[0])}"
        place = f"<b>Backward, {step - len(self.ahead) + 1} of {len(self.back)}.</b>"
        also = "".join(f" <span>{self.in_short(name)}</span>" for name in names[1:])
        return f"{place} {self.backward_sentence(names[0])}{also and '<br>' + also}"

    def lines(self):
        """Return how many lines the longest sentence takes on a wide and on a narrow page."""
        most = max(len(names) for names in self.back) - 1 if self.figure.can_walk else 0
        return 4 + most, 5 + ceil(1.5 * most)

    def lost_sentence(self):
        """Say where the numbers end, as HTML; nothing if they do not."""
        values = self.recording.by_name
        end = (
            "no number can hold it; what depends on it stays empty. Move the slider back, or reset."
        )
        for name, value in values.items():
            if not isfinite(value.data):
                symbol = html_symbol(self.figure.symbols[name])
                return f'<b class="bf-value">{symbol} = {number(value.data)}</b>: {end}'
        for name, value in reversed(values.items()):
            if not isfinite(value.grad):
                lost = f"{self.slope_symbol(name)} = {number(value.grad)}"
                return f'<b class="bf-grad">{lost}</b>: {end}'
        return ""

    def forward_sentence(self, name):
        """Say how a value comes about: formula, numbers plugged in, result."""
        template, value = self.figure.formula(name), self.recording.by_name[name].data
        symbol = html_symbol(self.figure.symbols[name])
        if not template:
            return f'{symbol} = <b class="bf-value">{number(value)}</b>'
        plugged = self._in_numbers(template, value)
        lines = f"{symbol} = {self.figure.in_symbols(template)}<br>"
        return f'{lines}<b class="bf-value">= {plugged}<br>= {number(value)}</b>'

    def backward_sentence(self, name):
        """Say how a gradient comes about: upstream × local, summed where paths meet."""
        if name == self.figure.loss_name:
            start = '<b class="bf-grad">1.000</b>: the walk back starts here.'
            return f"{self.slope_symbol(name)} = {start}"
        words, numbers = self._terms(name)
        result = number(self.recording.by_name[name].grad)
        lines = f"{self.slope_symbol(name)} = {' + '.join(words)}<br>"
        return f'{lines}<b class="bf-grad">= {" + ".join(numbers)}<br>= {result}</b>'

    def in_short(self, name):
        """Say it on one line, without the words."""
        numbers = " + ".join(self._terms(name)[1])
        result = number(self.recording.by_name[name].grad)
        return f'{self.slope_symbol(name)} = <b class="bf-grad">{numbers} → {result}</b>'

    def _terms(self, name):
        """Return upstream × local for each path, in words and in numbers; of many the largest."""
        recording, terms = self.recording, []
        for consumer in recording.consumers(name):
            upstream = recording.by_name[consumer].grad
            slope = recording.local_derivatives(consumer)[name]
            words = f"{self.slope_symbol(consumer)} × {self._local_symbol(consumer, name)}"
            plugged = f"{bracketed(upstream)} × {self._local_number(consumer, name, slope)}"
            terms.append((words, plugged, abs(upstream * slope)))
        count = len(terms)
        if count > LONGEST_SUM:
            terms.sort(key=lambda term: -term[2])
            terms[LONGEST_SUM - 1 :] = [(f"… ({count} terms, the largest first)", "…", 0)]
        return [words for words, *_ in terms], [plugged for _, plugged, _ in terms]

    def slope_symbol(self, name):
        """Write the loss's derivative by a value."""
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
        if not template or re.fullmatch(r"\{\w+\}|−?\d+", template):
            return bracketed(slope)
        return f"({self._in_numbers(template, slope)} = {number(slope)})"

    def _in_numbers(self, template, result):
        """Return a formula with the numbers in it, with the digits that a difference needs."""
        by_name = self.recording.by_name
        values = {name: by_name[name].data for name in re.findall(r"\{(\w+)\}", template)}
        digits = digits_for(result, values.values()) if re.search(".[+−]", template) else None
        written = {name: bracketed(x, digits) for name, x in values.items()}
        return re.sub(r"\{(\w+)\}", lambda m: written[m[1]], escape(template))


def _is_sum(template):
    """Whether a formula needs brackets as a factor."""
    while "(" in template:
        template = re.sub(r"\([^()]*\)", "", template)
    return re.search(" [+−] ", template)
