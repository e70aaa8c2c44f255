"""How fast the live figures follow: in a page, and in JupyterLab beside ``interact``.

    python -m benchmarks.bench_figures [--inputs 300] [--no-lab]

In a page, each input puts a slider somewhere at the start of a frame; the time runs to the last
number rewritten, to the page laid out, and to the end of the frame that paints it. In JupyterLab
it runs from the key that moves a slider to the page changed by Python's answer.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median, quantiles

import nbformat
from playwright.sync_api import sync_playwright

from backprop_lib import live
from backprop_lib.live.svg import STYLE
from tools.browser import CHROMIUM_FLAGS, find_chromium, jupyterlab, open_notebook

SCRIPT = (Path(live.__path__[0]) / "figure.js").read_text(encoding="utf-8")

FOLLOW = """async (inputs) => {
  const figure = document.querySelector("backprop-figure");
  const sliders = [...figure.querySelectorAll("[data-leaf]")];
  const channel = new MessageChannel();
  const frame = (k) => new Promise((done) => requestAnimationFrame(() => {
    const slider = sliders[k % sliders.length];
    const start = performance.now();
    slider.value = Number(slider.min) + Math.random() * (slider.max - slider.min);
    slider.dispatchEvent(new Event("input"));
    const recomputed = performance.now() - start;
    figure.getBoundingClientRect();
    const laidOut = performance.now() - start;
    channel.port1.onmessage = () => done([recomputed, laidOut, performance.now() - start]);
    channel.port2.postMessage(0);
  }));
  const times = [];
  for (let k = 0; k < inputs; k++) times.push(await frame(k));
  return times;
}"""

LOAD = """(script) => {
  const start = performance.now();
  (0, eval)(script);
  return performance.now() - start;
}"""

INTERACT = """
%matplotlib inline
import matplotlib.pyplot as plt, numpy as np
from ipywidgets import FloatSlider, interact

@interact(**{f"{letter}{k}": FloatSlider(value=value, min=-3, max=3, step=0.05)
             for letter, values in [("beta", worked.TOY.beta), ("omega", worked.TOY.omega)]
             for k, value in enumerate(values)})
def show(**weights):
    beta, omega = ([weights[f"{letter}{k}"] for k in range(4)] for letter in ("beta", "omega"))
    model = ToyModel(beta, omega)
    loss = model.forward(worked.TOY.x, worked.TOY.y)
    xs = np.linspace(-3, 3, 161)
    losses = [ToyModel([x, *beta[1:]], omega).forward(worked.TOY.x, worked.TOY.y) for x in xs]
    plt.figure(figsize=(4, 2.5))
    plt.plot(xs, losses)
    plt.title(f"loss {loss:.3f}, gradient {model.backward()['beta0']:.3f}")
    plt.show()
"""

# Notes the time of each key and of the first change behind it that is not the slider's own
WATCH = """(output) => {
  window.keys = [];
  let key = null;
  document.addEventListener("keydown", () => (key = performance.now()), true);
  new MutationObserver((changes) => {
    const answer = changes.some(({ target }) => !target.closest?.(".widget-slider, .widget-text"));
    if (answer && key !== null) {
      keys.push(performance.now() - key);
      key = null;
    }
  }).observe(output, { childList: true, subtree: true, characterData: true });
}"""


def in_pages(browser, inputs):
    """Return a row for each figure: times in ms and the size in kB."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, make_figure in live.FIGURES.items():
            html = make_figure().html()
            path = Path(folder) / "figure.html"
            path.write_text(
                f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><body>{html}",
                encoding="utf-8",
            )
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            loads = []
            for _ in range(15):
                page.goto(path.as_uri())
                loads.append(page.evaluate(LOAD, SCRIPT))
            times = page.evaluate(FOLLOW, inputs)
            page.close()
            cells = [
                f"{middle:.1f} {p95:.1f}" for middle, p95 in map(_spread, zip(*times, strict=True))
            ]
            rows.append([name, *cells, f"{len(html.encode()) / 1000:.1f}", f"{median(loads):.1f}"])
    return rows


def in_jupyterlab(browser, keys):
    """Return the medians, in ms, from a key to the answer in the page, by name."""
    with tempfile.TemporaryDirectory() as folder:
        setup = "from backprop_lib import ToyModel, live, worked"
        cells = {name: f"{setup}\nlive.FIGURES[{name!r}]()" for name in live.FIGURES}
        cells["interact, matplotlib"] = f"{setup}\n{INTERACT.strip()}"
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(code) for code in cells.values()],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, Path(folder) / "figures.ipynb")
        with jupyterlab(folder) as address:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            open_notebook(page, address("figures"))
            page.locator(".lm-MenuBar-item", has_text="Run").click()
            page.locator('[data-command="runmenu:run-all"]').click()
            return {
                name: _answer(page.locator(".jp-Notebook .jp-CodeCell").nth(k), keys)
                for k, name in enumerate(cells)
            }


def _answer(cell, keys):
    cell.scroll_into_view_if_needed()
    handle = cell.locator(".noUi-handle").first
    handle.wait_for(timeout=90_000)
    page = cell.page
    cell.locator(".jp-OutputArea").first.evaluate(WATCH)
    handle.focus()
    for k in range(keys):
        page.keyboard.press("ArrowRight" if k % 2 else "ArrowLeft")
        page.wait_for_function(f"keys.length > {k}")
        page.wait_for_timeout(100)
    return median(page.evaluate("keys"))


def _spread(times):
    return median(times), quantiles(times, n=20)[-1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=300)
    parser.add_argument("--no-lab", action="store_true")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        flags = [*CHROMIUM_FLAGS, "--disable-frame-rate-limit"]
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=flags)
        head = ["figure", "recomputed", "laid out", "painted", "kB", "load"]
        print("In a page: median and p95 in ms")
        for row in [head, *in_pages(browser, options.inputs)]:
            print(f"  {row[0]:22}" + "".join(f"{cell:>13}" for cell in row[1:]))
        if not options.no_lab:
            print("In JupyterLab, from the key to the page: median in ms")
            for name, middle in in_jupyterlab(browser, keys=30).items():
                print(f"  {name:22}{middle:13.0f}")
        browser.close()
