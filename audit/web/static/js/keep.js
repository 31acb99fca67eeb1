/* What was typed survives a sign-in time-out: in this tab only, for the same person and page, and only after a
   time-out. Never passwords, hidden or file fields, scans, nor anything inside [data-private] (who a patient is). */

const PREFIX = "typed:";
const FLAG = "typed-before-time-out";
const NEVER = ["password", "hidden", "file", "submit", "button"];

const keyOf = (form) => PREFIX + location.pathname + "#" + (form.id || form.getAttribute("action"));
const who = () => document.body.dataset.person || "";

/** The fields of a form that may be kept. */
export function keepable(form) {
  return [...form.elements].filter((field) =>
    field.name && !NEVER.includes(field.type) && !field.matches("[data-scan], [data-private], [data-private] *"));
}

function typedIn(form) {
  return keepable(form).map((field) => [field.name, field.value, field.checked ?? null]);
}

function putBack(form, typed) {
  let changed = false;
  for (const field of keepable(form)) {
    const isTick = field.type === "radio" || field.type === "checkbox";
    const found = typed.find(([name, value]) => name === field.name && (!isTick || value === field.value));
    if (!found) continue;
    if (isTick ? field.checked === found[2] : field.value === found[1]) continue;
    if (isTick) field.checked = found[2];
    else field.value = found[1];
    changed = true;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  return changed;
}

function tell(form) {
  const note = document.createElement("div");
  note.className = "banner info";
  note.setAttribute("role", "status");
  const words = document.createElement("p");
  words.textContent = form.dataset.keep;
  note.append(words);
  form.prepend(note);
}

function forgetAll(storage) {
  Object.keys(storage).filter((key) => key.startsWith(PREFIX)).forEach((key) => storage.removeItem(key));
  storage.removeItem(FLAG);
}

export function keepTyped(root) {
  const storage = sessionStorage;
  if (root.body.hasAttribute("data-signed-out")) forgetAll(storage);
  if (root.body.hasAttribute("data-timed-out")) storage.setItem(FLAG, "1");
  for (const form of root.querySelectorAll("form[data-keep]")) {
    const kept = JSON.parse(storage.getItem(keyOf(form)) || "null");
    storage.removeItem(keyOf(form));
    if (kept && !kept.isLater && storage.getItem(FLAG) && kept.person === who() && putBack(form, kept.typed)) tell(form);
    if (kept) storage.removeItem(FLAG);
    // what is typed after the time-out is on the screen, or saved: nothing of it has to come back
    form.addEventListener("input", () => storage.setItem(
      keyOf(form), JSON.stringify({ person: who(), typed: typedIn(form), isLater: storage.getItem(FLAG) !== null })));
  }
}
