/* The head of the record that this device saw last. Before anything is signed the service shows a newer one, signed by
   the log's key, and proves that it extends this one (RFC 9162, section 2.1.4.2). The first time there is nothing to
   compare with. A head is kept only once it was verified. Not here: what is signed. */
import { concat, fromBase64, fromHex, same, sha256, toHex, utf8 } from "./bytes.js";

const PLACE = "kept-head";
const NODE = Uint8Array.of(1);
const ED25519 = 1;

/** What does not hold: shown to the person, and nothing is signed. */
export class HeadRefused extends Error {}

/** {log, vkey, size, root} or null on a device's first time. */
export function keptHead() {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) || "null");
    return kept && typeof kept.log === "string" ? kept : null;
  } catch {
    return null;
  }
}

export function forgetHead() {
  localStorage.removeItem(PLACE);
}

/** Verifies the head an answer shows against the one kept, and keeps it; says whether this device saw any before. */
export async function acceptHead(answer) {
  const kept = keptHead();
  // a log that lost entries for good goes on under its name with /2, /3 … (log-format, section 1)
  const isSuccessor = kept && kept.log !== answer.log && answer.log.replace(/\/\d+$/, "") === kept.log.replace(/\/\d+$/, "");
  if (kept && kept.log !== answer.log && !isSuccessor) throw new HeadRefused("log");
  const known = isSuccessor ? null : kept;
  if (known) await followKeys(known.vkey, answer);
  await checkNote(answer.note, answer.vkey, answer.log, answer.head);
  if (known) await checkExtends(known, answer.head, answer.proof.map(fromHex));
  const { size, root } = answer.head;
  localStorage.setItem(PLACE, JSON.stringify({ log: answer.log, vkey: answer.vkey, size, root }));
  return known !== null;
}

/** The key pinned is the log's, or leads to it: each change is a note that the key before and the key after signed. */
async function followKeys(pinned, answer) {
  let current = pinned;
  for (const change of answer.keys) {
    if (current === answer.vkey) return;
    const holds = await Promise.all([current, change.vkey].map((key) => isSigned(change.note, key, answer.log)));
    if (holds.every(Boolean)) current = change.vkey;
  }
  if (current !== answer.vkey) throw new HeadRefused("key");
}

async function checkNote(note, vkey, log, head) {
  const lines = note.split("\n");
  const isHead = lines[0] === log && lines[1] === String(head.size) && same(fromBase64(lines[2]), fromHex(head.root));
  if (!isHead || lines[3] !== "" || !(await isSigned(note, vkey, log))) throw new HeadRefused("note");
}

/** Whether a signed note (C2SP signed-note) carries a line of this Ed25519 key. */
async function isSigned(note, vkey, log) {
  const [name, keyId] = vkey.split("+", 2);
  const full = fromBase64(vkey.slice(name.length + keyId.length + 2));
  if (name !== log || full[0] !== ED25519) return false;
  const cut = note.indexOf("\n\n");
  const text = utf8(note.slice(0, cut + 1));
  const key = await crypto.subtle.importKey("raw", full.slice(1), { name: "Ed25519" }, false, ["verify"]);
  for (const line of note.slice(cut + 2).split("\n")) {
    const [dash, signer, blob] = line.split(" ");
    if (dash !== "—" || signer !== name || !blob) continue;
    const bytes = fromBase64(blob);
    if (toHex(bytes.slice(0, 4)) !== keyId) continue;
    if (await crypto.subtle.verify({ name: "Ed25519" }, key, bytes.slice(4), text)) return true;
  }
  return false;
}

async function checkExtends(kept, head, proof) {
  if (!(await isConsistent(kept, head, proof))) throw new HeadRefused("history");
}

async function isConsistent(kept, head, proof) {
  const first = fromHex(kept.root);
  const second = fromHex(head.root);
  if (kept.size > head.size) return false;
  if (kept.size === head.size) return proof.length === 0 && same(first, second);
  if (kept.size === 0) return proof.length === 0;
  const path = isPowerOfTwo(kept.size) ? [first, ...proof] : proof;
  if (!path.length) return false;
  let fn = BigInt(kept.size) - 1n;
  let sn = BigInt(head.size) - 1n;
  while (fn & 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  let fr = path[0];
  let sr = path[0];
  for (const node of path.slice(1)) {
    if (sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      fr = await above(node, fr);
      sr = await above(node, sr);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      sr = await above(sr, node);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && same(fr, first) && same(sr, second);
}

function isPowerOfTwo(size) {
  const number = BigInt(size);
  return (number & (number - 1n)) === 0n;
}

const above = (left, right) => sha256(concat(NODE, left, right));
