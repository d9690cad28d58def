/** Dead letters by reason, and the newest of them with what can be said of each. */

import { count, element, setText } from "./format.js";
import { everyZone, time } from "./zones.js";

const HEADS = ["Sent", "Reason", "Key", "Record", "What is wrong"];

/** Fill `parts` (note, reasons, table) with an answer of /dead-letters. */
export function showLetters({ note, reasons, table }, { read, reasons: found, letters }) {
  setText(note, read ? `the newest ${count(read)} read, ${letters.length} shown; all of them: stocks dead-letters list` : "none: every record could be processed");
  reasons.replaceChildren(
    ...Object.entries(found).sort(([, one], [, other]) => other - one)
      .map(([reason, amount]) => element("span", { class: "reason", text: reason.replaceAll("_", " ") }, element("b", { class: "number", text: count(amount) }))),
  );
  // What a person has opened stays open.
  const open = new Set([...table.querySelectorAll("details[open]")].map((each) => each.dataset.place));
  table.replaceChildren(
    element("caption", { class: "hidden", text: "The newest dead letters" }),
    element("thead", { hidden: !letters.length }, element("tr", {}, ...HEADS.map((text) => element("th", { scope: "col", text })))),
    element("tbody", {}, ...letters.map((letter) => row(letter, open))),
  );
}

function row(letter, open) {
  const at = letter.time === null ? null : Date.parse(letter.time);
  const place = `${letter.partition}:${letter.offset}`;
  const bytes = letter.value === null ? "no value" : `${letter.value}${letter.value_bytes > 64 ? " …" : ""} (${count(letter.value_bytes)} bytes)`;
  return element(
    "tr", {},
    element("td", { class: "number left", title: at === null ? "" : everyZone(at), text: at === null ? "–" : time(at, "dayMinute") }),
    element("td", { text: letter.reason?.replaceAll("_", " ") ?? "–" }),
    element("td", { text: letter.key ?? "–" }),
    element("td", { class: "number left", text: letter.source ?? "–" }),
    element(
      "td", { class: "wrap" }, letter.exception ?? "–",
      element("details", { "data-place": place, open: open.has(place) }, element("summary", { text: `Letter ${place}` }), element("div", { class: "bytes", text: bytes })),
    ),
  );
}
