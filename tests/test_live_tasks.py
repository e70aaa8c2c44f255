"""The tasks of the figures: none is done at the start, each solution does its task."""

import ast
import math
import re

import pytest
from helpers import ROOT

from backprop_lib import live
from backprop_lib.live.task import Task

TASKS = [(name, task) for name, make in live.FIGURES.items() for task in make().tasks]


def a_task(goal="a > 1", **changes):
    said = {"id": "one", "text": "do", "why": "so", "hint": "try", "solution": {}}
    return Task(**said | {"goal": goal} | changes)


@pytest.mark.parametrize(("name", "task"), TASKS, ids=[task.id for _, task in TASKS])
def test_the_start_does_not_do_a_task_and_its_solution_does(name, task):
    figure = live.FIGURES[name]()
    controls = figure.controls
    assert not controls.holds(task)
    controls.solve(task)
    assert controls.holds(task)
    others = [t.id for t in figure.tasks if t.id != task.id and controls.holds(t)]
    assert others == []  # each asks for something of its own


def test_every_figure_has_two_or_three_tasks_with_an_id_of_their_own():
    counts = {name: len(make().tasks) for name, make in live.FIGURES.items()}
    assert set(counts.values()) <= {2, 3}, counts
    assert len({task.id for _, task in TASKS}) == len(TASKS)


NUMBERS = {("value", "a"): 2.0, ("grad", "a"): -3.0, ("steepest",): 4.0, ("before",): math.nan}


@pytest.mark.parametrize(
    "goal",
    [
        "a == 2 and grad.a == -3",
        "1 < a < 3",
        "a < 1 or steepest >= 4",
        "abs(grad.a + 1) * 3 - 6 == 0",
        "-a <= -2",
    ],
)
def test_a_goal_is_a_python_condition(goal):
    def read(*asked):
        return NUMBERS[asked]

    assert a_task(goal).done(read)
    assert not a_task(f"before < 1 and ({goal})").done(read)  # nothing compares with no number
    assert not a_task("3 < a < 5").done(read) and not a_task("a < 1 or a > 3").done(read)


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: a_task("a >"), ValueError, "expected a condition, got 'a >'"),
        (lambda: a_task("open('a')"), ValueError, "cannot be asked of a figure: open"),
        (lambda: a_task("a / 2 > 1"), ValueError, "cannot be asked of a figure: a / 2"),
        (lambda: a_task("a ** 2 > 1"), ValueError, "cannot be asked of a figure: a ** 2"),
        (lambda: a_task(text=3), TypeError, "Task: text: expected a str"),
        (lambda: a_task(solution={"x": "1"}), TypeError, "solution: x"),
        (
            lambda: live.Figure(
                live.chain_figure().recording.loss,
                title="t",
                sliders=live.chain_figure().sliders[:0],
                views=[],
                tasks=["no task"],
            ),
            TypeError,
            "Figure: tasks",
        ),
    ],
)
def test_a_task_that_cannot_be_asked_is_refused(make, error, said):
    with pytest.raises(error, match=said.replace("**", r"\*\*").replace("(", r"\(")):
        make()


def test_a_goal_about_what_the_figure_does_not_have_is_refused():
    figure = live.chain_figure()
    for task, said in [
        (a_task("q > 1"), "task one: goal: expected a name of the graph"),
        (a_task("x > 1", solution={"t": 1.0}), "solution: t has no slider"),
    ]:
        with pytest.raises(ValueError, match=said):
            live.Figure(
                figure.recording.loss,
                title="t",
                sliders=figure.sliders,
                views=figure.views,
                tasks=[task],
            )


def test_the_example_of_the_contributing_guide_is_as_it_says():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    guide = guide.partition("## How to add a figure")[2]
    code = re.search(r"```python\n(.*?)```", guide, re.DOTALL)[1]
    assert code.count("\n") <= 15
    *lines, last = ast.parse(code).body
    names = {}
    exec(compile(ast.Module(lines, []), "guide", "exec"), names)
    figure = eval(compile(ast.Expression(last.value), "guide", "eval"), names)
    assert all(one.agrees for one in figure.checked(1e-5))
    [task] = figure.tasks
    assert not figure.controls.holds(task)
    figure.controls.solve()
    assert figure.controls.holds(task)
    linked = re.search(r"\]\(#show-(\w+)\)", guide)[1]
    assert linked in figure.views[0].boxes
