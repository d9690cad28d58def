/** The panel of one symbol: chart, legend, table, and which bar is chosen. */

import { get } from "./api.js";
import { Chart } from "./chart.js";
import { percent, periods, price, setText } from "./format.js";
import { showLegend } from "./legend.js";
import { change } from "./market.js";
import { Series } from "./series.js";
import { DataTable } from "./table.js";
import { onZone } from "./zones.js";

const ALL = 10_000;
const SPARE_BARS = 3;
const AT_MOST_EVERY_MS = 100;
const AGAIN_MS = 1000;
/** Tables follow the topic within milliseconds; after so long a signal's bar is no longer waited for. */
const LONGEST_WAIT_MS = 10_000;

export class SymbolPanel {
  /** `parts` as in index.html; `onBar(symbol, point)`: a bar is chosen, null: none. */
  constructor(market, parts, onBar) {
    Object.assign(this, parts);
    this.market = market;
    this.onBar = onBar;
    this.symbol = null;
    this.series = new Series();
    this.chosen = null;
    this.waiting = [];
    this.busy = false;
    this.chart = new Chart(this.canvas, (place, isChosen) => this.point(place, isChosen));
    this.dataTable = new DataTable(this, (place) => this.choose(place));
    market.onSignal.push((signal) => this.take(signal));
    market.onChange.push((changed) => changed.has(this.symbol) && this.title());
    onZone(() => this.refresh());
    this.listen();
  }

  listen() {
    this.everyAction.addEventListener("change", () => this.chart.markEvery(this.everyAction.checked));
    this.fit.addEventListener("click", () => this.chart.fit());
    this.nearer.addEventListener("click", () => this.chart.zoom(0.6));
    this.farther.addEventListener("click", () => this.chart.zoom(1 / 0.6));
    this.tableSwitch.addEventListener("click", () => this.showTable(this.tableView.hidden));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const last = this.series.points.length - 1;
    const at = this.place() ?? last;
    const moves = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last, PageUp: at - 30, PageDown: at + 30 };
    if (event.key in moves && last >= 0) this.choose(Math.min(last, Math.max(0, moves[event.key])));
    else if (event.key === "+" || event.key === "=") this.chart.zoom(0.6);
    else if (event.key === "-") this.chart.zoom(1 / 0.6);
    else if (event.key === "Escape") this.choose(null);
    else return;
    event.preventDefault();
  }

  showTable(shown) {
    this.tableView.hidden = !shown;
    this.canvas.hidden = shown;
    this.tableSwitch.setAttribute("aria-pressed", shown);
    if (shown) this.refresh();
  }

  /** Show a symbol, from the start; with `time`, that bar is chosen. */
  async open(symbol, time = null) {
    if (symbol === this.symbol && this.series.points.length) {
      if (time !== null) this.choose(this.series.placeOf(time) ?? null);
      return;
    }
    this.symbol = symbol;
    this.chosen = null;
    this.waiting = [];
    this.series = new Series();
    this.title();
    this.chart.show(this.series, null);
    this.legend(null);
    await this.load();
    if (this.symbol === symbol) this.choose(time === null ? null : (this.series.placeOf(time) ?? null));
  }

  /** Fetch all bars again, as after a cut in the stream. */
  async load() {
    const { symbol } = this;
    clearTimeout(this.retry);
    if (symbol === null) return;
    const run = this.market.runId;
    const path = encodeURIComponent(symbol);
    try {
      const [window, { signals }] = await Promise.all([
        get(`/windows/${path}`, { run, limit: ALL }), get(`/signals/${path}`, { run, limit: ALL }),
      ]);
      if (symbol !== this.symbol || run !== this.market.runId) return;
      const series = new Series();
      this.note(series, window);
      series.merge(window.bars, signals);
      this.series = series;
      setText(this.problem, "");
      this.chart.show(series, window.strategy);
      this.refresh();
      // Two answers are of two moments: a signal may be there whose bar was not yet.
      for (const signal of signals.slice(0, SPARE_BARS)) this.take(signal);
    } catch (error) {
      if (symbol !== this.symbol) return;
      setText(this.problem, error.message);
      this.series = new Series();
      this.chart.show(this.series, null);
      // A worker that has just begun, or whose tables follow the topic in a moment.
      if (this.market.rows.has(symbol)) this.retry = setTimeout(() => this.load(), AGAIN_MS);
    }
  }

  note(series, window) {
    this.strategy = window.strategy;
    series.startsAt = window.series_start ? Date.parse(window.series_start.timestamp) : null;
  }

  take(signal) {
    if (signal.symbol !== this.symbol) return;
    signal.until = Date.now() + LONGEST_WAIT_MS;
    this.waiting.push(signal);
    this.follow();
  }

  /** Fetch the bars of the signals that came, one request at a time. */
  async follow() {
    if (this.busy || !this.symbol || !this.waiting.length || !this.series.points.length) return;
    this.busy = true;
    const { symbol, series } = this;
    const signals = this.waiting;
    this.waiting = [];
    const first = Math.min(...signals.map(({ timestamp }) => Date.parse(timestamp)));
    let known = series.points.length;
    while (known > 0 && series.points[known - 1].time >= first) known -= 1;
    const limit = Math.min(ALL, series.points.length - known + signals.length + SPARE_BARS);
    try {
      const window = await get(`/windows/${encodeURIComponent(symbol)}`, { run: this.market.runId, limit });
      if (series === this.series) {
        this.note(series, window);
        // Of the first one, the gap before it is not known.
        const bars = window.bars.slice(window.bars.length === limit ? 1 : 0);
        this.merged(series.merge(bars, signals));
        this.waiting.push(...behind(signals, window.bars));
      }
    } catch {
      this.waiting = [...signals, ...this.waiting];
    }
    await new Promise((resolve) => setTimeout(resolve, AT_MOST_EVERY_MS));
    this.busy = false;
    this.follow();
  }

  merged(change) {
    if (!change.changed.length) return;
    this.chart.update(change);
    this.refresh();
    if (this.chosen === null) this.legend(null);
    else if (change.whole || change.changed.includes(this.place())) this.onBar(this.symbol, this.series.points[this.place()]);
  }

  refresh() {
    if (!this.tableView.hidden && this.series.points.length) this.dataTable.show(this.series, this.symbol, periods(this.strategy));
    this.legend(this.place());
  }

  place() {
    return this.chosen === null ? null : (this.series.placeOf(this.chosen) ?? null);
  }

  point(place, isChosen) {
    if (isChosen) this.choose(place);
    else this.legend(place ?? this.place());
  }

  /** Choose a bar, null: the newest, whichever it is. */
  choose(place) {
    this.chosen = place === null ? null : this.series.points[place].time;
    if (place !== null) this.chart.point(place);
    this.legend(place);
    this.onBar(this.symbol, place === null ? null : this.series.points[place]);
  }

  legend(place) {
    const last = this.series.points.length - 1;
    showLegend(this.legendNode, this.series, place ?? (last < 0 ? null : last), periods(this.strategy));
  }

  title() {
    const row = this.market.rows.get(this.symbol);
    setText(this.name, this.symbol ?? "");
    setText(this.last, price(row?.signal?.close));
    const ratio = row ? change(row) : null;
    setText(this.changed, ratio === null ? "" : `${percent(ratio)} since the open`);
    this.changed.dataset.sign = ratio > 0 ? "up" : ratio < 0 ? "down" : "";
    setText(this.chip, row?.signal?.action ?? "");
    this.chip.dataset.action = row?.signal?.action ?? "";
  }
}

/** The signals whose bars the table did not have yet when these were read from it. */
function behind(signals, bars) {
  const revisions = new Map(bars.map(({ timestamp, revision }) => [timestamp, revision]));
  const oldest = bars[0]?.timestamp ?? "";
  const isBehind = ({ timestamp, revision, until }) =>
    timestamp >= oldest && (revisions.get(timestamp) ?? -1) < revision && Date.now() < until;
  return signals.filter(isBehind);
}
