/* Amounts in the browser: whole thousandths (µg of mg, µL of mL) as BigInt. No floating point, no rounding
   of what was typed. Only a preview: the server reads the text again and decides. */

const PLAIN = /^(\d{1,9})(?:([.,])(\d+))?$/;

/** The decimal sign of a page: comma in French, point elsewhere. */
export function decimalSign(lang) {
  return lang.toLowerCase().startsWith("fr") ? "," : ".";
}

/** Reads "1.5" and "1,5". Gives {value: thousandths} or {why: empty | bad | two | fine}. */
export function parseAmount(text, lang = "en") {
  const typed = text.trim();
  if (typed === "") return { why: "empty" };
  const match = PLAIN.exec(typed);
  if (!match) return { why: "bad" };
  const [, whole, sign, decimals = ""] = match;
  // "1,500" is a thousand five hundred to one reader and one and a half to another
  const foreign = sign !== undefined && sign !== decimalSign(lang);
  if (foreign && decimals.length === 3 && whole.length <= 3 && !whole.startsWith("0")) return { why: "two" };
  if (decimals.length > 3) return { why: "fine" };
  return { value: BigInt(whole) * 1000n + BigInt(decimals.padEnd(3, "0")) };
}

/** value * num / den in whole thousandths, half to even as the log does; exact says whether it divides. */
export function convert(value, num, den) {
  const product = value * num;
  let quotient = product / den;
  const rest = product - quotient * den;
  if (rest * 2n > den || (rest * 2n === den && quotient % 2n === 1n)) quotient += 1n;
  return { value: quotient, exact: rest === 0n };
}

/** Thousandths as text without trailing zeros: 16500n is "16.5". Always a zero before the sign. */
export function formatAmount(value, lang = "en") {
  const minus = value < 0n ? "−" : "";
  const size = value < 0n ? -value : value;
  const decimals = String(size % 1000n).padStart(3, "0").replace(/0+$/, "");
  return minus + String(size / 1000n) + (decimals ? decimalSign(lang) + decimals : "");
}
