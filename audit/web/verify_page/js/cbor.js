/* The little of CBOR (RFC 8949) that an authenticator writes: maps, whole numbers, byte and text strings, lists, true
   and false, each in definite length. Anything else is refused. */
import { numberOf, textOf } from "./bytes.js";

const MOST_DEPTH = 8;

class NotCbor extends Error {}

/** Decode one item: {value, end}, or null. Maps become Map. */
export function readCbor(bytes) {
  try {
    return item(bytes, 0, 0);
  } catch (error) {
    if (error instanceof NotCbor) return null;
    throw error;
  }
}

function item(bytes, at, depth) {
  if (at >= bytes.length || depth > MOST_DEPTH) throw new NotCbor();
  const major = bytes[at] >> 5;
  const { value: count, end } = head(bytes, at);
  if (major === 0) return { value: count, end };
  if (major === 1) return { value: -1 - count, end };
  if (major === 2 || major === 3) return string(bytes, end, count, major === 3);
  if (major === 4 || major === 5) return many(bytes, { at: end, count, isMap: major === 5, depth });
  if (major === 7 && (count === 20 || count === 21)) return { value: count === 21, end };
  throw new NotCbor();
}

function head(bytes, at) {
  const short = bytes[at] & 31;
  if (short < 24) return { value: short, end: at + 1 };
  const length = { 24: 1, 25: 2, 26: 4, 27: 8 }[short];
  if (!length || at + 1 + length > bytes.length) throw new NotCbor();
  const value = numberOf(bytes.subarray(at + 1, at + 1 + length));
  if (!Number.isSafeInteger(value)) throw new NotCbor();
  return { value, end: at + 1 + length };
}

function string(bytes, at, length, isText) {
  const end = at + length;
  if (end > bytes.length) throw new NotCbor();
  const raw = bytes.subarray(at, end);
  const value = isText ? textOf(raw) : raw;
  if (value === null) throw new NotCbor();
  return { value, end };
}

function many(bytes, { at, count, isMap, depth }) {
  const values = [];
  for (let left = isMap ? 2 * count : count; left; left--) {
    const next = item(bytes, at, depth + 1);
    values.push(next.value);
    at = next.end;
  }
  if (!isMap) return { value: values, end: at };
  const map = new Map();
  for (let pair = 0; pair < values.length; pair += 2) map.set(values[pair], values[pair + 1]);
  if (map.size !== count) throw new NotCbor();
  return { value: map, end: at };
}
