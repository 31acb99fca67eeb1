/* The tree of RFC 6962: leaves and nodes, roots at any size, inclusion and consistency proofs of RFC 9162.
   Not here: what a leaf is made from. */
import { equal } from "./bytes.js";
import { sha256 } from "./sha256.js";

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const leafOf = (bytes) => sha256(LEAF, bytes);
export const nodeOf = (left, right) => sha256(NODE, left, right);

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

/** Whether the proof shows `leaf` at `index` of the tree of `size` and `root` (RFC 9162 section 2.1.3.2). */
export function isIncluded({ index, size, leaf, proof, root }) {
  if (index >= size) return false;
  let fn = index;
  let sn = size - 1;
  let hash = leaf;
  for (const step of proof) {
    if (sn === 0) return false;
    if (fn % 2 || fn === sn) {
      hash = nodeOf(step, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
    } else hash = nodeOf(hash, step);
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 && equal(hash, root);
}

/** Whether the proof shows the second tree to extend the first (RFC 9162 section 2.1.4.2). */
export function isConsistent({ size1, root1, size2, root2, proof }) {
  if (size1 > size2) return false;
  if (size1 === size2) return !proof.length && equal(root1, root2);
  if (size1 === 0) return !proof.length;
  const steps = isPowerOf2(size1) ? [root1, ...proof] : [...proof];
  if (!proof.length || !steps.length) return false;
  let fn = size1 - 1;
  let sn = size2 - 1;
  while (fn % 2) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  let [first, second] = [steps[0], steps[0]];
  for (const step of steps.slice(1)) {
    if (sn === 0) return false;
    if (fn % 2 || fn === sn) {
      [first, second] = [nodeOf(step, first), nodeOf(step, second)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
    } else second = nodeOf(second, step);
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 && equal(first, root1) && equal(second, root2);
}

const isPowerOf2 = (size) => Number.isInteger(Math.log2(size));
