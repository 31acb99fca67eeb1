/* The form of an entry, its act and its signature (log-format sections 2, 5 and 6), judged one entry at a time.
   Not here: chain, keys, persons: what needs other entries. */
import { fromBase64url, utf8 } from "./bytes.js";
import { decode } from "./canonical.js";
import { factsProblem, isHex, isObject, isWhole, KINDS } from "./forms.js";

const ENTRY = ["act", "index", "log", "prev", "recorded_ms", "signature", "v"];
const ACT = ["actor", "facts", "kind", "nonce", "occurred_ms", "offset_min", "v"];
const MAYBE = ["sealed", "seen", "session"];
const FACTORS = ["password", "totp", "recovery", "demo"];
const SIGNATURES = {
  password_totp: { has: ["attest", "factors", "method"], may: ["reason"] },
  signed_in: { has: ["attest", "method"], may: [] },
  service: { has: ["attest", "method"], may: [] },
  passkey: { has: ["authenticator_data", "client_data", "credential", "method", "signature"], may: [] },
};
const isShort = (value, most) => typeof value === "string" && value.length > 0 && utf8(value).length <= most;

/** Read an entry: {entry, isKnown, why}. `entry` is absent where not even its envelope can be read; `why` says what is
    out of form; an unknown kind or version is canonical and not checked further. */
export function readEntry(bytes) {
  const { value, why } = decode(bytes);
  if (why) return { why };
  const problem = envelopeProblem(value) ?? signatureProblem(value.signature);
  if (problem) return { why: problem };
  const kind = Object.hasOwn(KINDS, value.act.kind) ? KINDS[value.act.kind] : null;
  if (!kind || value.act.v !== 1) return { entry: value, isKnown: false };
  const wrong = factsProblem(value.act.facts, kind.facts) ?? placeProblem(value.act, kind);
  return { entry: value, isKnown: wrong === null, why: wrong && `${value.act.kind}: ${wrong}` };
}

const hasExactly = (value, has, may = []) =>
  isObject(value) &&
  has.every((key) => Object.hasOwn(value, key)) &&
  Object.keys(value).every((key) => has.includes(key) || may.includes(key));

function envelopeProblem(value) {
  if (!hasExactly(value, ENTRY) || value.v !== 1) return "not the members of an entry";
  const isWell =
    typeof value.log === "string" && isWhole(value.index) && isHex(value.prev, 64) && isWhole(value.recorded_ms);
  return isWell ? actProblem(value.act) : "a member of the entry is out of form";
}

function actProblem(act) {
  if (!hasExactly(act, ACT, MAYBE)) return "not the members of an act";
  const isWell =
    typeof act.kind === "string" &&
    isWhole(act.v, 1) &&
    isShort(act.actor, 64) &&
    isWhole(act.occurred_ms) &&
    isWhole(act.offset_min, -840, 840) &&
    isHex(act.nonce, 32) &&
    isObject(act.facts);
  if (!isWell) return "a member of the act is out of form";
  if (act.session !== undefined && !isShort(act.session, 64)) return "the session is out of form";
  if (act.seen !== undefined && !isHead(act.seen)) return "the head it saw is out of form";
  const isSealed =
    act.sealed === undefined || (isObject(act.sealed) && Object.values(act.sealed).every((v) => isHex(v, 64)));
  return isSealed ? null : "a sealed value is out of form";
}

const isHead = (value) => hasExactly(value, ["root", "size"]) && isWhole(value.size) && isHex(value.root, 64);

function signatureProblem(signature) {
  const parts = isObject(signature) && Object.hasOwn(SIGNATURES, signature.method) && SIGNATURES[signature.method];
  if (!parts) return "a signature of no known method";
  if (!hasExactly(signature, parts.has, parts.may)) return "not the members of a signature";
  if (signature.attest !== undefined && !isHex(signature.attest, 128)) return "the attest is out of form";
  if (signature.factors !== undefined && !areFactors(signature.factors)) return "the factors are out of form";
  if (signature.reason !== undefined && !isShort(signature.reason, 500)) return "the reason is out of form";
  if (signature.method !== "passkey") return null;
  const parts64 = parts.has.filter((name) => name !== "method");
  return parts64.every((name) => signature[name] && fromBase64url(signature[name]))
    ? null
    : "a part of the assertion is out of form";
}

const areFactors = (factors) =>
  Array.isArray(factors) && factors.every((one) => FACTORS.includes(one)) && new Set(factors).size === factors.length;

function placeProblem(act, kind) {
  if (kind.session === "required" && act.session === undefined) return "without its session";
  if (kind.session === "none" && act.session !== undefined) return "in a session, which it cannot be";
  return null;
}
