/** The chart's data as a table, the newest bar first: for screen readers, and for who wants numbers. */

import { count, element, points, price } from "./format.js";
import { everyZone, time, zoneName } from "./zones.js";

const STEP = 60;

export class DataTable {
  /** `parts`: table, more (a button); `onChoose(place)`. */
  constructor({ table, more }, onChoose) {
    this.table = table;
    this.more = more;
    this.onChoose = onChoose;
    this.limit = STEP;
    more.addEventListener("click", () => {
      this.limit += 5 * STEP;
      this.draw();
    });
  }

  show(series, symbol, names) {
    if (this.symbol !== symbol) this.limit = STEP;
    Object.assign(this, { series, symbol, names });
    this.draw();
  }

  draw() {
    const { series, names } = this;
    const heads = [`Time (${zoneName()})`, "Open", "High", "Low", "Close", "Volume", names.fast, names.slow, names.rsi, "Signal", "Notes"];
    const from = Math.max(0, series.points.length - this.limit);
    const rows = series.points.slice(from).map((point, index) => this.row(point, from + index)).reverse();
    this.table.replaceChildren(
      element("caption", { text: `${this.symbol}: ${series.points.length} bars, the newest first` }),
      element("thead", {}, element("tr", {}, ...heads.map((text) => element("th", { scope: "col", text })))),
      element("tbody", {}, ...rows),
    );
    this.more.hidden = from === 0;
  }

  row({ time: at, bar, signal }, place) {
    const { series } = this;
    const gap = series.gapBefore(place);
    const notes = [
      series.startsSession(place) && "session begins", gap && `${gap} min missing before`, series.isSplit(place) && "looks like a split",
      bar.revision > 0 && `revision ${bar.revision}`, signal?.transition && `turned from ${signal.previous_action}`,
    ].filter(Boolean);
    const number = (text) => element("td", { class: "number", text });
    const when = element("button", { type: "button", class: "link number", title: everyZone(at), onclick: () => this.onChoose(place), text: time(at, "dayMinute") });
    return element(
      "tr", {}, element("th", { scope: "row" }, when),
      number(price(bar.open)), number(price(bar.high)), number(price(bar.low)), number(price(bar.close)), number(count(bar.volume)),
      number(price(signal?.sma_fast)), number(price(signal?.sma_slow)), number(points(signal?.rsi)),
      element("td", {}, element("span", { class: "chip", "data-action": signal?.action ?? "", text: signal?.action ?? "–" })),
      element("td", { text: notes.join(", ") }),
    );
  }
}
