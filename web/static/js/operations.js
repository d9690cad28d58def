/** The page on operations: workers, partitions, lag, dead letters, batches, versions. */

import { get } from "./api.js";
import { Clock } from "./clock.js";
import { count, duration, element, setText } from "./format.js";
import { fillRuns, runOfAddress, showOrigin, zoneSwitch } from "./header.js";
import { showLetters } from "./letters.js";
import { facts } from "./why.js";
import { onZone } from "./zones.js";

const WORKER_MS = 2_000;
const LETTERS_MS = 10_000;
/** More records than this waiting is worth a look. */
const LATE_RECORDS = 1_000;

const at = (id) => document.getElementById(id);
const shown = { newestBar: null, origin: null };
zoneSwitch(at("zones"));
const clock = new Clock(shown, { market: at("market-state"), age: at("age") });
let letters = null;

function figure(name, value, small = false) {
  return element("div", { class: `figure${small ? " wide" : ""}` }, element("div", { class: "name", text: name }), element("div", { class: `value number${small ? " small" : ""}`, text: value }));
}

const seconds = (value) => (value === null ? "–" : value < 1 ? `≤ ${Math.round(value * 1000)} ms` : `≤ ${value} s`);

function showWorker(worker) {
  setText(at("status"), worker.status.toUpperCase());
  at("status").dataset.status = worker.status;
  const lags = worker.partitions.filter(({ here, lag }) => here && lag !== null).map(({ lag }) => lag);
  at("figures").replaceChildren(
    figure("Records waiting here", lags.length ? count(lags.reduce((sum, lag) => sum + lag, 0)) : "–"),
    figure("Partitions here", `${worker.partitions.filter(({ here }) => here).length} of ${worker.partitions.length}`),
    figure("Workers", count(worker.workers.length)),
    figure("Batches", count(worker.batches.count)),
    figure("A batch takes (median)", seconds(worker.batches.median_seconds)),
    figure("A batch takes (99 of 100)", seconds(worker.batches.p99_seconds)),
    figure("Up for", duration(worker.uptime_seconds)),
    figure("Address", worker.address, true),
  );
  showPartitions(worker);
  at("counts").replaceChildren(
    ...group("Bars by what happened to them", worker.bars), ...group("Signals by action", worker.signals),
    ...group("Dead letters by reason", worker.dead_letters), ...group("Waits by what was away", worker.retries),
  );
  at("versions").replaceChildren(facts([["stock-signals", worker.version], ...Object.entries(worker.versions), ["strategy", worker.strategy]]));
  const missing = worker.partitions.filter(({ status }) => status !== "active");
  if (worker.reasons.length) say(`The worker is ${worker.status}: ${worker.reasons.join("; ")}.`);
  else if (missing.length) say(`Not all partitions are answered for: ${missing.map(({ partition, status }) => `${partition} is ${status}`).join(", ")}.`);
  else say("");
}

function group(title, counts) {
  return [element("h3", { text: title }), facts(Object.entries(counts).map(([name, value]) => [name.replaceAll("_", " "), count(value)]))];
}

function showPartitions({ partitions, workers, address }) {
  setText(at("holders"), workers.length === 1 ? "one worker holds them all" : `${workers.length} workers share them`);
  const heads = ["Partition", "Held by", "State", "Next offset", "Lag"];
  const rows = partitions.map(({ partition, owner, here, status, position, lag }) =>
    element(
      "tr", {}, element("th", { scope: "row", class: "number", text: String(partition) }),
      element("td", {}, owner === null ? "nobody known" : here ? `${address} (this worker)` : element("a", { href: `${owner}/operations`, text: owner })),
      element("td", { text: status }),
      element("td", { class: "number", text: count(position) }),
      element("td", { class: lag > LATE_RECORDS ? "number late" : "number", text: count(lag) }),
    ));
  at("partitions").replaceChildren(
    element("caption", { class: "hidden", text: "Partitions of the topic of bars; whose they are, offsets and lag" }),
    element("thead", {}, element("tr", {}, ...heads.map((text, index) => element("th", { scope: "col", class: index === 1 || index === 2 ? "" : "number", text })))),
    element("tbody", {}, ...rows),
  );
}

function say(text) {
  setText(at("banner"), text);
}

async function askWorker() {
  try {
    showWorker(await get("/worker"));
  } catch (error) {
    at("banner").dataset.kind = "error";
    say(`${error.message} The page asks again by itself.`);
  }
  setTimeout(askWorker, WORKER_MS);
}

async function askLetters() {
  try {
    letters = await get("/dead-letters", { limit: 50 });
    drawLetters();
  } catch (error) {
    setText(at("letters-note"), error.message);
  }
  setTimeout(askLetters, LETTERS_MS);
}

function drawLetters() {
  if (letters) showLetters({ note: at("letters-note"), reasons: at("reasons"), table: at("letters") }, letters);
}

async function askRuns() {
  try {
    const wanted = runOfAddress();
    const runs = await fillRuns(at("runs"), wanted);
    const run = runs.find(({ run_id: id }) => id === wanted) ?? (wanted ? null : runs[0]);
    if (run) at("runs").value = run.run_id;
    shown.origin = run?.origin ?? null;
    shown.newestBar = run ? Date.parse(run.newest_bar) : null;
    showOrigin(at("origin"), shown.origin);
    clock.tick();
  } catch {
    // The banner says that the worker does not answer.
  }
  setTimeout(askRuns, LETTERS_MS);
}

function keepRun() {
  for (const id of ["home", "to-market"]) at(id).href = `/${location.search}`;
}

at("runs").addEventListener("change", () => {
  history.replaceState(null, "", `/operations?run=${encodeURIComponent(at("runs").value)}`);
  keepRun();
});
onZone(drawLetters);
keepRun();
askWorker();
askLetters();
askRuns();
