/* A scanner types like a keyboard: fast, then Enter or Tab. A burst of 6 or more characters under 30 ms apart goes to
   the scan field of the page, wherever the focus is; its Enter never sends another form. Only what comes into a password
   field stays there: a key that types a password is as fast as a scanner, and a secret must not leave as a code. */

const BURST = 6; // the length of our own labels: V-0412
const GAP_MS = 30;
const SILENCE_MS = 100;
const LATE_ENTER_MS = 500;
const GS_SHOWN = "\u241d";

/** The character a key event stands for, "" for none. GS1 separators arrive as Ctrl+] and are shown as ␝. */
export function characterOf(event) {
  if (event.key === "\u001d" || (event.ctrlKey && (event.key === "]" || event.code === "BracketRight"))) return GS_SHOWN;
  if (event.ctrlKey || event.altKey || event.metaKey) return "";
  return event.key.length === 1 ? event.key : "";
}

/** What a field held before the burst began, so that the first characters can be taken back. */
function snapshot(element) {
  if (!element) return null;
  if (element instanceof HTMLSelectElement) return { element, index: element.selectedIndex };
  const types = ["text", "search", "password", "email", "tel", "url", "number"];
  const isText = element instanceof HTMLTextAreaElement || (element instanceof HTMLInputElement && types.includes(element.type));
  return isText ? { element, value: element.value } : null;
}

function takeBack(before) {
  if (!before) return;
  if ("index" in before) before.element.selectedIndex = before.index;
  else before.element.value = before.value;
  before.element.dispatchEvent(new Event("input", { bubbles: true }));
}

function deliver(field, code) {
  field.value = code;
  field.closest(".scan")?.classList.add("got");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new CustomEvent("scan:read", { bubbles: true, detail: code }));
  if (field.hasAttribute("data-scan-submit") && field.form) field.form.requestSubmit();
}

export function listenForScans(root) {
  let text = "";
  let last = -Infinity;
  let before = null;
  let timer = 0;
  let delivered = -Infinity;
  const field = () => root.querySelector("[data-scan]");
  const isBurst = () => text.length >= BURST;
  const reset = () => {
    clearTimeout(timer);
    text = "";
    before = null;
    last = -Infinity;
  };
  const finish = () => {
    const code = text;
    delivered = last;
    reset();
    if (field()) deliver(field(), code);
  };

  root.addEventListener("keydown", (event) => {
    if (event.isComposing || event.repeat || !field()) return;
    if (root.activeElement?.type === "password") {
      reset();
      return;
    }
    if (["Shift", "Control", "CapsLock", "Alt"].includes(event.key)) return;
    const fast = event.timeStamp - last < GAP_MS;
    const ends = event.key === "Enter" || event.key === "Tab";
    // an Enter that a busy page sees only after the silence belongs to the burst too
    if (ends && (isBurst() || event.timeStamp - delivered < LATE_ENTER_MS)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (isBurst()) finish();
      return;
    }
    const character = characterOf(event);
    if (!character) {
      reset();
      return;
    }
    if (!fast && !isBurst()) {
      reset();
      before = snapshot(root.activeElement);
    }
    last = event.timeStamp;
    text += character;
    if (text.length === BURST) takeBack(before);
    if (isBurst()) {
      event.preventDefault();
      event.stopImmediatePropagation();
      clearTimeout(timer);
      timer = setTimeout(finish, SILENCE_MS);
    } else if (character === GS_SHOWN) {
      event.preventDefault();
    }
  }, true);
}
