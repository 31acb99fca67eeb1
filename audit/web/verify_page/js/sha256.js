/* SHA-256 (FIPS 180-4) and HMAC (RFC 2104), synchronous: one call of the browser's own for each of 20,000 leaves costs
   more in waiting than in hashing. Not here: signatures, which are the browser's. */
import { concat } from "./bytes.js";

const BLOCK = 64;
const ROUNDS = 64;
const [K, INITIAL] = constants();
const W = new Int32Array(ROUNDS);

/** Hash of the parts one after the other. */
export function sha256(...parts) {
  const padded = pad(parts);
  const state = INITIAL.slice();
  const words = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += BLOCK) compress(state, words, at);
  const digest = new Uint8Array(32);
  const out = new DataView(digest.buffer);
  for (let at = 0; at < 8; at++) out.setInt32(4 * at, state[at]);
  return digest;
}

export function hmacSha256(key, ...parts) {
  const block = new Uint8Array(BLOCK);
  block.set(key.length > BLOCK ? sha256(key) : key);
  const inner = sha256(
    block.map((byte) => byte ^ 0x36),
    ...parts,
  );
  return sha256(
    block.map((byte) => byte ^ 0x5c),
    inner,
  );
}

function pad(parts) {
  const length = parts.reduce((total, part) => total + part.length, 0);
  const padded = new Uint8Array(Math.ceil((length + 9) / BLOCK) * BLOCK);
  let at = 0;
  for (const part of parts) {
    padded.set(part, at);
    at += part.length;
  }
  padded[length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(length / 2 ** 29));
  view.setUint32(padded.length - 4, (length * 8) >>> 0);
  return padded;
}

function compress(state, words, at) {
  for (let t = 0; t < 16; t++) W[t] = words.getInt32(at + 4 * t);
  for (let t = 16; t < ROUNDS; t++) {
    const x = W[t - 15];
    const y = W[t - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[t] = (W[t - 16] + s0 + W[t - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < ROUNDS; t++) {
    const S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + S1 + ((e & f) ^ (~e & g)) + K[t] + W[t]) | 0;
    const S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  const worked = [a, b, c, d, e, f, g, h];
  for (let at8 = 0; at8 < 8; at8++) state[at8] = (state[at8] + worked[at8]) | 0;
}

/** First 32 bits of the fractions of cube roots and square roots of the first primes, in exact arithmetic. */
function constants() {
  const primes = [];
  for (let n = 2; primes.length < ROUNDS; n++) if (primes.every((prime) => n % prime)) primes.push(n);
  const fraction = (prime, power) => Number(root(BigInt(prime) << BigInt(32 * power), power) & 0xffffffffn) | 0;
  const cubes = Int32Array.from(primes, (prime) => fraction(prime, 3));
  const squares = Int32Array.from(primes.slice(0, 8), (prime) => fraction(prime, 2));
  return [cubes, squares];
}

function root(value, power) {
  let low = 0n;
  let high = 1n << 64n;
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** BigInt(power) <= value) low = middle;
    else high = middle - 1n;
  }
  return low;
}

const TAG_END = new Uint8Array(1);

/** Hash of a tagged message: tag, a zero byte, the message. */
export const tagged = (tag, message) => sha256(concat(tag, TAG_END), message);
