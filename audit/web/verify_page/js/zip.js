/* Zip archives as evidence travels in them: stored or deflated files, read one at a time, each held to the size and
   checksum that the directory states. Refused: what is cut off, encrypted, spread over disks, ZIP64, doubled, or larger
   than the limits. Refusals are sentences. */
import { latin1, textOf } from "./bytes.js";
import { inflate } from "./inflate.js";

const [END, DIRECTORY, LOCAL] = [0x06054b50, 0x02014b50, 0x04034b50];
const END_LENGTH = 22;
const MOST_FILES = 20000;
const MOST_BYTES = 600 * 1024 * 1024;
const STORED = 0;
const DEFLATED = 8;
const CRC = Int32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

export class Refusal extends Error {}

/** The archive's files by name, each with read(): bytes. Raises Refusal. */
export function readZip(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const files = new Map();
  const end = endOf(bytes, view);
  let at = end.offset;
  let total = 0;
  let packed = 0;
  for (let left = end.count; left; left--) {
    const file = directoryEntry(bytes, view, at, end.at);
    if (files.has(file.name))
      throw new Refusal("This archive holds two files of one name, so it is not clear which one counts.");
    total += file.size;
    packed += file.packed;
    if (total > MOST_BYTES || packed > bytes.length)
      throw new Refusal("This archive unpacks to more than this page takes on (600 MB).");
    files.set(file.name, { ...file, read: () => readFile(bytes, view, file) });
    at = file.next;
  }
  return files;
}

const cut = () => new Refusal("This archive is cut off or damaged; ask for it again.");

function endOf(bytes, view) {
  const from = Math.max(0, bytes.length - END_LENGTH - 65535);
  for (let at = bytes.length - END_LENGTH; at >= from; at--) {
    if (view.getUint32(at, true) !== END || at + END_LENGTH + view.getUint16(at + 20, true) !== bytes.length)
      continue;
    const [disk, count, size, offset] = [
      view.getUint16(at + 4, true),
      view.getUint16(at + 10, true),
      view.getUint32(at + 12, true),
      view.getUint32(at + 16, true),
    ];
    if (disk !== 0 || count === 0xffff || offset === 0xffffffff || count > MOST_FILES)
      throw new Refusal("This archive is of a form (ZIP64, several parts) that evidence is not sent in.");
    if (offset + size > at) throw cut();
    return { at, count, offset };
  }
  throw cut();
}

function directoryEntry(bytes, view, at, end) {
  if (at + 46 > end || view.getUint32(at, true) !== DIRECTORY) throw cut();
  const nameLength = view.getUint16(at + 28, true);
  const next = at + 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  const name =
    textOf(bytes.subarray(at + 46, at + 46 + nameLength)) ?? latin1(bytes.subarray(at + 46, at + 46 + nameLength));
  if (next > end || !name) throw cut();
  if (view.getUint16(at + 8, true) & 1) throw new Refusal("This archive is encrypted; evidence never is.");
  const method = view.getUint16(at + 10, true);
  if (method !== STORED && method !== DEFLATED)
    throw new Refusal("This archive is packed by a method that evidence is not sent in.");
  return {
    name,
    method,
    crc: view.getUint32(at + 16, true),
    packed: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    offset: view.getUint32(at + 42, true),
    next,
  };
}

async function readFile(bytes, view, file) {
  const { offset, method, packed, size, crc } = file;
  if (offset + 30 > bytes.length || view.getUint32(offset, true) !== LOCAL) throw cut();
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packed > bytes.length) throw cut();
  const raw = bytes.subarray(start, start + packed);
  const content = method === STORED ? raw : await inflate(raw, "deflate-raw", size);
  if (content === null || content.length !== size || crcOf(content) !== crc) throw cut();
  return content;
}

function crcOf(bytes) {
  let crc = -1;
  for (let at = 0; at < bytes.length; at++) crc = CRC[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}
