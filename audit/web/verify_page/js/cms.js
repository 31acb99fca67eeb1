/* Signed data (CMS, RFC 5652) of PDF signatures and time tokens: that the signature holds over the content under the
   certificate it carries. Not here: whether that certificate is anybody's to trust; the page shows its fingerprint. */
import { concat, equal, hexOf } from "./bytes.js";
import { ecdsaRaw, oidOf, readDerPrefix, sameNode, SEQUENCE, SET } from "./der.js";
import { sha256 } from "./sha256.js";

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const COMMON_NAME = "2.5.4.3";
const HASHES = {
  "2.16.840.1.101.3.4.2.1": "SHA-256",
  "2.16.840.1.101.3.4.2.2": "SHA-384",
  "2.16.840.1.101.3.4.2.3": "SHA-512",
};
const ECDSA = {
  "1.2.840.10045.4.3.2": "SHA-256",
  "1.2.840.10045.4.3.3": "SHA-384",
  "1.2.840.10045.4.3.4": "SHA-512",
};
const RSA = {
  "1.2.840.113549.1.1.11": "SHA-256",
  "1.2.840.113549.1.1.12": "SHA-384",
  "1.2.840.113549.1.1.13": "SHA-512",
};
const RSA_PLAIN = "1.2.840.113549.1.1.1";
const EC_KEY = "1.2.840.10045.2.1";
const CURVES = { "1.2.840.10045.3.1.7": ["P-256", 32], "1.3.132.0.34": ["P-384", 48], "1.3.132.0.35": ["P-521", 66] };

/** Read signed data: {content, signer, certificate, …}, or null where it is none. */
export function readSigned(bytes) {
  const outer = readDerPrefix(bytes);
  if (outer?.tag !== SEQUENCE || oidOf(outer.kids[0]) !== SIGNED_DATA) return null;
  const data = outer.kids[1]?.kids[0];
  if (data?.tag !== SEQUENCE || data.kids.length < 4) return null;
  const signers = data.kids.at(-1);
  if (signers.tag !== SET || signers.kids.length !== 1) return null;
  const signer = signerOf(signers.kids[0]);
  const certificates = data.kids.find((kid) => kid.tag === 0xa0)?.kids ?? [];
  const content = data.kids[2].kids[1]?.kids[0]?.content ?? null;
  return (
    signer && {
      content,
      signer,
      certificate: certificates.map(certificateOf).find((one) => one && isOf(one, signer)) ?? null,
    }
  );
}

function signerOf(node) {
  const [, sid, digest, ...rest] = node.kids;
  const attributes = rest[0]?.tag === 0xa0 ? rest.shift() : null;
  const [algorithm, signature] = rest;
  if (!sid || !digest || !attributes || !algorithm || signature?.tag !== 4) return null;
  return {
    sid,
    hash: HASHES[oidOf(digest.kids[0])],
    attributes,
    algorithm: oidOf(algorithm.kids[0]),
    signature: signature.content,
  };
}

function certificateOf(node) {
  const fields = node.kids[0]?.kids ?? [];
  const [serial, , issuer, , subject, key] = fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
  return key
    ? { serial, issuer, subject, key, fingerprint: hexOf(sha256(node.whole)), name: commonName(subject) }
    : null;
}

const isOf = (certificate, { sid }) =>
  sid.kids.length === 2 && sameNode(sid.kids[0], certificate.issuer) && sameNode(sid.kids[1], certificate.serial);

function commonName(subject) {
  const names = subject.kids.flatMap((set) => set.kids).filter((pair) => oidOf(pair.kids[0]) === COMMON_NAME);
  return names.length ? new TextDecoder().decode(names.at(-1).kids[1].content) : "no name";
}

/** Whether the signature holds over the content: true, false, or null where this page knows no such algorithm. */
export async function holdsOver(signed, content) {
  const { signer, certificate } = signed;
  if (!certificate || !signer.hash) return null;
  const digest = new Uint8Array(await crypto.subtle.digest(signer.hash, content));
  const stated = signer.attributes.kids.filter((one) => oidOf(one.kids[0]) === MESSAGE_DIGEST);
  if (stated.length !== 1 || !equal(stated[0].kids[1]?.kids[0]?.content ?? digest.subarray(1), digest)) return false;
  const message = concat(Uint8Array.of(SET), signer.attributes.whole.subarray(1));
  return verify(signer, certificate, message);
}

async function verify(signer, certificate, message) {
  const scheme = schemeOf(signer, certificate);
  if (!scheme) return null;
  try {
    const key = await crypto.subtle.importKey("spki", certificate.key.whole, scheme.key, false, ["verify"]);
    const signature = scheme.width ? ecdsaRaw(signer.signature, scheme.width) : signer.signature;
    return signature !== null && (await crypto.subtle.verify(scheme.use, key, signature, message));
  } catch {
    return false;
  }
}

function schemeOf({ algorithm, hash }, { key }) {
  const isEc = oidOf(key.kids[0]?.kids[0]) === EC_KEY;
  const curve = CURVES[oidOf(key.kids[0]?.kids[1])];
  const ecHash = ECDSA[algorithm];
  if (isEc && curve && ecHash)
    return { key: { name: "ECDSA", namedCurve: curve[0] }, use: { name: "ECDSA", hash: ecHash }, width: curve[1] };
  const rsaHash = algorithm === RSA_PLAIN ? hash : RSA[algorithm];
  if (isEc || !rsaHash) return null;
  const scheme = { name: "RSASSA-PKCS1-v1_5", hash: rsaHash };
  return { key: scheme, use: scheme };
}
