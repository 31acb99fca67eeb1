/* Persons, their roles and their passkeys, as the entries state them; the keys and domain in force at each entry.
   Each entry is judged by the state before it; `apply` then takes it in. */
import { hexOf, fromBase64url } from "./bytes.js";
import { parseVkey } from "./note.js";
import { sha256 } from "./sha256.js";

export class People {
  constructor() {
    this.persons = new Map();
    this.credentials = new Map();
    this.keys = new Map();
    this.opened = null;
    this.serviceKey = null;
    this.logKey = null;
    this.logKeyChanges = [];
    this.domain = null;
    this.cosigners = [];
    this.quorum = 0;
  }

  /** A person's name at this place of the log, else their identifier. */
  nameOf(id) {
    return id === "service" ? "The service" : (this.persons.get(id)?.name ?? id);
  }

  active(id) {
    const person = this.persons.get(id);
    return person && !person.isEnded ? person : null;
  }

  holdsPasskey(id) {
    return [...this.credentials.values()].some((one) => one.person === id && !one.isRevoked);
  }

  apply(entry, index) {
    const { kind, facts } = entry.act;
    CHANGES[kind]?.(this, facts, index);
  }

  setCosigners(texts, quorum) {
    this.cosigners = (texts ?? []).map(parseVkey);
    this.quorum = quorum ?? 0;
  }
}

const CHANGES = {
  log_opened(people, facts) {
    if (people.opened) return;
    people.opened = facts;
    people.serviceKey = parseVkey(facts.service_key);
    people.logKey = parseVkey(facts.log_key);
    people.domain = { origins: facts.signing_origins, rpId: facts.rp_id };
    people.setCosigners(facts.cosigners, facts.quorum);
  },
  person_enrolled(people, facts) {
    people.persons.set(facts.person, { name: facts.name, roles: new Set(facts.roles), isEnded: false });
  },
  roles_changed(people, facts) {
    const person = people.persons.get(facts.person);
    if (person) person.roles = new Set(facts.roles);
  },
  person_ended(people, facts) {
    const person = people.persons.get(facts.person);
    if (person) person.isEnded = true;
  },
  credential_enrolled(people, facts, index) {
    people.keys.set(facts.public_key, facts.person);
    people.credentials.set(facts.credential, {
      person: facts.person,
      publicKey: fromBase64url(facts.public_key),
      algorithm: facts.algorithm,
      attachment: facts.attachment,
      isRevoked: false,
      index,
    });
  },
  credential_revoked(people, facts) {
    const credential = people.credentials.get(facts.credential);
    if (credential) credential.isRevoked = true;
  },
  signing_domain_changed(people, facts) {
    people.domain = { origins: facts.signing_origins, rpId: facts.rp_id };
  },
  service_key_changed(people, facts) {
    people.serviceKey = parseVkey(facts.service_key);
  },
  log_key_changed(people, facts, index) {
    const recovery = facts.recovery_key ? parseVkey(facts.recovery_key) : null;
    people.logKeyChanges.push({ index, old: people.logKey, recovery, cutOff: facts.cut_off, reason: facts.reason });
    people.logKey = parseVkey(facts.log_key);
  },
  cosigners_changed(people, facts) {
    people.setCosigners(facts.cosigners, facts.quorum);
  },
};

/** Whether a recovery key is the one whose hash the log's first entry holds. */
export const isRecoveryKey = (vkey, opened) => vkey !== null && hexOf(sha256(vkey.key)) === opened.recovery_sha256;
