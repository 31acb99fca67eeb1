/* Ed25519 (RFC 8032) by the browser. Where the browser cannot, every signature is "not checked", never passed. */
import { fromHex, hexOf } from "./bytes.js";

const NAME = "Ed25519";
const imported = new Map();

/** Whether this browser checks Ed25519: asked with the first test vector of RFC 8032 section 7.1. */
export async function hasEd25519() {
  const key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  const signature =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
  return globalThis.crypto?.subtle ? isSignedBy(fromHex(key), fromHex(signature), new Uint8Array(0)) : false;
}

/** Whether the 64 bytes are a signature of the 32-byte key over the message. */
export async function isSignedBy(key, signature, message) {
  try {
    return await crypto.subtle.verify(NAME, await imports(key), signature, message);
  } catch {
    return false;
  }
}

function imports(key) {
  const name = hexOf(key);
  if (!imported.has(name)) imported.set(name, crypto.subtle.importKey("raw", key, NAME, false, ["verify"]));
  return imported.get(name);
}
