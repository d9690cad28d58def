/** The market page: puts the parts together. */

import { get } from "./api.js";
import { Banner } from "./banner.js";
import { Clock } from "./clock.js";
import { Feed } from "./feed.js";
import { fillRuns, runOfAddress, showOrigin, zoneSwitch } from "./header.js";
import { Market } from "./market.js";
import { Stream } from "./stream.js";
import { SymbolPanel } from "./symbol.js";
import { Watchlist } from "./watchlist.js";
import { Why } from "./why.js";
import { onZone } from "./zones.js";

const SESSION_MS = 1500;
/** The worker's tables follow the topic within this time. */
const FIRST_SESSION_MS = 200;
/** Until a worker is asked again that did not answer, or whose tables did follow the topic later than that. */
const SESSION_AGAIN_MS = 5000;
const RUNS_MS = 30_000;

const at = (id) => document.getElementById(id);
const market = new Market();
zoneSwitch(at("zones"));
const clock = new Clock(market, { market: at("market-state"), age: at("age") });
const banner = new Banner(at("banner"), market, clock);
const why = new Why(at("why"), market);
const panel = new SymbolPanel(
  market,
  {
    canvas: at("canvas"), legendNode: at("legend"), name: at("symbol-name"), last: at("symbol-last"), changed: at("symbol-change"),
    chip: at("symbol-action"), everyAction: at("every-action"), fit: at("fit"), nearer: at("nearer"), farther: at("farther"),
    tableSwitch: at("table-switch"), tableView: at("table-view"), table: at("table"), more: at("table-more"), problem: at("symbol-problem"),
  },
  (symbol, point) => why.show(symbol, point),
);
const watchlist = new Watchlist(
  market,
  { grid: at("grid"), rows: at("grid-rows"), filter: at("filter"), action: at("filter-action"), count: at("count") },
  (symbol) => go(symbol, null, false),
);
const feed = new Feed(market, { list: at("feed"), action: at("feed-action"), empty: at("feed-empty") }, (signal) =>
  go(signal.symbol, Date.parse(signal.timestamp), true));

let sessionTimer = null;
let sessionDue = Infinity;

/** Ask for opens and last transitions until those of all symbols are known, not more often than every so often. */
function askForSession(wait = market.nextOpen === Infinity ? FIRST_SESSION_MS : SESSION_MS) {
  const due = Date.now() + wait;
  if (sessionTimer !== null && sessionDue <= due) return;
  clearTimeout(sessionTimer);
  sessionDue = due;
  sessionTimer = setTimeout(async () => {
    sessionTimer = null;
    // The stream says what is wrong.
    const session = await get("/session", { run: market.runId }).catch(() => null);
    if (!session || !market.addSession(session)) askForSession(SESSION_AGAIN_MS);
  }, wait);
}

const stream = new Stream({
  snapshot(snapshot) {
    banner.say(snapshot.run_id === null ? "There is no bar yet; the page waits for the first one." : null);
    banner.progress(snapshot);
    market.reset(snapshot);
    showOrigin(at("origin"), market.origin);
    refreshRuns();
    if (snapshot.signals.length) feed.load(snapshot.run_id).catch(() => {});
    const wanted = symbolOfAddress() ?? (wide() ? firstSymbol() : null);
    if (panel.symbol === wanted) panel.load();
    else if (wanted !== null) show(wanted, null);
  },
  signal: (signal) => market.apply(signal),
  progress: (progress) => banner.progress(progress),
  reset() {},
  status: (connected) => banner.stream(connected),
});

market.onStale.push(() => askForSession());
market.onChange.push((changed) => {
  showOrigin(at("origin"), market.origin);
  clock.tick();
  if (market.rows.size) banner.say(null);
  if (at("runs").value !== market.runId && document.activeElement !== at("runs")) refreshRuns();
  if (panel.symbol === null && wide() && market.rows.size) show(firstSymbol(), null);
  if (panel.chosen === null && changed.has(panel.symbol)) why.show(panel.symbol, null);
});
onZone(() => why.show(why.shown?.symbol, why.shown?.point));

const wide = () => matchMedia("(min-width: 760px)").matches;
const firstSymbol = () => [...market.rows.keys()].sort()[0] ?? null;

function symbolOfAddress() {
  const found = /^\/s\/(.+)$/.exec(location.pathname);
  return found ? decodeURIComponent(found[1]) : null;
}

/** Show a symbol, and its address. */
function go(symbol, time, fromFeed) {
  const address = `/s/${encodeURIComponent(symbol)}${location.search}`;
  if (`${location.pathname}${location.search}` !== address) history.pushState(null, "", address);
  if (fromFeed || !wide()) tab("chart");
  show(symbol, time);
}

function show(symbol, time) {
  document.title = `${symbol} · Stock signals`;
  watchlist.mark(symbol);
  panel.open(symbol, time);
  why.show(symbol, null);
}

function openRun(run) {
  market.reset({ run_id: run, signals: [] });
  watchlist.arrange();
  feed.clear();
  panel.symbol = null;
  stream.open(run);
}

async function refreshRuns() {
  try {
    await fillRuns(at("runs"), market.runId);
  } catch {
    // The banner says why there is no answer.
  }
}

/** On a phone one part is shown at a time. */
function tab(name) {
  document.body.dataset.tab = name;
  for (const button of at("tabs").querySelectorAll("button")) button.setAttribute("aria-pressed", button.dataset.tab === name);
}

at("tabs").addEventListener("click", (event) => event.target.dataset.tab && tab(event.target.dataset.tab));
at("runs").addEventListener("change", () => {
  history.pushState(null, "", `${location.pathname}?run=${encodeURIComponent(at("runs").value)}`);
  openRun(at("runs").value);
});
addEventListener("popstate", () => {
  if (runOfAddress() !== stream.run) openRun(runOfAddress());
  else if (symbolOfAddress()) show(symbolOfAddress(), null);
});
setInterval(refreshRuns, RUNS_MS);
tab(symbolOfAddress() ? "chart" : "symbols");
openRun(runOfAddress());
