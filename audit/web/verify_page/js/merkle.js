/* The tree of RFC 6962: leaves and nodes, and roots at any size, from which any two heads are compared. Not here:
   proofs, for whoever holds every entry needs none. */
import { sha256 } from "./sha256.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const leafOf = (bytes) => sha256(LEAF, bytes);
const nodeOf = (left, right) => sha256(NODE, left, right);

/** Every complete subtree of a growing list of leaves: levels[k][i] is the hash over leaves i*2^k .. (i+1)*2^k-1. */
export class Tree {
  constructor() {
    this.levels = [[]];
  }

  get size() {
    return this.levels[0].length;
  }

  push(leaf) {
    let hash = leaf;
    for (let level = 0; ; level++) {
      if (level === this.levels.length) this.levels.push([]);
      const row = this.levels[level];
      row.push(hash);
      if (row.length % 2) return;
      hash = nodeOf(row[row.length - 2], row[row.length - 1]);
    }
  }

  leaf(index) {
    return this.levels[0][index];
  }

  /** Root over the first `size` leaves; `size` is at most the tree's. */
  rootAt(size) {
    if (size === 0) return sha256();
    let root = null;
    for (let level = 0, left = size; left; level++, left = Math.floor(left / 2)) {
      if (left % 2 === 0) continue;
      const hash = this.levels[level][left - 1];
      root = root ? nodeOf(hash, root) : hash;
    }
    return root;
  }
}
