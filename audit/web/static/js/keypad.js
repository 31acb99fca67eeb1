/* The on-screen keypad, the live other unit, the echoes of an amount, and the stepper of whole numbers. */
import { convert, decimalSign, formatAmount, parseAmount } from "./exact.js";

const NBSP = "\u00a0";
const LONGEST = 12;

const lang = () => document.documentElement.lang || "en";

/** What a pad holds now: {typed, alt} as words, or {why}. */
export function readPad(pad) {
  const input = pad.querySelector("input");
  const read = parseAmount(input.value, lang());
  if (read.why) return { why: read.why };
  if (read.value % BigInt(pad.dataset.fine || "1") !== 0n) return { why: "fine" };
  const { unit } = pad.dataset;
  const typed = formatAmount(read.value, lang()) + NBSP + unit;
  const mass = BigInt(pad.dataset.massUg || "0");
  const volume = BigInt(pad.dataset.volumeUl || "0");
  if (mass <= 0n || volume <= 0n) return { typed };
  const isVolume = unit === "mL";
  const other = isVolume ? convert(read.value, mass, volume) : convert(read.value, volume, mass);
  const alt = formatAmount(other.value, lang()) + NBSP + (isVolume ? "mg" : "mL");
  return { typed, alt: other.exact ? alt : "≈" + NBSP + alt };
}

function says(pad, why) {
  return { bad: pad.dataset.sayBad, two: pad.dataset.sayTwo, fine: pad.dataset.sayFine }[why] || "";
}

function show(pad) {
  const now = readPad(pad);
  const output = pad.querySelector("[data-alt]");
  output.textContent = now.why ? says(pad, now.why) : now.alt ? "= " + now.alt : "";
  const input = pad.querySelector("input");
  for (const echo of document.querySelectorAll(`[data-echo="${CSS.escape(input.id)}"]`)) {
    if (echo.dataset.before === undefined) echo.dataset.before = echo.textContent;
    const words = { typed: now.typed, alt: now.alt, both: now.alt ? `${now.typed} (${now.alt})` : now.typed };
    echo.textContent = words[echo.dataset.which] || echo.dataset.before;
  }
}

/** One key of the pad, applied to the text: a digit, the decimal sign, or the last character gone. */
export function press(text, key, sign) {
  if (key === "del") return text.slice(0, -1);
  if (text.length >= LONGEST) return text;
  if (key !== ".") return text === "0" ? key : text + key;
  if (text.includes(".") || text.includes(",")) return text;
  return (text || "0") + sign;
}

function startPad(pad) {
  const input = pad.querySelector("input");
  const keys = pad.querySelector(".pad");
  const sign = decimalSign(lang());
  keys.hidden = false;
  pad.querySelector("[data-point]").textContent = sign;
  // the keypad is there: no second keyboard over it on a tablet
  if (matchMedia("(pointer: coarse)").matches) input.inputMode = "none";
  keys.addEventListener("click", (event) => {
    const button = event.target.closest("[data-key]");
    if (!button) return;
    input.value = press(input.value, button.dataset.key, sign);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  input.addEventListener("input", () => show(pad));
  show(pad);
}

function startStepper(stepper) {
  const input = stepper.querySelector("input");
  stepper.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (!button || !/^\d{0,6}$/.test(input.value.trim())) return;
    const next = Number.parseInt(input.value.trim() || "0", 10) + Number.parseInt(button.dataset.step, 10);
    input.value = String(Math.max(next, Number.parseInt(stepper.dataset.least, 10)));
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

export function startPads(root) {
  root.querySelectorAll("[data-pad]").forEach(startPad);
  root.querySelectorAll("[data-stepper]").forEach(startStepper);
}
