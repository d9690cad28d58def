/** Why a bar has its signal: the sentence, and the numbers to work it out again. */

import { get } from "./api.js";
import { element, periods, points, price } from "./format.js";
import { inputs } from "./inputs.js";
import { everyZone, time } from "./zones.js";

const AT_MOST_EVERY_MS = 300;
/** The tables follow the topic within milliseconds. */
const AGAIN_MS = 1000;

export class Why {
  constructor(node, market) {
    this.node = node;
    this.market = market;
    /** All inputs are fetched only while a person has them open; one bar's at a time. */
    this.body = element("div", { class: "inputs" });
    this.details = element("details", { ontoggle: () => this.explain() }, element("summary", { text: "All inputs, to compute it again" }), this.body);
    this.explained = null;
    this.busy = false;
  }

  /** Show a bar's signal; without a point, the newest of the symbol. */
  show(symbol, point) {
    const signal = point ? point.signal : this.market.rows.get(symbol)?.signal;
    this.shown = { symbol, point };
    this.signal = signal;
    if (!signal) {
      this.node.replaceChildren(element("p", { class: "muted", text: "Choose a bar in the chart, or a signal." }));
      return;
    }
    if (this.details.parentNode === this.node) {
      // Moved, an open one would be closed.
      while (this.details.previousSibling) this.details.previousSibling.remove();
      this.details.before(...this.sentence(signal), this.numbers(signal));
    } else {
      this.node.replaceChildren(...this.sentence(signal), this.numbers(signal), this.details);
    }
    this.explain();
  }

  /** Fetch the inputs of the signal that is shown, if they are wanted. */
  async explain() {
    const { signal } = this;
    if (!this.details.open || this.busy || !signal || this.explained === signal.id) return;
    this.busy = true;
    try {
      const found = await get(`/signals/${encodeURIComponent(signal.symbol)}/explain`, { run: signal.run_id, at: signal.timestamp });
      this.body.replaceChildren(...inputs(found));
      this.explained = signal.id;
    } catch (error) {
      this.body.replaceChildren(element("p", { class: "muted", text: error.message }));
      this.explained = null;
    }
    await new Promise((resolve) => setTimeout(resolve, this.explained ? AT_MOST_EVERY_MS : AGAIN_MS));
    this.busy = false;
    this.explain(); // Another bar may have been chosen meanwhile.
  }

  sentence(signal) {
    const at = Date.parse(signal.timestamp);
    const turned = signal.transition ? `, turned from ${signal.previous_action}` : "";
    return [
      element(
        "p", { class: "why-head" },
        element("span", { class: "chip", "data-action": signal.action, text: signal.action }),
        element("strong", { text: signal.symbol }),
        element("span", { class: "number", text: `at ${price(signal.close)}` }),
        element("time", { class: "muted number", datetime: signal.timestamp, title: everyZone(at), text: `${time(at, "dayMinute")}${turned}` }),
      ),
      element("p", { class: "why-sentence", text: signal.explanation }),
    ];
  }

  numbers(signal) {
    const names = periods(signal.strategy);
    return facts([
      [names.fast, price(signal.sma_fast)],
      [names.slow, price(signal.sma_slow)],
      [names.rsi, points(signal.rsi)],
      ["Bars in this series", String(signal.bars_seen)],
      ["Revision", String(signal.revision)],
      ["Strategy", signal.strategy],
      ["Id", signal.id],
    ]);
  }
}

/** A value of more characters has a line of its own. */
const LONG = 20;

/** Names and values as a definition list. */
export function facts(pairs) {
  return element("dl", { class: "facts" }, ...pairs.map(([name, value]) => element("div", { class: value.length > LONG ? "wide" : null }, element("dt", { text: name }), element("dd", { class: "number", text: value }))));
}
