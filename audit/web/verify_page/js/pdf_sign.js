/* The report's own signature (PAdES): one signature, over every byte of the file but itself. Not here: trust in its
   certificate, which a PDF reader or pdfsig judges, and the person's eye, who compares the fingerprint. */
import { concat } from "./bytes.js";
import { holdsOver, readSigned } from "./cms.js";

/** Judge the PDF's signature into findings of the document's own check. */
export async function judgePdf(bytes, signatures, { fail, hold, skip }) {
  if (signatures.length !== 1) {
    fail("one signature", signatures.length ? `${signatures.length}` : "none");
    return null;
  }
  const [range, contents] = [signatures[0].get("ByteRange"), signatures[0].get("Contents")];
  const isRange =
    Array.isArray(range) && range.length === 4 && range.every((one) => Number.isSafeInteger(one) && one >= 0);
  if (!isRange || !(contents?.bytes instanceof Uint8Array)) {
    fail("a signature with its place in the file", "one out of form");
    return null;
  }
  const [from, before, after, rest] = range;
  if (from !== 0 || after + rest !== bytes.length || contents.span.from !== before || contents.span.to !== after) {
    fail("a signature over the whole file", "bytes that it does not cover: something was added after signing");
    return null;
  }
  return judgeSigned(contents.bytes, concat(bytes.subarray(0, before), bytes.subarray(after)), { fail, hold, skip });
}

async function judgeSigned(contents, content, { fail, hold, skip }) {
  const signed = readSigned(contents);
  if (!signed?.certificate) {
    fail("a signature that can be read", "one out of form");
    return null;
  }
  const holds = await holdsOver(signed, content);
  if (holds === null) skip("the signature is of a kind that this page does not know; use pdfsig or a PDF reader");
  else if (holds) hold(`Signed by ${signed.certificate.name}, over every byte of the file`);
  else fail("the signature of the file as it was issued", "a signature that does not hold: the file was changed");
  return signed.certificate;
}
