// Sets the drawings of backprop_lib.live moving: re-evaluates the recorded scalar graph, forward
// and backward, at every movement, and rewrites what changed. Python made everything else.
(() => {
  "use strict";

  const sigmoid = (a) => (a >= 0 ? 1 / (1 + Math.exp(-a)) : Math.exp(a) / (1 + Math.exp(a)));

  // [value, one local derivative for each input], row by row the table in backprop_lib/graph.py
  const OPERATIONS = {
    add: [(a, b) => a + b, () => 1, () => 1],
    sub: [(a, b) => a - b, () => 1, () => -1],
    mul: [(a, b) => a * b, (out, a, b) => b, (out, a) => a],
    div: [(a, b) => a / b, (out, a, b) => 1 / b, (out, a, b) => -out / b],
    power: [(a, b) => a ** b, (out, a, b) => (b ? b * a ** (b - 1) : 0), (out, a) => (a > 0 ? out * Math.log(a) : 0)],
    neg: [(a) => -a, () => -1],
    square: [(a) => a * a, (out, a) => 2 * a],
    sin: [(a) => Math.sin(a), (out, a) => Math.cos(a)],
    cos: [(a) => Math.cos(a), (out, a) => -Math.sin(a)],
    exp: [(a) => Math.exp(a), (out) => out],
    log: [(a) => Math.log(a), (out, a) => 1 / a],
    tanh: [(a) => Math.tanh(a), (out) => 1 - out * out],
    sigmoid: [(a) => sigmoid(a), (out, a) => out * sigmoid(-a)],
    relu: [(a) => Math.max(a, 0), (out, a) => (a > 0 ? 1 : 0)],
    absolute: [(a) => Math.abs(a), (out, a) => Math.sign(a)],
    maximum: [(a, b) => Math.max(a, b), (out, a, b) => (a >= b ? 1 : 0), (out, a, b) => (a >= b ? 0 : 1)],
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

  // As a drawing shows it: nothing that is not finite
  const shown = (x, digits) => (!Number.isFinite(x) ? "" : digits ? fixed(x, digits) : format(x));

  // A number in a formula: a negative one in brackets
  function bracketed(x, digits = null) {
    const text = digits === null ? format(x) : fixed(x, digits);
    return x < 0 ? `(${text})` : text;
  }

  // How many decimals show where a small result of a difference comes from; null for the usual ones
  function digitsFor(result, numbers) {
    const most = Math.max(...numbers.map(Math.abs), 0);
    const small = Math.abs(result) > 0 && Math.abs(result) < 0.01 * most && 0.01 * most < 1e3;
    return small ? Math.min(2 - Math.floor(Math.log10(Math.abs(result))), 10) : null;
  }

  const written = (x) => String(x).replaceAll("-", "−");

  // An axis tick or a learning rate: at most three digits, no zeros at the end
  function short(x) {
    const [digits, power] = x.toExponential(2).split("e").map(Number);
    return power < -4 || power >= 5 ? `${written(digits)}e${written(power)}` : written(Number(x.toPrecision(3)));
  }

  // A typed number, or null, by the rules of parse_number in backprop_lib/live/numbers.py
  function parse(text) {
    const plain = text.trim().replaceAll("−", "-").replace(/^([+-]?\d+),(\d{1,2}|\d{4,})$/, "$1.$2");
    const one = "[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?";
    const found = plain.match(RegExp(`^(${one})(?:([/^])(${one}))?$`, "i"));
    if (!found) return null;
    const [a, b] = [Number(found[1]), Number(found[3])];
    const x = found[2] === "/" ? a / b : found[2] === "^" ? a ** b : a;
    return Number.isFinite(x) ? x : null;
  }

  const isOutside = (x, range) => x < Number(range.min) || x > Number(range.max);

  // An address as text; one that is not well formed stays as it is
  function decoded(address) {
    try {
      return decodeURIComponent(address);
    } catch {
      return address;
    }
  }

  // Whether a formula is a sum, and needs brackets as a factor
  function isSum(template) {
    let outside = template;
    while (/\(/.test(outside)) outside = outside.replace(/\([^()]*\)/g, "");
    return / [+−] /.test(outside);
  }

  // w^1_11 as w¹₁₁, where no markup is possible
  function symbolPlain(symbol) {
    const script = (digits) => (_, mark) => mark.replace(/\d/g, (digit) => digits[digit]);
    return symbol
      .replace(/\^([\p{L}\p{N}]+)/gu, script("⁰¹²³⁴⁵⁶⁷⁸⁹"))
      .replace(/_([\p{L}\p{N}]+)/gu, script("₀₁₂₃₄₅₆₇₈₉"));
  }

  function symbolHtml(symbol) {
    return symbol
      .replace(/\^([\p{L}\p{N}]+)_([\p{L}\p{N}]+)/gu, '<span class=bf-ss><sup>$1</sup><sub>$2</sub></span>')
      .replace(/\^([\p{L}\p{N}]+)/gu, "<sup>$1</sup>")
      .replace(/_([\p{L}\p{N}]+)/gu, "<sub>$1</sub>");
  }

  // ---------------------------------------------------------------------------------------------
  // The recorded graph in flat arrays: value i is rule i of the values a[i] and b[i]
  class Graph {
    constructor(nodes, named) {
      const isLeaf = (node) => typeof node === "number";
      this.values = Float64Array.from(nodes, (node) => (isLeaf(node) ? node : 0));
      this.grads = new Float64Array(nodes.length);
      this.slopes = new Float64Array(nodes.length);
      this.rules = nodes.map((node) => (isLeaf(node) ? null : OPERATIONS[node[0]]));
      this.inputs = nodes.map((node) => (isLeaf(node) ? [] : node.slice(1)));
      this.a = Int32Array.from(nodes, (node) => (isLeaf(node) ? 0 : node[1]));
      this.b = Int32Array.from(nodes, (node) => node[2] ?? 0);
      this.computed = Int32Array.from(this.rules.keys()).filter((i) => !isLeaf(nodes[i]));
      this.computedBack = this.computed.slice().reverse();
      this.loss = nodes.length - 1;
      const isNamed = new Set(named);
      this.between = new Map(named.map((i) => [i, this.walkBack(i, isNamed)]));
    }

    // The unnamed values between a named one and the names it was computed from, last first
    walkBack(target, isNamed) {
      const inner = new Set([target]);
      const sources = new Set();
      for (const i of inner) { // grows while it is walked
        for (const k of this.inputs[i]) (isNamed.has(k) ? sources : inner).add(k);
      }
      return { inner: [...inner].sort((i, k) => k - i), sources: [...sources] };
    }

    // Everything computed from a leaf, in order
    after(leaf) {
      const found = new Set([leaf]);
      return this.computed.filter((i) => this.inputs[i].some((k) => found.has(k)) && found.add(i));
    }

    forward(order = this.computed) {
      const { values, rules, a, b } = this;
      for (const i of order) values[i] = rules[i][0](values[a[i]], values[b[i]]);
    }

    // Upstream times local, added to each input: paths that meet add
    passBack(i, slopes) {
      const { values, a, b } = this;
      const rule = this.rules[i];
      if (rule === null) return;
      const out = values[i];
      const x = values[a[i]];
      const y = values[b[i]];
      slopes[a[i]] += slopes[i] * rule[1](out, x, y);
      if (rule.length > 2) slopes[b[i]] += slopes[i] * rule[2](out, x, y);
    }

    backward() {
      this.grads.fill(0);
      this.grads[this.loss] = 1;
      for (const i of this.computedBack) this.passBack(i, this.grads);
    }

    run() {
      this.forward();
      this.backward();
    }

    // d target / d each name it was computed from directly, by number
    locals(target) {
      const { inner, sources } = this.between.get(target);
      for (const i of sources) this.slopes[i] = 0;
      for (const i of inner) this.slopes[i] = 0;
      this.slopes[target] = 1;
      for (const i of inner) this.passBack(i, this.slopes);
      return this.slopes;
    }

    // The named values that use value i directly
    consumers(i) {
      return [...this.between.keys()].filter((k) => this.between.get(k).sources.includes(i));
    }

    // The loss at each setting of one leaf; all values are put back
    sweep(leaf, points) {
      const after = this.after(leaf);
      const kept = this.values.slice();
      const losses = points.map((x) => {
        this.values[leaf] = x;
        this.forward(after);
        return this.values[this.loss];
      });
      this.values.set(kept);
      return losses;
    }
  }

  // ---------------------------------------------------------------------------------------------
  // A figure: what was drawn, and what moves in it
  class BackpropFigure extends HTMLElement {
    connectedCallback() {
      const script = this.querySelector('script[type="application/json"]');
      if (!script || this.graph) return;
      this.data = JSON.parse(script.textContent);
      this.symbols = {};
      for (const i in this.data.symbols) this.symbols[i] = symbolHtml(this.data.symbols[i]);
      this.graph = new Graph(this.data.nodes, Object.keys(this.data.symbols).map(Number));
      this.start = this.graph.values.slice();
      this.touched = this.data.touched;
      this.eta = this.data.eta;
      this.step = null; // the place in the walk
      this.example = 0;
      [this.noValue, this.noGrad] = [new Set(), new Set()]; // what the walk has not reached
      this.shown = false; // whether anything has been written
      this.stale = true; // whether the curves must be computed again
      this.history = []; // the losses of the updates since the last movement by hand
      this.find();
      this.listen();
      this.querySelector("fieldset").disabled = false;
      this.graph.run();
      this.restore();
      window.addEventListener("hashchange", () => this.restore());
      // A browser may put back into the controls what stood there when the page was left
      window.addEventListener("pageshow", () => this.setControls());
    }

    // Everything that moves, looked up once
    find() {
      const marked = (name) => [...this.querySelectorAll(`[data-${name}]`)];
      const numbers = (el, name) => el.dataset[name].split(" ").map(Number);
      this.sliders = marked("leaf").map((range) => this.typedBeside(range, Number(range.dataset.leaf)));
      this.byLeaf = new Map(this.sliders.map((slider) => [slider.leaf, slider]));
      const texts = (name) =>
        marked(name).map((el) => ({
          el, node: el.firstChild, at: numbers(el, name), digits: el.dataset.digits, text: el.textContent,
        }));
      this.valueTexts = texts("value");
      this.gradTexts = texts("grad");
      this.localTexts = texts("local");
      this.fills = marked("fill").map((el) => ({ el, at: numbers(el, "fill") }));
      this.edges = marked("edge").map((el) => ({ el, i: Number(el.dataset.edge) }));
      this.chips = marked("pick").map((el) => ({ el, at: numbers(el, "pick") }));
      this.boxes = marked("box").map((el) => ({ el, at: numbers(el, "box") }));
      this.heats = marked("heat").map((el) => ({ scale: Number(el.dataset.heat), cells: this.cellsOf(el) }));
      this.bars = marked("bar").map((el) => ({ el, read: this.reader(el.nextElementSibling), at: numbers(el, "bar") }));
      this.lines = marked("line").map((el) => ({ el, at: numbers(el, "line"), plane: planeOf(el) }));
      this.points = marked("point").map((el) => ({ el, at: numbers(el, "point"), plane: planeOf(el) }));
      this.curves = marked("curve").map((el) => new Curve(el));
      this.sentence = this.querySelector(".bf-sentence");
      this.note = this.querySelector(".bf-note");
      this.spoken = this.querySelector(".bf-spoken");
    }

    // What is shown of a value, a gradient, a local derivative: NaN before the walk has reached it
    value(i) {
      return this.noValue.has(i) ? NaN : this.graph.values[i];
    }

    grad(i) {
      return this.noGrad.has(i) ? NaN : this.graph.grads[i];
    }

    local(target, source) {
      return this.noGrad.has(source) ? NaN : this.graph.locals(target)[source];
    }

    // The same, of an element with data-value, data-grad or data-local
    reader({ dataset: { value, grad, local } }) {
      if (local) {
        const [target, source] = local.split(" ").map(Number);
        return () => this.local(target, source);
      }
      return value ? () => this.value(Number(value)) : () => this.grad(Number(grad));
    }

    cellsOf(block) {
      return [...block.querySelectorAll("g")].map((el) => ({ el, rect: el.firstChild, read: this.reader(el.lastChild) }));
    }

    // Puts a field beside a slider, in place of the number that stands there
    typedBeside(range, leaf) {
      const field = document.createElement("input");
      field.className = "bf-typed bf-value";
      field.inputMode = "decimal";
      field.autocomplete = "off";
      field.ariaLabel = `${range.ariaLabel}, as a number`;
      range.closest(".bf-row").querySelector("[data-value]").replaceWith(field);
      const symbol = this.data.symbols[leaf];
      // The indices of a weight do not say its layer: what is said aloud does
      const aloud = symbol.includes("^") ? range.ariaLabel : range.ariaLabel.split(",")[0];
      return { leaf, range, field, name: symbolPlain(symbol), aloud };
    }

    listen() {
      for (const { leaf, range, field, name } of this.sliders) {
        range.addEventListener("input", () => {
          if (this.held === range) range.value = this.graph.values[leaf];
          else this.set(leaf, Number(range.value));
        });
        this.listenToTouch(range, leaf);
        range.addEventListener("focus", () => this.touch(leaf));
        this.listenToField(field, name, format, () => this.graph.values[leaf], (x) => this.set(leaf, x));
      }
      for (const { el, at } of this.chips) el.addEventListener("click", () => this.touch(at[0]));
      this.etaRange = this.querySelector("[data-eta]");
      if (this.etaRange) {
        this.etaField = this.querySelector("[data-eta-field]");
        this.etaRange.addEventListener("input", () => this.setEta(10 ** Number(this.etaRange.value)));
        this.listenToField(this.etaField, "η", short, () => this.eta, (x) => this.setEta(x));
      }
      this.choice = this.querySelector("select");
      this.choice?.addEventListener("change", () => this.choose(Number(this.choice.value)));
      const act = {
        reset: () => this.reset(),
        step: () => this.stepBy(1),
        back: () => this.stepBy(-1),
        play: () => this.play(!this.playing),
        update: () => this.update(1),
        update10: () => this.update(10),
        edges: () => this.switchEdges(),
        link: () => this.link(),
      };
      for (const button of this.querySelectorAll("[data-do]")) {
        button.addEventListener("click", act[button.dataset.do]);
      }
    }

    // A finger that moves up or down scrolls the page: a slider waits for it to move sideways, and
    // takes its place at the end of a touch that did not move
    listenToTouch(range, leaf) {
      let from = null;
      const release = () => {
        this.held = null;
        from = null;
      };
      range.addEventListener("pointerdown", (event) => {
        if (event.pointerType !== "touch") return;
        [this.held, from] = [range, event.clientX];
      });
      range.addEventListener("pointermove", (event) => {
        if (from !== null && Math.abs(event.clientX - from) > 6) release();
      });
      range.addEventListener("pointercancel", () => {
        release();
        range.value = this.graph.values[leaf];
      });
      range.addEventListener("pointerup", (event) => {
        if (this.held !== range) return release();
        release();
        const { left, width } = range.getBoundingClientRect();
        const share = Math.min(Math.max((event.clientX - left) / width, 0), 1);
        range.value = Number(range.min) + share * (range.max - range.min);
        this.set(leaf, Number(range.value));
      });
    }

    // While it is worked on, a field shows all digits; nonsense is refused and said
    listenToField(field, name, write, read, accept) {
      const show = () => (field.value = write(read()));
      field.addEventListener("focus", () => {
        field.value = written(read());
        field.select();
      });
      field.addEventListener("blur", show);
      field.addEventListener("keydown", (event) => {
        if (event.key === "Escape") show();
      });
      field.addEventListener("change", () => {
        const x = parse(field.value);
        const refused = x === null || (field === this.etaField && x <= 0);
        field.ariaInvalid = String(refused);
        if (!refused) return accept(x);
        const wanted = field === this.etaField ? "positive number such as 0.01" : "number such as −0.5";
        this.say(`“${field.value}” is not a ${wanted}, 1/2 or 1e−3: ${name} stays ${write(read())}.`);
        field.value = written(read());
      });
    }

    say(message) {
      this.note.textContent = message;
    }

    set(leaf, x) {
      const { range } = this.byLeaf.get(leaf);
      this.graph.values[leaf] = x;
      this.stale ||= leaf !== this.touched;
      this.touched = leaf;
      this.moved();
      if (isOutside(x, range)) this.sayBeyond(this.byLeaf.get(leaf));
      clearTimeout(this.timer);
      this.timer = setTimeout(() => (this.spoken.textContent = this.result(leaf)), 300);
    }

    sayBeyond({ leaf, range, name }) {
      const x = format(this.graph.values[leaf]);
      this.say(`${name} = ${x} lies outside its slider, which ends at ${written(range.value)}.`);
    }

    result(leaf) {
      const loss = this.data.symbols[this.graph.loss];
      const { values, grads } = this.graph;
      const { aloud } = this.byLeaf.get(leaf);
      return `${loss} = ${format(values[this.graph.loss])}, gradient of ${aloud} = ${format(grads[leaf])}`;
    }

    // After a movement by hand: the walk and the history of updates are over
    moved() {
      this.play(false);
      this.step = null;
      this.history = [];
      this.say("");
      this.run();
    }

    touch(leaf) {
      if (this.touched === leaf && this.step === null) return;
      this.touched = leaf;
      this.stale = true;
      this.step = null;
      this.show();
    }

    setEta(eta) {
      this.eta = eta;
      this.say("");
      this.show();
    }

    choose(example) {
      for (const leaf in this.data.examples[example]) {
        this.graph.values[leaf] = this.data.examples[example][leaf];
      }
      this.choice.value = this.example = example;
      this.stale = true;
      this.moved();
    }

    reset() {
      this.graph.values.set(this.start);
      this.eta = this.data.eta;
      if (this.choice) this.choice.value = this.example = 0;
      this.stale = true;
      this.moved();
    }

    update(times) {
      const { values, grads, loss } = this.graph;
      if (!this.history.length) this.history.push(values[loss]);
      this.say("");
      for (let k = 0; k < times; k++) {
        const moved = this.data.parameters.map((i) => values[i] - this.eta * grads[i]);
        if (!moved.every(Number.isFinite)) {
          this.say(`Stopped before update ${k + 1}: a weight would be too large for any number here. Try a smaller η.`);
          break;
        }
        this.data.parameters.forEach((i, at) => (values[i] = moved[at]));
        this.graph.run();
        this.history.push(values[loss]);
      }
      this.step = null;
      this.stale = true;
      this.run();
      this.spoken.textContent = this.result(this.touched);
    }

    // The walk: every shown value once forward, then once backward
    stepBy(direction) {
      const { ahead, back } = this.data.walk;
      const last = ahead.length + back.length - 1;
      const from = this.step === null ? (direction > 0 ? -1 : last + 1) : this.step;
      const next = from + direction;
      this.step = next < 0 || next > last ? null : next;
      this.show();
      this.spoken.textContent = this.sentence.textContent;
    }

    // The walk by itself, a step a second, until its end or until anything else is done
    play(on) {
      this.playing = on;
      clearInterval(this.beat);
      const button = this.querySelector('[data-do="play"]');
      if (button) button.textContent = on ? "❚❚ Pause" : "▶▶ Play";
      if (!on) return;
      const step = () => {
        this.stepBy(1);
        if (this.step === null) this.play(false);
      };
      step();
      this.beat = setInterval(step, 1200);
    }

    switchEdges() {
      this.byGradient = !this.byGradient;
      this.querySelector('[data-do="edges"]').textContent = `Edges: ${this.byGradient ? "gradient" : "weight"}`;
      this.show();
    }

    // The state in the address: #live/2;omega0=0.35;at=omega0 is the second figure of the page.
    // Each part by its key: what it says now, null for what need not be said; and how it is set,
    // false for what is not possible.
    state() {
      const { names, examples, walk } = this.data;
      const { values } = this.graph;
      const leafOf = (name) => Number(Object.keys(names).find((leaf) => names[leaf] === name) ?? -1);
      const among = (x, count, set) => Number.isInteger(x) && x >= 0 && x < count && (set(x), true);
      const steps = walk.ahead.length + walk.back.length;
      const table = {
        __proto__: null, // an address may ask for anything: toString is no part of a figure
        example: [() => (this.example ? this.example : null), (text) => among(parse(text), examples.length, (x) => this.choose(x))],
        at: [() => names[this.touched], (text) => leafOf(text) >= 0 && ((this.touched = leafOf(text)), true)],
        eta: [() => (this.eta === this.data.eta ? null : this.eta), (text) => parse(text) > 0 && ((this.eta = parse(text)), true)],
        step: [() => this.step, (text) => among(parse(text), steps, (x) => (this.step = x))],
      };
      for (const { leaf } of this.sliders) {
        table[names[leaf]] = [
          () => (values[leaf] === this.start[leaf] ? null : values[leaf]),
          (text) => parse(text) !== null && ((values[leaf] = parse(text)), true),
        ];
      }
      return table;
    }

    link() {
      const parts = Object.entries(this.state()).map(([key, [now]]) => [key, now()]).filter(([, x]) => x !== null);
      const address = [this.place(), ...parts.map((part) => part.join("="))].join(";");
      window.history.replaceState(null, "", `#live/${address}`);
      const said = "The address of this page now leads to this state";
      this.say(`${said}.`);
      navigator.clipboard?.writeText(location.href).then(() => this.say(`${said}; it was copied.`), () => {});
    }

    place() {
      const scripts = [...document.querySelectorAll("backprop-figure > script")];
      return 1 + scripts.findIndex((script) => script.parentNode === this);
    }

    restore() {
      const [place, ...parts] = decoded(location.hash).replace("#live/", "").split(";");
      if (!location.hash.startsWith("#live/") || Number(place) !== this.place()) return this.show();
      this.reset();
      const table = this.state();
      const wrong = parts.filter((part) => {
        const [key, text = ""] = part.split("=");
        return !table[key]?.[1](text);
      });
      this.stale = true;
      this.run();
      const beyond = this.sliders.find(({ leaf, range }) => isOutside(this.graph.values[leaf], range));
      if (wrong.length) this.say(`The address asks for what is not here: ${wrong.join("; ")}.`);
      else if (beyond) this.sayBeyond(beyond);
      this.scrollIntoView({ block: "center" });
    }

    run() {
      this.graph.run();
      this.show();
    }

    show() {
      this.findUnreached();
      this.showSliders();
      if (this.shown) { // at first all else is as Python drew it
        this.showNumbers();
        this.showNeurons();
        this.showShapes();
        for (const curve of this.curves) curve.show(this);
      }
      this.shown = true;
      this.stale = false;
      this.showStep();
    }

    showNumbers() {
      for (const text of this.valueTexts) write(text, this.value(text.at[0]));
      for (const text of this.gradTexts) write(text, this.grad(text.at[0]));
      let [target, slopes] = [null, null];
      for (const text of this.localTexts) {
        const [to, from] = text.at;
        if (to !== target) slopes = this.graph.locals((target = to));
        write(text, this.noGrad.has(from) ? NaN : slopes[from]);
      }
    }

    setControls() {
      for (const slider of this.sliders) slider.value = null;
      this.etaShown = null;
      this.showSliders();
      if (this.choice) this.choice.value = this.example;
    }

    showSliders() {
      const { values, grads } = this.graph;
      for (const slider of this.sliders) {
        const { leaf, range, field } = slider;
        const [value, gradient] = [format(values[leaf]), shown(this.grad(leaf)) || "not reached"];
        if (slider.value !== values[leaf]) {
          slider.value = values[leaf];
          range.value = values[leaf];
          field.value = document.activeElement === field ? written(values[leaf]) : value;
          field.classList.toggle("bf-outside", isOutside(values[leaf], range));
        }
        const spoken = `${value}, gradient ${gradient}`;
        if (slider.spoken !== spoken) range.ariaValueText = slider.spoken = spoken;
      }
      if (this.etaRange && this.etaShown !== this.eta) {
        this.etaShown = this.eta;
        this.etaRange.value = Math.log10(this.eta);
        this.etaRange.ariaValueText = short(this.eta);
        this.etaField.value = short(this.eta);
      }
    }

    showNeurons() {
      for (const { el, at: [i, radius] } of this.fills) {
        const a = this.value(i);
        change(el, "d", fillPath(radius, Math.min(Math.max(a, 0), 1) || 0));
        el.parentNode.classList.toggle("bf-dead", a === 0 && this.data.nodes[i][0] === "relu");
      }
      const steepest = largest(this.edges.map(({ i }) => this.graph.grads[i]));
      for (const { el, i } of this.edges) {
        const x = (this.byGradient ? (2.5 * this.grad(i)) / steepest : this.value(i)) || 0;
        change(el, "stroke-width", Math.min(1 + 3 * Math.abs(x), 9).toFixed(2));
        change(el, "stroke-dasharray", x < 0 ? "7 5" : "none");
        el.classList.toggle("bf-gradient", Boolean(this.byGradient));
        el.classList.toggle("bf-lit", i === this.touched);
      }
    }

    // Heat maps, bars, and the lines and points of a plane
    showShapes() {
      for (const { scale, cells } of this.heats) {
        const numbers = cells.map(({ read }) => read());
        const most = scale || largest(numbers);
        cells.forEach(({ el, rect }, k) => {
          const [fill, strong] = blended(numbers[k] / most);
          change(rect, "fill", fill);
          el.classList.toggle("bf-strong", strong);
        });
      }
      for (const { el, read, at: [middle, pixels, half] } of this.bars) {
        const x = read() || 0;
        const length = Number.isFinite(x) ? Math.min(Math.abs(x) * pixels, half) : 0;
        change(el, "width", length.toFixed(1));
        change(el, "x", (x < 0 ? middle - length : middle).toFixed(1));
      }
      for (const { el, at, plane } of this.lines) {
        const [x, y, slope] = at.map((i) => this.value(i));
        const ends = [plane.low, plane.high].map((end) => plane.at(end, y + slope * (end - x)));
        change(el, "d", curvePath(ends));
      }
      for (const { el, at: [x, y], plane } of this.points) {
        placePoint(el, ...plane.at(this.value(x), this.value(y)));
      }
    }

    // What the walk has not reached yet is not shown, whatever would show it
    findUnreached() {
      const { ahead, back } = this.data.walk;
      const walking = this.step !== null;
      const done = this.step - ahead.length + 1;
      this.noValue = new Set(walking ? ahead.slice(this.step + 1) : []);
      this.noGrad = new Set(walking ? back.slice(Math.max(done, 0)).flat() : []);
      this.findLost();
    }

    // Nor is what depends on a number that is not finite
    findLost() {
      const { values, grads, between } = this.graph;
      const lost = (x) => !Number.isFinite(x);
      if (!values.some(lost) && !grads.some(lost)) return;
      const named = [...between]; // inputs before results
      const noValue = new Set();
      for (const [i, { sources }] of named) {
        if (lost(values[i]) || sources.some((k) => noValue.has(k))) noValue.add(i);
      }
      const noGrad = new Set(named.map(([i]) => i).filter((i) => noValue.size || lost(grads[i])));
      for (const [i, { sources }] of named.reverse()) {
        if (noGrad.has(i)) for (const k of sources) noGrad.add(k);
      }
      for (const i of noValue) this.noValue.add(i);
      for (const i of noGrad) this.noGrad.add(i);
    }

    // One line for each gradient of a step
    showStep() {
      const { ahead, back } = this.data.walk;
      const walking = this.step !== null;
      const forward = walking && this.step < ahead.length;
      const at = forward ? this.step : this.step - ahead.length; // the place in its half
      const current = !walking ? [] : forward ? [ahead[at]] : back[at];
      const lit = (el, on) => {
        el.classList.toggle("bf-lit", on);
        el.classList.toggle("bf-lit-ahead", on && forward);
      };
      for (const box of this.boxes) lit(box.el, box.at.includes(current[0]));
      for (const chip of this.chips) {
        lit(chip.el, (walking ? current.slice(1) : [this.touched]).includes(chip.at[0]));
      }
      let said = this.lostSentence() ?? this.backwardSentence(this.touched);
      if (forward) said = `<b>Forward, ${at + 1} of ${ahead.length}.</b> ${this.forwardSentence(current[0])}`;
      else if (walking) {
        const also = current.slice(1).map((i) => ` <span>${this.inShort(i)}</span>`).join("");
        const first = this.backwardSentence(current[0]);
        said = `<b>Backward, ${at + 1} of ${back.length}.</b> ${first}${also && "<br>"}${also}`;
      }
      if (said !== this.said) this.sentence.innerHTML = this.said = said;
    }

    slopeSymbol(i) {
      return `∂${this.symbols[this.graph.loss]}/∂${this.symbols[i]}`;
    }

    inSymbols(template) {
      return template.replace(/\{(\d+)\}/g, (_, i) => this.symbols[i]);
    }

    // The numbers in a formula, with the digits that a difference needs
    inNumbers(template, result) {
      const numbers = [...template.matchAll(/\{(\d+)\}/g)].map((match) => this.graph.values[match[1]]);
      const digits = /.[+−]/.test(template) ? digitsFor(result, numbers) : null;
      return template.replace(/\{(\d+)\}/g, (_, i) => bracketed(this.graph.values[i], digits));
    }

    // Says where the numbers end, if they do
    lostSentence() {
      const { values, grads } = this.graph;
      const named = [...this.graph.between.keys()];
      const lost = (x) => !Number.isFinite(x);
      const value = named.find((i) => lost(values[i]));
      const end = "no number can hold it; what depends on it stays empty. Move the slider back, or reset.";
      if (value !== undefined) {
        return `<b class="bf-value">${this.symbols[value]} = ${format(values[value])}</b>: ${end}`;
      }
      const grad = named.findLast((i) => lost(grads[i]));
      if (grad === undefined) return null;
      return `<b class="bf-grad">${this.slopeSymbol(grad)} = ${format(grads[grad])}</b>: ${end}`;
    }

    forwardSentence(i) {
      const template = this.data.formulas[i];
      const value = this.graph.values[i];
      if (!template) return `${this.symbols[i]} = <b class="bf-value">${format(value)}</b>`;
      const plugged = this.inNumbers(template, value);
      const lines = `${this.symbols[i]} = ${this.inSymbols(template)}<br>`;
      return `${lines}<b class="bf-value">= ${plugged}<br>= ${format(value)}</b>`;
    }

    // upstream × local, summed over the values that use this one
    backwardSentence(i) {
      const { graph } = this;
      if (i === graph.loss) {
        return `${this.slopeSymbol(i)} = <b class="bf-grad">1.000</b>: the walk back starts here.`;
      }
      const [words, numbers] = this.terms(i);
      const lines = `${this.slopeSymbol(i)} = ${words.join(" + ")}<br>`;
      return `${lines}<b class="bf-grad">= ${numbers.join(" + ")}<br>= ${format(graph.grads[i])}</b>`;
    }

    inShort(i) {
      const numbers = this.terms(i)[1].join(" + ");
      return `${this.slopeSymbol(i)} = <b class="bf-grad">${numbers} → ${format(this.graph.grads[i])}</b>`;
    }

    // Upstream × local for each path, in words and in numbers; of many the largest
    terms(i) {
      const { graph } = this;
      const terms = graph.consumers(i).map((k) => {
        const slope = graph.locals(k)[i];
        const template = this.data.locals[`${k} ${i}`];
        const local = template
          ? this.inSymbols(isSum(template) ? `(${template})` : template)
          : `∂${this.symbols[k]}/∂${this.symbols[i]}`;
        const plain = !template || /^(\{\d+\}|−?\d+)$/.test(template);
        const number = plain ? bracketed(slope) : `(${this.inNumbers(template, slope)} = ${format(slope)})`;
        const plugged = `${bracketed(graph.grads[k])} × ${number}`;
        return [`${this.slopeSymbol(k)} × ${local}`, plugged, Math.abs(graph.grads[k] * slope)];
      });
      const count = terms.length;
      if (count > 3) {
        terms.sort((a, b) => b[2] - a[2]);
        terms.splice(2, count, [`… (${count} terms, the largest first)`, "…", 0]);
      }
      return [terms.map(([words]) => words), terms.map(([, plugged]) => plugged)];
    }
  }

  // ---------------------------------------------------------------------------------------------
  // The linear scale that takes low to start and high to end
  function linear(low, high, start, end) {
    const factor = (end - start) / (high - low);
    return Object.assign((x) => start + factor * (x - low), { factor });
  }

  // The loss against the weight last touched, with its tangent; below it the updates' losses
  class Curve {
    constructor(el) {
      this.box = el.dataset.curve.split(" ").map(Number);
      const find = (selector) => el.querySelector(selector);
      [this.curve, this.tangent, this.point] = [find(".bf-curve"), find(".bf-tangent"), find(".bf-point")];
      this.ticks = ["low", "high", "floor", "top"].map((name) => find(`[data-tick-${name}]`));
      [this.name, this.slope] = [find("[data-curve-name]"), find("[data-slope]")];
      const past = (selector) => el.closest("backprop-figure").querySelector(selector);
      [this.past, this.line, this.count] = [past(".bf-history"), past(".bf-past"), past("[data-count]")];
    }

    show(figure) {
      const { graph, touched } = figure;
      const x = graph.values[touched];
      const { range } = figure.byLeaf.get(touched);
      const [low, high] = [Math.min(x, range.min), Math.max(x, range.max)];
      if (figure.stale || low !== this.low || high !== this.high) {
        [this.low, this.high] = [low, high];
        this.draw(graph, touched);
        this.name.innerHTML = figure.symbols[touched];
      }
      const [u, v] = [this.across(x), this.up(figure.value(graph.loss))];
      const grad = figure.grad(touched);
      const slope = (grad * this.up.factor) / this.across.factor;
      const dx = 30 / Math.hypot(1, slope);
      const d = `M${u - dx},${v - slope * dx}L${u + dx},${v + slope * dx}`;
      this.tangent.setAttribute("d", Number.isFinite(slope + v) ? d : "");
      placePoint(this.point, u, v);
      this.slope.textContent = shown(grad);
      this.showHistory(figure.history);
    }

    draw(graph, leaf) {
      const { box: [left, top, right, floor], low, high } = this;
      const xs = Array.from({ length: 161 }, (_, k) => low + ((high - low) * k) / 160);
      const losses = graph.sweep(leaf, xs);
      const [least, most] = extent(losses);
      this.across = linear(low, high, left, right);
      this.up = linear(least, most, floor, top);
      this.curve.setAttribute("d", curvePath(xs.map((x, k) => [this.across(x), this.up(losses[k])])));
      [low, high, least, most].forEach((x, k) => (this.ticks[k].textContent = short(x)));
    }

    showHistory(losses) {
      if (!this.past || losses.length === this.shown) return;
      this.shown = losses.length;
      if (losses.length < 2) {
        this.line.setAttribute("d", "");
        this.count.textContent = "no updates yet";
        return;
      }
      const [left, , right] = this.box;
      const across = linear(0, losses.length - 1, left, right);
      const up = linear(...extent(losses), 38, 6);
      this.line.setAttribute("d", curvePath(losses.map((y, k) => [across(k), up(y)])));
      const [first, last] = [losses[0], losses[losses.length - 1]];
      this.count.textContent = `${losses.length - 1} updates: ${format(first)} → ${format(last)}`;
    }
  }

  // The range to draw: a loss that almost reaches zero is drawn above zero
  function extent(losses) {
    const finite = losses.filter(Number.isFinite);
    let least = Math.min(...finite);
    const most = Math.max(...finite);
    if (least > 0 && least < 0.1 * most) least = 0;
    return most - least >= 1e-12 ? [least, most] : finite.length ? [least, least + Math.max(1, Math.abs(least))] : [0, 1];
  }

  // From data to pixels
  function planeOf(el) {
    const [width, height, low, high, bottom, top] = el.closest("[data-plane]").dataset.plane.split(" ").map(Number);
    const [across, up] = [linear(low, high, 0, width), linear(bottom, top, height, 0)];
    return { low, high, at: (x, y) => [across(x), up(y)] };
  }

  // The rules of blended in backprop_lib/live/heatmap.py
  function blended(share) {
    if (!Number.isFinite(share)) return ["none", false];
    const strength = Math.min(Math.abs(share), 1);
    const end = share > 0 ? [27, 120, 55] : [118, 42, 131];
    const channels = end.map((channel) => Math.floor(255.5 + (channel - 255) * strength));
    return [`rgb(${channels})`, share > 0.9 || share < -0.74];
  }

  function fixed(x, digits) {
    if (Math.abs(x) >= 1e5) return format(x);
    const written = Math.abs(x).toFixed(digits);
    return x < 0 && Number(written) ? `−${written}` : written;
  }

  function write(text, x) {
    if (text.digits < 0) return; // a cell with its colour alone
    const written = shown(x, text.digits);
    if (text.text === written) return;
    text.text = written;
    if (text.node) text.node.data = written;
    else text.el.textContent = written;
    text.node = text.el.firstChild;
  }

  // The largest absolute value that is a number, to be divided by
  function largest(numbers) {
    return Math.max(...numbers.map(Math.abs).filter(Number.isFinite), 0) || 1;
  }

  function placePoint(el, u, v) {
    const drawn = Number.isFinite(u + v);
    el.classList.toggle("bf-none", !drawn);
    if (drawn) [change(el, "cx", u.toFixed(1)), change(el, "cy", v.toFixed(1))];
  }

  function change(el, name, value) {
    if (el.getAttribute(name) !== value) el.setAttribute(name, value);
  }

  function fillPath(r, level) {
    if (level >= 1) return `M${-r},0a${r},${r} 0 1 0 ${2 * r},0a${r},${r} 0 1 0 ${-2 * r},0Z`;
    const surface = r * (1 - 2 * level);
    const half = Math.sqrt(Math.max(r * r - surface * surface, 0));
    const large = level > 0.5 ? 1 : 0;
    return `M${-half},${surface}A${r},${r} 0 ${large} 0 ${half},${surface}Z`;
  }

  // A path through the points, interrupted where y is not finite
  function curvePath(points) {
    let pen = "M";
    let path = "";
    for (const [x, y] of points) {
      if (Number.isFinite(y)) path += `${pen}${x.toFixed(1)},${y.toFixed(1)}`;
      pen = Number.isFinite(y) ? "L" : "M";
    }
    return path;
  }

  if (!customElements.get("backprop-figure")) customElements.define("backprop-figure", BackpropFigure);
})();
