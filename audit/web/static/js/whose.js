/* Whose passkey signs a form: the part of it that says who holds one (macros/forms.html, sign_field). */

const canSign = () => Boolean(window.PublicKeyCredential && window.isSecureContext && crypto.subtle);

function blockOf(form) {
  return form.querySelector("[data-sign]");
}

/** Who signs a form: "" where it is the person signed in. */
function signerOf(form, block) {
  const field = block.dataset.second && form.elements[block.dataset.second];
  return field ? field.value : "";
}

function holdsPasskey(form, block) {
  const who = signerOf(form, block);
  return who ? (block.dataset.people || "").split(" ").includes(who) : block.hasAttribute("data-mine");
}

/** Whether sending this form by this button is signing it, by somebody who holds a passkey. */
export function wantsPasskey(form, submitter) {
  const block = blockOf(form);
  if (!block || !canSign() || block.querySelector("details.byword")?.open) return false;
  const isOther = submitter?.name && submitter.value !== "sign";
  return !isOther && holdsPasskey(form, block);
}

/** Whether somebody else signs than the person signed in. */
export const isBySecond = (form) => signerOf(form, blockOf(form)) !== "";

/** Whether a field says who signs. */
export const isAbout = (form, field) => field.name === blockOf(form).dataset.second;

/** Shows the passkey to whoever holds one, and opens the password for whoever does not. */
export function follow(form) {
  const block = blockOf(form);
  const details = block.querySelector("details.byword");
  if (!details) return;
  const holds = canSign() && holdsPasskey(form, block);
  const isAsked = !block.dataset.second || !form.elements[block.dataset.second] || signerOf(form, block) !== "";
  const line = block.querySelector("[data-by-passkey]");
  line.hidden = !holds;
  block.querySelector("[data-why-not]").hidden = !holds;
  details.querySelector("summary").hidden = !holds && isAsked;
  if (!details.hasAttribute("data-stays")) details.open = !holds && isAsked;
}
