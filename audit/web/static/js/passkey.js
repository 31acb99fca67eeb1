/* Making a passkey: the browser makes it, the new passkey signs for its own enrolment, the service keeps it until
   another person vouches for it. Not here: signing acts (sign.js). */
import { fromBase64url, same, toBase64url } from "./bytes.js";
import { forgetHead } from "./kept.js";
import { enrolmentOf } from "./told.js";

async function post(address, form, said) {
  const body = new FormData(form);
  if (said) body.set("answer", JSON.stringify(said));
  const answer = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "error" });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.problem);
  return told;
}

function creation(options) {
  return {
    ...options,
    challenge: fromBase64url(options.challenge),
    user: { ...options.user, id: fromBase64url(options.user.id) },
    excludeCredentials: options.excludeCredentials.map((one) => ({ ...one, id: fromBase64url(one.id) })),
  };
}

async function make(form) {
  const made = await navigator.credentials.create({ publicKey: creation(await post(form.dataset.options, form)) });
  const { response } = made;
  const begun = await post(form.dataset.begin, form, {
    id: made.id,
    rawId: toBase64url(made.rawId),
    type: made.type,
    authenticatorAttachment: made.authenticatorAttachment,
    clientExtensionResults: {},
    response: {
      clientDataJSON: toBase64url(response.clientDataJSON),
      attestationObject: toBase64url(response.attestationObject),
      transports: response.getTransports ? response.getTransports() : [],
    },
  });
  const challenge = await enrolmentOf(begun.enrolment);
  if (!same(challenge, fromBase64url(begun.challenge)) || begun.enrolment.credential !== made.id) throw new Error();
  const proof = await navigator.credentials.get({
    publicKey: {
      challenge,
      rpId: begun.rp_id,
      userVerification: "required",
      allowCredentials: [{ type: "public-key", id: made.rawId, transports: begun.transports }],
    },
  });
  return post(form.dataset.prove, form, {
    credential: made.id,
    proof: {
      authenticator_data: toBase64url(proof.response.authenticatorData),
      client_data: toBase64url(proof.response.clientDataJSON),
      signature: toBase64url(proof.response.signature),
    },
  });
}

function start(form) {
  const problem = form.querySelector("[data-problem]");
  const button = form.querySelector("button");
  form.hidden = !window.PublicKeyCredential || !window.isSecureContext;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    problem.hidden = true;
    try {
      location.assign((await make(form)).next);
    } catch (error) {
      const isOurs = error instanceof Error && !(error instanceof DOMException) && error.message;
      const known = error.name === "InvalidStateError" ? form.dataset.sayKnown : form.dataset.sayNot;
      problem.querySelector("span").textContent = isOurs || known;
      problem.hidden = false;
      button.removeAttribute("aria-busy");
    }
  });
}

export function makePasskeys(root) {
  root.querySelectorAll("form[data-make-passkey]").forEach(start);
  root.querySelectorAll("[data-forget-head]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      forgetHead();
      location.reload();
    });
  });
}
