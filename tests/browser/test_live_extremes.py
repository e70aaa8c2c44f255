"""Nothing in a live figure is clipped, runs over anything else or leaves the figure: at random
settings, at the ends of the sliders, at numbers as long as they get, and after a divergence.
"""

import random

import pytest
from alone import EVERY_FIGURE, EXPLORED

TYPED = [1e-12, -2.47e-6, -1088.0, 1e6, 1e9, 1e300, -1e300]

# Sets the leaves to each of the settings, moves one slider after the other, and returns what is
# wrong by what it says. Letters fill about 70 % of a line's height. A symbol's own indices may
# touch, a plate's own numbers lie on it, and a label on an arrow may cover the arrow.
LOOK = """(figure, settings) => {
  const found = new Map();
  const leaves = figure.sliders.map(({ leaf }) => leaf);
  const visible = (el) => el.checkVisibility({ visibilityProperty: true });
  const drawings = [...figure.querySelectorAll("svg")].filter((svg) => !svg.parentNode.closest("svg"));
  const texts = drawings.filter(visible).flatMap((svg) => [...svg.querySelectorAll("text")]);
  const plots = [...figure.querySelectorAll(".bf-curve-view svg, .bf-plane")].filter(visible);
  const bounds = (el) => {
    const { left, right, top, bottom } = el.getBoundingClientRect();
    return { left, right, top, bottom };
  };
  const thinner = ({ left, right, top, bottom }, share = 0.15) => {
    const spare = share * (bottom - top);
    return { left, right, top: top + spare, bottom: bottom - spare };
  };
  const holder = new Map(texts.map((text) => {
    if (text.matches(".bf-heat > rect + text")) return [text, text.previousElementSibling];
    const group = text.closest(".bf-box, .bf-chip");
    return [text, group?.querySelector(":scope > rect, :scope > circle")];
  }));
  const overlap = (a, b) => [
    Math.min(a.right, b.right) - Math.max(a.left, b.left),
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
  ];
  const beyond = (a, b) =>
    Math.max(b.left - a.left, a.right - b.right, b.top - a.top, a.bottom - b.bottom);
  const note = (kind, said, by, setting) => {
    const key = `${kind}: ${said}`;
    if (!(found.get(key)?.by > by)) found.set(key, { by, setting });
  };
  const look = (setting) => {
    const frame = bounds(figure);
    const boxes = [];
    for (const text of texts) {
      if (!text.textContent.replace("\\u200b", "").trim() || !visible(text)) continue;
      const box = thinner(bounds(text));
      if (box.right - box.left < 0.5) continue;
      boxes.push({ text, said: text.textContent, box });
      const into = holder.get(text);
      if (!into) continue;
      const room = bounds(into);
      if (into.tagName === "rect") {
        const over = beyond(box, room);
        if (over > 0.5) note("clipped", `${text.getAttribute("class")} ${text.textContent}`, over, setting);
      } else {
        const [x, y] = [(room.left + room.right) / 2, (room.top + room.bottom) / 2];
        const far = Math.hypot(
          Math.max(x - box.left, box.right - x), Math.max(Math.abs(y - box.top), Math.abs(y - box.bottom)));
        const over = far - (room.right - room.left) / 2;
        if (over > 0.5) note("clipped", `${text.getAttribute("class")} ${text.textContent}`, over, setting);
      }
    }
    for (const el of figure.querySelectorAll(".bf-chip > rect, .bf-box > rect, .bf-box > circle")) {
      if (visible(el)) boxes.push({ text: null, el, said: "plate", box: bounds(el) });
    }
    for (const field of figure.querySelectorAll(".bf-typed")) {
      if (!visible(field)) continue;
      const over = field.scrollWidth - field.clientWidth;
      if (over > 1) note("clipped", `field ${field.value}`, over, setting);
    }
    for (const el of figure.querySelectorAll("[data-grad], [data-slope], [data-count], .bf-row > .bf-name")) {
      if (visible(el) && !el.closest("svg")) {
        const range = document.createRange();
        range.selectNodeContents(el);
        if (el.textContent) boxes.push({ text: el, said: el.textContent, box: thinner(range.getBoundingClientRect()) });
      }
    }
    for (const el of figure.querySelectorAll("input, button")) {
      if (visible(el)) boxes.push({ text: el, said: el.ariaLabel ?? el.textContent, box: bounds(el) });
    }
    for (const { said, box } of boxes) {
      const over = beyond(box, frame);
      if (over > 0.5) note("outside", said, over, setting);
    }
    boxes.sort((a, b) => a.box.left - b.box.left);
    for (let k = 0; k < boxes.length; k++) {
      const a = boxes[k];
      for (let m = k + 1; m < boxes.length && boxes[m].box.left < a.box.right - 1; m++) {
        const b = boxes[m];
        const [across, down] = overlap(a.box, b.box);
        if (across <= 1 || down <= 1) continue;
        if (a.el && b.text && holder.get(b.text) && b.text.parentNode === a.el.parentNode) continue;
        if (b.el && a.text && holder.get(a.text) && a.text.parentNode === b.el.parentNode) continue;
        if (a.el && b.el && a.el.parentNode === b.el.parentNode) continue;
        note("overlap", `${a.said} | ${b.said}`, Math.min(across, down), setting);
      }
    }
    for (const plot of plots) {
      const axis = bounds(plot.querySelector(".bf-axis"));
      const ticks = [...plot.querySelectorAll(".bf-tick, .bf-symbol")].map((tick) => [tick, thinner(bounds(tick))]);
      const room = { left: axis.left - 6, right: axis.right + 6, top: axis.top - 6, bottom: axis.bottom + 6 };
      for (const el of plot.querySelectorAll(".bf-curve, .bf-tangent, .bf-point")) {
        if (!visible(el) || el.closest(".bf-clip") || el.getAttribute("d") === "") continue;
        const box = bounds(el);
        const over = beyond(box, room);
        if (over > 0.5) note("off the plot", el.getAttribute("class"), over, setting);
        for (const [tick, place] of ticks) {
          const [across, down] = overlap(box, place);
          if (across > 0 && down > 0) note("over a label", `${el.getAttribute("class")} ${tick.textContent}`, Math.min(across, down), setting);
        }
      }
    }
  };
  settings.forEach((setting, k) => {
    leaves.forEach((leaf, at) => (figure.graph.values[leaf] = setting[at]));
    figure.touched = leaves[k % leaves.length];
    figure.stale = true;
    figure.run();
    look(k);
  });
  figure.reset();
  if (figure.data.parameters.length) {
    figure.eta = 1e3 * figure.data.eta;
    for (let k = 0; k < 3; k++) {
      figure.update(10);
      look(`update ${k}`);
    }
    figure.reset();
  }
  return [...found].map(([key, { by, setting }]) => `${key} by ${by.toFixed(1)} px at ${setting}`);
}"""


def settings_of(figure, times=50):
    """Return random settings, both ends, and each leaf at numbers of many characters."""
    rng = random.Random(0)
    sliders = figure.sliders
    start = [slider.value.data for slider in sliders]
    settings = [start, [s.low for s in sliders], [s.high for s in sliders]]
    settings += [[rng.uniform(s.low, s.high) for s in sliders] for _ in range(times)]
    for at in range(len(sliders)):
        for x in TYPED if len(sliders) < 5 else rng.sample(TYPED, 1 + times // 20):
            settings.append([*start[:at], x, *start[at + 1 :]])
    return settings


@pytest.mark.parametrize("name", EVERY_FIGURE)
def test_nothing_is_clipped_or_overlaps(show_alone, name):
    figure = EVERY_FIGURE[name]()
    page, element = show_alone(figure)
    page.evaluate("document.querySelectorAll('.bf-more').forEach((part) => (part.open = true))")
    for width in (1280, 640, 390, 320):  # 640 is 1280 at 200 %
        page.set_viewport_size({"width": width, "height": 800})
        times = 50 if width in (1280, 390) else 5
        assert element.evaluate(LOOK, settings_of(figure, times)) == [], width
        if name in EXPLORED:
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(
    ("name", "style", "noticed"),
    [
        ("toy model", ".bf-box > text { font-size: 24px }", "clipped: "),
        ("toy model", ".bf-local { font-size: 24px }", "overlap: "),
        ("2-3-2-1", ".bf-chip > text { font-size: 20px }", "clipped: "),
        ("2-3-2-1", ".bf-neuron > text { font-size: 24px }", "clipped: "),
        ("matrices", ".bf-heat > text { font-size: 16px }", "clipped: "),
        ("chain", ".bf-tick { font-size: 30px }", "outside: "),
        ("chain", ".bf-tangent { transform: translateX(-90px) }", "over a label: bf-tangent"),
        ("chain", ".bf-point { transform: translateX(20px) }", "off the plot: bf-point"),
        ("chain", ".bf-typed { font-size: 20px }", "clipped: field"),
        ("named", ".bf-row > .bf-name { font-size: 24px }", "overlap: "),
    ],
)
def test_what_is_clipped_is_noticed(show_alone, name, style, noticed):
    figure = EVERY_FIGURE[name]()
    page, element = show_alone(figure)
    page.add_style_tag(content=style.replace(" }", " !important }"))
    found = element.evaluate(LOOK, settings_of(figure, times=3))
    assert any(said.startswith(noticed) for said in found)
