/* Signing a form with a passkey. The form is sent once to be drawn up; the service answers with the acts it would
   record. This script verifies the record's head, shows each act in words and figures from the very bytes it hashes,
   asks the person's passkey for each, and sends the form again with what was signed. Nothing typed is lost: where
   anything does not hold the page stays as it is. Not here: heads (kept.js), the sheet (sheet.js). */
import { toHex } from "./bytes.js";
import { HeadRefused, acceptHead, keptHead } from "./kept.js";
import { NotSigned, Sheet } from "./sheet.js";
import { touch } from "./touch.js";
import { follow, isAbout, isBySecond, wantsPasskey } from "./whose.js";

function busy(form, button, isBusy) {
  if (isBusy) form.dataset.sent = "";
  else delete form.dataset.sent;
  for (const name of ["aria-busy", "aria-disabled"]) {
    if (isBusy) button?.setAttribute(name, "true");
    else button?.removeAttribute(name);
  }
}

async function drawUp(form, submitter, seed) {
  const body = new FormData(form, submitter);
  body.set("sign", "passkey");
  body.set("kept", JSON.stringify(keptHead()));
  body.set("seal_seed", seed);
  const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" });
  const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
  if (!isJson) return null;
  const said = await answer.json();
  if (said.alarm) throw new HeadRefused("said:" + said.alarm);
  return said;
}

/** Sends the form as the browser does: what it answers is a page. */
function send(form, submitter, fields) {
  const all = { ...fields, sign: "passkey" };
  if (submitter?.name) all[submitter.name] = submitter.value;
  for (const [name, value] of Object.entries(all)) {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    form.append(input);
  }
  form.submit();
}

function checkAct(one, head) {
  const act = JSON.parse(one.act);
  const isSeen = act.seen && act.seen.size === head.size && act.seen.root === head.root;
  if (!isSeen || act.nonce !== one.nonce || act.actor !== one.actor) throw new HeadRefused("act");
  return act;
}

async function signAll(sheet, answer, isSecond) {
  const isFirst = !(await acceptHead(answer));
  const acts = {};
  for (const [place, one] of answer.acts.entries()) {
    const act = checkAct(one, answer.head);
    sheet.show(one, act, { place, count: answer.acts.length, answer, isFirst });
    acts[one.nonce] = { occurred_ms: act.occurred_ms, ...(await touchUntil(sheet, () => touch(one, answer, isSecond))) };
  }
  return { seen: answer.head, acts };
}

async function touchUntil(sheet, ask) {
  for (;;) {
    const left = sheet.decided();
    left.catch(() => {});
    try {
      return await Promise.race([ask(), left.then(() => Promise.reject(new DOMException("again", "AbortError")))]);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      sheet.ask(true);
      await sheet.decided();
      sheet.ask(false);
    }
  }
}

async function run(form, submitter, sheet) {
  const button = submitter || form.querySelector("button[type=submit]");
  busy(form, button, true);
  const seed = toHex(crypto.getRandomValues(new Uint8Array(32)));
  try {
    const answer = await drawUp(form, submitter, seed);
    // a page in answer: something typed is wrong, or it is recorded already. The browser fetches it itself
    if (!answer) return send(form, submitter, {});
    const signed = await signAll(sheet, answer, isBySecond(form));
    return send(form, submitter, { signed: JSON.stringify(signed), seal_seed: seed });
  } catch (error) {
    busy(form, button, false);
    if (error instanceof HeadRefused) sheet.refuse(error.message);
    else if (error instanceof NotSigned) sheet.close();
    else if (error instanceof TypeError) sheet.refuse("reach");
    else sheet.refuse("act");
    return undefined;
  }
}

export function signByPasskey(root) {
  const dialog = root.querySelector("[data-sign-sheet]");
  if (!dialog) return;
  const sheet = new Sheet(dialog);
  dialog.querySelector("[data-leave]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => delete dialog.dataset.alarm);
  for (const form of root.querySelectorAll("form:has([data-sign])")) {
    follow(form);
    form.addEventListener("change", (event) => isAbout(form, event.target) && follow(form));
  }
  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.dataset.sent !== undefined || !wantsPasskey(form, event.submitter)) return;
    event.preventDefault();
    run(form, event.submitter, sheet);
  });
}
