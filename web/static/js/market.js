/** What the page knows of one run: each symbol's newest signal, its session's open, its last transition. */

const AT_MOST_EVERY_MS = 100;

/** Rows by symbol. Listeners get the symbols that changed, at most ten times a second. */
export class Market {
  constructor() {
    this.rows = new Map();
    this.runId = null;
    /** Counts resets: rows of an older one are no longer those of the run. */
    this.generation = 0;
    this.strategy = null;
    this.origin = null;
    this.newestBar = null;
    /** When the session after the one that the opens are of begins, UTC epoch milliseconds. */
    this.nextOpen = Infinity;
    this.onChange = [];
    this.onSignal = [];
    /** Called when opens or last transitions must be asked for again. */
    this.onStale = [];
    this.changed = new Set();
    this.timer = null;
  }

  /** Start over with the newest signal of each symbol. */
  reset(snapshot) {
    const known = this.runId === snapshot.run_id ? this.rows : new Map();
    this.rows = new Map();
    this.runId = snapshot.run_id;
    this.generation += 1;
    this.newestBar = null;
    if (!known.size) this.origin = null;
    for (const signal of snapshot.signals) {
      const before = known.get(signal.symbol);
      this.rows.set(signal.symbol, { ...blank(signal.symbol), open: before?.open ?? null, turned: before?.turned ?? null });
      this.take(signal);
    }
    this.tell([...this.rows.keys()]);
    if (this.rows.size) this.stale();
  }

  /** Take a signal that has just come. */
  apply(signal) {
    this.runId ??= signal.run_id; // The first bar of all.
    if (signal.run_id !== this.runId) return;
    const isNew = !this.rows.has(signal.symbol);
    if (isNew) this.rows.set(signal.symbol, blank(signal.symbol));
    const row = this.rows.get(signal.symbol);
    const at = Date.parse(signal.timestamp);
    if (signal.transition) {
      if (!row.turned || at >= row.turned.time) row.turned = { time: at, action: signal.action };
    } else if (row.turned?.time === at) {
      this.stale(); // A correction took the last transition back.
    }
    // A symbol's first bar of the session comes with its open, perhaps later than others'.
    if (isNew || at >= this.nextOpen || row.open === null) this.stale();
    this.take(signal);
    this.tell([signal.symbol]);
    for (const listener of this.onSignal) listener(signal);
  }

  /** Note the open of the newest session and the last transition of each symbol; whether it had all symbols. */
  addSession(session) {
    if (session.run_id !== this.runId) return false;
    this.nextOpen = session.next_open ? Date.parse(session.next_open) : Infinity;
    let known = 0;
    session.symbols.forEach((symbol, index) => {
      const row = this.rows.get(symbol);
      if (!row) return;
      known += 1;
      row.open = session.opens[index];
      const turned = session.transitions[index];
      if (turned) row.turned = { time: Date.parse(turned), action: session.actions[index] };
    });
    this.tell(session.symbols);
    return known === this.rows.size;
  }

  take(signal) {
    const row = this.rows.get(signal.symbol);
    const at = Date.parse(signal.timestamp);
    if (row.signal && (at < row.time || (at === row.time && signal.revision < row.signal.revision))) return;
    row.signal = signal;
    row.time = at;
    this.strategy = signal.strategy;
    if (this.newestBar === null || at >= this.newestBar) {
      this.newestBar = at;
      this.origin = signal.origin;
    }
  }

  stale() {
    for (const listener of this.onStale) listener();
  }

  tell(symbols) {
    for (const symbol of symbols) this.changed.add(symbol);
    this.timer ??= setTimeout(() => {
      const changed = this.changed;
      this.changed = new Set();
      this.timer = null;
      for (const listener of this.onChange) listener(changed);
    }, AT_MOST_EVERY_MS);
  }
}

function blank(symbol) {
  return { symbol, signal: null, time: 0, open: null, turned: null };
}

/** How far the close is from the session's open, as a ratio; null while the open is not known. */
export function change(row) {
  return row.open && row.signal ? row.signal.close / row.open - 1 : null;
}

/** Which average is above: 1 the fast one, -1 the slow one, 0 neither, null while they warm up. */
export function above(row) {
  const { sma_fast: fast, sma_slow: slow } = row.signal ?? {};
  if (fast === null || fast === undefined || slow === null || slow === undefined) return null;
  if (Math.abs(fast - slow) <= 1e-9 * Math.abs(slow)) return 0;
  return fast > slow ? 1 : -1;
}
