/** One line under the header that says when something is not as it should be. */

import { get } from "./api.js";
import { setText } from "./format.js";
import { time } from "./zones.js";

const CHECK_MS = 5_000;

export class Banner {
  constructor(node, market, clock) {
    Object.assign(this, { node, market, clock });
    this.connected = null;
    this.cutAt = null;
    this.health = null;
    this.partitions = new Map();
    this.problem = null;
    setInterval(() => this.draw(), 1000);
    this.check();
  }

  /** Whether the stream is connected. */
  stream(connected) {
    if (!connected && this.connected !== false) {
      this.cutAt = Date.now();
      this.check();
    }
    this.connected = connected;
    this.draw();
  }

  /** What the stream says of the partitions. */
  progress({ partitions }) {
    for (const each of partitions ?? []) this.partitions.set(each.partition, each.status);
    this.draw();
  }

  /** A sentence of the page's own, null for none. */
  say(problem) {
    this.problem = problem;
    this.draw();
  }

  async check() {
    clearTimeout(this.timer);
    try {
      this.health = await get("/health");
    } catch {
      this.health = null;
    }
    this.draw();
    this.timer = setTimeout(() => this.check(), CHECK_MS);
  }

  draw() {
    const [text, kind] = this.sentence();
    setText(this.node, text);
    this.node.dataset.kind = kind;
  }

  sentence() {
    if (this.health?.status === "recovering") {
      return [`The worker is restoring its tables; the page goes on by itself. ${sentences(this.health.reasons)}`, "warning"];
    }
    if (this.connected === false) {
      return [`The stream is cut since ${time(this.cutAt, "second")}: what you see is from then. The page reconnects by itself.`, "error"];
    }
    if (this.health?.status === "degraded") return [`The worker is not well: ${sentences(this.health.reasons)}`, "warning"];
    const missing = [...this.partitions].filter(([, status]) => status && status !== "active");
    if (missing.length) {
      const numbers = missing.map(([partition]) => partition).sort((one, other) => one - other).join(", ");
      const all = (wanted) => missing.every(([, status]) => status === wanted);
      const why = all("recovering")
        ? `Partitions ${numbers} are being restored:`
        : all("incompatible")
          ? `Partitions ${numbers} are with a worker of another version, as during an upgrade:`
          : `A worker is missing: nobody answers for partitions ${numbers}, so`;
      return [`${why} their symbols are not up to date.`, "warning"];
    }
    if (this.clock.isStale()) {
      return [`No bar has come since ${time(this.market.newestBar)} though the market is open: the data are stale.`, "warning"];
    }
    if (this.problem) return [this.problem, "warning"];
    return ["", ""];
  }
}

function sentences(reasons) {
  const text = reasons.join("; ");
  return text ? `${text[0].toUpperCase()}${text.slice(1)}.` : "";
}
