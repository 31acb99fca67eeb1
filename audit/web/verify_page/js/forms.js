/* Forms of facts, as the tables of the format's page state them (log-format sections 11 to 13).
   Not here: what facts of different entries have to do with each other. */
import { fromBase64url, utf8 } from "./bytes.js";

/* TABLES (kinds, records, sealed) stands before the script: the page's builder reads it from docs/log-format.md. */
export const KINDS = TABLES.kinds;
const RECORDS = TABLES.records;
export const SEALED = TABLES.sealed;

const HEX = /^[0-9a-f]+$/;
const TOKEN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const isText = (value) => typeof value === "string";
const within = (number, form) => number >= form.min && number <= form.max;

export const isWhole = (value, min = 0, max = Number.MAX_SAFE_INTEGER) =>
  Number.isSafeInteger(value) && value >= min && value <= max;
export const isHex = (value, digits) => isText(value) && value.length === digits && HEX.test(value);
export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

const CHECKS = {
  text: (value, form) => isText(value) && within(utf8(value).length, form) && value.trim() === value,
  token: (value, form) => isText(value) && within(value.length, form) && TOKEN.test(value),
  base64url: (value, form) => isText(value) && within(value.length, form) && fromBase64url(value) !== null,
  integer: (value, form) => isWhole(value, form.min, form.max),
  hex: (value, form) => isHex(value, form.digits),
  day: (value) => isText(value) && isDay(value),
  boolean: (value) => typeof value === "boolean",
  reference: (value) => isReference(value),
  identifier: (value, form) =>
    isText(value) && value.startsWith(form.prefix) && isTail(value.slice(form.prefix.length)),
  one: (value, form) => form.of.includes(value),
  list: (value, form) =>
    Array.isArray(value) && within(value.length, form) && value.every((one) => fits(one, form.of)),
  record: (value, form) => isObject(value) && factsProblem(value, RECORDS[form.name]) === null,
};
const isTail = (tail) => /^[0-9a-z]{4,32}$/.test(tail);

function isDay(text) {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || text.startsWith("0000")) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function isReference(value) {
  return isObject(value) && Object.keys(value).length === 2 && isWhole(value.index) && isHex(value.leaf, 64);
}

function fits(value, form) {
  return CHECKS[form.is](value, form);
}

/** What is wrong with the facts by their table, in a few words, or null. */
export function factsProblem(facts, table) {
  for (const name of Object.keys(facts)) if (!Object.hasOwn(table, name)) return `a fact it does not have: ${name}`;
  for (const [name, { form, required, absent }] of Object.entries(table)) {
    const value = facts[name];
    if (value === undefined) {
      if (required) return `without its fact ${name}`;
    } else if (!fits(value, form)) return `the fact ${name} is out of form`;
    else if (value === absent) return `the fact ${name} stands at its default`;
  }
  return null;
}
