/** The list of symbols: sorted, filtered, driven by keys; only the rows in view are in the document. */

import { above, change } from "./market.js";
import { count, element, percent, periods, points, price, setText } from "./format.js";
import { everyZone, onZone, time, tradingDay } from "./zones.js";

const ROW_PX = 40;
const SPARE_ROWS = 6;
const SORT_MS = 500;

const text = (name) => (row) => row.signal?.[name] ?? null;

/** What a column sorts by; null goes last. */
const KEYS = {
  symbol: (row) => row.symbol,
  close: text("close"),
  change,
  action: (row) => ({ BUY: 0, SELL: 1, HOLD: 2 })[row.signal?.action] ?? null,
  rsi: text("rsi"),
  above,
  turned: (row) => (row.turned ? -row.turned.time : null),
};

export class Watchlist {
  /** `parts`: grid, rows, filter (a text field), action (a select), count; `onChoose(symbol)`. */
  constructor(market, parts, onChoose) {
    Object.assign(this, parts);
    this.market = market;
    this.onChoose = onChoose;
    this.sorted = { key: "symbol", descending: false };
    this.shown = [];
    this.places = new Map();
    this.pool = [];
    this.chosen = null;
    this.timer = null;
    this.listen();
  }

  listen() {
    this.market.onChange.push((changed) => this.changed(changed));
    this.filter.addEventListener("input", () => this.arrange());
    this.action.addEventListener("change", () => this.arrange());
    this.grid.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.grid);
    onZone(() => this.draw());
    this.rows.addEventListener("click", (event) => {
      const row = event.target.closest("[data-symbol]");
      if (row) this.choose(row.dataset.symbol);
    });
    for (const header of this.grid.querySelectorAll("[data-sort]")) {
      header.querySelector("button").addEventListener("click", () => this.sortBy(header.dataset.sort));
    }
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.filter.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        this.filter.value = "";
        this.arrange();
      } else if (event.key === "ArrowDown" || event.key === "Enter") {
        event.preventDefault();
        this.grid.focus();
        if (this.shown.length && !this.places.has(this.chosen)) this.choose(this.shown[0].symbol);
      }
    });
    addEventListener("keydown", (event) => {
      const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        this.filter.focus();
        this.filter.select();
      }
    });
  }

  key(event) {
    if (event.target !== this.grid) return;
    const page = Math.max(1, Math.floor(this.grid.clientHeight / ROW_PX) - 2);
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (!(event.key in moves) || !this.shown.length) return;
    event.preventDefault();
    const at = this.places.get(this.chosen) ?? (moves[event.key] > 0 ? -1 : 0);
    const to = Math.min(this.shown.length - 1, Math.max(0, at + moves[event.key]));
    this.choose(this.shown[to].symbol);
  }

  /** Sort by a column; a second time turns the order. */
  sortBy(key) {
    const turned = this.sorted.key === key && !this.sorted.descending;
    this.sorted = { key, descending: turned };
    for (const header of this.grid.querySelectorAll("[data-sort]")) {
      const ours = header.dataset.sort === key;
      header.setAttribute("aria-sort", ours ? (turned ? "descending" : "ascending") : "none");
    }
    this.arrange();
  }

  choose(symbol) {
    this.mark(symbol);
    this.onChoose(symbol);
  }

  /** Mark a symbol as the chosen one and bring it into view. */
  mark(symbol) {
    this.chosen = symbol;
    const place = this.places.get(symbol);
    if (place !== undefined) {
      const head = this.grid.querySelector(".grid-head").offsetHeight;
      const top = place * ROW_PX;
      const { scrollTop, clientHeight } = this.grid;
      if (top < scrollTop) this.grid.scrollTop = top;
      else if (top + ROW_PX > scrollTop + clientHeight - head) this.grid.scrollTop = top + ROW_PX - clientHeight + head;
    }
    this.draw();
  }

  changed(changed) {
    const known = this.generation === this.market.generation && [...changed].every((symbol) => this.places.has(symbol));
    if (known && this.sorted.key === "symbol" && !this.action.value) return this.draw();
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.arrange();
    }, this.generation === this.market.generation && this.shown.length ? SORT_MS : 0);
    return this.draw();
  }

  /** Filter and sort again. */
  arrange() {
    this.generation = this.market.generation;
    const wanted = this.filter.value.trim().toUpperCase();
    const action = this.action.value;
    const key = KEYS[this.sorted.key];
    const keyed = [];
    for (const row of this.market.rows.values()) {
      if (wanted && !row.symbol.toUpperCase().includes(wanted)) continue;
      if (action && row.signal?.action !== action) continue;
      keyed.push([key(row), row]);
    }
    const sign = this.sorted.descending ? -1 : 1;
    keyed.sort(([one, first], [other, second]) => {
      if (one === null || other === null) {
        if (one !== other) return one === null ? 1 : -1;
      } else if (one !== other) return one < other ? -sign : sign;
      return first.symbol < second.symbol ? -1 : 1;
    });
    this.shown = keyed.map(([, row]) => row);
    this.places = new Map(this.shown.map((row, place) => [row.symbol, place]));
    const all = this.market.rows.size;
    const shown = this.shown.length;
    setText(this.count, shown === all ? `${count(all)} ${all === 1 ? "symbol" : "symbols"}` : `${count(shown)} of ${count(all)}`);
    this.grid.setAttribute("aria-rowcount", shown + 1);
    this.draw();
  }

  draw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  paint() {
    this.names = periods(this.market.strategy);
    this.rows.style.height = `${this.shown.length * ROW_PX}px`;
    const first = Math.max(0, Math.floor(this.grid.scrollTop / ROW_PX) - SPARE_ROWS);
    const last = Math.min(this.shown.length, first + Math.ceil(this.grid.clientHeight / ROW_PX) + 2 * SPARE_ROWS);
    while (this.pool.length < last - first) this.pool.push(this.rows.appendChild(emptyRow()));
    this.pool.forEach((node, index) => {
      const row = first + index < last ? this.shown[first + index] : null;
      node.hidden = row === null;
      if (row) this.fill(node, row, first + index);
    });
    const active = this.places.has(this.chosen) && this.pool.find((node) => !node.hidden && node.dataset.symbol === this.chosen);
    if (active) this.grid.setAttribute("aria-activedescendant", active.id);
    else this.grid.removeAttribute("aria-activedescendant");
  }

  fill(node, row, place) {
    const [symbol, close, moved, action, rsi, trend, turned] = node.children;
    const { signal } = row;
    node.dataset.symbol = row.symbol;
    node.style.transform = `translateY(${place * ROW_PX}px)`;
    node.setAttribute("aria-rowindex", place + 2);
    node.setAttribute("aria-selected", row.symbol === this.chosen);
    setText(symbol, row.symbol);
    setText(close, price(signal?.close));
    const ratio = change(row);
    setText(moved, percent(ratio));
    moved.dataset.sign = ratio > 0 ? "up" : ratio < 0 ? "down" : "";
    setText(action.firstChild, signal?.action ?? "");
    action.firstChild.dataset.action = signal?.action ?? "";
    const [bar, value] = rsi.children;
    bar.firstChild.style.width = `${signal?.rsi ?? 0}%`;
    bar.dataset.zone = signal?.rsi < this.names.low ? "low" : signal?.rsi > this.names.high ? "high" : "";
    setText(value, points(signal?.rsi));
    const side = above(row);
    setText(trend, side === null ? "–" : side > 0 ? "▲ fast" : side < 0 ? "▼ slow" : "equal");
    trend.dataset.sign = side > 0 ? "up" : side < 0 ? "down" : "";
    const today = row.turned && tradingDay(row.turned.time) === tradingDay(row.time);
    setText(turned, row.turned ? time(row.turned.time, today ? "minute" : "dayShort") : "–");
    turned.title = row.turned ? `Turned to ${row.turned.action}\n${everyZone(row.turned.time)}` : "";
  }
}

let made = 0;

function emptyRow() {
  const cell = (name, ...children) => element("div", { role: "gridcell", class: `cell ${name}` }, ...children);
  return element(
    "div", { role: "row", class: "grid-row", id: `row-${++made}` },
    cell("symbol"), cell("number close"), cell("number change"),
    cell("action", element("span", { class: "chip" })),
    cell("rsi", element("span", { class: "meter", "aria-hidden": "true" }, element("span")), element("span", { class: "number" })),
    cell("trend"), cell("number turned"),
  );
}
