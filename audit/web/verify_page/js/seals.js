/* Check 9: seals that are present open to what the entries committed to; absent ones are erased or withheld. */
import { fromBase64url, fromHex, linesOf, textOf } from "./bytes.js";
import { readJson } from "./canonical.js";
import { sealOf } from "./act_hash.js";
import { isObject, isWhole, SEALED } from "./forms.js";
import { isPlainSealedText } from "./unicode.js";

const MOST_LINE = 65536;

export class Seals {
  constructor(log, findings) {
    this.log = log;
    this.findings = findings;
    this.committed = new Map();
    this.sessions = new Map();
    this.erased = new Map();
    this.opened = new Map();
  }

  see({ act }, index) {
    if (act.kind === "session_opened") this.sessions.set(act.session, act.facts.patient);
    if (act.kind === "patient_erased") this.erased.set(act.facts.patient, index);
    const { patient } = act.facts;
    for (const [field, seal] of Object.entries(act.sealed ?? {})) {
      if (!(SEALED[act.kind] ?? []).includes(field))
        this.findings.note(`A sealed value that its kind does not have: ${field}.`, index);
      this.committed.set(`${index} ${field}`, { index, seal, patient, session: act.session });
    }
  }

  /** Judge the opened values of `sealed.jsonl`; `why` is what the manifest says of those withheld, or null. */
  end(file, why) {
    for (const line of linesOf(file)) this.#open(line);
    const absent = [...this.committed].filter(([key]) => !this.opened.has(key)).map(([, one]) => one);
    const erased = absent.filter((one) => this.#isErased(one));
    const rest = absent.filter((one) => !this.#isErased(one));
    const places = (list) => [...new Set(list.map(({ index }) => index))];
    if (erased.length) this.findings.note("Sealed values were erased with their patient.", places(erased));
    if (rest.length && !why)
      this.findings.note("Sealed values are absent, and this file does not say why.", places(rest));
    const counts = [`${this.opened.size} opened`];
    if (erased.length) counts.push(`${erased.length} erased`);
    if (rest.length) counts.push(`${rest.length} withheld from this file`);
    this.findings.because(9, counts.join(", "));
  }

  /** An erasure covers earlier entries that name the patient, or that stand in one of the patient's sessions. */
  #isErased({ index, patient, session }) {
    return (this.erased.get(patient ?? this.sessions.get(session)) ?? -1) > index;
  }

  #open(line) {
    const text = line.length > MOST_LINE ? null : textOf(line);
    const one = text === null ? null : readJson(text).value;
    const isWell =
      isObject(one) &&
      isWhole(one.index) &&
      typeof one.field === "string" &&
      typeof one.value === "string" &&
      typeof one.r === "string";
    const key = isWell ? (fromHex(one.r) ?? fromBase64url(one.r)) : null;
    if (key?.length !== 32 || !isPlainSealedText(one.value)) {
      this.findings.fail(
        9,
        isWell ? one.index : null,
        "an opened value: index, field, r and value",
        "a line out of form",
      );
      return;
    }
    const name = `${one.index} ${one.field}`;
    const committed = this.committed.get(name);
    if (this.opened.has(name)) this.findings.fail(9, one.index, `one opened ${one.field}`, "a second one");
    else if (!committed) this.findings.fail(9, one.index, `a sealed ${one.field} in this entry`, "none");
    else if (sealOf(key, one.value) !== committed.seal)
      this.findings.fail(9, one.index, `the ${one.field} that the entry committed to`, "another value");
    this.opened.set(name, one.value);
  }
}
