/* Passkeys: assertions over acts and enrolments from stored bytes alone (log-format section 6, WebAuthn Level 2). */
import { base64urlOf, concat, equal, fromBase64url, numberOf, textOf, utf8 } from "./bytes.js";
import { readJson } from "./canonical.js";
import { challengeOf, enrolmentOf } from "./act_hash.js";
import { coseKey } from "./cose.js";
import { sha256 } from "./sha256.js";

const [PRESENT, VERIFIED, ELIGIBLE, BACKED_UP] = [1, 4, 8, 16];
const LEAST_DATA = 37;
const DAY_MS = 86400000;

export class Passkeys {
  constructor(log, findings, { canVerify }) {
    this.log = log;
    this.findings = findings;
    this.canVerify = canVerify;
    this.count = 0;
    this.waiting = [];
    this.lastOf = new Map();
    this.behind = [];
    this.late = [];
    this.keys = new Map();
  }

  /** Rules of an enrolment and a revocation, by the state before them. */
  enrolments({ kind, actor, facts }, index) {
    if (kind === "credential_revoked") this.#revocation(facts, index);
    if (kind !== "credential_enrolled") return;
    const { people } = this.log;
    const owner = people.credentials.get(facts.credential)?.person ?? people.keys.get(facts.public_key);
    if (owner !== undefined && owner !== facts.person)
      this.#fail(index, "a passkey of one person", `one that belongs to ${people.nameOf(owner)}`);
    const isFirst = people.persons.keys().next().value === actor && !people.credentials.size;
    if (actor === facts.person && !isFirst) this.#fail(index, "another person who vouches", "the owner alone");
    if (!people.active(facts.person)) this.#fail(index, "a person enrolled before", people.nameOf(facts.person));
    const challenge = enrolmentOf({ ...facts, actor: facts.person, log: this.log.origin });
    const credential = {
      publicKey: fromBase64url(facts.public_key),
      algorithm: facts.algorithm,
      id: facts.credential,
    };
    const domain = people.domain && { ...people.domain, rpId: facts.rp_id };
    if (people.domain && facts.rp_id !== people.domain.rpId)
      this.#fail(index, `the signing host ${people.domain.rpId}`, facts.rp_id);
    this.#check(facts.proof, { challenge, credential, domain, index, eligible: facts.backup_eligible });
  }

  #revocation(facts, index) {
    const credential = this.log.people.credentials.get(facts.credential);
    if (credential?.person !== facts.person) this.#fail(index, "a passkey of that person", "none such");
  }

  assertion(entry, index) {
    const { act, log, signature } = entry;
    const { people } = this.log;
    this.count += 1;
    const credential = people.credentials.get(signature.credential);
    if (!credential) this.#fail(index, "a passkey enrolled before", "one that is not");
    else if (credential.person !== act.actor)
      this.#fail(index, `a passkey of ${people.nameOf(act.actor)}`, `one of ${people.nameOf(credential.person)}`);
    else if (credential.isRevoked) this.#fail(index, "a passkey that is not revoked", "one revoked before");
    else {
      const challenge = challengeOf(act, log);
      this.#check(signature, {
        challenge,
        credential: { ...credential, id: signature.credential },
        domain: people.domain,
        index,
      });
    }
    this.#history(entry, index);
  }

  async settle() {
    const waiting = this.waiting;
    this.waiting = [];
    await Promise.all(waiting);
  }

  end() {
    if (this.behind.length)
      this.findings.note(
        "The head a person’s device had seen does not cover their passkey signature before.",
        this.behind,
      );
    if (this.late.length)
      this.findings.note("The head a person’s device had seen was more than a day old.", this.late);
  }

  #fail(index, expected, found) {
    this.findings.fail(7, index, expected, found);
  }

  /** Each passkey act says up to where its signer had followed the log. */
  #history({ act, recorded_ms }, index) {
    if (!act.seen) {
      this.#fail(index, "the head that the signer’s device had seen", "none");
      return;
    }
    const before = this.lastOf.get(act.actor);
    this.lastOf.set(act.actor, { index, seen: act.seen, recorded_ms });
    const { size, root } = act.seen;
    const isOneForm =
      before?.seen.size === size && before.seen.root === root && before.recorded_ms === recorded_ms;
    if (before && size <= before.index && !isOneForm) this.behind.push(index);
    const unseen = size < index ? this.log.entry(size) : null;
    if (unseen && recorded_ms - unseen.recorded_ms > DAY_MS) this.late.push(index);
  }

  #check(assertion, { challenge, credential, domain, index, eligible }) {
    const [data, client, signature] = ["authenticator_data", "client_data", "signature"].map((part) =>
      fromBase64url(assertion[part]),
    );
    const problem = clientProblem(client, challenge, domain) ?? dataProblem(data, domain, eligible);
    if (problem) {
      this.#fail(index, problem.expected, problem.found);
      return;
    }
    if (this.canVerify)
      this.waiting.push(this.#signed({ credential, signature, message: concat(data, sha256(client)), index }));
  }

  async #signed({ credential, signature, message, index }) {
    const key = await this.#key(credential);
    if (key.isUnknown) {
      this.findings.skip(7, `a passkey’s ${key.why}`);
      return;
    }
    if (key.why) this.#fail(index, "a public key in COSE form", key.why);
    else if (key.algorithm !== credential.algorithm)
      this.#fail(index, `the algorithm enrolled, ${credential.algorithm}`, `${key.algorithm}`);
    else if (!(await holds(key, signature, message)))
      this.#fail(index, "the passkey’s signature over exactly this", "one that does not hold");
  }

  #key(credential) {
    if (!this.keys.has(credential.publicKey)) this.keys.set(credential.publicKey, coseKey(credential.publicKey));
    return this.keys.get(credential.publicKey);
  }
}

async function holds(key, signature, message) {
  try {
    return await key.isSigned(signature, message);
  } catch {
    return false;
  }
}

function clientProblem(bytes, challenge, domain) {
  const text = textOf(bytes);
  const client = text === null ? null : readJson(text).value;
  if (typeof client !== "object" || client === null)
    return { expected: "the client data of a passkey", found: "none" };
  if (client.type !== "webauthn.get") return { expected: "a signature (webauthn.get)", found: String(client.type) };
  if (client.challenge !== base64urlOf(challenge))
    return { expected: "the challenge of exactly these words", found: "the challenge of something else" };
  if (!domain?.origins.includes(client.origin))
    return { expected: `signed on ${domain?.origins.join(" or ")}`, found: String(client.origin) };
  return client.crossOrigin === true ? { expected: "signed on our own page", found: "inside another’s page" } : null;
}

function dataProblem(data, domain, eligible) {
  if (data.length < LEAST_DATA) return { expected: "an authenticator’s data", found: `${data.length} bytes` };
  if (!equal(data.subarray(0, 32), sha256(utf8(domain.rpId))))
    return { expected: `a passkey of ${domain.rpId}`, found: "one of another host" };
  const flags = numberOf(data.subarray(32, 33));
  if (!(flags & PRESENT)) return { expected: "the person present", found: "nobody" };
  if (!(flags & VERIFIED)) return { expected: "the person verified", found: "present, not verified" };
  if (flags & BACKED_UP && !(flags & ELIGIBLE))
    return { expected: "a backup of a key that can have one", found: "one that cannot" };
  if (eligible !== undefined && eligible !== Boolean(flags & ELIGIBLE))
    return { expected: `a key that can ${eligible ? "" : "not "}be backed up`, found: "the other" };
  return null;
}
