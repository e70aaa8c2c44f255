// Sets the drawings of backprop_lib.live moving: re-evaluates the recorded scalar graph, forward
// and backward, at every movement, and rewrites the numbers. Python made everything else.
(() => {
  "use strict";

  const sigmoid = (a) => (a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a)));

  // [value, local derivatives], row by row the table in backprop_lib/graph.py
  const OPERATIONS = {
    add: [(a, b) => a + b, () => [1, 1]],
    sub: [(a, b) => a - b, () => [1, -1]],
    mul: [(a, b) => a * b, (out, a, b) => [b, a]],
    div: [(a, b) => a / b, (out, a, b) => [1 / b, -out / b]],
    pow: [
      (a, b) => Math.pow(a, b),
      (out, a, b) => [b ? b * Math.pow(a, b - 1) : 0, a > 0 ? out * Math.log(a) : 0],
    ],
    neg: [(a) => -a, () => [-1]],
    square: [(a) => a * a, (out, a) => [2 * a]],
    sin: [(a) => Math.sin(a), (out, a) => [Math.cos(a)]],
    cos: [(a) => Math.cos(a), (out, a) => [-Math.sin(a)]],
    exp: [(a) => Math.exp(a), (out) => [out]],
    log: [(a) => Math.log(a), (out, a) => [1 / a]],
    tanh: [(a) => Math.tanh(a), (out) => [1 - out * out]],
    sigmoid: [(a) => sigmoid(a), (out, a) => [out * sigmoid(-a)]],
    relu: [(a) => (a > 0 ? a : 0), (out, a) => [a > 0 ? 1 : 0]],
    abs: [(a) => Math.abs(a), (out, a) => [Math.sign(a)]],
    maximum: [(a, b) => Math.max(a, b), (out, a, b) => (a >= b ? [1, 0] : [0, 1])],
  };

  // The rules of backprop_lib/live/numbers.py
  function format(x) {
    if (Number.isNaN(x)) return "undefined";
    const sign = x < 0 ? "−" : "";
    const size = Math.abs(x);
    if (!Number.isFinite(size)) return sign + "∞";
    if (size === 0) return "0.000";
    if (size >= 1e5 || size < 1e-3) {
      return sign + size.toExponential(2).replace("e+", "e").replace("e-", "e−");
    }
    return sign + size.toFixed(size >= 0.1 ? 3 : size >= 0.01 ? 4 : 5);
  }

  const bracketed = (x) => (x < 0 ? `(${format(x)})` : format(x));
  const short = (x) => String(Number(x.toPrecision(3))).replace("-", "−");

  class Graph {
    constructor(data) {
      this.data = data;
      this.nodes = data.nodes;
      this.values = this.nodes.map((node) => (typeof node === "number" ? node : 0));
      this.grads = this.nodes.map(() => 0);
      this.loss = this.nodes.length - 1;
      this.named = (i) => i in data.symbols;
    }

    forward() {
      this.nodes.forEach((node, i) => {
        if (typeof node === "number") return;
        const inputs = node.slice(1).map((k) => this.values[k]);
        this.values[i] = OPERATIONS[node[0]][0](...inputs);
      });
      return this.values[this.loss];
    }

    // d target / d everything it was computed from; with stopAtNames, directly computed from
    slopes(target, stopAtNames) {
      const slopes = new Map([[target, 1]]);
      for (let i = target; i >= 0; i--) {
        const node = this.nodes[i];
        if (!slopes.has(i) || typeof node === "number") continue;
        if (stopAtNames && i !== target && this.named(i)) continue;
        const inputs = node.slice(1).map((k) => this.values[k]);
        const local = OPERATIONS[node[0]][1](this.values[i], ...inputs);
        node.slice(1).forEach((k, at) => {
          slopes.set(k, (slopes.get(k) || 0) + slopes.get(i) * local[at]);
        });
      }
      return slopes;
    }

    run() {
      this.forward();
      const slopes = this.slopes(this.loss, false);
      this.grads = this.nodes.map((_, i) => slopes.get(i) || 0);
    }

    // The named values that use value i directly, with the local derivatives
    consumers(i) {
      const found = [];
      for (let k = i + 1; k < this.nodes.length; k++) {
        if (typeof this.nodes[k] === "number" || !this.named(k)) continue;
        const slopes = this.slopes(k, true);
        if (slopes.has(i)) found.push([k, slopes.get(i)]);
      }
      return found;
    }
  }

  class BackpropFigure extends HTMLElement {
    connectedCallback() {
      const script = this.querySelector('script[type="application/json"]');
      if (!script || this.graph) return;
      this.graph = new Graph(JSON.parse(script.textContent));
      this.data = this.graph.data;
      this.touched = this.data.touched;
      this.start = this.graph.values.slice();
      this.step = null;
      this.marked = (name) =>
        [...this.querySelectorAll(`[data-${name}]`)].map((el) => [el, el.dataset[name]]);
      this.values = this.marked("value").map(([el, i]) => [el, Number(i)]);
      this.gradients = this.marked("grad").map(([el, i]) => [el, Number(i)]);
      this.locals = this.marked("local").map(([el, pair]) => [el, ...pair.split(" ").map(Number)]);
      this.sliders = this.marked("leaf").map(([el, i]) => [el, Number(i)]);
      this.curves = [...this.querySelectorAll("[data-curve]")];
      const boxes = this.marked("box").flatMap(([, list]) => list.split(" ").map(Number));
      const shown = [...new Set([...boxes, this.graph.loss])].sort((a, b) => a - b);
      this.ahead = shown.filter((i) => typeof this.graph.nodes[i] !== "number");
      this.back = shown.reverse();
      this.listen();
      this.run();
    }

    listen() {
      for (const [input, leaf] of this.sliders) {
        input.disabled = false;
        input.addEventListener("input", () => {
          this.graph.values[leaf] = Number(input.value);
          this.touched = leaf;
          this.step = null;
          this.run();
        });
        input.addEventListener("focus", () => this.touch(leaf));
      }
      for (const [chip, i] of this.marked("pick")) {
        chip.addEventListener("click", () => this.touch(Number(i)));
      }
      for (const [eta] of this.marked("eta")) {
        eta.disabled = false;
        eta.addEventListener("input", () => {
          eta.nextElementSibling.textContent = short(10 ** Number(eta.value));
        });
      }
      const act = {
        reset: () => this.reset(),
        step: () => this.stepBy(1),
        back: () => this.stepBy(-1),
        update: () => this.update(1),
        update10: () => this.update(10),
        edges: () => this.switchEdges(),
      };
      for (const [button, name] of this.marked("do")) {
        button.disabled = false;
        button.addEventListener("click", act[name]);
      }
    }

    touch(leaf) {
      if (this.touched === leaf && this.step === null) return;
      this.touched = leaf;
      this.step = null;
      this.show();
    }

    reset() {
      this.graph.values = this.start.slice();
      this.step = null;
      this.run();
    }

    update(times) {
      const eta = 10 ** Number(this.querySelector("[data-eta]").value);
      for (let k = 0; k < times; k++) {
        for (const i of this.data.parameters) this.graph.values[i] -= eta * this.graph.grads[i];
        this.graph.run();
      }
      this.step = null;
      this.run();
    }

    // The walk: every shown value once forward, then once backward
    stepBy(direction) {
      const last = this.ahead.length + this.back.length - 1;
      const from = this.step === null ? (direction > 0 ? -1 : last + 1) : this.step;
      const next = from + direction;
      this.step = next < 0 || next > last ? null : next;
      this.show();
    }

    switchEdges() {
      this.byGradient = !this.byGradient;
      const button = this.querySelector('[data-do="edges"]');
      button.textContent = this.byGradient ? "Edges: gradient" : "Edges: weight";
      this.show();
    }

    run() {
      this.graph.run();
      this.show();
    }

    show() {
      const { values, grads } = this.graph;
      for (const [el, i] of this.values) el.textContent = format(values[i]);
      for (const [el, i] of this.gradients) el.textContent = format(grads[i]);
      for (const [el, out, i] of this.locals) {
        el.textContent = format(this.graph.slopes(out, true).get(i) || 0);
      }
      for (const [input, leaf] of this.sliders) {
        input.value = values[leaf];
        input.setAttribute("aria-valuetext", `${format(values[leaf])}, gradient ${format(grads[leaf])}`);
      }
      this.showNeurons();
      for (const curve of this.curves) this.showCurve(curve);
      this.showStep();
    }

    showNeurons() {
      for (const [path, i] of this.marked("fill")) {
        const [x, y, r] = path.dataset.at.split(" ").map(Number);
        path.setAttribute("d", fillPath(x, y, r, Math.min(Math.max(this.graph.values[i], 0), 1)));
      }
      const edges = this.marked("edge").map(([edge, i]) => [edge, Number(i)]);
      const steepest = Math.max(...edges.map(([, i]) => Math.abs(this.graph.grads[i])), 1e-300);
      for (const [edge, i] of edges) {
        const x = this.byGradient ? (2.5 * this.graph.grads[i]) / steepest : this.graph.values[i];
        edge.setAttribute("stroke-width", Math.min(1 + 3 * Math.abs(x), 9).toFixed(2));
        edge.setAttribute("stroke-dasharray", x < 0 ? "7 5" : "none");
        edge.classList.toggle("bf-gradient", Boolean(this.byGradient));
        edge.classList.toggle("bf-lit", i === this.touched);
      }
      for (const [chip, i] of this.marked("pick")) {
        chip.classList.toggle("bf-lit", Number(i) === this.touched);
      }
    }

    showCurve(view) {
      const { graph } = this;
      const slider = this.sliders.find(([, leaf]) => leaf === this.touched);
      if (!slider) return;
      const [low, high] = [Number(slider[0].min), Number(slider[0].max)];
      const [left, top, right, floor] = view.dataset.curve.split(" ").map(Number);
      const kept = graph.values[this.touched];
      const points = Array.from({ length: 161 }, (_, k) => {
        const x = low + ((high - low) * k) / 160;
        graph.values[this.touched] = x;
        return [x, graph.forward()];
      });
      graph.values[this.touched] = kept;
      const loss = graph.forward();
      const finite = points.map(([, y]) => y).filter(Number.isFinite);
      let [least, most] = [Math.min(...finite), Math.max(...finite)];
      if (least > 0 && least < 0.1 * most) least = 0;
      if (!(most - least >= 1e-12)) most = least + 1;
      const scaleX = (right - left) / (high - low);
      const scaleY = (floor - top) / (most - least);
      const at = (x, y) => [left + scaleX * (x - low), floor - scaleY * (y - least)];
      const grad = graph.grads[this.touched];
      const [x, y] = at(kept, loss);
      const slope = (-grad * scaleY) / scaleX;
      const dx = 30 / Math.hypot(1, slope);
      const line = `M${x - dx},${y - slope * dx}L${x + dx},${y + slope * dx}`;
      const set = (selector, name, value) => view.querySelector(selector).setAttribute(name, value);
      set(".bf-curve", "d", curvePath(points.map((point) => at(...point))));
      set(".bf-tangent", "d", Number.isFinite(slope) && Number.isFinite(y) ? line : "");
      set(".bf-point", "cx", x);
      set(".bf-point", "cy", Number.isFinite(y) ? y : -99);
      const write = (selector, text) => (view.querySelector(selector).textContent = text);
      write("[data-tick-low]", short(low));
      write("[data-tick-high]", short(high));
      write("[data-tick-floor]", short(least));
      write("[data-tick-top]", short(most));
      write("[data-slope]", format(grad));
      view.querySelector("[data-curve-name]").innerHTML = this.data.symbols[this.touched];
    }

    showStep() {
      const { step, ahead, back } = this;
      const walking = step !== null;
      const forward = walking && step < ahead.length;
      const at = forward ? step : step - ahead.length; // the place in its half of the walk
      const current = walking ? (forward ? ahead : back)[at] : null;
      const noValue = (i) => forward && ahead.indexOf(i) > at;
      const noGrad = (i) => walking && back.includes(i) && (forward || back.indexOf(i) > at);
      for (const [box, list] of this.marked("box")) {
        const lit = walking && list.split(" ").map(Number).includes(current);
        box.classList.toggle("bf-lit", lit);
        box.classList.toggle("bf-lit-ahead", lit && forward);
      }
      for (const [el, i] of this.values) el.classList.toggle("bf-waiting", noValue(i));
      for (const [el, i] of this.gradients) el.classList.toggle("bf-waiting", noGrad(i));
      for (const [el, , i] of this.locals) el.parentNode.classList.toggle("bf-waiting", noGrad(i));
      const sentence = this.querySelector(".bf-sentence");
      if (!walking) sentence.innerHTML = this.backwardSentence(this.touched);
      else if (forward) {
        sentence.innerHTML = `<b>Forward, ${at + 1} of ${ahead.length}.</b> ${this.forwardSentence(current)}`;
      } else {
        sentence.innerHTML =
          `<b>Backward, ${at + 1} of ${back.length}.</b> ` +
          this.backwardSentence(current) + this.parameterSentences(current);
      }
    }

    symbol(i) {
      return this.data.symbols[i];
    }

    slopeSymbol(i) {
      return `∂${this.symbol(this.graph.loss)}/∂${this.symbol(i)}`;
    }

    inSymbols(template) {
      return template.replace(/\{(\d+)\}/g, (_, i) => this.symbol(i));
    }

    inNumbers(template) {
      return template.replace(/\{(\d+)\}/g, (_, i) => bracketed(this.graph.values[i]));
    }

    forwardSentence(i) {
      const template = this.data.formulas[i];
      const formula = template ? ` = ${this.inSymbols(template)} = ` : " = ";
      const plugged = template ? `${this.inNumbers(template)} = ` : "";
      const value = format(this.graph.values[i]);
      return `${this.symbol(i)}${formula}<b class="bf-value">${plugged}${value}</b>`;
    }

    // upstream × local, summed over the values that use this one
    backwardSentence(i) {
      const { graph } = this;
      if (i === graph.loss) return `${this.slopeSymbol(i)} = <b class="bf-grad">1.000</b>: the walk back starts here.`;
      const terms = graph.consumers(i).map(([k, slope]) => {
        const template = this.data.locals[`${k} ${i}`];
        const local = template
          ? this.inSymbols(/^[^(]* [+−] /.test(template) ? `(${template})` : template)
          : `∂${this.symbol(k)}/∂${this.symbol(i)}`;
        const plain = !template || /^(\{\d+\}|\d+)$/.test(template);
        const number = plain ? bracketed(slope) : `(${this.inNumbers(template)} = ${format(slope)})`;
        return [`${this.slopeSymbol(k)} × ${local}`, `${bracketed(graph.grads[k])} × ${number}`];
      });
      const words = terms.map(([word]) => word).join(" + ");
      const numbers = terms.map(([, number]) => number).join(" + ");
      return `${this.slopeSymbol(i)} = ${words} = <b class="bf-grad">${numbers} = ${format(graph.grads[i])}</b>`;
    }

    parameterSentences(i) {
      const direct = this.graph.slopes(i, true);
      const own = this.data.parameters.filter((p) => direct.has(p) && !this.back.includes(p));
      return own.map((p) => `<br>${this.backwardSentence(p)}`).join("");
    }
  }

  function fillPath(x, y, r, level) {
    if (level >= 1) return `M${x - r},${y}a${r},${r} 0 1 0 ${2 * r},0a${r},${r} 0 1 0 ${-2 * r},0Z`;
    const surface = r * (1 - 2 * level);
    const half = Math.sqrt(Math.max(r * r - surface * surface, 0));
    const large = level > 0.5 ? 1 : 0;
    return `M${x - half},${y + surface}A${r},${r} 0 ${large} 0 ${x + half},${y + surface}Z`;
  }

  function curvePath(points) {
    let pen = "M";
    return points
      .map(([x, y]) => {
        if (!Number.isFinite(y)) {
          pen = "M";
          return "";
        }
        const command = `${pen}${x.toFixed(1)},${y.toFixed(1)}`;
        pen = "L";
        return command;
      })
      .join("");
  }

  if (!customElements.get("backprop-figure")) customElements.define("backprop-figure", BackpropFigure);
})();
