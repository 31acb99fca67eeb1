/* Checks 2 and 3: origin, index and chain run without a gap; the recorded time falls only at a stated step. */
import { short } from "./log.js";

const FIRST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

export class Order {
  constructor(log, findings) {
    this.log = log;
    this.findings = findings;
    this.recorded = null;
  }

  see(entry, index) {
    const prev = index ? this.log.leafHex(index - 1) : FIRST;
    const say = (expected, found) => this.findings.fail(2, index, expected, found);
    if (entry.log !== this.log.origin) say(`the log ${this.log.origin}`, `an entry of ${entry.log}`);
    if (entry.index !== index) say(`index ${index}`, `index ${entry.index}`);
    if (entry.prev !== prev) say(`the hash of the entry before, ${short(prev)}`, short(entry.prev));
    const isOpening = entry.act.kind === "log_opened";
    if (isOpening !== (index === 0)) say(index ? "log_opened at the beginning only" : "log_opened", entry.act.kind);
    this.#clock(entry, index);
  }

  /** An entry that cannot be read leaves its time unknown. */
  skip() {
    this.recorded = null;
  }

  #clock(entry, index) {
    const before = this.recorded;
    const now = entry.recorded_ms;
    this.recorded = now;
    if (before === null) return;
    const { kind, facts } = entry.act;
    if (kind !== "clock_stepped") {
      if (now < before) this.findings.fail(3, index, `a time not before ${instant(before)}`, instant(now));
      return;
    }
    if (facts.from_ms !== before)
      this.findings.fail(3, index, `a step from ${instant(before)}`, instant(facts.from_ms));
    if (facts.to_ms !== now) this.findings.fail(3, index, `a step to ${instant(now)}`, instant(facts.to_ms));
  }
}

/** A time in UTC, to the second. */
export function instant(ms) {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
