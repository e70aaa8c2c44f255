"""Interleaved timing: every competitor meets the same weather, and ratios are taken per round."""

import statistics
import time
from math import ceil


def interleaved(steps, rounds, block, clock=time.perf_counter):
    """Time every step in turn, ``rounds`` times over.

    Parameters
    ----------
    steps : dict of str to callable
        What is compared; each is called without arguments.
    rounds : int
        How often the turn goes round.
    block : float
        Seconds for which a step is repeated in its turn, at least.
    clock : callable, optional
        Tells the time in seconds.

    Returns
    -------
    dict of str to list of float
        Seconds per call, one entry a round.
    """
    repeats = {name: _repeats(step, block, clock) for name, step in steps.items()}
    seconds = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            step()  # untimed: refills the caches that the step before has emptied
            seconds[name].append(_per_call(step, repeats[name], clock))
    return seconds


def ratios(seconds, ours, theirs):
    """Return lower quartile, median and upper quartile of ours ÷ theirs, taken round by round."""
    per_round = [a / b for a, b in zip(seconds[ours], seconds[theirs], strict=True)]
    return statistics.quantiles(per_round, n=4, method="inclusive")


def medians(seconds):
    """Return the median seconds per call by name."""
    return {name: statistics.median(times) for name, times in seconds.items()}


def _repeats(step, block, clock):
    """Double the number of calls until they fill half a block, then scale up to a whole one."""
    step()  # the first call pays for what is made once
    repeats = 1
    while (seconds := repeats * _per_call(step, repeats, clock)) < block / 2:
        repeats *= 2
    return ceil(repeats * block / seconds)


def _per_call(step, repeats, clock):
    start = clock()
    for _ in range(repeats):
        step()
    return (clock() - start) / repeats
