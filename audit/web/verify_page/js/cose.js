/* Public keys of passkeys (COSE, RFC 9052 and 9053) and their signatures by the browser: ES256, EdDSA, RS256. */
import { base64urlOf, concat } from "./bytes.js";
import { readCbor } from "./cbor.js";
import { ecdsaRaw } from "./der.js";

const [KTY, ALG, CRV, X, Y] = [1, 3, -1, -2, -3];
const [N, E] = [-1, -2];
const ES256 = -7;
const EDDSA = -8;
const RS256 = -257;

/** A key ready to check with: {algorithm, isSigned(signature, message)}, or {why}. */
export async function coseKey(bytes) {
  const read = readCbor(bytes);
  if (!read || read.end !== bytes.length || !(read.value instanceof Map))
    return { why: "the public key is no COSE key" };
  const map = read.value;
  const algorithm = map.get(ALG);
  const maker = { [ES256]: es256, [EDDSA]: eddsa, [RS256]: rs256 }[algorithm];
  if (!maker) return { why: `algorithm ${algorithm} is none of ES256, EdDSA and RS256`, isUnknown: true };
  try {
    const isSigned = await maker(map);
    return isSigned ? { algorithm, isSigned } : { why: "the public key is out of form" };
  } catch {
    return { why: "the public key is none that this browser can use" };
  }
}

const isBytes = (value, length) => value instanceof Uint8Array && (!length || value.length === length);

async function es256(map) {
  if (map.get(KTY) !== 2 || map.get(CRV) !== 1 || !isBytes(map.get(X), 32) || !isBytes(map.get(Y), 32)) return null;
  const point = concat(Uint8Array.of(4), map.get(X), map.get(Y));
  const key = await crypto.subtle.importKey("raw", point, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  return async (signature, message) => {
    const raw = ecdsaRaw(signature, 32);
    return raw !== null && crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, raw, message);
  };
}

async function eddsa(map) {
  if (map.get(KTY) !== 1 || map.get(CRV) !== 6 || !isBytes(map.get(X), 32)) return null;
  const key = await crypto.subtle.importKey("raw", map.get(X), "Ed25519", false, ["verify"]);
  return (signature, message) => crypto.subtle.verify("Ed25519", key, signature, message);
}

async function rs256(map) {
  if (map.get(KTY) !== 3 || !isBytes(map.get(N)) || !isBytes(map.get(E))) return null;
  const jwk = { kty: "RSA", alg: "RS256", n: base64urlOf(map.get(N)), e: base64urlOf(map.get(E)) };
  const scheme = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("jwk", jwk, scheme, false, ["verify"]);
  return (signature, message) => crypto.subtle.verify(scheme, key, signature, message);
}
