/* Time stamp replies (RFC 3161): what they stamp, when, how exactly, and that their signature holds. */
import { hexOf, numberOf } from "./bytes.js";
import { holdsOver, readSigned } from "./cms.js";
import { oidOf, readDer, SEQUENCE, timeOf } from "./der.js";

const SHA256 = "2.16.840.1.101.3.4.2.1";
const MOST_BYTES = 65536;

/** A reply: {imprint (hex), genMs, accuracyMs, holds, certificate}, or null where it is none. */
export async function readTimeReply(bytes) {
  const reply = bytes.length > MOST_BYTES ? null : readDer(bytes);
  const [status, token] = reply?.tag === SEQUENCE ? reply.kids : [];
  if (!token || numberOf(status.kids[0]?.content ?? [9]) > 1) return null;
  const signed = readSigned(token.whole);
  const info = signed?.content ? readDer(signed.content) : null;
  const [, , imprint, , time, accuracy] = info?.tag === SEQUENCE ? info.kids : [];
  if (!time || oidOf(imprint.kids[0]?.kids[0]) !== SHA256 || imprint.kids[1]?.tag !== 4) return null;
  const genMs = timeOf(time);
  if (genMs === null) return null;
  const holds = await holdsOver(signed, signed.content);
  return {
    imprint: hexOf(imprint.kids[1].content),
    genMs,
    accuracyMs: accuracyOf(accuracy),
    holds,
    certificate: signed.certificate,
  };
}

function accuracyOf(node) {
  if (node?.tag !== SEQUENCE) return 0;
  const part = (tag) => numberOf(node.kids.find((kid) => kid.tag === tag)?.content ?? []);
  return part(0x02) * 1000 + part(0x80) + Math.ceil(part(0x81) / 1000);
}
