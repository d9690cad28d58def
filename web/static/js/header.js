/** What every page has at its top: the origin's badge, the run chooser, the switch of time zones. */

import { get } from "./api.js";
import { element, setText } from "./format.js";
import { chooseZone, zone } from "./zones.js";

const BADGES = { live: "LIVE", backfill: "BACKFILL", replay: "REPLAY", synthetic: "SYNTHETIC: not market data" };

/** Say where the data come from. */
export function showOrigin(node, origin) {
  setText(node, origin ? BADGES[origin] : "NO DATA YET");
  node.dataset.origin = origin ?? "";
}

/** The run that the address asks for; null: the worker chooses. */
export const runOfAddress = () => new URLSearchParams(location.search).get("run");

/** Choose times' zone with the three buttons, and remember it. */
export function zoneSwitch(node) {
  const buttons = [...node.querySelectorAll("button")];
  const mark = () => buttons.forEach((button) => button.setAttribute("aria-pressed", button.dataset.zone === zone()));
  try {
    chooseZone(localStorage.getItem("zone"));
  } catch {
    // Storage may be forbidden; then the page begins with New York each time.
  }
  mark();
  for (const button of buttons) {
    button.addEventListener("click", () => {
      chooseZone(button.dataset.zone);
      try {
        localStorage.setItem("zone", zone());
      } catch {
        // As above.
      }
      mark();
    });
  }
}

/** Fill the run chooser; `shown` is the run on the page. */
export async function fillRuns(select, shown) {
  const { runs } = await get("/runs");
  const known = runs.some(({ run_id: id }) => id === shown);
  const options = runs.map((run) => element("option", { value: run.run_id, text: `${run.run_id} (${run.symbols.toLocaleString("en-US")} symbols)` }));
  if (shown && !known) options.unshift(element("option", { value: shown, text: shown }));
  if (!options.length) options.push(element("option", { value: "", text: "no run yet" }));
  select.replaceChildren(...options);
  select.value = shown ?? "";
  return runs;
}
