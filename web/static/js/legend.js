/** The numbers of one bar, above the chart. */

import { compact, element, points, price } from "./format.js";
import { everyZone, time } from "./zones.js";

/** Fill the legend with a bar's numbers; null empties it. */
export function showLegend(node, series, place, names) {
  const point = place === null ? null : series.points[place];
  if (!point) return node.replaceChildren();
  const { bar, signal } = point;
  const item = (name, value, kind = "") =>
    element("span", { class: `legend-item ${kind}` }, element("span", { class: "legend-name", text: name }), element("span", { class: "number", text: value }));
  const parts = [
    element("time", { class: "legend-time number", datetime: bar.timestamp, title: everyZone(point.time), text: time(point.time, "dayMinute") }),
    item("O", price(bar.open)), item("H", price(bar.high)), item("L", price(bar.low)), item("C", price(bar.close)),
    item("Vol", compact(bar.volume)),
    item(names.fast, price(signal?.sma_fast), "fast"), item(names.slow, price(signal?.sma_slow), "slow"),
    item(names.rsi, points(signal?.rsi), "rsi"),
  ];
  const gap = series.gapBefore(place);
  if (gap) parts.push(item("gap before", `${gap} min`, "note"));
  if (series.isSplit(place)) parts.push(item("split", "averages start here", "note"));
  if (bar.revision || signal?.revision) parts.push(item("revision", String(Math.max(bar.revision, signal?.revision ?? 0)), "note"));
  return node.replaceChildren(...parts);
}
