/** All inputs of one signal, so that a person can work its numbers out again: the answer of /signals/…/explain. */

import { element, points, price } from "./format.js";
import { time } from "./zones.js";

/** The answer as elements. */
export function inputs(explained) {
  const { rule, sma_fast: fast, sma_slow: slow, rsi, revision, position } = explained;
  return [
    element("p", { class: "muted", text: rule.says }),
    average(`SMA-${fast.period}`, fast),
    average(`SMA-${slow.period}`, slow),
    ...strength(rsi),
    ...history(revision),
    position && line("Bars read up to", `${position.topic ?? "partition "}[${position.partition}]@${position.offset}`),
  ].filter(Boolean);
}

function line(name, value) {
  return element("p", { class: "input" }, element("span", { class: "muted", text: `${name} ` }), element("span", { class: "number", text: value }));
}

function average(name, { value, closes, complete }) {
  const sum = closes.reduce((total, { close }) => total + close, 0);
  const said = complete && closes.length
    ? `${name} ${price(value)} = ${price(sum)} ÷ ${closes.length}`
    : `${name} ${price(value)}: not all of its closes are kept`;
  return element(
    "details", { class: "input" }, element("summary", { class: "number", text: said }),
    element("p", { class: "closes number", text: closes.map(({ timestamp, close }) => `${time(Date.parse(timestamp))} ${price(close)}`).join("   ") }),
  );
}

const exact = (value) => (value === null ? "–" : value.toPrecision(6));

function strength({ period, step, previous, change, gain, loss, value, seed }) {
  const found = [line(`RSI-${period}`, value === null ? "not enough bars yet" : `${points(value)} = 100 × ${exact(gain)} ÷ (${exact(gain)} + ${exact(loss)})`)];
  if (previous && change !== null) {
    const [up, down] = [Math.max(change, 0), Math.max(-change, 0)];
    const how = (name, before, moved, after) => {
      if (step === "sum") return `${name} ${exact(after)} = ${exact(before)} + ${exact(moved)}`;
      if (step === "first") return `${name} ${exact(after)} = (${exact(before)} + ${exact(moved)}) ÷ ${period}`;
      return `${name} ${exact(after)} = (${exact(before)} × ${period - 1} + ${exact(moved)}) ÷ ${period}`;
    };
    found.push(
      line("Change of the close", `${price(previous.close)} → ${price(previous.close + change)}`),
      line("Wilder's averages", how("gain", previous.gain, up, gain)), line("", how("loss", previous.loss, down, loss)),
    );
  }
  if (seed.timestamp) found.push(line("First averages", `at bar ${seed.bar} of the series, ${time(Date.parse(seed.timestamp), "dayMinute")}`));
  return found;
}

function history({ revision, cause }) {
  if (!revision) return [];
  const why = cause ? `, the last because of a ${cause.kind} bar of ${time(Date.parse(cause.timestamp), "dayMinute")} (${cause.origin})` : "";
  return [line("Revisions", `${revision}${why}`)];
}
