/* The verdict: a headline, one sentence on what is proven, up to when, by whose signatures, and what is not. */
import { hexOf } from "./bytes.js";
import { CHECKS, PDF_CHECK } from "./findings.js";
import { counted, dayOf, grouped, momentOf } from "./words.js";

const OUTSIDE = [1, 2, 3, 4, 5, 7, 9, 10];

/** {state, headline, sentence, facts: [[term, text]], limits: [text]} of an outcome of verify(). */
export function verdictOf(outcome) {
  const state = stateOf(outcome);
  return {
    state,
    headline: HEADLINES[state](outcome),
    sentence: sentenceOf(outcome, state),
    facts: factsOf(outcome),
    limits: limitsOf(outcome),
  };
}

function stateOf({ findings, anchored, log }) {
  if (findings.total) return "failed";
  if (OUTSIDE.some((check) => findings.outcome(check).state !== "held")) return "partly";
  if (!anchored.size) return "unanchored";
  return anchored.size >= log.size ? "anchored" : "begun";
}

const HEADLINES = {
  failed: ({ findings }) => `Do not rely on this file: ${counted(findings.total, "finding", "findings")}`,
  partly: () => "Nothing wrong was found, and not everything was checked",
  unanchored: () => "Consistent, unanchored",
  begun: ({ anchored }) => `Unaltered, and the record you hold up to entry ${grouped(anchored.size - 1)}`,
  anchored: () => "Unaltered, and the record you hold",
};

function sentenceOf(outcome, state) {
  if (state === "failed") return failedSentence(outcome);
  const { log } = outcome;
  const entries = counted(log.size, "entry", "entries");
  const held = state === "partly" ? ", so far as this page could check," : "";
  const parts = [
    `Proven${held} is that the ${entries} of ${clinicOf(log)}${spanOf(log)} are complete, in order and unaltered ${headOf(outcome)}`,
    actsOf(outcome),
    tieOf(outcome),
  ];
  return `${parts.join("; ")}.`;
}

function spanOf(log) {
  const [first, last] = [log.entry(0), log.entry(log.size - 1)];
  if (!first || !last) return "";
  const [from, to] = [
    dayOf(first.recorded_ms, first.act.offset_min),
    momentOf(last.recorded_ms, last.act.offset_min),
  ];
  return ` from ${from} to ${to}`;
}

function headOf({ findings, log, signed }) {
  if (findings.outcome(5).state !== "held") return "under one head, whose signatures were not checked";
  return `under a head signed by the log’s own key ${hexOf(log.people.logKey.id)}${cosignedBy(signed, log.people)}`;
}

/** Who countersigned the head; fewer than the log wants is said. */
function cosignedBy({ cosigned }, { quorum }) {
  const names = cosigned.map(({ name }) => name).join(", ");
  const wanted = cosigned.length < quorum ? `, where the log wants ${counted(quorum, "cosigner", "cosigners")}` : "";
  return names || wanted ? ` and countersigned by ${names || "nobody"}${wanted}` : "";
}

function actsOf({ findings, rules }) {
  if (findings.outcome(7).state !== "held") return "the signatures of acts were not all checked";
  const { methods } = rules.signatures;
  const { byPasskey, unsigned } = rules.later;
  const passkeys = (methods.get("passkey") ?? 0) + byPasskey;
  const word = (methods.get("password_totp") ?? 0) + (methods.get("signed_in") ?? 0) - byPasskey;
  const nobody = unsigned.size ? `, ${grouped(unsigned.size)} of them signed by nobody` : "";
  const carry = counted(passkeys, "act is signed by a person’s passkey", "acts are signed by a person’s passkey");
  return `${carry} and ${grouped(word)} rest on the service’s word for a password or a sign-in${nobody}`;
}

function tieOf({ log, anchored: { size, by } }) {
  if (!size) return "not proven is that this is the only history, for nothing from outside was compared";
  const agree = by.length > 1 ? "agree" : "agrees";
  const whole = size >= log.size ? "all of it" : `its first ${counted(size, "entry", "entries")}`;
  return `${by.join(" and ")} ${agree} with ${whole}`;
}

function failedSentence({ findings, log }) {
  const checks = [[PDF_CHECK, "The file is as it was signed"], ...CHECKS].filter(
    ([number]) => findings.outcome(number).state === "failed",
  );
  const places = findings.findings.filter(({ index }) => index !== null).map(({ index }) => index);
  const where = places.length
    ? ` The first entry concerned is ${grouped(Math.min(...places))} of ${grouped(log.size)}.`
    : "";
  return `What does not hold: ${checks.map(([, text]) => text.charAt(0).toLowerCase() + text.slice(1)).join("; ")}.${where}`;
}

const clinicOf = (log) => log.people.opened?.clinic ?? log.origin;

function factsOf({ log, checkpoint, certificate, manifest, evidence, rules }) {
  const key = log.people.logKey;
  const facts = [
    ["Log", log.origin],
    ["Entries", grouped(log.size)],
    ["Head", hexOf(checkpoint.root)],
  ];
  if (key) facts.push(["Key of the log", key.text]);
  if (evidence.kind === "report" && typeof manifest.number === "string") facts.push(["Report", manifest.number]);
  if (certificate) facts.push(["Certificate", `${certificate.name}, SHA-256 ${certificate.fingerprint}`]);
  if (rules.strikes.count) facts.push(["Corrections", grouped(rules.strikes.count)]);
  return facts;
}

function limitsOf({ evidence, log, anchored, certificate }) {
  const limits = [];
  if (log.people.opened?.demo) limits.push("This is a made-up clinic: nothing in this log happened.");
  if (!anchored.size)
    limits.push(
      "Whether this is the only history: compare the head or the key with one from paper, a colleague or an earlier file, in the field above.",
    );
  if (evidence.kind === "report") {
    limits.push("Whether the printed figures follow from the entries: audit verify-pdf computes each anew.");
    if (certificate)
      limits.push(
        "Whether the certificate is the clinic’s: compare its fingerprint. pdfsig or a PDF reader judges it, and must say that the total document is signed.",
      );
    limits.push(
      "Whether the log knows of this file: its hash stands in an entry made after it. Choose the file together with a later bundle to see.",
    );
  }
  limits.push(
    "Acts that nobody entered, and lies signed in good form: no log shows these; counts and second persons do.",
  );
  return limits;
}
