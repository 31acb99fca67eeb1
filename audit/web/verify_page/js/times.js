/* Check 8: recorded times against a time authority's tokens (log-format section 10.8). From a stamp on nothing was
   recorded before it, under a stamped head nothing after it, give or take the tolerance; stretches that a stepped clock
   names as wrong (stretches.js) are notices. A token at fault says nothing about time. */
import { hexOf } from "./bytes.js";
import { instant } from "./order.js";
import { short } from "./log.js";
import { sha256 } from "./sha256.js";
import { parseCheckpoint, stampedNote } from "./note.js";
import { runsOf, Stretches } from "./stretches.js";
import { readTimeReply } from "./tsa.js";
import { counted } from "./words.js";

const TOLERANCE_MS = 120000;

export class Times {
  constructor(log, findings) {
    this.log = log;
    this.findings = findings;
    this.stretches = new Stretches(log);
    this.stamps = [];
  }

  see({ act }, index) {
    if (act.kind === "clock_stepped") this.stretches.step(index, act.facts);
    if (act.kind !== "time_stamped") return;
    const { size, root, gen_ms, token_sha256 } = act.facts;
    const stamp = { index, size, genMs: gen_ms, hash: token_sha256, slackMs: TOLERANCE_MS, isFaulty: false };
    if (size > index || !this.log.hasRoot(size, root))
      this.#fault(stamp, "a head of this log before it", `another at ${size} entries`);
    this.stamps.push(stamp);
  }

  /** `replies` and `notes` are RFC 3161 replies and what they stamp, by size; the checkpoint is a note too. */
  async end({ replies, notes }, checkpoint) {
    for (const run of this.stretches.runs)
      this.findings.note("Recorded by a clock that a later entry states as wrong.", run);
    const named = new Set(this.stamps.map(({ size }) => size));
    for (const size of replies.keys())
      if (!named.has(size)) this.findings.note(`A time token over ${size} entries that no entry names.`, null);
    if (!this.stamps.length) {
      this.findings.skip(8, "no time authority dated this log");
      return;
    }
    const names = new Set();
    for (const stamp of this.stamps) {
      if (stamp.isFaulty) continue;
      const note = stamp.size === checkpoint.size ? stampedNote(checkpoint) : notes.get(stamp.size);
      const name = await this.#token(stamp, replies.get(stamp.size), note);
      if (name) names.add(name);
      else if (!stamp.isFaulty) stamp.isUnchecked = true;
    }
    this.#rule();
    this.#tell([...names].join(", "));
  }

  #tell(whose) {
    const unchecked = this.stamps.filter(({ isUnchecked }) => isUnchecked).length;
    if (unchecked)
      this.findings.skip(8, `${counted(unchecked, "token", "tokens")} of ${this.stamps.length} cannot be checked here`);
    this.findings.because(
      8,
      `${counted(this.stamps.length, "token", "tokens")} of ${whose}; openssl ts judges its certificate`,
    );
  }

  /** A finding about a token, which then says nothing about time. */
  #fault(stamp, expected, found) {
    stamp.isFaulty = true;
    this.findings.fail(8, stamp.index, expected, found);
  }

  /** The name of the authority whose token over this head holds, or null where it does not or that cannot be said. */
  async #token(stamp, bytes, note) {
    if (!bytes) return null;
    const hash = hexOf(sha256(bytes));
    if (hash !== stamp.hash) return this.#fault(stamp, `the token ${short(stamp.hash)}`, short(hash));
    const reply = await readTimeReply(bytes);
    if (!reply) return this.#fault(stamp, "a time authority’s reply", "one that cannot be read");
    stamp.slackMs += reply.accuracyMs;
    if (reply.genMs !== stamp.genMs)
      this.#fault(stamp, `the token’s time, ${instant(reply.genMs)}`, instant(stamp.genMs));
    if (reply.holds === false) this.#fault(stamp, "the authority’s signature", "one that does not hold");
    if (!note) return null;
    if (!this.#isOver(reply, stamp, note))
      return this.#fault(stamp, "a token over a head of this log", "one over something else");
    return reply.holds ? reply.certificate.name : null;
  }

  /** Whether the reply stamps this note, and the note is this log's head. */
  #isOver(reply, stamp, note) {
    const head = parseCheckpoint(note);
    const isOurs = !head.why && head.origin === this.log.origin && head.size === stamp.size;
    return isOurs && this.log.hasRoot(head.size, hexOf(head.root)) && hexOf(sha256(stampedNote(head))) === reply.imprint;
  }

  /** Hold every entry against the highest bound before it and the lowest over it. */
  #rule() {
    const stamps = this.stamps.filter(({ isFaulty }) => !isFaulty);
    const byIndex = new Map(stamps.map((stamp) => [stamp.index, stamp]));
    const ceilings = ceilingsOf(stamps, this.log.size);
    const [early, late] = [[], []];
    let floor = null;
    for (let index = 0; index < this.log.size; index++) {
      const stamp = byIndex.get(index);
      if (stamp) floor = Math.max(floor ?? -Infinity, stamp.genMs - stamp.slackMs);
      const at = this.log.entry(index)?.recorded_ms;
      if (at === undefined) continue;
      if (floor !== null) this.#hold(index, at, floor, early);
      if (at > ceilings[index] && !this.stretches.has(index)) late.push({ index, at, bound: ceilings[index] });
    }
    this.#name(early, (bound) => `not before ${instant(bound)}`);
    this.#name(late, (bound) => `not after ${instant(bound)}`);
  }

  /** An entry after a stamp; a step of the clock is held to where it leads, and no other step excuses it. */
  #hold(index, at, floor, early) {
    const step = this.stretches.stepAt(index);
    if (step && step.to < floor)
      this.findings.fail(8, index, `no step of the clock to before ${instant(floor)}`, `one to ${instant(step.to)}`);
    else if (!step && at < floor && !this.stretches.has(index)) early.push({ index, at, bound: floor });
  }

  /** One finding for entries in a row under one bound. */
  #name(outside, expected) {
    for (const run of runsOf(outside, (one, next) => next.index === one.index + 1 && next.bound === one.bound)) {
      const more = run.length > 1 ? `, and ${counted(run.length - 1, "entry", "entries")} after it` : "";
      this.findings.fail(8, run[0].index, expected(run[0].bound), `${instant(run[0].at)}${more}`);
    }
  }
}

/** For each entry the earliest time by which a head over it was stamped; none for those under no such head. */
function ceilingsOf(stamps, length) {
  const ceilings = [];
  const ordered = [...stamps].sort((one, other) => one.size - other.size);
  for (let at = ordered.length - 1, least = Infinity; at >= 0; at--) {
    least = Math.min(least, ordered[at].genMs + ordered[at].slackMs);
    const end = Math.min(ordered[at].size, length);
    for (let index = at ? ordered[at - 1].size : 0; index < end; index++) ceilings[index] = least;
  }
  return ceilings;
}
