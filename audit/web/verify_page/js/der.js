/* DER (ITU-T X.690): the tree of one value, read strictly enough to sign over, and the few types that are asked for. */
import { concat, hexOf } from "./bytes.js";

export const SEQUENCE = 0x30;
export const SET = 0x31;
const INTEGER = 0x02;
const OID = 0x06;
const MOST_DEPTH = 24;
const MOST_NODES = 20000;

class NotDer extends Error {}

/** Read one value that fills `bytes`: {tag, content, whole, kids}, or null. */
export function readDer(bytes) {
  try {
    const budget = { left: MOST_NODES };
    const node = value(bytes, 0, 0, budget);
    return node.whole.length === bytes.length ? node : null;
  } catch (error) {
    if (error instanceof NotDer) return null;
    throw error;
  }
}

/** Read the value that `bytes` starts with; what follows it is padding of the place it was kept in. */
export function readDerPrefix(bytes) {
  try {
    return value(bytes, 0, 0, { left: MOST_NODES });
  } catch (error) {
    if (error instanceof NotDer) return null;
    throw error;
  }
}

function value(bytes, at, depth, budget) {
  if (depth > MOST_DEPTH || budget.left-- <= 0 || at + 2 > bytes.length) throw new NotDer();
  const tag = bytes[at];
  const { length, start } = extent(bytes, at + 1);
  const end = start + length;
  if ((tag & 31) === 31 || end > bytes.length) throw new NotDer();
  const node = { tag, content: bytes.subarray(start, end), whole: bytes.subarray(at, end), kids: [] };
  if (tag & 32) {
    for (let next = start; next < end;) {
      const kid = value(bytes.subarray(0, end), next, depth + 1, budget);
      node.kids.push(kid);
      next += kid.whole.length;
    }
  }
  return node;
}

function extent(bytes, at) {
  const first = bytes[at];
  if (first < 128) return { length: first, start: at + 1 };
  const count = first & 127;
  if (!count || count > 4 || at + 1 + count > bytes.length) throw new NotDer();
  let length = 0;
  for (let step = 1; step <= count; step++) length = length * 256 + bytes[at + step];
  return { length, start: at + 1 + count };
}

/** Dotted text of an object identifier. */
export function oidOf(node) {
  if (node?.tag !== OID) return "";
  const arcs = [];
  let arc = 0;
  for (const byte of node.content) {
    arc = arc * 128 + (byte & 127);
    if (byte < 128) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const first = Math.min(2, Math.floor(arcs[0] / 40));
  return [first, arcs[0] - 40 * first, ...arcs.slice(1)].join(".");
}

/** Milliseconds since 1970 of a GeneralizedTime or UTCTime in Z, or null. */
export function timeOf(node) {
  const text = String.fromCharCode(...node.content);
  const century = node.tag === 0x17 ? (Number(text.slice(0, 2)) < 50 ? "20" : "19") : "";
  const [, y, mo, d, h, mi, s, fraction = ""] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z$/.exec(century + text) ?? [];
  if (!y) return null;
  return Date.UTC(+y, +mo - 1, +d, +h, +mi, +s) + Number(fraction.padEnd(3, "0").slice(0, 3));
}

/** The signature `r || s` of an ECDSA-Sig-Value, each in `width` bytes, or null. */
export function ecdsaRaw(der, width) {
  const node = readDer(der);
  if (node?.tag !== SEQUENCE || node.kids.length !== 2) return null;
  const halves = node.kids.map((kid) => fixed(kid, width));
  return halves.includes(null) ? null : concat(...halves);
}

function fixed(node, width) {
  if (node.tag !== INTEGER || !node.content.length || node.content[0] & 128) return null;
  const bytes = node.content[0] === 0 ? node.content.subarray(1) : node.content;
  if (bytes.length > width) return null;
  const out = new Uint8Array(width);
  out.set(bytes, width - bytes.length);
  return out;
}

export const sameNode = (left, right) => hexOf(left.whole) === hexOf(right.whole);
