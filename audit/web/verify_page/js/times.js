/* Check 8: recorded times against a time authority's tokens (log-format section 10). An entry after a stamp was not
   recorded before it, one under a stamped head not after it, give or take the tolerance. */
import { hexOf } from "./bytes.js";
import { instant } from "./order.js";
import { short } from "./log.js";
import { sha256 } from "./sha256.js";
import { parseCheckpoint, stampedNote } from "./note.js";
import { readTimeReply } from "./tsa.js";
import { counted } from "./words.js";

const TOLERANCE_MS = 120000;

export class Times {
  constructor(log, findings, steps) {
    this.log = log;
    this.findings = findings;
    this.steps = steps;
    this.stamps = [];
  }

  see({ act }, index) {
    if (act.kind !== "time_stamped") return;
    const { size, root, gen_ms, token_sha256 } = act.facts;
    if (size > index || !this.log.hasRoot(size, root))
      this.#fail(index, "a head of this log before it", `another at ${size} entries`);
    this.stamps.push({ index, size, genMs: gen_ms, hash: token_sha256, slackMs: TOLERANCE_MS });
  }

  /** `replies` and `notes` are RFC 3161 replies and what they stamp, by size; the checkpoint is a note too. */
  async end({ replies, notes }, checkpoint) {
    if (!this.stamps.length) {
      this.findings.skip(8, "no time authority dated this log");
      return;
    }
    const names = new Set();
    const unchecked = [];
    for (const stamp of this.stamps) {
      const note = stamp.size === checkpoint.size ? stampedNote(checkpoint) : notes.get(stamp.size);
      const name = await this.#token(stamp, replies.get(stamp.size), note);
      if (name) names.add(name);
      else unchecked.push(stamp.index);
    }
    this.#rule();
    if (unchecked.length)
      this.findings.skip(
        8,
        `${counted(unchecked.length, "token", "tokens")} of ${this.stamps.length} cannot be checked here`,
      );
    const whose = [...names].join(", ");
    this.findings.because(
      8,
      `${counted(this.stamps.length, "token", "tokens")} of ${whose}; openssl ts judges its certificate`,
    );
  }

  #fail(index, expected, found) {
    this.findings.fail(8, index, expected, found);
  }

  /** The name of the authority whose token over this head holds, or null where that cannot be said. */
  async #token(stamp, bytes, note) {
    if (!bytes) return null;
    const hash = hexOf(sha256(bytes));
    if (hash !== stamp.hash) {
      this.#fail(stamp.index, `the token ${short(stamp.hash)}`, short(hash));
      return null;
    }
    const reply = await readTimeReply(bytes);
    if (!reply) {
      this.#fail(stamp.index, "a time authority’s reply", "one that cannot be read");
      return null;
    }
    stamp.slackMs += reply.accuracyMs;
    if (reply.genMs !== stamp.genMs)
      this.#fail(stamp.index, `the token’s time, ${instant(reply.genMs)}`, instant(stamp.genMs));
    if (reply.holds === false) this.#fail(stamp.index, "the authority’s signature", "one that does not hold");
    if (!note || !this.#isOver(reply, stamp, note)) return null;
    return reply.holds ? reply.certificate.name : null;
  }

  /** Whether the reply stamps this note, and the note is this log's head. */
  #isOver(reply, stamp, note) {
    const head = parseCheckpoint(note);
    const isOurs = !head.why && head.origin === this.log.origin && head.size === stamp.size;
    if (isOurs && this.log.hasRoot(head.size, hexOf(head.root)) && hexOf(sha256(note)) === reply.imprint) return true;
    this.#fail(stamp.index, "a token over a head of this log", "one over something else");
    return false;
  }

  #rule() {
    let floor = null;
    const stamps = new Map(this.stamps.map((stamp) => [stamp.index, stamp]));
    const ceilings = this.#ceilings();
    const [early, late] = [[], []];
    for (let index = 0; index < this.log.size; index++) {
      const entry = this.log.entry(index);
      if (!entry) continue;
      this.#one({ index, at: entry.recorded_ms, floor, ceiling: ceilings[index], early, late });
      const stamp = stamps.get(index);
      if (stamp) floor = Math.max(floor ?? 0, stamp.genMs - stamp.slackMs);
    }
    if (early.length) this.findings.note("Recorded while the clock was behind, as a stepped clock states.", early);
    if (late.length) this.findings.note("Recorded while the clock was ahead, as a stepped clock states.", late);
  }

  #one({ index, at, floor, ceiling, early, late }) {
    const isStep = this.log.entry(index).act.kind === "clock_stepped";
    if (floor !== null && at < floor) {
      if (!isStep && this.#isStepped(index, (step) => step.to - step.from >= floor - at)) early.push(index);
      else this.#fail(index, `not before ${instant(floor)}`, instant(at));
    }
    if (ceiling !== undefined && at > ceiling) {
      if (this.#isStepped(index, (step) => step.from - step.to >= at - ceiling)) late.push(index);
      else this.#fail(index, `not after ${instant(ceiling)}`, instant(at));
    }
  }

  #isStepped(index, isEnough) {
    return this.steps.some((step) => step.index > index && isEnough(step));
  }

  /** For each entry the earliest time by which a head over it was stamped. */
  #ceilings() {
    const ceilings = [];
    const latest = [...this.stamps].sort((one, other) => one.size - other.size);
    for (let at = latest.length - 1, least; at >= 0; at--) {
      const bound = latest[at].genMs + latest[at].slackMs;
      least = least === undefined ? bound : Math.min(least, bound);
      for (let index = at ? latest[at - 1].size : 0; index < Math.min(latest[at].size, this.log.size); index++)
        ceilings[index] = least;
    }
    return ceilings;
  }
}
