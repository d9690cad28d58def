/** The one stream of a page: it resumes where it was cut, for as long as the page is open. */

import { get } from "./api.js";

/** The server sends something at least every 15 s; after so long without, the stream is dead. */
const SILENCE_MS = 40_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;

export class Stream {
  /**
   * `handlers`: snapshot, signal, progress and reset get the event's data; status gets true when it is connected
   * and false when it is cut.
   */
  constructor(handlers) {
    this.handlers = handlers;
    this.source = null;
    this.lastId = null;
    this.wait = FIRST_WAIT_MS;
    this.timer = null;
    this.heard = 0;
    this.watch = setInterval(() => this.lookForSilence(), 5_000);
    addEventListener("pagehide", () => this.source?.close());
    addEventListener("pageshow", (event) => event.persisted && this.connect());
  }

  /** Follow a run from now on; null: the one that the worker chooses. */
  open(run) {
    this.run = run;
    this.lastId = null;
    this.connect();
  }

  connect() {
    clearTimeout(this.timer);
    this.source?.close();
    const query = new URLSearchParams();
    if (this.run) query.set("run", this.run);
    if (this.lastId) query.set("last_event_id", this.lastId);
    const source = new EventSource(query.size ? `/stream?${query}` : "/stream");
    this.source = source;
    this.heard = Date.now();
    for (const name of ["snapshot", "signal", "progress", "reset"]) {
      source.addEventListener(name, (event) => {
        if (source !== this.source) return;
        this.heard = Date.now();
        this.wait = FIRST_WAIT_MS;
        if (event.lastEventId) this.lastId = event.lastEventId;
        this.handlers.status(true);
        this.handlers[name](JSON.parse(event.data));
      });
    }
    source.onopen = () => {
      this.heard = Date.now();
      this.handlers.status(true);
    };
    source.onerror = () => {
      if (source !== this.source) return;
      this.handlers.status(false);
      // After a cut the browser tries again by itself, after a refusal (as while tables recover) it does not.
      if (source.readyState === EventSource.CLOSED) this.retry();
    };
  }

  retry() {
    clearTimeout(this.timer);
    // An EventSource does not say why it was refused: where it is the login, this reloads the page.
    get("/market").catch(() => {});
    this.timer = setTimeout(() => this.connect(), this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(LONGEST_WAIT_MS, this.wait * 2);
  }

  lookForSilence() {
    if (this.source && Date.now() - this.heard > SILENCE_MS) {
      this.handlers.status(false);
      this.connect();
    }
  }
}
