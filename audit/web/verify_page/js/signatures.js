/* Check 7, entry by entry: who may state a kind, by which method, and that the signature stands. Not here: passkey
   assertions (passkeys.js), second persons, corrections, acts signed later. */
import { fromHex } from "./bytes.js";
import { challengeOf } from "./act_hash.js";
import { isSignedBy } from "./ed25519.js";
import { KINDS } from "./forms.js";
import { parseVkey } from "./note.js";
import { Passkeys } from "./passkeys.js";

const FACTOR_METHODS = ["password_totp", "passkey"];
const METHODS = { factor: FACTOR_METHODS, way: [...FACTOR_METHODS, "signed_in"], service: ["service"] };
const AT_ONCE = 128;

export class Signatures {
  constructor(log, findings, { canVerify }) {
    this.log = log;
    this.findings = findings;
    this.canVerify = canVerify;
    this.passkeys = new Passkeys(log, findings, { canVerify });
    this.nonces = new Map();
    this.methods = new Map();
    this.downgraded = [];
    this.waiting = [];
  }

  async see(entry, index) {
    const { act, signature } = entry;
    this.methods.set(signature.method, (this.methods.get(signature.method) ?? 0) + 1);
    this.#nonce(act, index);
    this.#method(entry, index);
    this.#person(act, index);
    this.#seen(act, index);
    this.passkeys.enrolments(act, index);
    if (signature.method === "passkey") this.passkeys.assertion(entry, index);
    else this.#attest(entry, index);
    if (this.waiting.length >= AT_ONCE) await this.settle();
  }

  async settle() {
    const waiting = this.waiting;
    this.waiting = [];
    await Promise.all(waiting);
    await this.passkeys.settle();
  }

  end() {
    if (!this.canVerify) this.findings.skip(7, "this browser cannot check Ed25519 signatures; use a current one");
    if (this.downgraded.length)
      this.findings.note("Signed by password though the person holds a passkey; each says why.", this.downgraded);
    this.passkeys.end();
  }

  #fail(index, expected, found) {
    this.findings.fail(7, index, expected, found);
  }

  #nonce({ nonce }, index) {
    if (this.nonces.has(nonce))
      this.#fail(index, "a nonce of its own", `the nonce of entry ${this.nonces.get(nonce)}`);
    else this.nonces.set(nonce, index);
  }

  #method({ act, signature }, index) {
    const allowed = METHODS[KINDS[act.kind].signed];
    if (!allowed.includes(signature.method)) this.#fail(index, `signed by ${allowed.join(" or ")}`, signature.method);
    if ((signature.method === "service") !== (act.actor === "service"))
      this.#fail(
        index,
        "the service alone for itself, a person for their act",
        `${act.actor} by ${signature.method}`,
      );
    if (signature.factors?.includes("demo") && !this.log.people.opened?.demo)
      this.#fail(index, "a factor that somebody has", "the factor of a demo, in a log that is none");
    if (signature.method === "password_totp" && this.log.people.holdsPasskey(act.actor)) {
      if (signature.reason === undefined) this.#fail(index, "the passkey, or why not", "a password without a reason");
      else this.downgraded.push(index);
    }
  }

  #person(act, index) {
    const { who } = KINDS[act.kind];
    if (act.actor === "service") return;
    const { people } = this.log;
    const person = people.active(act.actor) ?? this.#firstPerson(act);
    if (!person) {
      const found = people.persons.has(act.actor) ? `${people.nameOf(act.actor)}, who had ended` : act.actor;
      this.#fail(index, "a person enrolled before", found);
    } else if (!who.some((role) => person.roles.has(role)))
      this.#fail(
        index,
        `a person who is ${who.join(" or ") || "the service"}`,
        `${people.nameOf(act.actor)}, ${[...person.roles].join(", ")}`,
      );
  }

  /** The first person of a log enrols themselves. */
  #firstPerson({ kind, actor, facts }) {
    const isFirst = kind === "person_enrolled" && facts.person === actor && !this.log.people.persons.size;
    return isFirst ? { roles: new Set(facts.roles) } : null;
  }

  #seen({ seen }, index) {
    if (!seen) return;
    if (seen.size > index) this.#fail(index, `a head of at most ${index} entries`, `one of ${seen.size}`);
    else if (!this.log.hasRoot(seen.size, seen.root))
      this.#fail(index, `the head of this log at ${seen.size} entries`, "another history");
  }

  #attest({ act, log, signature }, index) {
    if (!this.canVerify) return;
    const key = this.log.people.serviceKey ?? ownKey(act);
    if (!key) {
      this.#fail(index, "a service key that the log names", "none");
      return;
    }
    const checked = isSignedBy(key.key, fromHex(signature.attest), challengeOf(act, log));
    this.waiting.push(
      checked.then((holds) => {
        if (!holds) this.#fail(index, "the service’s signature over the act", "one that does not hold");
      }),
    );
  }
}

/** The log's first entry is attested by the key that it names. */
const ownKey = ({ kind, facts }) => (kind === "log_opened" ? parseVkey(facts.service_key) : null);
