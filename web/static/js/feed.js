/** Transitions of all symbols, the newest first. */

import { get } from "./api.js";
import { element, price } from "./format.js";
import { everyZone, onZone, time } from "./zones.js";

const KEPT = 300;
const DRAW_MS = 150;

export class Feed {
  /** `parts`: list, action (a select), empty; `onChoose(signal)`. */
  constructor(market, parts, onChoose) {
    Object.assign(this, parts);
    this.market = market;
    this.onChoose = onChoose;
    this.signals = [];
    this.timer = null;
    market.onSignal.push((signal) => this.take(signal));
    this.action.addEventListener("change", () => this.draw());
    onZone(() => this.draw());
  }

  /** Fetch what has happened so far. */
  async load(run) {
    const answer = await get("/signals", { run, transitions: true, limit: KEPT });
    if (answer.run_id !== this.market.runId) return;
    const fetched = new Set(answer.signals.map(bar));
    const newer = this.signals.filter((signal) => signal.run_id === answer.run_id && !fetched.has(bar(signal)));
    this.signals = [...newer, ...answer.signals];
    this.draw();
  }

  clear() {
    this.signals = [];
    this.draw();
  }

  take(signal) {
    const known = signal.revision > 0 ? this.signals.findIndex((each) => bar(each) === bar(signal)) : -1;
    if (known >= 0) this.signals.splice(known, 1);
    else if (!signal.transition) return;
    if (signal.transition) this.signals.push(signal);
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.draw();
    }, DRAW_MS);
  }

  draw() {
    this.signals.sort((one, other) => (one.timestamp === other.timestamp ? (one.symbol < other.symbol ? -1 : 1) : one.timestamp < other.timestamp ? 1 : -1));
    this.signals.length = Math.min(this.signals.length, KEPT);
    const wanted = this.action.value;
    const shown = this.signals.filter(({ action }) => !wanted || action === wanted);
    this.list.replaceChildren(...shown.map((signal) => this.item(signal)));
    this.empty.hidden = shown.length > 0;
  }

  item(signal) {
    const at = Date.parse(signal.timestamp);
    return element(
      "li", {},
      element(
        "button", { type: "button", class: "feed-item", onclick: () => this.onChoose(signal) },
        element("time", { class: "number muted", datetime: signal.timestamp, title: everyZone(at), text: time(at, "dayMinute") }),
        element("strong", { text: signal.symbol }),
        element("span", { class: "chip", "data-action": signal.action, text: signal.action }),
        element("span", { class: "number", text: price(signal.close) }),
        element("span", { class: "feed-why", text: signal.explanation }),
      ),
    );
  }
}

const bar = (signal) => `${signal.symbol} ${signal.timestamp}`;
