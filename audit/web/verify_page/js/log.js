/* The log as it is read: leaves and tree, entries that could be read, what is struck. Rules look things up here. */
import { hexOf } from "./bytes.js";
import { Tree } from "./merkle.js";
import { People } from "./people.js";

export class Log {
  constructor(origin) {
    this.origin = origin;
    this.tree = new Tree();
    this.entries = [];
    this.struck = new Map();
    this.people = new People();
    this.unknown = 0;
    this.names = new Map();
  }

  get size() {
    return this.tree.size;
  }

  leafHex(index) {
    return hexOf(this.tree.leaf(index));
  }

  entry(index) {
    return this.entries[index] ?? null;
  }

  /** The earlier entry that a reference names: null where index and leaf do not name one, undefined where they do and
      it cannot be read, which check 1 has found. */
  named(reference, before) {
    if (!reference || reference.index >= before || reference.index >= this.size) return null;
    return this.leafHex(reference.index) === reference.leaf ? (this.entry(reference.index) ?? undefined) : null;
  }

  /** Whether the log's first `size` entries have this root (hex). */
  hasRoot(size, root) {
    return size <= this.size && hexOf(this.tree.rootAt(size)) === root;
  }

  add(leaf, entry) {
    this.tree.push(leaf);
    this.entries.push(entry);
  }
}

/** A few letters of a long hash, as a finding shows it. */
export const short = (hex) =>
  typeof hex === "string" && hex.length > 20 ? `${hex.slice(0, 8)}…${hex.slice(-8)}` : String(hex);
