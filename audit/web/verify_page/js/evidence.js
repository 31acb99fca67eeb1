/* What was dropped: a report (PDF with evidence inside), a bundle (zip) or a checkpoint. Refusals are sentences. */
import { latin1, textOf } from "./bytes.js";
import { readJson } from "./canonical.js";
import { isObject } from "./forms.js";
import { parseCheckpoint } from "./note.js";
import { isPdf, readPdf } from "./pdf.js";
import { readZip, Refusal } from "./zip.js";

export const MOST_FILE_BYTES = 200 * 1024 * 1024;
const NEEDED = ["checkpoint", "entries.jsonl"];

/** Read a file: {kind: "report" | "bundle", files, pdf?} or {kind: "checkpoint", checkpoint}. Raises Refusal. */
export async function readEvidence(bytes) {
  if (!bytes.length) throw new Refusal("This file is empty.");
  if (bytes.length > MOST_FILE_BYTES) throw tooLarge(bytes.length);
  if (isPdf(bytes)) {
    const pdf = await readPdf(bytes);
    return { kind: "report", files: readFiles(pdf.evidence), pdf: { bytes, signatures: pdf.signatures } };
  }
  if (latin1(bytes.subarray(0, 2)) === "PK") return { kind: "bundle", files: readFiles(bytes) };
  const checkpoint = parseCheckpoint(bytes);
  if (!checkpoint.why) return { kind: "checkpoint", checkpoint };
  throw new Refusal("This is neither a report (PDF) nor an evidence bundle (zip) nor a checkpoint.");
}

export const tooLarge = (length) =>
  new Refusal(
    `This file is too large for this page: ${Math.ceil(length / 1048576)} MB, the most is 200 MB. Use audit verify-bundle.`,
  );

function readFiles(bytes) {
  const files = readZip(bytes);
  const missing = NEEDED.find((name) => !files.has(name));
  if (missing) throw new Refusal(`This archive is no evidence of a log: it holds no ${missing}.`);
  return files;
}

/** The bytes of a file of the evidence, none where it is absent. */
export async function fileOf(evidence, name) {
  const file = evidence.files.get(name);
  return file ? file.read() : new Uint8Array(0);
}

/** The manifest as an object, empty where it is absent. */
export async function manifestOf(evidence) {
  const text = textOf(await fileOf(evidence, "manifest.json"));
  if (!text) return {};
  const { value } = readJson(text);
  if (!isObject(value)) throw new Refusal("The manifest in this file cannot be read; ask for the file again.");
  return value;
}

/** Time stamp replies, and the notes that they stamp, by size; a note that cannot be read is one of nothing. */
export async function stampsOf(evidence) {
  const stamps = { replies: new Map(), notes: new Map() };
  for (const [name, file] of evidence.files) {
    const [, size, what] = /^time\/(0|[1-9]\d{0,14})\.(tsr|note)$/.exec(name) ?? [];
    if (what === "tsr") stamps.replies.set(Number(size), await file.read());
    if (what === "note") stamps.notes.set(Number(size), await file.read());
  }
  return stamps;
}
