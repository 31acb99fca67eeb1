/* What verification found: checks that are held, failed or not checked, findings and notices (log-format section 10).
   Not here: words about entries, the verdict's sentence. */

/** The checks in their order, by number; the sentence says what holds when nothing is found. */
export const CHECKS = [
  [1, "Every entry is canonical bytes of a known kind"],
  [2, "Origin, place and chain run without a gap"],
  [3, "Recorded time falls only where a stepped clock is stated"],
  [4, "The root over the entries is the checkpoint’s"],
  [5, "The checkpoint is signed by the key in force"],
  [6, "The log extends what you hold from outside"],
  [7, "Signatures, roles, second persons, corrections, nonces"],
  [8, "Recorded times agree with the time authority’s tokens"],
  [9, "Sealed values open to what the entries committed to"],
  [10, "Quantities sum to zero and nothing goes below zero"],
  [11, "Derived tables equal their rebuild"],
  [12, "Issued reports are the files whose hash is in the log"],
];
export const PDF_CHECK = 0;
const MOST_LISTED = 200;

export class Findings {
  constructor() {
    this.findings = [];
    this.notices = [];
    this.counts = new Map();
    this.unchecked = new Map();
    this.reasons = new Map();
  }

  /** A failure: at which entry (or null), what was expected, what was found. */
  fail(check, index, expected, found) {
    this.counts.set(check, (this.counts.get(check) ?? 0) + 1);
    if (this.findings.length < MOST_LISTED) this.findings.push({ check, index, expected, found });
  }

  /** An oddity that is no failure. `index` may be a list of entries. */
  note(text, index = null) {
    this.notices.push({ text, index });
  }

  /** A check that was not made, or not wholly, and why; a failure of the same check still fails it. */
  skip(check, why) {
    if (!this.unchecked.has(check)) this.unchecked.set(check, why);
  }

  /** What a held check rests on, beside its name. */
  because(check, text) {
    this.reasons.set(check, text);
  }

  /** In the order of the entries, what is about the whole file last. */
  sort() {
    const place = ({ index }) => index ?? Number.MAX_SAFE_INTEGER;
    this.findings.sort((one, other) => place(one) - place(other) || one.check - other.check);
  }

  get total() {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  outcome(check) {
    if (this.counts.has(check)) return { state: "failed", why: null };
    if (this.unchecked.has(check)) return { state: "not checked", why: this.unchecked.get(check) };
    return { state: "held", why: this.reasons.get(check) ?? null };
  }
}
