/** Why a bar has its signal: the sentence, and the numbers to work it out again. */

import { element, periods, points, price } from "./format.js";
import { everyZone, time } from "./zones.js";

export class Why {
  constructor(node, market) {
    this.node = node;
    this.market = market;
  }

  /** Show a bar's signal; without a point, the newest of the symbol. */
  show(symbol, point) {
    const signal = point ? point.signal : this.market.rows.get(symbol)?.signal;
    this.shown = { symbol, point };
    if (!signal) {
      this.node.replaceChildren(element("p", { class: "muted", text: "Choose a bar in the chart, or a signal." }));
      return;
    }
    this.node.replaceChildren(...this.sentence(signal), this.numbers(signal));
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

/** Names and values as a definition list. */
export function facts(pairs) {
  return element("dl", { class: "facts" }, ...pairs.map(([name, value]) => element("div", {}, element("dt", { text: name }), element("dd", { class: "number", text: value }))));
}
