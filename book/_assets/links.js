/* Linked text: a symbol in a formula, or a link to #show-…, lights what it stands for in a live
   figure of its page, and a part of a figure lights its symbols. The formulas stay ordinary TeX:
   they are read here, as MathJax has set them. The figures know nothing of it. */
"use strict";
(() => {
  const LOSSES = [..."ℓJCE"]; // what the lessons call a loss: ∂C/∂w is the gradient of w in any figure
  const LEAVES = new Set(["mi", "mn", "mo", "mtext"]);
  const NODES = new Set([
    ...LEAVES, "msub", "msup", "msubsup", "mfrac", "mrow", "texatom", "mstyle", "mpadded", "mtable",
    "mtr", "mtd", "munder", "mover", "munderover", "msqrt", "mroot",
  ]);
  const LONGEST = 9; // symbols in a term: ∂C/∂z has five

  // ---------------------------------------------------------------------------------------------
  // Reading a formula: "w^1_12", "∂ℓ/∂f_3", as the figures write their symbols

  const nameOf = (el) => el.localName.replace("mjx-", "");

  // The parts of a formula's element, without the boxes that MathJax puts around them
  function partsOf(el) {
    return [...el.children].flatMap((child) => (NODES.has(nameOf(child)) ? [child] : partsOf(child)));
  }

  // MathJax names a glyph by its code point; mathematical italics are letters
  function glyphs(el) {
    const codes = [...el.querySelectorAll("mjx-c")].map((c) => parseInt(c.className.slice(5), 16) || 32);
    const letters = codes.map((code) => {
      const letter = String.fromCodePoint(code);
      return code >= 0x1d400 || code === 0x210e ? letter.normalize("NFKC") : letter;
    });
    return letters.join("").replace(/[\s\u2061-\u2064]/g, "");
  }

  function written(el) {
    const name = nameOf(el);
    if (LEAVES.has(name)) return glyphs(el);
    const [base, ...others] = partsOf(el).map(written);
    if (name === "msub") return `${base}_${others[0]}`;
    if (name === "msup") return /^′+$/.test(others[0]) ? base + others[0] : `${base}^${others[0]}`;
    if (name === "msubsup") return `${base}^${others[0]}_${others[1]}`;
    if (name === "mfrac") return `${base}/${others[0]}`;
    return [base, ...others].join("");
  }

  // The terms of a formula that a figure knows, the longest first: [elements, meaning]
  function* termsIn(el, page) {
    const parts = partsOf(el);
    const words = parts.map(written);
    for (let i = 0; i < parts.length; i++) {
      if (!words[i]) continue; // a space
      let length = /^mt[rd]/.test(nameOf(parts[i])) ? 0 : Math.min(LONGEST, parts.length - i);
      while (length && !(words[i + length - 1] && page.meaning(words.slice(i, i + length).join("")))) length--;
      if (length) {
        yield [parts.slice(i, i + length), page.meaning(words.slice(i, i + length).join(""))];
        i += length - 1;
      } else if (/^[∂d]$/.test(words[i])) i++; // the x of dx is not x
      else if (!isOneSymbol(parts[i], words[i])) yield* termsIn(parts[i], page);
    }
  }

  // Its base alone would mean something else: the f of f_k. A power has a base, and (W)ᵀ
  function isOneSymbol(el, word) {
    const name = nameOf(el);
    return LEAVES.has(name) || /^(msub|msubsup|mover)$/.test(name) || /^[∑∏]/.test(word)
      || (name === "msup" && !/\^[2-9T⊤]$/.test(word));
  }

  // ---------------------------------------------------------------------------------------------
  // A figure, and what of it is meant by "value 3", "grad 3" or "local 5 3"
  const SELECTORS = {
    value: (i) =>
      `[data-box~="${i}"], [data-pick="${i}"], [data-edge="${i}"], [data-drag="${i}"], [data-value="${i}"],`
      + `[data-point~="${i}"], [data-line$=" ${i}"], .bf-row:has([data-leaf="${i}"])`,
    grad: (i) => `[data-grad="${i}"]`,
    local: (a, b) => `[data-local="${a} ${b}"], .bf-back[data-way="${b} ${a}"]`,
  };
  const OWNERS = ".bf-box, .bf-chip, .bf-heat g, .bf-row";
  const SHOWING =
    `[data-drag], [data-value], [data-grad], [data-local], [data-bar], [data-edge], [data-point], .bf-back, ${OWNERS}`;

  // The box around a number; but a symbol in the formula of a box is a guest there
  const ownerOf = (el) => (el.dataset.drag ? null : el.closest(OWNERS));

  class Shown {
    constructor(figure) {
      this.figure = figure;
      this.section = figure.closest("section");
      this.count = 0; // of the terms of the page's formulas that can mean this figure only
      this.parts = new Map();
      this.terms = new Map(); // the elements in the text by what they mean
      this.meanings = new Map();
      const { symbols, terms } = figure.data;
      const all = Object.entries(symbols);
      const add = (word, ...keys) => this.meanings.has(word) || this.meanings.set(word, keys);
      for (const word in terms) add(word, ...terms[word]);
      [this.own, this.apart] = [new Set(Object.keys(terms)), figure.data.apart];
      const loss = symbols[figure.graph.loss];
      for (const [i, symbol] of all) {
        add(symbol, `value ${i}`);
        add(symbol.replace(/\^(\d+)_/, "^($1)_"), `value ${i}`);
        add(`∂${loss}/∂${symbol}`, `grad ${i}`);
        if (symbol.startsWith("z")) add(symbol.replace("z", "δ"), `grad ${i}`);
      }
      for (const { dataset } of figure.querySelectorAll("[data-local]")) {
        const [a, b] = dataset.local.split(" ");
        add(`∂${symbols[a]}/∂${symbols[b]}`, `local ${dataset.local}`);
      }
      const others = LOSSES.filter((letter) => !this.meanings.has(letter));
      for (const letter of others) for (const [i, symbol] of all) add(`∂${letter}/∂${symbol}`, `grad ${i}`);
    }

    // An index that runs stands for all: δ^l_j for δ^l
    meaning(word) {
      return this.meanings.get(word) ?? this.meanings.get(word.replace(/(\^[\w+−]+)_[a-z]+/g, "$1"));
    }

    // Whether a word can't be anything else on the page: it has an index, or is no letter alone
    isStrong(word) {
      return /[^\p{L}]/u.test(word) && (this.own.has(word) || !this.apart);
    }

    // Whether a word may mean the figure in a formula elsewhere that has a strong one
    isFellow(word) {
      return this.isStrong(word) || !(this.own.has(word) || this.apart);
    }

    partsFor(key) {
      if (!this.parts.has(key)) this.parts.set(key, this.find(...key.split(" ")));
      return this.parts.get(key);
    }

    find(kind, ...numbers) {
      const all = (selector) => [...this.figure.querySelectorAll(selector)];
      let found = all(SELECTORS[kind](...numbers));
      if (kind === "local" && !found.length) found = all(numbers.map((i) => `[data-box~="${i}"]`).join(""));
      const bars = found.map((el) => el.previousElementSibling).filter((el) => el?.matches("[data-bar]"));
      return [...new Set([...found, ...bars, ...found.map(ownerOf).filter(Boolean)])];
    }

    // What a part of the drawing, or a row of the controls, stands for
    keysOf(el) {
      const part = el.closest(SHOWING);
      if (!part) return [];
      const { value, grad, local, drag, edge, pick, box, point, way } = part.dataset;
      const of = (kind, numbers) => numbers.split(" ").map((i) => `${kind} ${i}`);
      if (local) return [`local ${local}`];
      if (way && !edge) return [`local ${way.split(" ").reverse().join(" ")}`];
      if (grad) return of("grad", grad);
      const numbers = value ?? drag ?? edge ?? pick ?? box ?? point;
      if (numbers) return of("value", numbers);
      const inside = part.matches("[data-bar]") ? part.nextElementSibling : part.querySelector("[data-leaf], text");
      return inside?.dataset.leaf ? of("value", inside.dataset.leaf) : inside ? this.keysOf(inside) : [];
    }

    // The numbers, as the table of the figure has them
    saying(keys) {
      const { data, graph } = this.figure;
      if (keys.length > 4) return `${keys.length} numbers`;
      const plain = (i) => plainSymbol(data.symbols[i]);
      const isHiding = this.figure.classList.contains("bf-hiding");
      const said = keys.map((key) => {
        const [kind, i, k] = key.split(" ");
        const name = kind === "value" ? plain(i) : kind === "grad" ? `∂${plain(graph.loss)}/∂${plain(i)}` : `∂${plain(i)}/∂${plain(k)}`;
        const selector = kind === "local" ? `[data-local="${i} ${k}"]` : `td[data-${kind}="${i}"]`;
        const number = this.figure.querySelector(selector)?.textContent;
        return number && !(isHiding && kind !== "value") ? `${name} = ${number}` : name;
      });
      return said.join(", ");
    }
  }

  function plainSymbol(symbol) {
    const digits = (text, row) => text.replace(/\d/g, (digit) => row[digit]);
    return symbol
      .replace(/\^(\w+)/, (_, up) => digits(up.split("_")[0], "⁰¹²³⁴⁵⁶⁷⁸⁹") + up.slice(up.split("_")[0].length))
      .replace(/_(\w+)/, (_, down) => digits(down, "₀₁₂₃₄₅₆₇₈₉"));
  }

  // ---------------------------------------------------------------------------------------------
  // Which figure a formula or a link speaks of
  class Page {
    constructor(figures) {
      this.shown = figures.map((figure) => new Shown(figure));
      this.of = new Map(this.shown.map((shown) => [shown.figure, shown]));
      this.sources = new Map(); // by element of the text: { shown, keys, elements }
      this.walks = new Map(); // by formula: its sources in order
      const sections = new Set(this.shown.map(({ section }) => section));
      const formulas = [...document.querySelectorAll(".bd-article mjx-container")] // exercises have other numbers
        .filter((el) => sections.has(el.closest("section")) || !el.closest("#exercises"));
      for (const formula of formulas) for (const shown of this.shown) shown.count += this.strong(formula, shown).length;
      for (const formula of formulas) this.linkFormula(formula);
      for (const link of document.querySelectorAll('.bd-article a[href^="#show-"]')) this.linkWords(link);
    }

    // The figures, those of the same section first, the next one below before the last one above
    inOrder(el) {
      const section = el.closest("section");
      const isBelow = ({ figure }) => el.compareDocumentPosition(figure) & Node.DOCUMENT_POSITION_FOLLOWING;
      const near = this.shown.filter((shown) => shown.section === section);
      const others = this.shown.filter((shown) => shown.section !== section).sort((a, b) => b.count - a.count);
      return [...near.filter(isBelow), ...near.filter((shown) => !isBelow(shown)).reverse(), ...others];
    }

    strong(formula, shown) {
      const asked = { meaning: (word) => shown.isStrong(word) && shown.meaning(word) };
      return [...termsIn(formula.firstElementChild, asked)];
    }

    // A letter alone speaks of a figure in its own section, or beside a symbol that does
    linkFormula(formula) {
      for (const shown of this.inOrder(formula)) {
        const isNear = shown.section === formula.closest("section");
        if (!isNear && !this.strong(formula, shown).length) continue;
        const known = (word) => (isNear || shown.isFellow(word)) && shown.meaning(word);
        const found = [...termsIn(formula.firstElementChild, { meaning: known })];
        if (!found.length) continue;
        this.walks.set(formula, found.map(([elements, keys]) => this.link(shown, keys, elements)));
        if (formula.getAttribute("display")) {
          Object.assign(formula, { tabIndex: 0, role: "group", ariaLabel: "formula with linked symbols" });
        }
        return;
      }
    }

    // A link says what it means as a formula would: #show-f_2
    linkWords(link) {
      const word = decodeURIComponent(link.hash.slice("#show-".length));
      const shown = this.inOrder(link).find((one) => one.meaning(word));
      if (shown) this.link(shown, shown.meaning(word), [link]);
    }

    link(shown, keys, elements) {
      const source = { shown, keys, elements };
      for (const el of elements) {
        el.classList.add("bp-term");
        this.sources.set(el, source);
      }
      for (const key of keys) shown.terms.set(key, [...(shown.terms.get(key) ?? []), ...elements]);
      return source;
    }

    // What the pointer or the focus is on, in the text or in a figure
    sourceAt(el) {
      const term = el.closest(".bp-term");
      if (term) return this.sources.get(term);
      const shown = this.of.get(el.closest("backprop-figure"));
      const keys = shown?.keysOf(el) ?? [];
      return keys.length ? { shown, keys, elements: [] } : null;
    }
  }

  // ---------------------------------------------------------------------------------------------
  // One thing is lit at a time: what the pointer is on, or else what has the focus
  class Light {
    constructor(page) {
      this.page = page;
      this.lit = [];
      [this.pointed, this.focused, this.current, this.flashing] = [null, null, null, null];
      this.tip = this.add("bp-tip");
      this.tip.ariaHidden = "true";
      this.spoken = this.add("bp-spoken");
      this.spoken.ariaLive = "polite";
      this.listen();
    }

    add(name) {
      const el = document.createElement("div");
      el.className = name;
      return document.body.appendChild(el);
    }

    listen() {
      const on = (name, act) => document.addEventListener(name, act);
      on("pointerover", (event) => event.pointerType === "touch" || this.point(event.target));
      on("pointerout", (event) => event.relatedTarget || event.pointerType === "touch" || this.point(null));
      on("focusin", ({ target }) => target.matches(":focus-visible") && this.focus(this.page.walks.get(target)?.[0] ?? this.page.sourceAt(target)));
      on("focusout", () => this.focus(null));
      on("keydown", (event) => this.key(event));
      on("click", (event) => this.click(event));
      this.tip.addEventListener("click", () => this.reveal(this.current));
    }

    point(el) {
      if (el && this.tip.contains(el)) return;
      const source = el && this.page.sourceAt(el);
      if (!source && this.flashing) return; // what has just been scrolled under the pointer
      const isSame = !source?.elements.length && source?.keys.join() === this.pointed?.keys.join();
      if (source === this.pointed || isSame) return;
      this.pointed = source;
      this.show(source ?? this.focused);
    }

    focus(source) {
      this.focused = source;
      if (!this.pointed) this.show(source);
    }

    show(source) {
      clearTimeout(this.timer);
      for (const el of this.lit) el.classList.remove("bp-lit", "bp-lit-back", "bp-here");
      this.tip.classList.remove("bp-open");
      this.current = source;
      this.lit = [];
      if (!source) return;
      const { shown, keys, elements } = source;
      for (const key of keys) {
        const names = key.startsWith("value") ? ["bp-lit"] : ["bp-lit", "bp-lit-back"];
        for (const el of [...shown.partsFor(key), ...(shown.terms.get(key) ?? [])]) {
          el.classList.add(...names);
          this.lit.push(el);
        }
      }
      for (const el of elements) el.classList.add("bp-here");
      if (elements.length && !this.inSight(source)) this.timer = setTimeout(() => this.openTip(source), 200);
    }

    drawn({ shown, keys }) {
      return keys.flatMap((key) => shown.partsFor(key)).filter((el) => el.checkVisibility());
    }

    // Whole, and below the page's head, which stays where it is
    inSight(source) {
      const head = parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
      return this.drawn(source).some((el) => {
        const { top, bottom } = el.getBoundingClientRect();
        return top >= head && bottom <= innerHeight;
      });
    }

    // Where the figure is out of sight, what it says, and the way to it
    openTip({ shown, keys, elements }) {
      const { figure } = shown;
      const { left } = elements[0].getBoundingClientRect();
      const around = elements[0].closest('mjx-container[display="true"]') ?? elements[0]; // not over its other lines
      const { bottom, top } = around.getBoundingClientRect();
      const arrow = figure.getBoundingClientRect().top > top ? "↓" : "↑";
      this.tip.textContent = `${shown.saying(keys)} — ${arrow} show in “${figure.ariaLabel}”`;
      this.tip.classList.add("bp-open");
      const { width, height } = this.tip.getBoundingClientRect();
      const below = bottom + 4 + height < innerHeight;
      this.tip.style.left = `${Math.max(4, Math.min(left, document.documentElement.clientWidth - width - 4))}px`;
      this.tip.style.top = `${below ? bottom + 2 : top - height - 2}px`;
    }

    // To the figure; the browser's Back returns to the text
    reveal(source) {
      if (!this.inSight(source)) {
        window.history.pushState(null, "");
        (this.drawn(source)[0] ?? source.shown.figure).scrollIntoView({ block: "center" });
      }
      this.flash(source);
    }

    flash(source) {
      this.pointed = source;
      this.show(source);
      clearTimeout(this.flashing);
      this.flashing = setTimeout(() => {
        this.flashing = null;
        if (this.pointed === source) this.point(null);
      }, 3000);
    }

    click(event) {
      const source = this.page.sourceAt(event.target);
      const isLink = event.target.closest('a[href^="#show-"]');
      if (!source || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (isLink) event.preventDefault();
      if (event.pointerType === "touch" && !isLink) this.flash(source);
      else if (source.elements.length) this.reveal(source);
    }

    // Arrow keys walk through the terms of a formula, Enter goes to the figure
    key(event) {
      const walk = this.page.walks.get(event.target);
      if (event.key === "Escape") this.show(null);
      if (!walk || event.altKey || event.ctrlKey || event.metaKey) return;
      const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!way && event.key !== "Enter") return;
      event.preventDefault();
      if (!way) return this.reveal(this.current ?? walk[0]);
      const at = walk.indexOf(this.current) + way;
      this.pointed = null;
      this.focus(walk[(at + walk.length) % walk.length]);
      this.spoken.textContent = this.current.shown.saying(this.current.keys);
    }
  }

  // ---------------------------------------------------------------------------------------------
  window.addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    const figures = [...document.querySelectorAll("backprop-figure")].filter((figure) => figure.graph);
    if (!figures.length) return;
    const page = new Page(figures);
    const light = new Light(page);
    const asked = [...document.links].find((link) => link.matches(".bp-term") && link.hash === location.hash);
    if (asked) light.reveal(page.sourceAt(asked));
  });
})();
