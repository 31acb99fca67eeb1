/* Tiles of a bundle (C2SP tlog-tiles, height 8) say what the entries say: hashes of whole levels, entries anew. */
import { concat, equal } from "./bytes.js";
import { leafOf } from "./merkle.js";

const WIDTH = 256;
const TILE = /^tile\/(?:(entries)|(\d{1,2}))\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/;

/** Judge every tile of the file, under check 4. Answers how many there are. */
export async function judgeTiles(evidence, log, findings) {
  let count = 0;
  for (const [name, file] of evidence.files) {
    if (!name.startsWith("tile/") || name.endsWith("/")) continue;
    const tile = parse(name);
    count += 1;
    const holds =
      tile &&
      (tile.level === "entries"
        ? entriesAgree(tile, await file.read(), log)
        : hashesAgree(tile, await file.read(), log));
    if (!holds) findings.fail(4, null, `the tile ${name} of this log`, "another");
  }
  return count;
}

function parse(name) {
  const [, entries, level, place, width] = TILE.exec(name) ?? [];
  if (!place) return null;
  const index = Number(place.replaceAll(/[x/]/g, ""));
  return { level: entries ?? Number(level), first: index * WIDTH, width: Number(width ?? WIDTH) };
}

function hashesAgree({ level, first, width }, bytes, log) {
  const row = log.tree.levels[8 * level] ?? [];
  return first + width <= row.length && equal(bytes, concat(...row.slice(first, first + width)));
}

/** An entries tile is each entry with its length in two bytes before it. */
function entriesAgree({ first, width }, bytes, log) {
  let at = 0;
  for (let index = first; index < first + width; index++) {
    if (at + 2 > bytes.length || index >= log.size) return false;
    const length = bytes[at] * 256 + bytes[at + 1];
    const entry = bytes.subarray(at + 2, at + 2 + length);
    if (entry.length !== length || !equal(leafOf(entry), log.tree.leaf(index))) return false;
    at += 2 + length;
  }
  return at === bytes.length;
}
