/* C2SP signed notes, checkpoints, verifier keys and cosignatures (log-format section 7).
   Not here: which key is in force, nor how many cosigners are wanted. */
import { equal, fromBase64, fromHex, numberOf, textOf, utf8 } from "./bytes.js";
import { isSignedBy } from "./ed25519.js";
import { sha256 } from "./sha256.js";

const LOG_KEY = 1;
export const COSIGNER_KEY = 4;
const MOST_BYTES = 65536;
const MOST_LINES = 100;

/** A verifier key `name+hex(key id)+base64(type || public key)`: {name, id, type, key, text}, or null. */
export function parseVkey(text) {
  const [, name, hex, base64] = /^([^\s+]{1,300})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  const raw = base64 && fromBase64(base64);
  if (!raw || raw.length !== 33 || ![LOG_KEY, COSIGNER_KEY].includes(raw[0])) return null;
  const vkey = { name, id: fromHex(hex), type: raw[0], key: raw.subarray(1), text: text.trim() };
  return equal(vkey.id, keyId(vkey)) ? vkey : null;
}

const keyId = ({ name, type, key }) => sha256(utf8(`${name}\n`), Uint8Array.of(type), key).subarray(0, 4);

/** A checkpoint as a signed note: {origin, size, root, body, signed, lines}, or {why}. */
export function parseCheckpoint(bytes) {
  if (bytes.length > MOST_BYTES) return { why: "the checkpoint is too long" };
  const text = textOf(bytes);
  const split = text === null ? -1 : text.lastIndexOf("\n\n");
  if (split < 0) return { why: "the checkpoint is no signed note" };
  const body = text.slice(0, split + 1);
  const lines = signatureLines(text.slice(split + 2));
  if (!lines) return { why: "the checkpoint has a signature line out of form" };
  const [origin, size, base64, ...rest] = body.split("\n");
  const root = fromBase64(base64 ?? "");
  if (rest.length !== 1 || !origin || !/^(0|[1-9][0-9]{0,14})$/.test(size ?? "") || root?.length !== 32)
    return { why: "the checkpoint is not origin, size and root" };
  return { origin, size: Number(size), root, body, lines };
}

function signatureLines(text) {
  const rows = text.split("\n");
  if (rows.pop() !== "" || !rows.length || rows.length > MOST_LINES) return null;
  const lines = rows.map(signatureLine);
  return lines.includes(null) ? null : lines;
}

function signatureLine(row) {
  const [, name, base64] = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/.exec(row) ?? [];
  const raw = base64 && fromBase64(base64);
  return raw && raw.length > 4 ? { name, id: raw.subarray(0, 4), signature: raw.subarray(4), row } : null;
}

/** The note as a time token stamps it: text, blank line, the log's own signature lines. */
export function stampedNote(checkpoint) {
  const own = checkpoint.lines.filter((line) => line.name === checkpoint.origin);
  return utf8(`${checkpoint.body}\n${own.map((line) => `${line.row}\n`).join("")}`);
}

/** Whether a line of the checkpoint is this log key's signature. */
export async function isSignedByLog(checkpoint, vkey) {
  const message = utf8(checkpoint.body);
  for (const line of linesOf(checkpoint, vkey))
    if (line.signature.length === 64 && (await isSignedBy(vkey.key, line.signature, message))) return true;
  return false;
}

/** When this cosigner signed the checkpoint, in ms since 1970, or null (C2SP tlog-cosignature, cosignature/v1). */
export async function cosignedAt(checkpoint, vkey) {
  for (const line of linesOf(checkpoint, vkey)) {
    if (line.signature.length !== 72) continue;
    const seconds = numberOf(line.signature.subarray(0, 8));
    const message = utf8(`cosignature/v1\ntime ${seconds}\n${checkpoint.body}`);
    const holds = await isSignedBy(vkey.key, line.signature.subarray(8), message);
    if (holds && Number.isSafeInteger(seconds)) return seconds * 1000;
  }
  return null;
}

const linesOf = (checkpoint, vkey) =>
  checkpoint.lines.filter((line) => line.name === vkey.name && equal(line.id, vkey.id));

/** Whether the checkpoint carries a line under this key's name and id, whatever it is worth. */
export const hasLineOf = (checkpoint, vkey) => linesOf(checkpoint, vkey).length > 0;
