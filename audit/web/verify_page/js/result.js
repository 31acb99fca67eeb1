/* The result of one file as a card: verdict, checks, findings with their entries, notices, what is not shown here. */
import { h, icon } from "./dom.js";
import { CHECKS, PDF_CHECK } from "./findings.js";
import { counted, grouped, placesOf, tellEntry } from "./words.js";

const ICONS = { failed: "noc", partly: "case", unanchored: "link", begun: "okc", anchored: "okc", refused: "noc" };
const MARKS = {
  held: ["ok", "check", "Held"],
  failed: ["no", "x", "Failed"],
  "not checked": ["sk", "dash", "Not checked"],
};
const PDF_NAME = "The document is as it was signed, whole";

export function refusedCard(name, text) {
  return card(name, { state: "refused", headline: "This file cannot be checked" }, [
    h("p", { class: "sentence" }, text),
  ]);
}

export function resultCard(name, outcome, verdict, { save }) {
  const body = [
    h("p", { class: "sentence" }, verdict.sentence),
    findingsOf(outcome),
    noticesOf(outcome),
    h("h3", {}, "What was checked"),
    checksOf(outcome),
    h("h3", {}, "What this page does not show"),
    h("ul", { class: "plain" }, ...verdict.limits.map((text) => h("li", {}, text))),
    h("h3", {}, "To compare"),
    h(
      "dl",
      { class: "vfacts" },
      ...verdict.facts.map(([term, text]) => h("div", {}, h("dt", {}, term), h("dd", {}, text))),
    ),
  ];
  const result = card(name, verdict, body);
  const button = h("button", { class: "btn", type: "button" }, icon("down"), "Save result");
  button.addEventListener("click", save);
  const print = h("button", { class: "btn quiet", type: "button" }, "Print");
  print.addEventListener("click", () => window.print());
  result.append(h("div", { class: "vc-f" }, button, print));
  return result;
}

function card(name, { state, headline }, body) {
  const title = h("h2", { tabindex: "-1" }, headline);
  const head = h(
    "div",
    { class: "vc-h" },
    h("span", { class: "v-ic" }, icon(ICONS[state])),
    h("div", {}, h("p", { class: "micro" }, name), title),
  );
  return h("section", { class: `card vcard ${state}` }, head, h("div", { class: "card-b" }, ...body.filter(Boolean)));
}

function checksOf({ findings, evidence }) {
  const rows = evidence.kind === "report" ? [[PDF_CHECK, PDF_NAME], ...CHECKS] : CHECKS;
  return h(
    "ol",
    { class: "vsteps" },
    ...rows.map(([number, text]) => step(text, findings.outcome(number), findings.counts.get(number))),
  );
}

function step(text, { state, why }, count) {
  const [look, mark, word] = MARKS[state];
  const detail = state === "failed" ? counted(count, "finding", "findings") : why;
  const label = h("p", {}, h("b", {}, text), h("small", {}, detail ? `${word}: ${detail}` : word));
  return h("li", { class: look }, h("span", { class: "ck" }, icon(mark, "i-s")), label);
}

function findingsOf({ findings, log }) {
  if (!findings.total) return null;
  const shown = findings.findings.map((one) => finding(one, log));
  const more = findings.total - shown.length;
  const list = h("ol", { class: "found" }, ...shown);
  const rest = more > 0 ? h("p", {}, `${grouped(more)} more are not listed.`) : null;
  return h("section", { "aria-label": "Findings" }, h("h3", {}, "Findings"), list, rest);
}

function finding({ check, index, expected, found }, log) {
  const told = index === null ? null : tellEntry(log.entry(index), log.people);
  const name = check === PDF_CHECK ? PDF_NAME : CHECKS[check - 1][1];
  const where = index === null ? "The file" : `Entry ${grouped(index)}`;
  const rows = [
    ["Expected", expected],
    ["Found", found],
  ];
  if (told) rows.push(["The entry says", `${told.what}. ${told.who}, ${told.when} (${told.kind})`]);
  const list = h(
    "dl",
    { class: "was" },
    ...rows.map(([term, text]) => h("div", {}, h("dt", {}, term), h("dd", {}, text))),
  );
  return h("li", {}, h("p", {}, h("b", {}, where), ` Check ${check || "of the document"}: ${name}`), list);
}

function noticesOf({ findings }) {
  if (!findings.notices.length) return null;
  const rows = findings.notices.map(({ text, index }) => {
    const places = index === null ? "" : ` ${placesOf([].concat(index))}.`;
    return h(
      "li",
      { class: "vnote" },
      icon("case", "i-s"),
      h("span", {}, `${text}${places && places[0] + places[1].toUpperCase() + places.slice(2)}`),
    );
  });
  return h("section", { "aria-label": "Notices" }, h("h3", {}, "To look at"), h("ul", {}, ...rows));
}

/** The result as text, to keep with the file. */
export function resultText(name, outcome, verdict) {
  const { findings } = outcome;
  const rows = [name, verdict.headline, "", verdict.sentence, ""];
  for (const [number, text] of [[PDF_CHECK, PDF_NAME], ...CHECKS]) {
    if (number === PDF_CHECK && outcome.evidence.kind !== "report") continue;
    const { state, why } = findings.outcome(number);
    rows.push(`${String(number).padStart(2)}  ${state.padEnd(11)}  ${text}${why ? ` (${why})` : ""}`);
  }
  rows.push("");
  for (const { check, index, expected, found } of findings.findings)
    rows.push(
      `finding: check ${check}, ${index === null ? "the file" : `entry ${index}`}, expected ${expected}, found ${found}`,
    );
  for (const { text, index } of findings.notices)
    rows.push(`notice: ${text} ${index === null ? "" : placesOf([].concat(index))}`);
  for (const [term, text] of verdict.facts) rows.push(`${term}: ${text}`);
  return `${rows.join("\n")}\n`;
}
