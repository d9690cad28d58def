/** Whether the market is open, and how old the newest bar is. */

import { get } from "./api.js";
import { duration, setText } from "./format.js";
import { everyZone, onZone, time } from "./zones.js";

const ASK_AGAIN_MS = 10 * 60_000;
/** A live bar comes within seconds of its minute's end. */
export const STALE_SECONDS = 180;

export class Clock {
  /** `parts`: market, age. */
  constructor(market, parts) {
    Object.assign(this, parts);
    this.data = market;
    this.hours = null;
    this.offset = 0;
    this.ask();
    setInterval(() => this.tick(), 1000);
    onZone(() => this.tick());
  }

  /** Now by the worker's clock, UTC epoch milliseconds. */
  now() {
    return Date.now() + this.offset;
  }

  async ask() {
    clearTimeout(this.timer);
    let wait = ASK_AGAIN_MS;
    try {
      this.hours = await get("/market");
      this.offset = Date.parse(this.hours.now) - Date.now();
      const next = this.hours.next_change ? Date.parse(this.hours.next_change) - this.now() : wait;
      wait = Math.min(wait, Math.max(1000, next + 500));
      this.tick();
    } catch {
      wait = 5000;
    }
    this.timer = setTimeout(() => this.ask(), wait);
  }

  /** Seconds since the newest bar ended; null before the first. */
  ageSeconds() {
    return this.data.newestBar === null ? null : Math.max(0, (this.now() - this.data.newestBar) / 1000 - 60);
  }

  /** Whether bars should be coming and do not. */
  isStale() {
    const since = this.hours?.open ? (this.now() - Date.parse(this.hours.last_change)) / 1000 : 0;
    const age = this.ageSeconds();
    return this.data.origin === "live" && age !== null && age > STALE_SECONDS && since > STALE_SECONDS;
  }

  tick() {
    if (this.hours) {
      const next = Date.parse(this.hours.next_change);
      const left = duration((next - this.now()) / 1000);
      const when = time(next, next - this.now() < 20 * 3_600_000 ? "minute" : "dayMinute");
      setText(this.market, this.hours.open ? `Market open, closes in ${left} (${when})` : `Market closed, opens in ${left} (${when})`);
      this.market.dataset.open = this.hours.open;
      this.market.title = everyZone(next);
    }
    const age = this.ageSeconds();
    const newest = this.data.newestBar;
    if (age === null) setText(this.age, "No bar yet");
    else if (this.data.origin === "live") setText(this.age, `Newest bar ${time(newest)}, ${duration(age)} old`);
    else setText(this.age, `Newest bar ${time(newest, "dayMinute")}`);
    this.age.title = newest === null ? "" : `${everyZone(newest)}\n${duration(age)} ago`;
  }
}
