/* Entries, amounts and times in plain words. Sentences about kinds come from the format's own page. */
import { KINDS } from "./forms.js";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number) => String(number).padStart(2, "0");

/** A whole number with thin groups of three, as entry numbers are shown. */
export const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

/** A day of the local calendar that the actor saw: 12 Oct 2026. */
export function dayOf(ms, offsetMin) {
  const date = new Date(ms + offsetMin * 60000);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** The local time that the actor saw, with its distance from UTC: 12 Oct 2026, 10:46 −05:00. */
export function momentOf(ms, offsetMin) {
  const date = new Date(ms + offsetMin * 60000);
  const off = Math.abs(offsetMin);
  const sign = offsetMin < 0 ? "−" : "+";
  const zone = `${sign}${two(Math.floor(off / 60))}:${two(off % 60)}`;
  return `${dayOf(ms, offsetMin)}, ${two(date.getUTCHours())}:${two(date.getUTCMinutes())} ${zone}`;
}

/** Thousandths as a decimal without trailing zeros: 6975 is 6.975. */
function thousandths(whole) {
  const text = String(Math.abs(whole)).padStart(4, "0");
  const rest = text.slice(-3).replace(/0+$/, "");
  return `${whole < 0 ? "−" : ""}${grouped(text.slice(0, -3))}${rest ? `.${rest}` : ""}`;
}

function amountOf({ mass_ug, volume_ul }) {
  const parts = [];
  if (mass_ug !== undefined) parts.push(`${thousandths(mass_ug)} mg`);
  if (volume_ul !== undefined)
    parts.push(parts.length ? `(${thousandths(volume_ul)} mL)` : `${thousandths(volume_ul)} mL`);
  return parts.join(" ");
}

/** What an entry says: {what, who, when}, or null where it cannot be read. */
export function tellEntry(entry, people) {
  if (!entry) return null;
  const { act } = entry;
  const says = (KINDS[act.kind]?.says ?? act.kind).replaceAll("`", "").split(/[.;]/)[0];
  const amount = amountOf(act.facts);
  return {
    what: amount ? `${says}: ${amount}` : says,
    kind: act.kind,
    who: people.nameOf(act.actor),
    when: momentOf(act.occurred_ms, act.offset_min),
  };
}

/** Places in a few words: entry 3; entries 3, 4 and 9; entries 3, 4, 5 and 12 more. */
export function placesOf(indexes) {
  const shown = indexes.slice(0, 6).map(grouped);
  const more = indexes.length - shown.length;
  if (indexes.length === 1) return `entry ${shown[0]}`;
  if (more) return `entries ${shown.join(", ")} and ${grouped(more)} more`;
  return `entries ${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

export const counted = (number, one, many) => `${grouped(number)} ${number === 1 ? one : many}`;
