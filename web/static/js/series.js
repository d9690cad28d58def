/** One symbol's bars with what was computed of each, oldest first. Times are UTC epoch milliseconds. */

import { tradingDay } from "./zones.js";

/** What a merge did: whole (draw all again), or the indexes of the points that changed in place or came at the end. */
export class Series {
  constructor() {
    this.points = [];
    this.places = new Map();
    this.startsAt = null;
  }

  /** Take bars and signals as the API gives them; those known are replaced. */
  merge(bars, signals = []) {
    const fresh = new Map();
    const point = (timestamp) => {
      const at = Date.parse(timestamp);
      const known = this.places.get(at);
      if (!fresh.has(at)) fresh.set(at, known === undefined ? { time: at } : { ...this.points[known] });
      return fresh.get(at);
    };
    for (const bar of bars) point(bar.timestamp).bar = bar;
    for (const signal of signals) {
      const found = point(signal.timestamp);
      if (!found.signal || signal.revision >= found.signal.revision) found.signal = signal;
    }
    const newest = this.points.at(-1)?.time ?? -Infinity;
    const changed = [];
    const added = [];
    for (const each of fresh.values()) {
      if (!each.bar) continue; // A signal whose bar is no longer kept.
      const place = this.places.get(each.time);
      if (place === undefined) added.push(each);
      else if (differs(each, this.points[place])) {
        this.points[place] = each;
        changed.push(place);
      }
    }
    added.sort((one, other) => one.time - other.time);
    const whole = added.length > 0 && added[0].time < newest;
    for (const each of added) changed.push(this.points.push(each) - 1);
    if (whole) this.points.sort((one, other) => one.time - other.time);
    if (added.length) this.places = new Map(this.points.map((each, place) => [each.time, place]));
    return { whole, changed: changed.sort((one, other) => one - other) };
  }

  /** The place of a time; undefined where there is no bar. */
  placeOf(time) {
    return this.places.get(time);
  }

  /** Whether a bar is the first of its trading day. */
  startsSession(place) {
    return place > 0 && tradingDay(this.points[place].time) !== tradingDay(this.points[place - 1].time);
  }

  /** Minutes of the session that are missing before a bar; 0 for none. */
  gapBefore(place) {
    return (place > 0 && this.points[place].bar.gap_minutes) || 0;
  }

  /** Whether prices jumped at this bar as in a split. */
  isSplit(place) {
    const { time, signal } = this.points[place];
    return Boolean(signal?.split) || time === this.startsAt;
  }
}

function differs(one, other) {
  return JSON.stringify(one) !== JSON.stringify(other);
}
