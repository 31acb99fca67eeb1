/* RFC 8785 in the profile of log-format section 3: encode, and decode with refusal of everything outside it.
   A decoded value encodes back to the very bytes it came from. Not here: what the members of an entry mean. */
import { equal, textOf, utf8 } from "./bytes.js";
import { isPlainText } from "./unicode.js";

const MOST_BYTES = 16384;
const MOST_DEPTH = 6;
const KEY = /^[a-z][a-z0-9_]{0,31}$/;

/** Text of a value in canonical form; keys are ASCII, so the order of code units is that of the standard. */
function encodeText(value) {
  if (Array.isArray(value)) return `[${value.map(encodeText).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${encodeText(value[key])}`).join(",")}}`;
}

export const encode = (value) => utf8(encodeText(value));

/** Decode an entry: {value} or {why}, a few words on what is not canonical. */
export function decode(bytes) {
  if (bytes.length > MOST_BYTES) return { why: `${bytes.length} bytes, more than ${MOST_BYTES}` };
  const text = textOf(bytes);
  if (text === null) return { why: "not UTF-8" };
  const read = readJson(text);
  if (read.why) return read;
  const why = outsideProfile(read.value, 1);
  if (why) return { why };
  return equal(encode(read.value), bytes) ? read : { why: "the bytes are not the canonical ones of what they say" };
}

export function readJson(text) {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { why: "not JSON" };
  }
}

function outsideProfile(value, depth) {
  if (typeof value === "string") return isPlainText(value) ? null : "text with characters that an entry cannot hold";
  if (typeof value === "boolean") return null;
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? null : "a number that is no whole number in range";
  if (value === null) return "null";
  if (depth > MOST_DEPTH) return `deeper than ${MOST_DEPTH}`;
  const keys = Object.keys(value);
  if (!keys.length) return "an empty object or list";
  for (const key of keys) {
    if (!Array.isArray(value) && !KEY.test(key)) return "a key out of form";
    const why = outsideProfile(value[key], depth + 1);
    if (why) return why;
  }
  return null;
}
