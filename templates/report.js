// What a reader can do with the page: choose the theme, follow the contents, sort and filter tables, read values
// off figures. Without it everything can still be read. Its words come from the page's language (#words).
"use strict";
(() => {
  const root = document.documentElement;
  const THEME = "bptt-bench theme";
  const LINKED = "bptt-bench links to this machine";
  const SORTED_FROM = 2; // rows
  const FILTERED_FROM = 8;
  const CHOICES = 12; // most that a list offers
  const PROSE = 60; // characters of a cell's text from which its column has no order
  const PASSED = 120; // CSS pixels from the window's top to a heading that counts as reached
  const MARK = 6; // CSS pixels from a value to the edge of what is drawn of it
  const AWAY = 14; // CSS pixels from a value to its text
  const NEAR = 28; // CSS pixels from the pointer to a value

  // Storage may be forbidden, as in private windows.
  const remembered = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const remember = (name, value) => {
    try { value ? localStorage.setItem(name, value) : localStorage.removeItem(name); } catch { /* not remembered */ }
  };
  const wear = (theme) => { theme ? (root.dataset.theme = theme) : delete root.dataset.theme; };
  if (["light", "dark"].includes(remembered(THEME))) wear(remembered(THEME));
  root.classList.add("scripted");

  const make = (tag, attributes = {}, text = "") => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  };

  // Theme

  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

  const themeSwitch = (words) => {
    const button = make("button", { type: "button" }, words.dark);
    const show = () => button.setAttribute("aria-pressed", isDark());
    button.addEventListener("click", () => {
      const wanted = isDark() ? "light" : "dark";
      const chosen = wanted === (system.matches ? "dark" : "light") ? null : wanted; // null: as the system has it
      wear(chosen);
      remember(THEME, chosen);
      show();
    });
    system.addEventListener("change", show);
    show();
    return button;
  };

  const addTools = (words) => {
    const tools = make("div", { class: "tools" });
    const ways = [["#top", words.top], ["#contents", words.contents]].map(([href, text]) => make("a", { href }, text));
    tools.append(...ways, themeSwitch(words));
    document.querySelector(".contents").append(tools);
  };

  // Addresses of the machine where the report was made lead nowhere on another one. They are links if the page itself
  // comes from this machine, or if the reader says that this is it.

  const linkToThisMachine = (words) => {
    const links = document.querySelectorAll("[data-here]");
    const set = (on) => {
      for (const link of links) on ? (link.href = link.dataset.here) : link.removeAttribute("href");
    };
    for (const note of document.querySelectorAll(".here")) {
      const box = make("input", { type: "checkbox" });
      const label = make("label");
      label.append(box, words.link);
      note.append(" ", label);
      box.checked = remembered(LINKED) || ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
      box.addEventListener("change", () => {
        set(box.checked);
        remember(LINKED, box.checked ? "yes" : null);
      });
      set(box.checked);
    }
  };

  // Contents

  const followScroll = () => {
    const links = [...document.querySelectorAll(".contents li > a")];
    const places = links.map((link) => document.getElementById(link.hash.slice(1)));
    const mark = () => {
      const ends = scrollY + innerHeight >= root.scrollHeight - 2;
      const passed = places.map((place) => place.getBoundingClientRect().top < PASSED);
      const here = links[ends ? links.length - 1 : passed.lastIndexOf(true)];
      if (here?.hasAttribute("aria-current")) return;
      for (const link of links) {
        link.toggleAttribute("aria-current", false);
        link.parentElement.classList.remove("here");
      }
      if (!here) return;
      here.setAttribute("aria-current", "true");
      for (let item = here.closest("li"); item; item = item.parentElement.closest("li")) item.classList.add("here");
      const nav = here.closest(".contents");
      if (getComputedStyle(nav).position === "fixed") nav.scrollTop = here.offsetTop - nav.clientHeight / 2;
    };
    let waiting = false;
    addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; mark(); });
    }, { passive: true });
    mark();
  };

  // Tables

  const RAISED = { "⁻": "-", "⁰": 0, "¹": 1, "²": 2, "³": 3, "⁴": 4, "⁵": 5, "⁶": 6, "⁷": 7, "⁸": 8, "⁹": 9 };
  const POWERS = { k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };
  const NUMBER = /^([<>≥±≈]?)\s*([+-]?)(?:(\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)|(∞))/;

  // The number that a cell begins with; NaN where it begins with none: 1,234, −0.5, < 0.001, 12.3 M, 10⁻⁵.
  const numberOf = (text) => {
    const plain = text.trim().replaceAll("−", "-");
    const power = plain.match(/^10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/);
    if (power) return 10 ** Number([...power[1]].map((sign) => RAISED[sign]).join(""));
    const found = plain.match(NUMBER);
    if (!found) return NaN;
    const unit = POWERS[plain.slice(found[0].length).match(/^\s?([kMGTP])(?![a-z])/)?.[1]] ?? 1;
    const size = found[4] ? Infinity : Number(found[3].replaceAll(",", "")) * unit;
    const beyond = { "<": 1 - 1e-9, ">": 1 + 1e-9 }[found[1]] ?? 1;
    return (found[2] === "-" ? -1 : 1) * size * beyond;
  };

  const textOf = (row, column) => (row.cells[column]?.textContent ?? "").replace(/\s+/g, " ").trim();

  const keysOf = (rows, column) => {
    const texts = rows.map((row) => textOf(row, column));
    const numbers = texts.map(numberOf);
    const known = texts.filter((text) => !["", "–"].includes(text)).length;
    return numbers.filter((number) => !Number.isNaN(number)).length > known / 2 ? numbers : texts;
  };

  const order = (rows, column, direction) => {
    const keys = keysOf(rows, column);
    const collator = new Intl.Collator(root.lang, { numeric: true });
    const missing = (key) => key === "" || key === "–" || Number.isNaN(key); // last, whichever way
    const compare = (a, b) => (typeof a === "number" ? (a === b ? 0 : a < b ? -1 : 1) : collator.compare(a, b));
    return rows
      .map((row, i) => ({ row, key: keys[i] }))
      .sort((a, b) => missing(a.key) - missing(b.key) || (missing(a.key) ? 0 : direction * compare(a.key, b.key)))
      .map(({ row }) => row);
  };

  const makeSortable = (table, rows) => {
    const homes = rows.map((row) => row.parentElement);
    const heads = [...table.tHead.rows[0].cells];
    const sort = (head, column) => {
      const state = { none: "ascending", ascending: "descending", descending: "none" }[head.getAttribute("aria-sort")];
      for (const other of heads) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", state);
      place(state, column);
    };
    const place = (state, column) => {
      if (state === "none") rows.forEach((row, i) => homes[i].append(row));
      else homes[0].append(...order(rows, column, state === "ascending" ? 1 : -1));
    };
    // On paper rows stand in the report's order, as its text expects.
    addEventListener("beforeprint", () => place("none"));
    addEventListener("afterprint", () => {
      const column = heads.findIndex((head) => !["none", null].includes(head.getAttribute("aria-sort")));
      if (column >= 0) place(heads[column].getAttribute("aria-sort"), column);
    });
    heads.forEach((head, column) => {
      const texts = rows.map((row) => textOf(row, column));
      if (!head.textContent.trim() || texts.some((text) => text.length > PROSE) || new Set(texts).size < 2) return;
      const button = make("button", { type: "button" });
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => sort(head, column));
    });
  };

  const choice = (rows, column, label, words) => {
    const texts = [...new Set(rows.map((row) => textOf(row, column)))];
    if (texts.length < 2 || texts.length > CHOICES) return null;
    const select = make("select", { "aria-label": label, "data-column": column });
    select.append(make("option", { value: "" }, `${label}: ${words.all}`));
    for (const text of texts) select.append(make("option", { value: text }, text));
    return select;
  };

  const makeFilterable = (table, rows, words) => {
    const caption = table.getAttribute("aria-label") ?? table.caption?.textContent ?? "";
    const filters = make("div", { class: "filters", role: "search", "aria-label": `${words.filter}: ${caption.trim()}` });
    const input = make("input", { type: "search", placeholder: words.filter, "aria-label": words.filter });
    const shown = make("span", { role: "status" });
    const heads = [...table.tHead.rows[0].cells];
    const selects = heads
      .map((head, i) => ("choice" in head.dataset ? choice(rows, i, head.textContent.trim(), words) : null))
      .filter(Boolean);
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const apply = () => {
      const wanted = input.value.toLowerCase().split(/\s+/);
      let count = 0;
      for (const row of rows) {
        const fits = wanted.every((word) => texts.get(row).includes(word))
          && selects.every((s) => !s.value || textOf(row, s.dataset.column) === s.value);
        row.classList.toggle("filtered-out", !fits);
        count += fits;
      }
      shown.textContent = count < rows.length ? words.shown.replace("{shown}", count).replace("{all}", rows.length) : "";
    };
    for (const control of [input, ...selects]) control.addEventListener("input", apply);
    filters.append(input, ...selects, shown);
    table.closest(".table").before(filters);
    const clear = () => {
      for (const control of [input, ...selects]) control.value = "";
      apply();
    };
    // A link to a row that is filtered out shows it.
    const links = [...document.querySelectorAll("[data-find]")];
    for (const link of links.filter(({ hash }) => hash.slice(1) === table.closest("section")?.id)) {
      link.addEventListener("click", () => {
        clear();
        input.value = link.dataset.find;
        apply();
      });
    }
    const reveal = () => { if (table.querySelector(".filtered-out:target")) clear(); };
    addEventListener("hashchange", reveal);
  };

  const prepareTables = (words) => {
    for (const table of document.querySelectorAll(".table:not(.fixed-order) > table")) {
      const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
      const joined = table.querySelector(":is(td, th):is([rowspan], [colspan])"); // rows that belong together
      if (!table.tHead || joined || rows.length < SORTED_FROM) continue;
      // Before heads become buttons, whose arrows are no part of their words.
      if (rows.length >= FILTERED_FROM) makeFilterable(table, rows, words);
      makeSortable(table, rows);
    }
  };

  // Figures: each value is [x, y, text], thousandths of the picture's width and height, and may
  // name the place in the page that it leads to. They are a list beneath the picture, too, where a search finds them.

  const valueOf = (item) => [...item.dataset.at.split(" ").map(Number), item.textContent, item.querySelector("a")?.hash];

  const nearest = (values, x, y, box) => {
    const distance = ([left, top]) => Math.hypot((left / 1000) * box.width - x, (top / 1000) * box.height - y);
    const best = values.reduce((a, b) => (distance(b) < distance(a) ? b : a));
    return distance(best) <= NEAR ? best : null;
  };

  // Where a text of this size hides the fewest of the other values: beside its own place, or else above or below the
  // picture. Thousandths become CSS pixels from the picture's top left.
  const freePlace = (values, [left, top], { width, height }, text) => {
    const [x, y] = [(left / 1000) * width, (top / 1000) * height];
    const inside = (at) => Math.min(Math.max(at, 0), Math.max(width - text.width, 0));
    const beside = [y, y - text.height].flatMap((at) => [[x + AWAY, at], [x - AWAY - text.width, at]]);
    const places = [
      ...beside.filter(([at]) => at === inside(at)),
      [inside(x - text.width / 2), y < height / 2 ? -text.height - 4 : height + 4],
    ];
    const hidden = ([fromX, fromY]) => values.filter(([valueX, valueY]) => {
      const [overX, overY] = [(valueX / 1000) * width - fromX, (valueY / 1000) * height - fromY];
      return overX > -MARK && overX < text.width + MARK && overY > -MARK && overY < text.height + MARK;
    }).length;
    return places.reduce((best, place) => (hidden(place) < hidden(best) ? place : best));
  };

  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

  const makeReadable = (figure, words) => {
    const plot = figure.querySelector(".plot");
    const values = [...figure.querySelectorAll(".values li")].map(valueOf);
    const picture = plot.querySelector("img");
    const ring = make("span", { class: "ring", hidden: "" });
    const value = make("span", { class: "value", role: "status", hidden: "" });
    plot.append(ring, value);
    let shown = null;
    const show = (found) => {
      shown = found;
      plot.style.cursor = found?.[3] ? "pointer" : "";
      ring.hidden = value.hidden = !found;
      if (!found) return;
      const [x, y, text] = found;
      value.textContent = text;
      value.style.left = value.style.top = 0;
      ring.style.left = `${x / 10}%`;
      ring.style.top = `${y / 10}%`;
      const [left, top] = freePlace(values, found, picture.getBoundingClientRect(), value.getBoundingClientRect());
      value.style.left = `${left}px`;
      value.style.top = `${top}px`;
    };
    plot.addEventListener("pointermove", (event) => {
      const box = picture.getBoundingClientRect();
      show(nearest(values, event.clientX - box.left, event.clientY - box.top, box));
    });
    plot.addEventListener("pointerleave", () => show(null));
    const follow = () => { if (shown?.[3]) location.hash = shown[3]; };
    plot.addEventListener("click", follow);
    let at = -1;
    plot.tabIndex = 0;
    plot.setAttribute("role", "group");
    plot.setAttribute("aria-label", words.values);
    plot.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return show(null);
      if (event.key === "Enter") return follow();
      const step = STEPS[event.key];
      if (!step) return;
      event.preventDefault();
      at = Math.min(Math.max(at + step, 0), values.length - 1);
      show(values[at]);
    });
    plot.addEventListener("blur", () => show(null));
  };

  addEventListener("DOMContentLoaded", () => {
    const words = JSON.parse(document.getElementById("words").textContent);
    addTools(words);
    linkToThisMachine(words);
    followScroll();
    prepareTables(words);
    for (const figure of document.querySelectorAll("figure:has(.values)")) makeReadable(figure, words);
  });
})();
