/* The page: files in, cards out. Nothing is sent or kept. A file is read once and judged anew when what is held from
   outside changes. */
import { parseAnchors, headOf } from "./anchors.js";
import { hexOf } from "./bytes.js";
import { MOST_FILE_BYTES, readEvidence, tooLarge } from "./evidence.js";
import { refusedCard, resultCard, resultText } from "./result.js";
import { sha256 } from "./sha256.js";
import { verdictOf } from "./verdict.js";
import { verify } from "./verify.js";
import { Refusal } from "./zip.js";
import { grouped } from "./words.js";

const at = (id) => document.getElementById(id);
const state = { files: [], heads: [], round: 0 };

function start() {
  const drop = at("drop");
  at("file").addEventListener("change", (event) => take([...event.target.files]));
  at("held").addEventListener("submit", (event) => {
    event.preventDefault();
    judge();
  });
  for (const kind of ["dragenter", "dragover"])
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take([...event.dataTransfer.files]);
  });
}

async function take(chosen) {
  if (!chosen.length) return;
  say("Reading.");
  at("file").value = "";
  const read = await Promise.all(chosen.map(readOne));
  const checkpoints = read.filter(({ evidence }) => evidence?.kind === "checkpoint");
  const others = read.filter(({ evidence }) => evidence?.kind !== "checkpoint");
  state.heads.push(...checkpoints.map(({ evidence }) => headOf(evidence.checkpoint)));
  if (others.length) state.files = others;
  for (const { name } of checkpoints) at("kept").append(listItem(`${name} is compared with.`));
  if (checkpoints.length) at("hold").open = true;
  await judge();
}

function listItem(text) {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}

/** {name, evidence, sha256} or {name, refused}. */
async function readOne(file) {
  const { name } = file;
  try {
    if (file.size > MOST_FILE_BYTES) throw tooLarge(file.size);
    const bytes = new Uint8Array(await file.arrayBuffer());
    return { name, evidence: await readEvidence(bytes), sha256: await fingerprint(bytes) };
  } catch (error) {
    return { name, refused: refusalOf(error) };
  }
}

/** Hash of a whole file, by the browser where it can: off the page's own time. */
async function fingerprint(bytes) {
  const { subtle } = globalThis.crypto;
  return hexOf(subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : sha256(bytes));
}

/** A refusal is its sentence; a file that went away is one too. Anything else is our mistake and is said to be. */
function refusalOf(error) {
  if (error instanceof Refusal) return error.message;
  if (error instanceof DOMException) return "This file can no longer be read. Choose it again.";
  console.error(error);
  return "This page made a mistake over this file, so nothing is proven. Use audit verify-pdf or audit verify-bundle.";
}

async function judge() {
  const round = ++state.round;
  const anchors = parseAnchors(at("held-text").value);
  at("held-why").textContent = anchors.why ?? "";
  at("held-text").toggleAttribute("aria-invalid", Boolean(anchors.why));
  if (anchors.why) {
    at("held-text").focus();
    return;
  }
  if (!state.files.length) {
    say("Choose a report or a bundle; what you hold is then compared with it.");
    return;
  }
  say("Checking.");
  anchors.heads.push(...state.heads);
  at("results").replaceChildren();
  const cards = [];
  for (const file of state.files) cards.push(await cardOf(file, anchors));
  if (round !== state.round) return;
  say("Checked.");
  at("busy").hidden = true;
  at("results").replaceChildren(...cards);
  cards[0].querySelector("h2").focus();
}

async function cardOf(file, anchors) {
  if (file.refused) return refusedCard(file.name, file.refused);
  try {
    const reports = state.files.filter(({ evidence }) => evidence?.kind === "report");
    const outcome = await verify(file.evidence, { ...anchors, reports }, (done, total) =>
      progress(file.name, done, total),
    );
    const verdict = verdictOf(outcome);
    return resultCard(file.name, outcome, verdict, {
      save: () => save(file.name, resultText(file.name, outcome, verdict)),
    });
  } catch (error) {
    return refusedCard(file.name, refusalOf(error));
  }
}

function progress(name, done, total) {
  at("busy").hidden = false;
  at("bar").max = total;
  at("bar").value = done;
  at("busy-text").textContent = `${name}: entry ${grouped(done)} of ${grouped(total)}`;
}

function say(text) {
  at("status").textContent = text;
}

function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = `${name}.verdict.txt`;
  link.click();
  URL.revokeObjectURL(link.href);
}

start();
