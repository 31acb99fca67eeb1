/* One touch of a passkey: over the challenge that this script computes itself from the act's bytes. */
import { fromBase64url, toBase64url } from "./bytes.js";
import { challengeOf } from "./told.js";

/** What a passkey answers for one act. Raises DOMException where it does not. */
export async function touch(one, answer, isSecond) {
  const publicKey = {
    challenge: await challengeOf(one.act, answer.log),
    rpId: answer.rp_id,
    userVerification: "required",
    timeout: 120000,
    hints: isSecond ? ["hybrid", "security-key"] : [],
    allowCredentials: one.allowed.map(({ id, transports }) => ({ type: "public-key", id: fromBase64url(id), transports })),
  };
  const found = await navigator.credentials.get({ publicKey });
  return {
    credential: found.id,
    authenticator_data: toBase64url(found.response.authenticatorData),
    client_data: toBase64url(found.response.clientDataJSON),
    signature: toBase64url(found.response.signature),
  };
}
