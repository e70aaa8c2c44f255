"""What the notebook's face answers: check, undo, winding back, comparing, hiding, explaining."""

import math

import pytest

from backprop_lib import graph, live
from backprop_lib.live import check

every_figure = pytest.mark.parametrize("make_figure", live.FIGURES.values(), ids=live.FIGURES)


def leaves(figure):
    return [value.data for value in figure.recording.values if not value.operation]


@every_figure
def test_every_gradient_of_a_figure_agrees_with_its_difference(make_figure):
    figure = make_figure()
    assert all(one.agrees for one in figure.checked(1e-5))
    controls = figure.controls
    controls.switch_check()
    count = len(figure.sliders)
    assert f"{count} of {count} gradients agree" in controls.checked.value
    assert controls.checked.value.count("<li>") == count
    controls.switch_check()
    assert controls.checked.value == ""


def test_a_wrong_gradient_does_not_agree():
    figure = live.toy_figure()
    right = figure.checked(1e-5)[0]
    for factor, agrees in [(1 + 1e-7, True), (1.001, False), (-1, False), (0, False)]:
        one = check.Checked("g", factor * right.gradient, right.difference, False, right.rounding)
        assert one.agrees == agrees


def test_a_kink_and_a_lost_number_are_told():
    kink, lost = (
        check.Checked("g", 1.0, 0.5, True, 0.0),
        check.Checked("g", 1.0, math.inf, False, 0),
    )
    assert not kink.agrees and not lost.agrees
    assert "turns over" in check.sentence([kink], "1e−5")
    assert "no number can hold it" in check.sentence([lost], "1e−5")


def test_the_step_is_said_to_be_too_small_or_too_large():
    figure = live.toy_figure()
    for step, said in [("1e−12", "too small: rounding"), ("1e−1", "too large: the curve bends")]:
        assert said in check.sentence(figure.checked(check.STEPS[step]), step)
    good = check.sentence(figure.checked(1e-5), "1e−5")
    assert good.startswith("10 of 10 gradients agree") and "too" not in good


def test_undo_and_redo_lead_through_what_was_done():
    figure = live.delta_figure()
    controls, states = figure.controls, [leaves(figure)]
    for act in (
        lambda: controls.typed(figure.sliders[0], "1"),
        lambda: controls.typed(figure.sliders[1], "2"),
        lambda: setattr(controls.example, "value", "cross-entropy"),
        lambda: controls.update(10),
        controls.reset,
    ):
        act()
        states.append(leaves(figure))
    for state in states[-2::-1]:
        controls.undo()
        assert leaves(figure) == state
    assert controls.undo_button.disabled
    for state in states[1:]:
        controls.redo()
        assert leaves(figure) == state
    assert controls.redo_button.disabled
    assert controls.example.value == "squared error"


def test_a_slider_that_goes_on_moving_is_one_change():
    figure = live.chain_figure()
    start = leaves(figure)
    for x in (1.5, 1.7, 2.0):
        figure.controls.move(figure.sliders[0], x)
    figure.controls.undo()
    assert leaves(figure) == start


def test_updates_are_wound_back_and_gone_on_from_there():
    figure = live.toy_figure()
    controls, losses = figure.controls, [figure.recording.loss.data]
    for _ in range(5):
        controls.update(1)
        losses.append(figure.recording.loss.data)
    assert figure.history == losses and controls.wind.max == 5
    for k in (3, 0, 5, 2):
        controls.wind.value = k
        assert figure.recording.loss.data == losses[k]
    assert "2 of 5 updates" in controls.past.value
    controls.update(1)
    assert figure.history == losses[:4] and controls.wind.max == 3


def test_a_run_is_kept_until_nothing_is():
    figure = live.toy_figure()
    controls = figure.controls
    controls.update(10)
    kept = list(figure.history)
    controls.keep()
    controls.reset()
    assert figure.kept == kept and figure.history == []
    assert 'bf-kept" d="M' in controls.past.value
    controls.keep()
    assert 'bf-kept" d=""' in controls.past.value


def test_slopes_are_hidden_until_they_are_revealed():
    controls = live.toy_figure().controls
    controls.switch_slopes()
    assert controls.curve.layout.visibility == "hidden" and "bf-hiding" in controls.drawing.value
    controls.switch_slopes()
    assert controls.curve.layout.visibility is None and "bf-hiding" not in controls.drawing.value


@every_figure
def test_what_is_what_is_said_of_each_view(make_figure):
    figure = make_figure()
    figure.controls.switch_help()
    for view in figure.views:
        assert view.explains
        assert all(text in figure.controls.help.value for text in view.explains)


@pytest.mark.parametrize("make_figure", [live.toy_figure, live.delta_figure])
def test_a_solution_is_one_change_which_one_undo_takes_back(make_figure):
    figure = make_figure()
    controls = figure.controls
    controls.typed(figure.sliders[0], "0.25")
    before = leaves(figure)
    for _ in figure.tasks:
        controls.next_task()
        controls.solve()
        assert leaves(figure) != before
        controls.undo()
        assert leaves(figure) == before


def test_what_is_said_of_hidden_slopes_names_the_loss_as_the_book_does():
    controls = live.toy_figure().controls
    controls.switch_slopes()
    assert "Now lower ℓ by hand" in controls.refused.value


def test_the_notebook_does_not_promise_what_only_a_page_can():
    for make_figure in (live.toy_figure, live.network_figure):
        figure = make_figure()
        assert "dragged" not in figure.help() and "dragged" in figure.html()


def test_a_switch_that_leaves_no_kink_is_none():
    """Cross-entropy with |z|, at z = 0: it has one slope there, ½ − t, and the graph finds it."""
    figure = live.delta_figure()
    for name, x in {"w2_11": 0.0, "w2_12": 0.0, "b2_1": 0.0, "c": 1.0}.items():
        figure.recording.by_name[name].data = x
    figure.recording.run()
    assert figure.recording.by_name["z2_1"].data == 0
    assert figure.recording.by_name["z2_1"].grad == 0.5  # t is 0
    assert all(one.agrees for one in figure.checked(1e-5))


def test_a_kink_is_where_the_slopes_differ():
    x = graph.Value(0.0, "x")
    for loss, kink in [(graph.relu(x), True), (abs(x) * x, False), (graph.relu(x) ** 2, False)]:
        slider = live.Slider(x, -1, 1)
        figure = live.Figure(loss.named("f"), title="at 0", sliders=[slider], views=[])
        [one] = figure.checked(1e-5)
        assert one.kink == kink


def test_undo_takes_back_the_learning_rate_and_a_new_change_ends_redo():
    figure = live.toy_figure()
    controls = figure.controls
    controls.type_rate("0.002")
    controls.undo()
    assert controls.rate == figure.learning_rate and not controls.redo_button.disabled
    controls.typed(figure.sliders[0], "1")
    assert controls.redo_button.disabled
    controls.redo()
    assert controls.rate == figure.learning_rate and figure.sliders[0].value.data == 1.0


def test_a_task_is_said_to_be_solved_once(monkeypatch):
    controls = live.chain_figure().controls
    monkeypatch.setattr(controls, "tasks_done", set())
    controls.solve()
    assert "Solved." in controls.refused.value
    controls.show()
    assert "Solved." not in controls.refused.value and "✓ Task 1 of 3" in controls.task_line.value
