"""The lessons in JupyterLab: every cell runs, and the sliders are driven by Python."""

import re
import time

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from helpers import ROOT

from backprop_lib import live
from backprop_lib.live.numbers import number
from backprop_lib.live.numbers import shown as text_of
from tools.browser import jupyterlab, open_notebook

LESSONS = {
    lesson.__name__.partition("lesson_")[2]: [*lesson.FIGURES.values()] for lesson in live.LESSONS
}
WIDGET = "application/vnd.jupyter.widget-view+json"

# Ends when the last cell has run, or a cell without the tag has raised
RUN_ALL = """async () => {
  await jupyterapp.commands.execute("notebook:run-all-cells");
  return jupyterapp.shell.currentWidget.content.model.toJSON();
}"""

SCROLL_TO = """async (k) => {
  const { content } = jupyterapp.shell.currentWidget;
  await content.scrollToCell(content.widgets[k]);
  return content.widgets[k].node;
}"""

READ = """cell => {
  const texts = (selector, read) => [...cell.querySelectorAll(selector)].map(read);
  const all = (name) => texts(`.bf-in-notebook [data-${name}]`, (el) =>
    [el.getAttribute(`data-${name}`), el.textContent, el.dataset.digits ?? null]);
  return {
    values: all("value"), grads: all("grad"), locals: all("local"),
    slope: texts("[data-slope]", (el) => el.textContent),
    fields: texts(".bf-rows .widget-text input", (el) => el.value),
    gradients: texts(".bf-gradients .bf-grad", (el) => el.textContent),
  };
}"""


@pytest.fixture(scope="module")
def address(browser, tmp_path_factory):
    """A server for copies of the lessons, without their outputs; a function from name to address."""
    folder = tmp_path_factory.mktemp("lessons")
    for path in (ROOT / "lessons").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, folder / path.name)
    nbformat.write(all_figures(), folder / "figures.ipynb")
    with jupyterlab(folder) as address:
        yield address


def all_figures():
    """Return a notebook with a cell for each figure of the lessons."""
    code = "from backprop_lib import live\nlive.FIGURES[{!r}]()"
    cells = [nbformat.v4.new_code_cell(code.format(name)) for name in live.FIGURES]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def holds(check, *arguments, seconds=30):
    """Repeat a check until it holds: the last complaint is the test's."""
    end = time.monotonic() + seconds
    while True:
        try:
            return check(*arguments)
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def check_cell(cell, figure, moved):
    """Compare all numbers in the cell with Python's, from the recording at its present leaves."""
    recording, seen = figure.recording, cell.evaluate(READ)
    values, drawing = recording.values, figure.drawing()
    for name, marked in [("values", "value"), ("grads", "grad"), ("locals", "local")]:
        assert len(seen[name]) == len(re.findall(rf"<(?:text|tspan)[^>]* data-{marked}=", drawing))
    for i, text, digits in seen["values"]:
        assert text == written(values[int(i)].data, digits)
    for i, text, digits in seen["grads"]:
        assert text == written(values[int(i)].grad, digits)
    for pair, text, digits in seen["locals"]:
        out, source = (values[int(i)].name for i in pair.split())
        assert text == written(recording.local_derivatives(out)[source], digits)
    leaves = [recording.by_name[slider.name] for slider in figure.sliders]
    assert seen["slope"] == [number(moved.grad)]
    assert seen["gradients"] == [number(leaf.grad) for leaf in leaves]
    assert seen["fields"] == [number(leaf.data) for leaf in leaves]


def written(x, digits):
    return text_of(x, None if digits is None else int(digits))


def test_every_lesson_is_here():
    assert [*LESSONS] == sorted(path.stem for path in (ROOT / "lessons").glob("*.ipynb"))


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_and_its_figures_follow(browser, address, lesson):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    open_notebook(page, address(lesson))
    notebook = page.evaluate(RUN_ALL)
    check_outputs(notebook)
    for k, make_figure in zip(widgets(notebook), LESSONS[lesson], strict=True):
        check_figure(page, page.evaluate_handle(SCROLL_TO, k).as_element(), make_figure())
    page.close()


def check_outputs(notebook):
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        errors = [out["evalue"] for out in cell["outputs"] if out["output_type"] == "error"]
        expected = "raises-exception" in cell["metadata"].get("tags", [])
        assert len(errors) == expected, errors


def widgets(notebook):
    """Return the places of the cells whose output is a widget: the live figures."""
    data = [[out.get("data", {}) for out in cell.get("outputs", [])] for cell in notebook["cells"]]
    return [k for k, outputs in enumerate(data) if any(WIDGET in each for each in outputs)]


def check_figure(page, cell, figure):
    """Move the first slider with a key, then type a number: the whole cell follows Python."""
    slider, leaf = figure.sliders[0], figure.sliders[0].value
    handle = cell.wait_for_selector(".noUi-handle")
    holds(check_cell, cell, figure, leaf)
    handle.focus()
    page.keyboard.press("ArrowRight")
    put(leaf, leaf.data + slider.step, figure)
    holds(check_cell, cell, figure, leaf)
    put(leaf, round(slider.low + 7 * slider.step, 9), figure)
    type_in(cell, leaf.data)
    holds(check_cell, cell, figure, leaf)


def put(leaf, x, figure):
    leaf.data = x
    figure.recording.run()


def type_in(cell, x):
    field = cell.query_selector(".widget-text input")
    field.fill(str(x))
    field.press("Enter")


def test_a_number_between_two_points_of_a_slider_stays(browser, address):
    page, figure = browser.new_page(), live.toy_figure()
    open_notebook(page, address("02_toy_model"))
    (k,) = widgets(page.evaluate(RUN_ALL))
    cell, leaf = page.evaluate_handle(SCROLL_TO, k).as_element(), figure.sliders[0].value
    cell.wait_for_selector(".noUi-handle")
    type_in(cell, 0.0125)
    put(leaf, 0.0125, figure)
    holds(check_cell, cell, figure, leaf)
    page.wait_for_timeout(500)  # for an answer of the slider
    check_cell(cell, figure, leaf)
    page.get_by_role("button", name="Update ×1").click()
    moved = [s.value.data - figure.learning_rate * s.value.grad for s in figure.sliders[:-2]]
    for s, x in zip(figure.sliders[:-2], moved, strict=True):
        put(s.value, x, figure)
    page.wait_for_timeout(500)
    holds(check_cell, cell, figure, leaf)
    assert cell.query_selector("[data-count]").text_content().startswith("1 update: ")
    page.close()


PLACES = """cell => {
  const { top } = cell.getBoundingClientRect();
  return [...cell.querySelectorAll("button, input, .widget-hslider")]
    .map((el) => el.getBoundingClientRect())
    .map(({ x, y, width, height }) => [x, y - top, width, height].map(Math.round).join(" "));
}"""

SAVE_AND_SHUT_DOWN = """async () => {
  await jupyterapp.commands.execute("docmanager:save");
  await jupyterapp.shell.currentWidget.sessionContext.shutdown();
}"""


def test_a_figure_fits_a_window_and_comes_back_as_a_still(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    open_notebook(page, address("figures"))
    page.evaluate(RUN_ALL)
    for k in range(len(live.FIGURES)):
        check_face(page, page.evaluate_handle(SCROLL_TO, k).as_element())
    page.evaluate(SAVE_AND_SHUT_DOWN)
    page.close()
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    open_notebook(page, address("figures"))
    for k in range(len(live.FIGURES)):
        cell = page.evaluate_handle(SCROLL_TO, k).as_element()
        cell.wait_for_selector(".bp-still")
        holds(check_still, cell)
    page.close()


def check_face(page, cell):
    """One that fits, whose controls have names and stay where they are, whatever is said."""
    cell.wait_for_selector(".noUi-handle")
    box = cell.query_selector(".bf-notebook").bounding_box()
    assert box["height"] <= 820 and not cell.query_selector(".bp-still").is_visible()
    cell.evaluate("cell => cell.querySelector('.bf-notebook').setAttribute('data-seen', '')")
    violations = Axe().run(page, context=".bf-notebook[data-seen]").response["violations"]
    assert {v["id"]: [node["html"] for node in v["nodes"]] for v in violations} == {}
    cell.evaluate("cell => cell.querySelector('.bf-notebook').removeAttribute('data-seen')")
    places = cell.evaluate(PLACES)
    for label in ["◀ Step", "◀ Step", "◀ Step", "Update ×1"]:
        button = cell.query_selector(f"button:text-is('{label}')")
        if button:
            button.click()
            page.wait_for_timeout(100)
            assert cell.evaluate(PLACES) == places
    type_in(cell, "nonsense")
    holds(lambda: check_said(cell, "“nonsense” is not a number such as −0.5"))
    assert cell.evaluate(PLACES) == places


def check_said(cell, words):
    assert words in cell.query_selector(".bf-note").text_content()


def check_still(cell):
    assert "Error" not in cell.inner_text() and cell.query_selector(".bp-still").is_visible()
    assert live.faces.STILL_LINE in cell.inner_text()


def test_play_walks_by_itself_until_something_else_is_done(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    open_notebook(page, address("figures"))
    page.evaluate(RUN_ALL)
    cell = page.evaluate_handle(SCROLL_TO, 0).as_element()
    cell.wait_for_selector(".noUi-handle")
    press = cell.query_selector
    press(".bf-speed").click()  # twice as fast
    press(".bf-play").click()
    assert "1×" not in press(".bf-speed").text_content()
    for said in ["Forward, 1 of 2.", "Forward, 2 of 2.", "Backward, 1 of 4."]:
        holds(lambda said=said: check_sentence(cell, said), seconds=5)
    press("button:text-is('⟲ Reset')").click()
    page.wait_for_timeout(800)
    assert press(".bf-play").text_content() == "▶▶ Play"
    assert "of" not in press(".bf-sentence").text_content()
    page.close()


def check_sentence(cell, start):
    assert cell.query_selector(".bf-sentence").text_content().startswith(start)
