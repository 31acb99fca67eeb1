/* What an act states, from its own bytes: each fact with its unit, and the 32 bytes that stand for it. */
import { formatAmount } from "./exact.js";
import { sha256, utf8 } from "./bytes.js";

const NBSP = "\u00a0";
const UNITS = [
  ["_ug_per_ml", "mg/mL", 3], ["_ul_per_h", "mL/h", 3], ["_ug_per_kg", "mg/kg", 3], ["_ug", "mg", 3], ["_ul", "mL", 3],
  ["_min", "min", 0],
];

/** SHA-256 over tag and {"act", "log"} in canonical JSON (log-format, section 4); the act's text is canonical already. */
export function challengeOf(actText, log) {
  return sha256(utf8(`ketamine-audit/act/v1\0{"act":${actText},"log":${JSON.stringify(log)}}`));
}

/** What a new passkey signs for its own enrolment. */
export function enrolmentOf(fields) {
  const text = ["actor", "credential", "log", "public_key"].map((name) => `"${name}":${JSON.stringify(fields[name])}`);
  return sha256(utf8(`ketamine-audit/enrol/v1\0{${text.join(",")}}`));
}

/** Rows of [name, value] for people, in the order of the bytes. `words` holds yes, no, entry and the names of fields. */
export function factsOf(act, words) {
  const rows = [[words.kind, plain(act.kind)]];
  for (const [name, value] of Object.entries(act.facts)) rows.push(...rowsOf(name, value, act.offset_min, words));
  for (const name of Object.keys(act.sealed || {})) rows.push([plain(name), words.sealed]);
  if (act.session) rows.push([words.session, act.session]);
  rows.push([words.time, localTime(act.occurred_ms, act.offset_min)]);
  return rows;
}

function rowsOf(name, value, offset, words) {
  if (Array.isArray(value)) {
    if (value.every((one) => typeof one !== "object")) return [[plain(name), value.join(", ")]];
    return value.flatMap((one, at) => rowsOf(`${name} ${at + 1}`, one, offset, words));
  }
  if (value !== null && typeof value === "object") {
    if ("leaf" in value && "index" in value) return [[plain(name), `${words.entry} ${value.index} · ${value.leaf.slice(0, 12)}…`]];
    return Object.entries(value).flatMap(([inner, one]) => rowsOf(`${name}: ${inner}`, one, offset, words));
  }
  return [[named(name), shown(name, value, offset, words)]];
}

function shown(name, value, offset, words) {
  if (typeof value === "boolean") return value ? words.yes : words.no;
  if (typeof value !== "number") return value.length > 80 ? `${value.slice(0, 40)}… (${value.length})` : value;
  if (name.endsWith("_ms")) return localTime(value, offset);
  const unit = UNITS.find(([suffix]) => name.endsWith(suffix));
  if (!unit) return String(value);
  const [, words_, decimals] = unit;
  return (decimals ? formatAmount(BigInt(value), document.documentElement.lang || "en") : String(value)) + NBSP + words_;
}

function named(name) {
  const unit = UNITS.find(([suffix]) => name.endsWith(suffix));
  return plain(unit ? name.slice(0, -unit[0].length) : name.replace(/_ms$/, ""));
}

const plain = (name) => name.replaceAll("_", " ");

/** Local time as the act states it: its own offset from UTC, never this device's. */
export function localTime(ms, offset) {
  return new Date(ms + offset * 60000).toISOString().slice(0, 19).replace("T", " ");
}
