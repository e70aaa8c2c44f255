"""Figures that answer: check, tasks, undo, winding back, comparing, what is what."""

import math
import random

import pytest

from backprop_lib import live
from backprop_lib.live import check

every_figure = pytest.mark.parametrize("make_figure", live.FIGURES.values(), ids=live.FIGURES)

CHECK = """(figure, setting) => {
  [...figure.querySelectorAll("[data-leaf]")].forEach((slider, at) => {
    slider.value = Number(slider.min) + setting[at] * (slider.max - slider.min);
    slider.dispatchEvent(new Event("input"));
  });
  return {
    lines: [...figure.querySelectorAll("[data-check]")].map((el) => el.textContent),
    said: figure.querySelector(".bf-checked").innerHTML,
    exact: [...figure.graph.values], slopes: [...figure.graph.grads],
    differences: figure.sliders.map(({ leaf }) => figure.graph.difference(leaf, Number(figure.steps.value))),
  };
}"""


def click(element, do):
    """Press one of the figure's buttons."""
    element.locator(f"[data-do={do}]").click()


@pytest.mark.parametrize("name", [name for name in live.FIGURES if name != "secant"])
def test_the_check_shows_python_s_differences_at_54_random_settings(show_alone, name):
    figure = live.FIGURES[name]()  # the secant is about rounding, which no two machines share
    page, element = show_alone(figure)
    click(element, "check")
    rng = random.Random(7)
    for step, h in check.STEPS.items():
        element.locator("[data-h]").select_option(step)
        for _ in range(6):
            setting = [rng.random() for _ in figure.sliders]
            seen = element.evaluate(CHECK, setting)
            for value, x in zip(figure.recording.values, seen["exact"], strict=True):
                if not value.operation:
                    value.data = x
            figure.recording.run()
            check_differences(figure, seen, h)
    assert page.complaints == []


def check_differences(figure, seen, h):
    """Hold the page's differences against Python's, but for rounding, and the words against both."""
    lines = zip(figure.checked(h), seen["differences"], seen["lines"], strict=True)
    for one, (difference, kink, rounding), line in lines:
        assert one.kink == kink
        if math.isfinite(one.difference):
            largest = max(abs(one.difference), abs(one.gradient))
            assert rounding == pytest.approx(one.rounding)
            apart = 1e3 * rounding + 1e-7 * largest  # values on the way are larger than the loss
            assert difference == pytest.approx(one.difference, abs=apart)
        here = check.Checked(one.symbol, one.gradient, difference or 0.0, kink, one.rounding)
        assert line.split(",")[0] == here.line().split(",")[0] or one.lost or one.digits > 15
    agreeing = sum(one.agrees for one in figure.checked(h))
    assert (
        seen["said"].startswith(f"{agreeing} of {len(figure.sliders)} gradients agree") or h < 1e-6
    )


@every_figure
def test_at_a_good_step_all_gradients_agree_and_the_sentence_is_python_s(show_alone, make_figure):
    figure = make_figure()
    page, element = show_alone(figure)
    click(element, "check")
    said = element.locator(".bf-checked").inner_html()
    count = len(figure.sliders)
    assert said.startswith(f"{count} of {count} gradients agree")
    digits = int(said.split(" digits")[0].split()[-1])
    assert digits >= 6
    expected = check.sentence(figure.checked(check.STEPS[check.FIRST_STEP]), check.FIRST_STEP)
    assert said.replace('"', "'").split(", the")[0] == expected.split(", the")[0].rstrip(".")
    assert page.complaints == []


def test_a_broken_rule_is_noticed_by_the_check_itself(show_alone):
    page, element = show_alone(live.toy_figure())
    click(element, "check")
    said = element.evaluate(
        """figure => {
          const right = figure.graph.rules.find((rule) => rule && rule[0](0) === 1 && rule.length === 2);
          figure.graph.rules = figure.graph.rules.map((rule) => rule === right ? [rule[0], () => 1] : rule);
          figure.run();
          return figure.querySelector(".bf-checked").textContent;
        }"""
    )
    assert "10 of 10" not in said


def test_a_kink_and_an_overflow_are_told(show_alone):
    figure = live.FIGURES["2-3-2-1"]()
    page, element = show_alone(figure)
    click(element, "check")
    bias = figure.recording.number_of("b1_1")
    element.evaluate(f"figure => figure.set({bias}, figure.graph.values[{bias}] - 0.6)")  # z = 0
    assert "within h a switch turns over" in element.locator(".bf-checked").inner_text()
    row = element.locator(f"[data-check='{bias}']")
    assert row.text_content() == "at a kink: no one slope"
    element.evaluate(f"figure => figure.set({bias}, 1e200)")
    assert "no number can hold it" in element.locator(".bf-checked").inner_text()


def test_too_small_a_step_shows_the_rounding(show_alone):
    page, element = show_alone(live.toy_figure())
    click(element, "check")
    element.locator("[data-h]").select_option("1e−12")
    assert "too small: rounding" in element.locator(".bf-checked").inner_text()
    element.locator("[data-h]").select_option("1e−1")
    assert "too large: the curve bends" in element.locator(".bf-checked").inner_text()


@every_figure
def test_each_task_is_recognised_and_remembered(show_alone, make_figure):
    figure = make_figure()
    page, element = show_alone(figure)
    for k, task in enumerate(figure.tasks, 1):
        line, note = element.locator("[data-task]"), element.locator(".bf-note")
        assert line.inner_text() == f"Task {k} of {len(figure.tasks)}"
        assert element.locator("[data-task-text]").inner_text() == task.text
        click(element, "hint")
        assert note.inner_text() == task.hint
        click(element, "solve")
        assert note.inner_text() == f"✓ Solved. {task.why}"
        assert line.inner_text() == f"✓ Task {k} of {len(figure.tasks)}"
        click(element, "reset")
        assert note.inner_text() == ""
        click(element, "task")
    page.reload()
    assert line.inner_text().startswith("✓ ")
    click(element, "help")
    click(element, "forget")
    assert line.inner_text() == f"Task 1 of {len(figure.tasks)}"
    page.reload()
    assert line.inner_text() == f"Task 1 of {len(figure.tasks)}"
    assert page.complaints == []


def test_a_goal_is_recognised_when_the_reader_reaches_it_by_hand(show_alone):
    figure = live.chain_figure()
    page, element = show_alone(figure)
    click(element, "task")
    slider = element.locator("[data-leaf]").first
    slider.evaluate("el => { el.value = -2; el.dispatchEvent(new Event('input')); }")
    assert "Solved." in element.locator(".bf-note").inner_text()


@every_figure
def test_undo_and_redo_lead_through_what_was_done(show_alone, make_figure):
    figure = make_figure()
    page, element = show_alone(figure)
    states = [element.evaluate("figure => [...figure.graph.values]")]
    undo, redo = (element.locator(f"[data-do={name}]") for name in ("undo", "redo"))
    assert undo.is_disabled() and redo.is_disabled()
    for slider in element.locator("[data-leaf]").all()[:3]:
        slider.evaluate(
            """el => { for (const share of [0.4, 0.5, 0.7]) {
              el.value = Number(el.min) + share * (el.max - el.min); el.dispatchEvent(new Event("input"));
            } }"""
        )
        states.append(element.evaluate("figure => [...figure.graph.values]"))
    if figure.trainable:
        click(element, "update10")
        states.append(element.evaluate("figure => [...figure.graph.values]"))
    for state in states[-2::-1]:
        undo.click()
        assert element.evaluate("figure => [...figure.graph.values]") == state
    assert undo.is_disabled()
    for state in states[1:]:
        redo.click()
        assert element.evaluate("figure => [...figure.graph.values]") == state
    assert redo.is_disabled()
    assert page.complaints == []


def test_updates_are_wound_back_and_gone_on_from_there(show_alone):
    page, element = show_alone(live.toy_figure())
    wind, count = element.locator("[data-wind]"), element.locator("[data-count]")
    assert wind.is_disabled()
    losses = [element.evaluate("figure => figure.graph.values[figure.graph.loss]")]
    for _ in range(5):
        click(element, "update")
        losses.append(element.evaluate("figure => figure.graph.values[figure.graph.loss]"))
    for k in (3, 0, 5, 2):
        wind.evaluate(f"el => {{ el.value = {k}; el.dispatchEvent(new Event('input')); }}")
        assert element.evaluate("figure => figure.graph.values[figure.graph.loss]") == losses[k]
        assert count.inner_text().startswith(f"{k} of 5 updates" if k < 5 else "5 updates")
    click(element, "update")
    assert element.evaluate("figure => figure.history.length") == 4  # the start and 3 updates
    assert element.evaluate("figure => figure.graph.values[figure.graph.loss]") == losses[3]


def test_a_run_is_kept_to_be_compared_with(show_alone):
    page, element = show_alone(live.toy_figure())
    click(element, "update10")
    path = element.locator(".bf-past").get_attribute("d")
    click(element, "keep")
    click(element, "reset")
    assert element.locator(".bf-kept").get_attribute("d") == path
    element.locator("[data-eta-field]").fill("0.001")
    element.locator("[data-eta-field]").press("Enter")
    click(element, "update10")
    assert element.locator(".bf-past").get_attribute("d") not in ("", path)
    assert element.locator(".bf-kept").get_attribute("d") != ""
    click(element, "reset")
    click(element, "keep")  # nothing to keep: the old one goes
    assert element.locator(".bf-kept").get_attribute("d") == ""


def test_slopes_are_hidden_until_they_are_revealed(show_alone):
    page, element = show_alone(live.toy_figure())
    hidden = [".bf-curve-view", ".bf-sentence", ".bf-row [data-grad] >> nth=0", ".bf-history"]
    click(element, "hide")
    for selector in hidden:
        assert not element.locator(selector).is_visible()
    assert element.locator(".bf-wide [data-value]").first.is_visible()
    assert "by hand" in element.locator(".bf-note").inner_text()
    click(element, "hide")
    for selector in hidden:
        assert element.locator(selector).is_visible()


@every_figure
@pytest.mark.parametrize("width", [1280, 390])
def test_what_is_what_fits_one_screen(show_alone, make_figure, width):
    page, element = show_alone(make_figure(), width=width)
    click(element, "help")
    box = element.locator("dialog").bounding_box()
    assert box["height"] <= 800 and box["width"] <= width
    page.keyboard.press("Escape")
    assert not element.locator("dialog").is_visible()


def test_the_check_gives_nothing_away_in_the_walk(show_alone):
    page, element = show_alone(live.toy_figure())
    click(element, "check")
    element.locator("[data-do=step]").click()
    assert element.locator("[data-check]").all_text_contents() == [""] * 10
    assert element.locator(".bf-checked").inner_text().startswith("10 of 10")


def test_a_solution_is_one_change_and_a_link_is_none(show_alone):
    figure = live.delta_figure()
    page, element = show_alone(figure)
    undo = element.locator("[data-do=undo]")
    page.evaluate("location.hash = '#live/1;example=1;at=b2_1;b2_1=3'")
    page.wait_for_function("document.querySelector('backprop-figure').example === 1")
    assert undo.is_disabled()
    before = element.evaluate("figure => [...figure.graph.values]")
    for _ in figure.tasks:
        click(element, "task")
        click(element, "solve")
        undo.click()
        assert element.evaluate("figure => [...figure.graph.values]") == before
        assert element.locator(".bf-controls select").input_value() == "1"
        assert undo.is_disabled()


def test_a_switch_without_a_kink_is_no_kink(show_alone):
    figure = live.delta_figure()
    page, element = show_alone(figure)
    click(element, "check")
    element.locator(".bf-controls select").select_option("1")
    for name in ("w2_11", "w2_12", "b2_1"):
        element.evaluate(f"figure => figure.set({figure.recording.number_of(name)}, 0)")
    assert element.locator(".bf-checked").inner_text().startswith("12 of 12 gradients agree")


def test_undo_takes_back_the_learning_rate_and_a_new_change_ends_redo(show_alone):
    figure = live.toy_figure()
    page, element = show_alone(figure)
    field, redo = element.locator("[data-eta-field]"), element.locator("[data-do=redo]")
    field.fill("0.002")
    field.press("Enter")
    click(element, "undo")
    assert element.evaluate("figure => figure.eta") == figure.learning_rate
    assert field.input_value() == "0.0001" and redo.is_enabled()
    element.evaluate(f"figure => figure.set({figure.recording.number_of('beta3')}, 1)")
    assert redo.is_disabled()
