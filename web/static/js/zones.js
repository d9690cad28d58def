/** The time zone that the page shows, and times written in it. Times are UTC epoch milliseconds. */

export const NEW_YORK = "America/New_York";

const ZONES = {
  ny: { zone: NEW_YORK, name: "New York" },
  utc: { zone: "UTC", name: "UTC" },
  local: { zone: undefined, name: "Local" },
};

const SHAPES = {
  minute: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  second: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  day: { weekday: "short", day: "numeric", month: "short" },
  dayShort: { day: "numeric", month: "short" },
  dayMinute: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  full: {
    weekday: "short", day: "numeric", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short",
  },
};

const formats = new Map();

function format(ms, shape, zone) {
  const key = `${shape} ${zone}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.DateTimeFormat("en-GB", { ...SHAPES[shape], timeZone: zone }));
  }
  return formats.get(key).format(ms);
}

let chosen = "ny";
const listeners = [];

/** The zone's key: ny, utc or local. */
export const zone = () => chosen;

/** The zone's name for people. */
export const zoneName = () => ZONES[chosen].name;

/** Show times in a zone from now on. */
export function chooseZone(key) {
  if (!(key in ZONES)) return;
  chosen = key;
  for (const listener of listeners) listener();
}

/** Call back when another zone was chosen. */
export const onZone = (listener) => listeners.push(listener);

/** A time in the chosen zone; shape is minute, second, day, dayShort, dayMinute or full. */
export const time = (ms, shape = "minute") => format(ms, shape, ZONES[chosen].zone);

/** A time in New York, in UTC and on this machine, for a tooltip. */
export function everyZone(ms) {
  const lines = [`New York: ${format(ms, "full", NEW_YORK)}`, `UTC: ${format(ms, "full", "UTC")}`];
  const here = format(ms, "full", undefined);
  if (!lines.some((line) => line.endsWith(here))) lines.push(`Local: ${here}`);
  return lines.join("\n");
}

const days = new Intl.DateTimeFormat("en-CA", { timeZone: NEW_YORK });
const cached = { from: 0, until: 0, day: "" };

/** The trading day in New York, for example 2024-11-14. */
export function tradingDay(ms) {
  // Within an hour of a whole UTC hour the day in New York does not change.
  if (ms < cached.from || ms >= cached.until) {
    cached.from = ms - (ms % 3_600_000);
    cached.until = cached.from + 3_600_000;
    cached.day = days.format(ms);
  }
  return cached.day;
}
