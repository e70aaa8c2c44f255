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

  const SWITCHES = new Set([OPERATIONS.relu, OPERATIONS.absolute, OPERATIONS.maximum]); // their slopes jump

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
      this.followers = new Map();
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
      if (!this.followers.has(leaf)) {
        const found = new Set([leaf]);
        this.followers.set(leaf, this.computed.filter((i) => this.inputs[i].some((k) => found.has(k)) && found.add(i)));
      }
      return this.followers.get(leaf);
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

    backward(seed = this.loss) {
      this.grads.fill(0);
      this.grads[seed] = 1;
      for (const i of this.computedBack) this.passBack(i, this.grads);
    }

    // d value / d seed for every value: local derivatives times tangents, forward
    tangents(seed) {
      const { values, rules, a, b } = this;
      const found = new Float64Array(values.length);
      found[seed] = 1;
      for (const i of this.computed) {
        const at = [values[i], values[a[i]], values[b[i]]];
        const [, left, right] = rules[i];
        found[i] = left(...at) * found[a[i]] + (right ? right(...at) * found[b[i]] : 0);
      }
      return found;
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

    // The loss at each setting of one leaf, and what else is asked there; all values are put back
    sweep(leaf, points, ask = () => {}) {
      const after = this.after(leaf);
      const kept = this.values.slice();
      const losses = points.map((x) => {
        this.values[leaf] = x;
        this.forward(after);
        ask(after);
        return this.values[this.loss];
      });
      this.values.set(kept);
      return losses;
    }

    // (J(w + h) − J(w − h)) / 2h by one leaf, whether w is at a kink, and what rounding may do: by
    // the rules of Recording.difference
    difference(leaf, h) {
      const { values, rules, a, b } = this;
      const loss = values[this.loss];
      const switches = [];
      const note = (after) => {
        const turning = after.filter((i) => SWITCHES.has(rules[i]));
        switches.push(turning.map((i) => rules[i][1](values[i], values[a[i]], values[b[i]])).join());
      };
      const [after, before] = this.sweep(leaf, [values[leaf] + h, values[leaf] - h], note);
      const [right, left] = [(after - loss) / h, (loss - before) / h];
      const rounding = (8 * 2 ** -52 * Math.abs(loss)) / h;
      const bend = 0.01 * Math.max(Math.abs(right), Math.abs(left)) + 100 * h + rounding;
      return [(after - before) / (2 * h), switches[0] !== switches[1] && Math.abs(right - left) > bend, rounding];
    }
  }

  const GOALS = {
    "+": (a, b) => a + b,
    "-": (a, b) => a - b,
    "*": (a, b) => a * b,
    "<": (a, b) => a < b,
    ">": (a, b) => a > b,
    "<=": (a, b) => a <= b,
    ">=": (a, b) => a >= b,
    "==": (a, b) => a === b,
    abs: Math.abs,
    and: (...parts) => parts.every(Boolean),
    or: (...parts) => parts.some(Boolean),
  };

  // The tasks done in this browser, as far as it lets a page remember
  const Done = {
    key: "backprop-tasks-1",
    ids: null,
    load() {
      try {
        this.ids ??= new Set(JSON.parse(localStorage.getItem(this.key) ?? "[]"));
      } catch {
        this.ids = new Set();
      }
      return this.ids;
    },
    has(id) {
      return this.load().has(id);
    },
    add(id) {
      this.load().add(id);
      this.save();
    },
    forget(ids) {
      for (const id of ids) this.load().delete(id);
      this.save();
    },
    save() {
      try {
        localStorage.setItem(this.key, JSON.stringify([...this.ids]));
      } catch {} // a page that may not remember forgets
    },
  };

  // ---------------------------------------------------------------------------------------------
  // A figure: what was drawn, and what moves in it
  class BackpropFigure extends HTMLElement {
    connectedCallback() {
      const script = this.querySelector('script[type="application/json"]');
      if (!script || this.graph || this.experiment) return;
      this.data = JSON.parse(script.textContent);
      const Kind = { path: Paths, layers: Layers, slide: Slide, tape: Tape }[this.data.kind];
      if (Kind) return void (this.experiment = new Kind(this, this.data));
      this.symbols = {};
      for (const i in this.data.symbols) this.symbols[i] = symbolHtml(this.data.symbols[i]);
      this.graph = new Graph(this.data.nodes, Object.keys(this.data.symbols).map(Number));
      this.start = this.graph.values.slice();
      this.touched = this.data.touched;
      this.eta = this.data.eta;
      this.step = null; // the place in the walk
      this.example = 0;
      this.speed = 1;
      [this.noValue, this.noGrad] = [new Set(), new Set()]; // what the walk has not reached
      this.shown = false; // whether anything has been written
      this.stale = true; // whether the curves must be computed again
      this.history = []; // [loss, parameters] of the updates since the last movement by hand
      this.at = 0; // the place in this history
      [this.past, this.future] = [[], []]; // the states to which undo and redo lead
      this.find();
      this.listen();
      this.querySelector("fieldset").disabled = false;
      this.graph.run();
      if (this.data.tasks.length) this.showTask(Math.max(this.data.tasks.findIndex(({ id }) => !Done.has(id)), 0));
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
          el, node: el.firstChild, at: numbers(el, name), digits: el.dataset.digits, text: el.textContent, room: roomOf(el),
        }));
      this.valueTexts = texts("value");
      this.gradTexts = texts("grad");
      this.localTexts = texts("local");
      this.fills = marked("fill").map((el) => ({ el, at: numbers(el, "fill") }));
      this.edges = marked("edge").map((el) => ({ el, i: Number(el.dataset.edge) }));
      this.chips = marked("pick").map((el) => ({ el, at: numbers(el, "pick") }));
      this.ways = marked("way").map((el) => ({ el, at: numbers(el, "way") }));
      this.boxes = marked("box").map((el) => ({ el, at: numbers(el, "box") }));
      this.heats = marked("heat").map((el) => ({ scale: Number(el.dataset.heat) || Infinity, cells: this.cellsOf(el) }));
      this.shares = [...this.querySelectorAll(".bf-matrices")].flatMap((view) => this.sharesIn(view));
      this.columns = [...this.querySelectorAll(".bf-heat:has(> .bf-tick)")].map((el) => ({
        cells: this.cellsOf(el), names: [...el.querySelectorAll(".bf-tick")],
      }));
      this.places = [...this.querySelectorAll(".bf-heat > rect, [data-bar]")].map((el) => ({
        el, of: numberedIn(el.nextElementSibling.dataset),
      }));
      this.ownPlace = new Set(this.places.map(({ of }) => of.grad));
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

    // The cells that share a scale, and where the number of its full colour stands
    sharesIn(view) {
      return [...view.querySelectorAll("[data-full]")].map((full, k) => ({
        full, cells: [...view.querySelectorAll(`[data-share="${k}"]`)].flatMap((el) => this.cellsOf(el)),
      }));
    }

    cellsOf(block) {
      return [...block.querySelectorAll("rect")].map((rect) => ({
        rect, text: rect.nextElementSibling, read: this.reader(rect.nextElementSibling),
      }));
    }

    // Puts a field beside a slider, in place of the number that stands there
    typedBeside(range, leaf) {
      const field = document.createElement("input");
      field.className = "bf-typed bf-value";
      field.autocomplete = "off";
      field.ariaLabel = `${range.ariaLabel}, as a number`;
      range.closest(".bf-row").querySelector("[data-value]").replaceWith(field);
      const line = range.closest(".bf-row").nextElementSibling;
      const symbol = this.data.symbols[leaf];
      // The indices of a weight do not say its layer: what is said aloud does
      const aloud = symbol.includes("^") ? range.ariaLabel : range.ariaLabel.split(",")[0];
      return { leaf, range, field, line, name: symbolPlain(symbol), aloud };
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
      for (const chip of this.chips) this.listenToChip(chip.el, chip.at[0]);
      for (const [el, leaf] of this.handles()) this.listenToDrag(el, leaf);
      this.etaRange = this.querySelector("[data-eta]");
      if (this.etaRange) {
        this.etaField = this.querySelector("[data-eta-field]");
        this.etaRange.addEventListener("input", () => this.setEta(10 ** Number(this.etaRange.value)));
        this.listenToField(this.etaField, "η", short, () => this.eta, (x) => this.setEta(x));
      }
      [this.undo, this.redo] = ["undo", "redo"].map((name) => this.querySelector(`[data-do=${name}]`));
      this.wind = this.querySelector("[data-wind]");
      this.wind?.addEventListener("input", () => this.windTo(Number(this.wind.value)));
      this.choice = this.querySelector(".bf-controls select");
      this.choice?.addEventListener("change", () => this.choose(Number(this.choice.value)));
      const act = {
        reset: () => this.reset(),
        step: () => this.stepBy(1),
        back: () => this.stepBy(-1),
        play: () => this.play(!this.playing),
        speed: () => this.changeSpeed(),
        update: () => this.update(1),
        update10: () => this.update(10),
        edges: () => this.switchEdges(),
        hint: () => this.say(this.data.tasks[this.task].hint),
        solve: () => this.solve(),
        task: () => this.showTask((this.task + 1) % this.data.tasks.length),
        undo: () => this.travel(this.past, this.future),
        redo: () => this.travel(this.future, this.past),
        keep: () => this.keep(),
        check: () => this.switchCheck(),
        hide: () => this.hide(!this.classList.contains("bf-hiding")),
        help: () => this.querySelector("dialog").showModal(),
        forget: () => this.forgetTasks(),
        link: () => this.link(),
      };
      this.steps = this.querySelector("[data-h]");
      this.steps.addEventListener("change", () => this.showCheck());
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

    // A weight's plate is a button; of all plates one is reached by Tab, the others by arrow keys
    listenToChip(el, leaf) {
      Object.assign(el, { role: "button", ariaLabel: `curve of ${symbolPlain(this.data.symbols[leaf])}` });
      el.tabIndex = el.previousElementSibling?.dataset.pick ? -1 : 0;
      el.addEventListener("click", () => this.touch(leaf));
      el.addEventListener("keydown", (event) => {
        const [on, back] = ["ArrowRight ArrowDown", "ArrowLeft ArrowUp"].map((keys) => keys.includes(event.key));
        const next = on ? el.nextElementSibling : back ? el.previousElementSibling : null;
        if (event.key === "Enter" || event.key === " ") this.touch(leaf);
        else if (!on && !back) return;
        if (next?.dataset.pick) [el.tabIndex, next.tabIndex] = [-1, 0], next.focus();
        event.preventDefault();
      });
    }

    // What stands for a slider's leaf in the drawings: a plate, box or cell with its number, an
    // edge, its name in a formula
    handles() {
      const found = new Map();
      for (const el of this.querySelectorAll("svg :is([data-value], [data-edge], [data-drag])")) {
        const leaf = Number(el.dataset.value ?? el.dataset.edge ?? el.dataset.drag);
        if (!this.byLeaf.has(leaf)) continue;
        found.set(el.closest(".bf-chip, .bf-box:not(:has([data-drag]))") ?? el, leaf);
        if (el.parentNode.matches(".bf-heat")) found.set(el.previousElementSibling, leaf); // a cell's ground
      }
      return found;
    }

    // Sideways, as far as its slider is wide; a movement up or down scrolls the page
    listenToDrag(el, leaf) {
      const { range } = this.byLeaf.get(leaf);
      let from = null;
      el.classList.add("bf-drag");
      el.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        from = { x: event.clientX, value: this.graph.values[leaf], share: (range.max - range.min) / 240 };
        el.setPointerCapture(event.pointerId);
      });
      el.addEventListener("pointermove", (event) => {
        const way = from && event.clientX - from.x;
        if (!from || (!from.moves && Math.abs(way) < 5)) return;
        from.moves = true;
        range.value = from.value + way * from.share;
        this.set(leaf, Number(range.value));
      });
      for (const end of ["pointerup", "pointercancel"]) el.addEventListener(end, () => (from = null));
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
      this.remember(leaf);
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
      [this.history, this.at] = [[], 0];
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
      this.remember("eta");
      this.eta = eta;
      this.say("");
      this.show();
    }

    choose(example) {
      this.remember(Symbol("example"));
      this.setExample(example);
      this.stale = true;
      this.moved();
    }

    setExample(example) {
      for (const leaf in this.data.examples[example]) {
        this.graph.values[leaf] = this.data.examples[example][leaf];
      }
      this.example = example;
      if (this.choice) this.choice.value = example;
    }

    reset() {
      this.remember(Symbol("reset"));
      this.begin();
      this.moved();
    }

    // Everything as at the start, not yet computed
    begin() {
      this.graph.values.set(this.start);
      this.eta = this.data.eta;
      this.setExample(0);
      this.stale = true;
    }

    update(times) {
      this.remember(Symbol("update"));
      this.descend(times);
    }

    descend(times) {
      const { values, grads } = this.graph;
      this.history.length = this.history.length && this.at + 1; // after winding back it goes on from there
      if (!this.history.length) this.record();
      this.say("");
      for (let k = 0; k < times; k++) {
        const moved = this.data.parameters.map((i) => values[i] - this.eta * grads[i]);
        if (!moved.every(Number.isFinite)) {
          this.say(`Stopped before update ${k + 1}: a weight would be too large for any number here. Try a smaller η.`);
          break;
        }
        this.setParameters(moved);
        this.record();
      }
      this.afterUpdates(this.history.length - 1);
    }

    setParameters(numbers) {
      this.data.parameters.forEach((i, k) => (this.graph.values[i] = numbers[k]));
      this.graph.run();
    }

    record() {
      const { values, loss } = this.graph;
      this.history.push([values[loss], this.data.parameters.map((i) => values[i])]);
    }

    afterUpdates(at) {
      this.at = at;
      this.play(false);
      this.step = null;
      this.stale = true;
      this.run();
      this.spoken.textContent = this.result(this.touched);
    }

    windTo(at) {
      this.remember("wind");
      this.setParameters(this.history[at][1]);
      this.afterUpdates(at);
    }

    // This run's losses stay, dashed, while another one is made
    keep() {
      this.kept = this.history.map(([loss]) => loss);
      this.say(this.kept.length > 1 ? "Kept, dashed: reset, change η or the start, and update again." : "No run is kept now.");
      this.show();
    }

    // Keeps the state before a change; what goes on moving is one change
    remember(what) {
      const now = performance.now();
      if (what !== this.changing || now > this.changed + 800) {
        this.past.push(this.snapshot());
        this.future = [];
      }
      [this.changing, this.changed] = [what, now];
    }

    snapshot() {
      const { eta, example, touched, at } = this;
      return { values: this.graph.values.slice(), eta, example, touched, at, history: this.history.slice() };
    }

    // Undo and redo: the present goes to one end, a state comes from the other
    travel(from, to) {
      to.push(this.snapshot());
      const { values, ...rest } = from.pop();
      this.play(false);
      this.graph.values.set(values);
      Object.assign(this, rest, { step: null, stale: true, changing: null });
      if (this.choice) this.choice.value = this.example;
      this.say("");
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
      if (direction > 0 && this.step !== null) this.runDots(next < ahead.length, ahead[next] ?? back[next - ahead.length][0]);
      this.spoken.textContent = this.sentence.textContent;
    }

    // A dot on every arrow of the step: to a value from its inputs, or back from its results
    runDots(forward, at) {
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
      const other = forward ? ".bf-back" : ".bf-ahead";
      for (const { el, at: [source, target] } of this.ways) {
        if ((forward ? target : source) !== at || el.matches(other) || !el.checkVisibility()) continue;
        const dot = document.createElementNS(el.namespaceURI, "circle");
        dot.setAttribute("r", 5);
        dot.setAttribute("class", forward ? "bf-dot" : "bf-dot bf-dot-back");
        dot.style.offsetPath = `path("${el.getAttribute("d")}")`;
        el.after(dot);
        const way = ["0%", "100%"];
        if (!forward && el.dataset.edge) way.reverse(); // one line for both directions
        dot.animate({ offsetDistance: way }, 600 / this.speed).onfinish = () => dot.remove();
      }
    }

    // The walk by itself, until its end or until anything else is done
    play(on) {
      this.playing = on;
      clearTimeout(this.beat);
      const button = this.querySelector('[data-do="play"]');
      if (button) button.textContent = on ? "❚❚ Pause" : "▶▶ Play";
      if (!on) return;
      this.stepBy(1);
      if (this.step === null) this.play(false);
      else this.beat = setTimeout(() => this.play(true), 1200 / this.speed);
    }

    changeSpeed() {
      this.speed = { 1: 2, 2: 0.5, 0.5: 1 }[this.speed];
      this.querySelector('[data-do="speed"]').textContent = this.speed < 1 ? "½×" : `${this.speed}×`;
    }

    switchEdges() {
      this.byGradient = !this.byGradient;
      this.querySelector('[data-do="edges"]').textContent = `Edges: ${this.byGradient ? "gradient" : "weight"}`;
      this.show();
    }

    // The task to do; nothing is said of one that is done already
    showTask(k) {
      const { tasks } = this.data;
      this.task = k;
      const done = Done.has(tasks[k].id);
      this.querySelector("[data-task]").textContent = `${done ? "✓ " : ""}Task ${k + 1} of ${tasks.length}`;
      this.querySelector("[data-task-text]").textContent = tasks[k].text;
      this.querySelector(".bf-task").classList.toggle("bf-done", done);
    }

    // A goal is recognised however it is reached, that of another task too
    checkTasks() {
      this.data.tasks.forEach((task, k) => {
        if (Done.has(task.id) || !this.holds(task.goal)) return;
        Done.add(task.id);
        this.showTask(k);
        this.say(`✓ Solved. ${task.why}`);
      });
    }

    // A number or a truth from a goal's tree, by the rules of backprop_lib/live/task.py
    holds(tree) {
      if (!Array.isArray(tree)) return tree;
      const { values, grads } = this.graph;
      const [head, ...parts] = tree;
      if (head === "value") return values[parts[0]];
      if (head === "grad") return grads[parts[0]];
      if (head === "updates") return this.at;
      if (head === "before") return this.at ? this.history[this.at - 1][0] : NaN;
      if (head === "steepest") return Math.max(...this.sliders.map(({ leaf }) => Math.abs(grads[leaf])));
      const numbers = parts.map((part) => this.holds(part));
      return GOALS[head](...numbers);
    }

    // As one change, which one undo takes back
    solve() {
      const { eta = this.data.eta, example = 0, updates, ...leaves } = this.data.tasks[this.task].solution;
      this.remember(Symbol("solution"));
      this.begin();
      this.setExample(example);
      for (const i in this.data.names) this.graph.values[i] = leaves[this.data.names[i]] ?? this.graph.values[i];
      this.eta = eta;
      this.moved();
      if (updates) this.descend(updates);
    }

    showButtons() {
      const { undo, redo, wind } = this;
      undo.disabled = !this.past.length;
      redo.disabled = !this.future.length;
      if (!wind) return;
      wind.disabled = this.history.length < 2;
      wind.max = Math.max(this.history.length - 1, 0);
      wind.value = this.at;
      wind.ariaValueText = `${this.at} of ${wind.max}, loss ${format(this.graph.values[this.graph.loss])}`;
    }

    // Slopes and curve are hidden while the reader lowers the loss by hand, then revealed
    hide(on) {
      this.classList.toggle("bf-hiding", on);
      this.querySelector('[data-do="hide"]').textContent = on ? "Reveal slopes" : "Hide slopes";
      const loss = this.symbols[this.graph.loss];
      this.note.innerHTML = on ? `Now lower ${loss} by hand, as far as you can; then reveal the slopes.` : "";
    }

    forgetTasks() {
      Done.forget(this.data.tasks.map(({ id }) => id));
      this.showTask(0);
      this.querySelector("dialog").close();
    }

    switchCheck() {
      this.checking = !this.checking;
      this.querySelector('[data-do="check"]').ariaPressed = String(this.checking);
      this.querySelector(".bf-check").hidden = !this.checking;
      for (const { line } of this.sliders) line.textContent = "";
      this.showCheck();
    }

    // Beside every gradient its central difference, from the same graph, and what they say together
    showCheck() {
      if (!this.checking) return;
      const h = Number(this.steps.value);
      const { graph } = this;
      const checked = this.sliders.map(({ leaf, line }) => {
        const one = compared(graph.grads[leaf], ...graph.difference(leaf, h));
        line.textContent = this.noGrad.has(leaf) ? "" : one.line; // the walk gives nothing away
        return { ...one, symbol: this.slopeSymbol(leaf) };
      });
      this.querySelector(".bf-checked").innerHTML = this.checkSentence(checked, h);
    }

    checkSentence(checked, h) {
      const agreeing = checked.filter((one) => one.agrees);
      const finite = agreeing.filter((one) => one.digits < Infinity);
      const worst = finite.length ? finite.reduce((a, b) => (b.digits < a.digits ? b : a)) : null;
      const end = worst ? `, the worst of them, ${worst.symbol}, to ${worst.digits} digits.` : ".";
      const said = `${agreeing.length} of ${checked.length} gradients agree with the central difference${end}`;
      const bad = checked.find((one) => one.lost || one.kink);
      if (bad?.lost) return `${said} ${bad.symbol} cannot be checked: no number can hold it.`;
      if (bad) {
        return `${said} ${bad.symbol} cannot be checked: within h a switch turns over, and the loss has one slope on the left and another on the right.`;
      }
      if (agreeing.length === checked.length && (!worst || worst.digits >= 6)) return said;
      const step = this.steps.selectedOptions[0].text;
      if (h < 1e-6) return `${said} h = ${step} is too small: rounding eats the digits of J(w + h) − J(w − h).`;
      return `${said} h = ${step} is too large: the curve bends between w − h and w + h.`;
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
        example: [() => (this.example ? this.example : null), (text) => among(parse(text), examples.length, (x) => this.setExample(x))],
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
      this.begin();
      this.moved();
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
      this.showButtons();
      this.checkTasks();
      this.shown = true;
      this.stale = false;
      this.showCheck();
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
        if (slider.said !== spoken) range.ariaValueText = slider.said = spoken;
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
      for (const { scale, cells } of this.heats) shade(cells, cells.map(({ read }) => read()), scale);
      for (const { cells, full } of this.shares) {
        const numbers = cells.map(({ read }) => read());
        const most = Math.max(...numbers.map(Math.abs).filter(Number.isFinite), 0);
        shade(cells, numbers, most || 1);
        full.textContent = most ? format(most) : "–";
      }
      for (const { cells, names } of this.columns) {
        const numbers = names.map((_, k) => cells[k].read());
        const most = Math.max(...numbers.filter(Number.isFinite));
        names.forEach((name, k) => {
          const marked = Number.isFinite(most) && k === numbers.indexOf(most);
          for (const el of [name, cells[k].rect]) el.classList.toggle("bf-most", marked);
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
        chip.el.ariaPressed = String(chip.at[0] === this.touched);
      }
      const now = walking ? current : [this.touched];
      for (const { el, of } of this.places) {
        lit(el, forward ? of.value === now[0] : [of.grad, of.source, this.ownPlace.has(of.value) ? null : of.value].some((i) => now.includes(i)));
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
  // A figure of backprop_lib/live/experiment.py
  class Experiment {
    constructor(el, data) {
      const all = (selector) => [...el.querySelectorAll(selector)];
      Object.assign(this, { data, all, settings: { ...data.start } });
      [this.said, this.spoken] = all(".bf-said, .bf-spoken");
      this.controls = all("[data-set]");
      for (const control of this.controls) this.listenTo(control);
      all("[data-do=reset]")[0].addEventListener("click", () => this.set(data.start));
      el.querySelector("fieldset").disabled = false;
      this.showControls();
    }

    // A finger that scrolls the page has moved no slider: what its touch set is put back
    listenTo(control) {
      const name = control.dataset.set;
      let before;
      control.addEventListener("pointerdown", () => (before = this.settings[name]));
      control.addEventListener("pointercancel", () => this.set({ [name]: before }));
      control.addEventListener("input", () => {
        const x = control.min ? Number(control.value) : control.value;
        this.set({ [name]: control.dataset.log ? 10 ** x : x });
      });
    }

    set(changes) {
      Object.assign(this.settings, changes);
      this.showControls();
      this.draw(this.settings);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => (this.spoken.textContent = this.said.textContent), 300);
    }

    showControls() {
      for (const control of this.controls) {
        const x = this.settings[control.dataset.set];
        control.value = control.dataset.log ? Math.log10(x) : x;
        if (control.min) control.ariaValueText = control.nextSibling.textContent = short(x);
      }
    }
  }

  // The rules of backprop_lib/optim.py: from a weight's gradient to its step
  const RULES = {
    plain: (eta) => (g) => eta * g,
    momentum: (eta, velocity = 0) => (g) => eta * (velocity = 0.9 * velocity + g),
    Adam: (eta, mean = 0, square = 0, t = 0) => (g) => {
      t += 1;
      mean = 0.9 * mean + (1 - 0.9) * g;
      square = 0.999 * square + (1 - 0.999) * (g * g);
      return (eta * (mean / (1 - 0.9 ** t))) / (Math.sqrt(square / (1 - 0.999 ** t)) + 1e-8);
    },
  };

  // Gradient descent, as backprop_lib/live/path_view.py draws it
  class Paths extends Experiment {
    constructor(el, data) {
      super(el, data);
      this.graph = new Graph(data.nodes, []);
      this.lines = ["full", "mini", "single"].map((kind) => this.all(`.bf-clip > .bf-${kind}`));
      this.names = this.all(".bf-counts span");
      this.cells = this.all(".bf-counts td");
      [this.ground, this.from] = this.all(".bf-ground, .bf-from");
      this.plane = planeOf(this.from);
      this.listenToSurface(this.ground.parentNode);
    }

    // The start follows the pointer; a finger puts it down by a tap, or moves it sideways first
    listenToSurface(surface) {
      const [w, b] = this.controls;
      let from = null;
      const put = ({ clientX, clientY }) => {
        const { left, top, width, height } = this.ground.getBoundingClientRect();
        w.value = Number(w.min) + ((clientX - left) / width) * (w.max - w.min);
        b.value = Number(b.max) - ((clientY - top) / height) * (b.max - b.min);
        this.set({ w: Number(w.value), b: Number(b.value) });
      };
      surface.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        from = { x: event.clientX, moves: event.pointerType !== "touch" };
        surface.setPointerCapture(event.pointerId);
        if (from.moves) put(event);
      });
      surface.addEventListener("pointermove", (event) => {
        if (!from || (!from.moves && Math.abs(event.clientX - from.x) < 6)) return;
        from.moves = true;
        put(event);
      });
      surface.addEventListener("pointerup", (event) => {
        if (from) put(event);
        from = null;
      });
      surface.addEventListener("pointercancel", () => (from = null));
    }

    // The means of loss and gradients over samples that run through the graph one by one
    pass(weights, batch) {
      const { graph, data: { samples, leaves } } = this;
      const sums = [0, 0, 0];
      for (const k of batch) {
        [...weights, ...samples[k]].forEach((x, at) => (graph.values[leaves[at]] = x));
        graph.run();
        sums[0] += graph.values[graph.loss];
        sums[1] += graph.grads[leaves[0]];
        sums[2] += graph.grads[leaves[1]];
      }
      return sums.map((sum) => sum / batch.length);
    }

    loss(weights) {
      return this.pass(weights, this.data.orders[0])[0];
    }

    run(size) {
      const { w, b, eta, epochs, rule } = this.settings;
      const rules = [0, 1].map(() => RULES[rule](eta));
      const path = [[w, b]];
      let passes = 0;
      for (const order of this.data.orders.slice(0, epochs)) {
        for (let from = 0; from < order.length; from += size) {
          const batch = order.slice(from, from + size);
          const weights = path.at(-1);
          const [, ...slopes] = this.pass(weights, batch);
          passes += batch.length;
          path.push(weights.map((x, at) => x - rules[at](slopes[at])));
          if (path.at(-1).some((x) => Math.abs(x) > 1e6)) return { path, passes, loss: "diverged" };
        }
      }
      return { path, passes, loss: format(this.loss(path.at(-1))) };
    }

    draw({ w, b, batch }) {
      this.runs = [this.data.samples.length, batch, 1].map((size) => this.run(size));
      this.names[1].textContent = `batches of ${batch}`;
      this.runs.forEach(({ path, passes, loss }, k) => {
        const points = path.map((point) => this.plane.at(...point));
        const [line, ...others] = this.lines[k];
        const d = curvePath(points);
        line.setAttribute("d", d);
        if (others.length > 1) others[0].setAttribute("d", `${d.replaceAll("L", "h0M")}h0`);
        placePoint(others.at(-1), ...points.at(-1));
        [passes, passes, path.length - 1, loss].forEach((x, at) => (this.cells[4 * k + at].textContent = x));
      });
      placePoint(this.from, ...this.plane.at(w, b));
      const ends = this.runs.map(({ loss }, k) => `${this.names[k].textContent}: ${loss}`).join(", ");
      const [start, least] = [this.loss([w, b]), this.data.least].map(format);
      this.said.textContent = `J at the start: ${start}. At the end, ${ends}. The least: ${least}.`;
    }
  }

  // The bars of backprop_lib/live/layers_view.py
  class Layers extends Experiment {
    draw({ start, activation, depth }) {
      const [forward, backward] = this.data.tables[activation][start];
      const both = [forward.slice(0, depth), backward.find((sizes) => sizes.length === depth)];
      const [left, top, width, height, down] = this.data.place;
      const [low, high, step] = decades(both.flat());
      const scale = height / (high - low);
      const [grids, ticks, bars, [last], [table]] = [".bf-grid", "[data-ticks]", ".bf-bars", "[data-tick-last]", "tbody"].map(this.all);
      both.forEach((sizes, k) => {
        const at = (power) => (top + k * down + (high - power) * scale).toFixed(1);
        const powers = [];
        for (let n = low; n <= high; n += step) powers.push(n);
        grids[k].setAttribute("d", powers.map((n) => `M${left},${at(n)}h${width}`).join(""));
        ticks[k].innerHTML = powers.map((n) => `<text x=${left - 6} y=${at(n - 4 / scale)} class="bf-tick bf-end">10<tspan dy=-.4em font-size=75%>${written(n)}</tspan></text>`).join("");
        const bar = (x, j) => (x ? `M${(left + ((j + 0.5) * width) / depth).toFixed(1)},${at(low)}V${at(Math.log10(x))}` : "");
        bars[k].setAttribute("d", sizes.map(bar).join(""));
        bars[k].setAttribute("stroke-width", ((0.7 * width) / depth).toFixed(1));
      });
      last.textContent = `layer ${depth}`;
      const row = (x, k) => `<tr><th scope=row>${k + 1}<td class=bf-value>${format(x)}<td class=bf-grad>${format(both[1][k])}`;
      table.innerHTML = both[0].map(row).join("");
      const [a, b, back] = [both[0][0], both[0].at(-1), both[1][0]].map((x) => (x ? format(x) : "0 (no bar)"));
      this.said.textContent = `Activations: ${a} in layer 1, ${b} in layer ${depth}. Gradients: 1.000 in layer ${depth}, ${back} in layer 1.`;
    }
  }

  // A figure of backprop_lib/live/stepped.py: some settings are walked through, each up to its limit
  class Stepped extends Experiment {
    constructor(el, data) {
      super(el, data);
      const buttons = this.all("[data-walk]");
      this.button = buttons[2];
      const act = [() => this.go(-1), () => this.go(1), () => this.play(!this.playing)];
      for (const kind of ["input", "click"]) {
        el.addEventListener(kind, ({ target }) => {
          if (target !== this.button) this.play(false);
          if (kind === "click") act[buttons.indexOf(target)]?.();
        });
      }
    }

    // The last setting goes on; beyond its limit it starts again, and the one before it goes on
    go(way) {
      const { settings } = this;
      for (const [name, most] of Object.entries(this.limits()).reverse()) {
        const next = settings[name] + way;
        settings[name] = (next + most + 1) % (most + 1);
        if (settings[name] === next) break;
      }
      this.set({});
    }

    play(on) {
      clearTimeout(this.beat);
      this.playing = on;
      this.button.textContent = on ? "❚❚ Pause" : "▶▶ Play";
      if (!on) return;
      this.go(1);
      if (Object.entries(this.limits()).every(([name, most]) => this.settings[name] === most)) this.play(false);
      else this.beat = setTimeout(() => this.play(true), 1200);
    }

    set(changes) {
      Object.assign(this.settings, changes);
      for (const [name, most] of Object.entries(this.limits())) {
        this.controls.find(({ dataset }) => dataset.set === name).max = most;
        this.settings[name] = Math.min(this.settings[name], most);
      }
      super.set({});
    }
  }

  // Which numbers of a convolution are multiplied and added up, from backprop_lib/live/slide_view.py
  class Slide extends Stepped {
    constructor(el, data) {
      super(el, data);
      this.graph = new Graph(data.nodes, []);
      this.maps = this.all(".bf-map").map((map, k) => {
        const cells = [...map.querySelectorAll(".bf-heat > rect")].map((rect) => ({ rect, text: rect.nextSibling }));
        cells.forEach((cell, at) => this.listenToCell(cell, data.ways[k % 3], at));
        return { cells, window: map.querySelector(".bf-window") };
      });
      [this.heading, this.terms] = this.all(".bf-sum > *");
    }

    // A press goes to a cell; the mouse leads on along the cells of the way that is shown
    listenToCell({ rect, text }, way, at) {
      const count = this.data.sizes[way][1];
      const go = () => this.set({ way, row: Math.floor(at / count), column: at % count });
      for (const part of [rect, text]) {
        part.addEventListener("click", go);
        part.addEventListener("pointerenter", ({ pointerType }) => {
          if (pointerType === "mouse" && way === this.settings.way && !this.playing) go();
        });
      }
    }

    limits() {
      const [rows, columns] = this.data.sizes[this.settings.way];
      return { row: rows - 1, column: columns - 1 };
    }

    draw({ way, row, column, kernel }) {
      const { graph, data: { kernels, maps, ways, sizes, pairs, columns, headings, symbols } } = this;
      kernels[kernel].forEach((w, k) => (graph.values[maps[1][k]] = w));
      graph.run();
      const { values, grads } = graph;
      const [back, place] = [way !== "window", row * sizes[way][1] + column];
      const [first, sign] = back ? [grads, "∂J/∂"] : [values, ""];
      const [terms, result] = [pairs[way][place], maps[ways.indexOf(way)][place]];
      const inBrackets = (x) => (x < 0 ? `(${short(x)})` : short(x));
      const products = terms.map(([a, b]) => first[a] * values[b] || 0);
      this.terms.style.setProperty("--columns", columns[way]);
      this.terms.innerHTML = terms.map(([a, b], k) => {
        if (b === undefined) return "<div class=bf-off>no output here</div>";
        const [fill, strong] = blended(products[k] / largest(products));
        return `<div${strong ? " class=bf-strong" : ""} style="background:${fill}"><small>${sign}${symbols[a]}·${symbols[b]}</small>${short(first[a])} × ${inBrackets(values[b])}<b>${short(products[k])}</b></div>`;
      }).join("");
      this.heading.textContent = headings[way];
      const sum = products.filter(Boolean).map(inBrackets).join(" + ") || "0";
      this.said.textContent = `${sign}${symbols[result]} = ${sum} = ${format(first[result])}`;
      this.maps.forEach((map, k) => {
        const used = k > 2 === back ? [result, ...terms.map(([a]) => a)] : [];
        if (k < 3) used.push(...terms.map(([, b]) => b));
        this.showMap(map, maps[k % 3], k < 3 ? values : grads, used, sizes[ways[k % 3]][1]);
      });
    }

    // The numbers of a map, and an outline around the cells that are used
    showMap({ cells, window }, nodes, from, used, count) {
      const numbers = nodes.map((i) => from[i]);
      shade(cells, numbers, largest(numbers));
      cells.forEach(({ text }, k) => {
        text.textContent = short(numbers[k]);
        fit(text, text.textContent.length, ...roomOf(text));
      });
      const at = [...nodes.keys()].filter((k) => used.includes(nodes[k]));
      const [low, high] = [at[0] ?? 0, at.at(-1) ?? -1]; // two corners
      const [width, height] = ["width", "height"].map((side) => cells[0].rect.getAttribute(side));
      change(window, "x", (low % count) * width);
      change(window, "y", Math.floor(low / count) * height);
      change(window, "width", ((high % count) - (low % count) + 1) * width);
      change(window, "height", (Math.floor(high / count) - Math.floor(low / count) + 1) * height);
    }
  }

  // A program and its tape, by the rules of backprop_lib/live/tape_view.py
  class Tape extends Stepped {
    constructor(el, data) {
      super(el, data);
      this.graph = new Graph(data.nodes, Object.keys(data.symbols).map(Number));
      const marked = (name) => this.all(`[data-${name}]`).map((el) => ({
        el, node: el.firstChild, text: el.textContent, at: el.dataset[name].split(" ").map(Number),
      }));
      this.marked = ["value", "grad", "local", "box", "way", "row"].map(marked);
      [this.heading] = this.all("[data-heading]");
      this.draw(this.settings);
    }

    limits() {
      return { step: this.data.said[this.settings.mode].length - 1 };
    }

    draw({ mode, step }) {
      const { graph, data: { index, lines, back, headings, said } } = this;
      const [values, grads, locals, boxes, ways, rows] = this.marked;
      for (const name in index) if (name in this.settings) graph.values[index[name]] = this.settings[name];
      const [forward, seed] = [mode[0] === "f", index[mode.split(" ")[1]]];
      graph.forward();
      graph.backward(seed);
      const slopes = forward ? graph.tangents(seed) : graph.grads;
      const ahead = new Set(lines.slice(step));
      const later = forward ? ahead : new Set(back.slice(Math.max(step - lines.length, 0)));
      const now = step ? [...lines, ...back][step - 1] : -1;
      const hide = (el, on) => el.classList.toggle("bf-none", on);
      const local = (i, k) => graph.locals(i)[k];
      for (const text of values) write(text, ahead.has(text.at[0]) ? NaN : graph.values[text.at]);
      for (const text of grads) write(text, later.has(text.at[0]) ? NaN : slopes[text.at]);
      for (const text of locals) {
        write(text, local(...text.at));
        hide(text.el.parentNode, ahead.has(text.at[0]));
      }
      for (const { el, at: [source, target] } of ways) {
        const hidden = ahead.has(target) || (el.matches(".bf-back") && (forward || later.has(source)));
        for (const part of [el, el.nextSibling]) hide(part, hidden);
      }
      for (const { el, at: [i] } of boxes) {
        hide(el, ahead.has(i));
        el.classList.toggle("bf-lit", i === now);
        el.classList.toggle("bf-lit-ahead", step <= lines.length);
      }
      for (const { el, at: [i] } of rows) el.className = i === now ? "bf-now" : ahead.has(i) ? "bf-later" : "";
      this.heading.textContent = headings[mode];
      const read = { v: (i) => graph.values[i], s: (i) => slopes[i], l: local };
      this.said.textContent = said[mode][step].replace(/\{(=?)(\w)(\d+),?(\d*)\}/g, (_, plain, kind, i, k) => (plain ? format : bracketed)(read[kind](+i, +k)));
    }
  }

  function decades(sizes) {
    const powers = sizes.filter((x) => x > 0).map(Math.log10);
    const [low, high] = [Math.min(0, ...powers), Math.max(0, ...powers)];
    const step = [1, 2, 5, 10, 20, 50].find((step) => (high - low) / step <= 4);
    return [step * Math.floor(low / step - 0.25), step * Math.ceil(high / step), step];
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
      this.dashed = past(".bf-kept");
    }

    show(figure) {
      const { graph, touched } = figure;
      const x = graph.values[touched];
      const { range } = figure.byLeaf.get(touched);
      const [low, high] = [Math.min(x, range.min), Math.max(x, range.max)];
      const loss = graph.values[graph.loss];
      if (figure.stale || low !== this.low || high !== this.high || loss < this.least || loss > this.most) {
        [this.low, this.high] = [low, high];
        this.draw(graph, touched);
        this.name.innerHTML = figure.symbols[touched];
      }
      const [u, v] = [this.across(x), this.up(figure.value(graph.loss))];
      const grad = figure.grad(touched);
      const slope = (grad * this.up.factor) / this.across.factor;
      this.tangent.setAttribute("d", Number.isFinite(slope + v) ? this.tangentAt(u, v, slope) : "");
      placePoint(this.point, u, v);
      this.slope.textContent = shown(grad);
      this.showHistory(figure.history.map(([loss]) => loss), figure.kept ?? [], figure.at);
    }

    // A line through a point, of a slope in pixels, that ends with the plot
    tangentAt(u, v, slope) {
      const [left, top, right, floor] = this.box;
      const dx = 30 / Math.hypot(1, slope);
      const dy = slope * dx;
      const end = (way) => {
        const up = (way * dy < 0 ? top : floor) - v;
        const share = Math.min(1, ((way < 0 ? left : right) - u) / (way * dx), dy ? up / (way * dy) : 1);
        return [u + way * share * dx, v + way * share * dy];
      };
      return curvePath([end(-1), end(1)]);
    }

    draw(graph, leaf) {
      const { box: [left, top, right, floor], low, high } = this;
      const xs = Array.from({ length: 161 }, (_, k) => low + ((high - low) * k) / 160);
      const losses = graph.sweep(leaf, xs);
      const [least, most] = extent([...losses, graph.values[graph.loss]]); // between two points it may lie beyond
      [this.least, this.most] = [least, most];
      this.across = linear(low, high, left, right);
      this.up = linear(least, most, floor, top);
      this.curve.setAttribute("d", curvePath(xs.map((x, k) => [this.across(x), this.up(losses[k])])));
      [low, high, least, most].forEach((x, k) => {
        this.ticks[k].textContent = short(x);
        this.ticks[k].classList.toggle("bf-long", short(x).length > 7);
      });
    }

    showHistory(losses, kept, at) {
      if (!this.past) return;
      const [left, , right] = this.box;
      const most = Math.max(losses.length, kept.length, 2) - 1;
      const across = linear(0, most, left, right);
      const up = linear(...extent([...losses, ...kept]), 38, 6);
      const path = (ys) => (ys.length < 2 ? "" : curvePath(ys.map((y, k) => [across(k), up(y)])));
      change(this.line, "d", path(losses));
      change(this.dashed, "d", path(kept));
      const many = losses.length > 1;
      const count = at === losses.length - 1 ? `${at}` : `${at} of ${losses.length - 1}`;
      const word = count === "1" ? "update" : "updates";
      this.count.textContent = many ? `${count} ${word}: ${format(losses[0])} → ${format(losses[at])}` : "no updates yet";
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

  // A gradient beside its central difference, by the rules of backprop_lib/live/check.py
  function compared(gradient, difference, kink, rounding) {
    const largest = Math.max(Math.abs(gradient), Math.abs(difference));
    const apart = Math.abs(gradient - difference);
    const error = largest ? apart / largest : 0;
    const lost = !Number.isFinite(gradient + difference);
    const line = lost
      ? "no number can hold it"
      : kink
        ? "at a kink: no one slope"
        : largest <= rounding && error
          ? `difference ${format(difference)}: 0 but for rounding`
          : `difference ${format(difference)}, error ${format(error)}`;
    const agrees = !kink && !lost && apart <= 1e-4 * largest + rounding;
    const digits = largest <= rounding ? Infinity : error ? Math.min(Math.floor(-Math.log10(error)), 15) : 15;
    return { agrees, digits, kink, lost, line };
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
    return ["#" + channels.map((channel) => channel.toString(16).padStart(2, "0")).join(""), share > 0.9 || share < -0.74];
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
    if (text.el instanceof SVGElement) text.el.classList.toggle("bf-long", written.length > 7);
    if (text.node) text.node.data = written;
    else text.el.textContent = written;
    text.node = text.el.firstChild;
    if (text.room) fit(text.el, written.length, ...text.room);
  }

  // The room that a number has in pixels, and the size of its letters where it fits
  function roomOf(el) {
    if (!el.matches(".bf-heat > rect + text")) return el.dataset.room?.split(" ").map(Number);
    const room = Number(el.previousElementSibling.getAttribute("width"));
    return [room, room < 36 ? 10 : 11];
  }

  // The rule of fitting in backprop_lib/live/heatmap.py
  function fit(el, count, room, letters) {
    const size = (room - 1) / (0.64 * Math.max(count, 1));
    if (size >= letters) el.removeAttribute("style");
    else change(el, "style", `--letters:${Math.floor(10 * size) / 10}px`);
  }

  // Which value, gradient and local derivative an element shows, the last one by its input
  function numberedIn({ value = "-1", grad = "-1", local = "-1" }) {
    return { value: Number(value), grad: Number(grad), source: Number(local.split(" ").pop()) };
  }

  function shade(cells, numbers, most) {
    cells.forEach(({ rect, text }, k) => {
      const [fill, strong] = blended(numbers[k] / most);
      change(rect, "fill", fill);
      text.classList.toggle("bf-strong", strong);
    });
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
