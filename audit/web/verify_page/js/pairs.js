/* Check 7: second persons, corrections and acts signed later, each of which names other entries.
   Each rule judges by the entries before it. */
import { KINDS } from "./forms.js";
import { short } from "./log.js";

const SECONDS = {
  remainder_reread: { of: "remainder_read", same: ["container"] },
  waste_witnessed: { of: "waste_recorded", same: ["container", "method"] },
  inventory_confirmed: { of: "inventory_taken", same: ["inventory"] },
  count_confirmed: { of: "count_recorded", same: ["count"] },
  patient_erased: { of: "erasure_requested", same: ["patient"] },
};
/* Who has had a hand in what a container holds: drew it, gave it, or recorded the amount. */
const HANDS = {
  dose_drawn: "syringe",
  infusion_started: "container",
  rate_changed: "container",
  infusion_stopped: "container",
  remainder_read: "container",
  waste_recorded: "container",
};
const ABOUT_AMOUNTS = ["remainder_reread", "waste_witnessed"];

export class SecondPersons {
  constructor(log, findings) {
    this.log = log;
    this.findings = findings;
    this.hands = new Map();
    this.seconds = new Map();
    this.oneDevice = [];
  }

  end() {
    if (this.oneDevice.length)
      this.findings.note("Both persons signed by passkeys built into a device, which may be one.", this.oneDevice);
  }

  #isBuiltIn(signature) {
    return this.log.people.credentials.get(signature.credential)?.attachment === "platform";
  }

  see({ act, signature }, index) {
    if (Object.hasOwn(SECONDS, act.kind)) this.#second(act, signature, index);
    if (Object.hasOwn(HANDS, act.kind)) {
      const container = act.facts[HANDS[act.kind]];
      this.hands.set(container, [
        ...(this.hands.get(container) ?? []),
        { actor: act.actor, index, session: act.session },
      ]);
    }
  }

  #second(act, signature, index) {
    const fail = (expected, found) => this.findings.fail(7, index, expected, found);
    const rule = SECONDS[act.kind];
    const first = this.log.named(act.facts.of, index);
    if (first === null)
      fail("the earlier entry that it names", `entry ${act.facts.of.index} with another hash, or none`);
    if (!first) return;
    if (first.act.kind !== rule.of) fail(`about a ${rule.of}`, `about a ${first.act.kind}`);
    if (this.log.struck.has(act.facts.of.index))
      fail("about an entry that stands", "about one that was struck before");
    const differs = rule.same.find((name) => first.act.facts[name] !== act.facts[name]);
    if (differs) fail(`the same ${differs}`, String(act.facts[differs]));
    if (first.act.session !== act.session) fail("the same session", String(act.session));
    if (this.#isBuiltIn(signature) && this.#isBuiltIn(first.signature)) this.oneDevice.push(index);
    this.#actor(act, { first, index, fail });
  }

  #actor(act, { first, index, fail }) {
    if (first.act.actor === act.actor) fail("a second person", "the first person again");
    else if (ABOUT_AMOUNTS.includes(act.kind) && this.#hadAHand(act))
      fail("a person without a hand in this amount", this.log.people.nameOf(act.actor));
    const key = `${act.kind} ${act.facts.of.index} ${act.actor}`;
    const before = this.seconds.get(key);
    if (before !== undefined && !this.log.struck.has(before))
      fail("one second entry of a person", `entry ${before} too`);
    this.seconds.set(key, index);
  }

  #hadAHand(act) {
    const hands = this.hands.get(act.facts.container) ?? [];
    return hands.some(
      (one) => one.actor === act.actor && one.session === act.session && !this.log.struck.has(one.index),
    );
  }
}

export class Strikes {
  constructor(log, findings) {
    this.log = log;
    this.findings = findings;
    this.open = null;
    this.count = 0;
  }

  /** Whether quantities may be judged here: not inside a correction. */
  get isSettled() {
    return this.open === null;
  }

  see({ act }, index) {
    const fail = (expected, found) => this.findings.fail(7, index, expected, found);
    const before = this.open;
    if (before) this.#replacement(act, before, fail);
    else if (act.facts.replaces !== undefined) fail("a correction just before it", "none");
    if (act.kind === "entry_struck") this.#strike(act, index, fail);
  }

  /** An entry that cannot be read may have been a replacement. */
  skip() {
    if (this.open && --this.open.left === 0) this.open = null;
  }

  end() {
    if (!this.open) return;
    this.findings.fail(7, this.open.index, `${this.open.asked} replacements after it`, `${this.open.left} fewer`);
  }

  #replacement(act, open, fail) {
    if (act.facts.replaces === undefined) fail(`a replacement, as entry ${open.index} says`, act.kind);
    else if (!isOf(act.facts.replaces, open))
      fail(`a replacement that names the correction ${open.index}`, "one that names another");
    if (--open.left === 0) this.open = null;
  }

  #strike(act, index, fail) {
    const { of, replacements } = act.facts;
    const struck = this.log.named(of, index);
    this.count += 1;
    if (struck === null) fail("the earlier entry that it names", `entry ${of.index} with another hash, or none`);
    else if (struck && !Object.hasOwn(KINDS[struck.act.kind]?.facts ?? {}, "replaces"))
      fail("an entry that can be struck", struck.act.kind);
    if (this.log.struck.has(of.index))
      fail("an entry not yet struck", `struck by entry ${this.log.struck.get(of.index)}`);
    else if (struck) this.log.struck.set(of.index, index);
    if (replacements) this.open = { index, left: replacements, asked: replacements, nonce: act.nonce, of };
  }
}

const isOf = (replaces, open) =>
  typeof replaces === "string" ? replaces === open.nonce : replaces.leaf === open.of.leaf;

export class SignedLater {
  constructor(log, findings) {
    this.log = log;
    this.findings = findings;
    this.unsigned = new Set();
    this.byPasskey = 0;
  }

  see({ act, signature }, index) {
    if (signature.method === "signed_in") this.unsigned.add(index);
    if (act.kind === "acts_signed") this.#covers(act, signature, index);
  }

  end() {
    if (this.unsigned.size)
      this.findings.note("Done while signed in and signed by nobody with a factor.", [...this.unsigned]);
  }

  #covers(act, signature, index) {
    const fail = (expected, found) => this.findings.fail(7, index, expected, found);
    const { from, to, leaf, indexes } = act.facts;
    if (to >= index || from > to) fail("a stretch of earlier entries", `${from} to ${to}`);
    else if (this.log.leafHex(to) !== leaf)
      fail(`the hash of entry ${to}, ${short(this.log.leafHex(to))}`, short(leaf));
    const isRising = indexes.every((one, at) => at === 0 || indexes[at - 1] < one);
    if (!isRising || indexes[0] !== from || indexes.at(-1) !== to)
      fail(`rising places from ${from} to ${to}`, "others");
    const before = this.unsigned.size;
    for (const one of indexes) this.#one(act, one, index, fail);
    if (signature.method === "passkey") this.byPasskey += before - this.unsigned.size;
  }

  #one(act, one, index, fail) {
    const entry = one < index ? this.log.entry(one) : null;
    if (one >= index) fail("own earlier acts", `entry ${one}, which is none`);
    else if (!entry) return;
    else if (entry.act.actor !== act.actor)
      fail("own acts", `entry ${one} of ${this.log.people.nameOf(entry.act.actor)}`);
    else if (entry.signature.method !== "signed_in")
      fail("acts done while signed in", `entry ${one}, ${entry.signature.method}`);
    else this.unsigned.delete(one);
  }
}
