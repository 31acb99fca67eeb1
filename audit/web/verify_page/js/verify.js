/* Verification of a report or bundle, in the order of log-format section 10. Each rule is a module; here is who is
   asked when. Checking goes on to the end whatever is found. */
import { linesOf, textOf } from "./bytes.js";
import { hasEd25519 } from "./ed25519.js";
import { readEntry } from "./envelope.js";
import { fileOf, manifestOf, stampsOf } from "./evidence.js";
import { Findings, PDF_CHECK } from "./findings.js";
import { Fold } from "./fold.js";
import { judgeAnchors, judgeRoot, judgeSigners, judgeStatedHead, vkeysOf } from "./heads.js";
import { Log } from "./log.js";
import { leafOf } from "./merkle.js";
import { parseCheckpoint } from "./note.js";
import { Order } from "./order.js";
import { Pace } from "./pace.js";
import { SecondPersons, SignedLater, Strikes } from "./pairs.js";
import { judgePdf } from "./pdf_sign.js";
import { Seals } from "./seals.js";
import { Signatures } from "./signatures.js";
import { judgeTiles } from "./tiles.js";
import { Times } from "./times.js";
import { counted } from "./words.js";
import { Refusal } from "./zip.js";

const MOST_ENTRIES = 250000;

/** Verify evidence against what is held from outside. Answers all that the verdict is made of. Raises Refusal. */
export async function verify(evidence, anchors, tell) {
  const checkpoint = parseCheckpoint(await fileOf(evidence, "checkpoint"));
  if (checkpoint.why) throw new Refusal(`This evidence cannot be read: ${checkpoint.why}.`);
  const manifest = await manifestOf(evidence);
  const lines = linesOf(await fileOf(evidence, "entries.jsonl"));
  if (lines.length > MOST_ENTRIES)
    throw new Refusal(`This log of ${lines.length} entries is too long for a page. Use audit verify-bundle.`);
  const canVerify = await hasEd25519();
  const findings = new Findings();
  const log = new Log(checkpoint.origin);
  const rules = rulesFor(log, findings, { canVerify });
  await readLog(lines, { log, findings, rules, pace: new Pace(tell) });
  tellGap(log, findings);
  judgeRoot(checkpoint, log, findings);
  await judgeTiles(evidence, log, findings);
  const vkeys = vkeysOf(textOf(await fileOf(evidence, "vkey")));
  const signed = await judgeSigners({ checkpoint, log, findings, vkeys, canVerify });
  const anchored = await judgeAnchors({ checkpoint, log, findings, anchors, isSigned: signed.isSigned, canVerify });
  await endRules({ rules, evidence, checkpoint, manifest });
  judgeReports({ evidence, log, findings, reports: anchors.reports ?? [] });
  const certificate = await judgeDocument(evidence, findings);
  findings.sort();
  return { evidence, checkpoint, manifest, findings, log, rules, signed, anchored, certificate, canVerify };
}

function rulesFor(log, findings, options) {
  const order = new Order(log, findings);
  const strikes = new Strikes(log, findings);
  return {
    order,
    strikes,
    signatures: new Signatures(log, findings, options),
    seconds: new SecondPersons(log, findings),
    later: new SignedLater(log, findings),
    fold: new Fold(log, findings, strikes),
    seals: new Seals(log, findings),
    times: new Times(log, findings),
  };
}

async function readLog(lines, { log, findings, rules, pace }) {
  for (const [index, line] of lines.entries()) {
    const { entry, isKnown, why } = readEntry(line);
    if (why) findings.fail(1, index, "canonical bytes of an entry", why);
    if (entry) rules.order.see(entry, index);
    else rules.order.skip();
    if (isKnown) await judge(entry, index, { log, findings, rules });
    else rules.strikes.skip();
    if (entry && !isKnown && !why) log.unknown += 1;
    log.add(leafOf(line), entry ?? null);
    if (isKnown) log.people.apply(entry, index);
    await pace.breathe(index + 1, lines.length);
  }
  await rules.signatures.settle();
  if (log.unknown) findings.skip(1, `${log.unknown} entries are of kinds that this page does not know`);
}

async function judge(entry, index, { log, findings, rules }) {
  await rules.signatures.see(entry, index);
  rules.seconds.see(entry, index);
  rules.strikes.see(entry, index);
  rules.later.see(entry, index);
  rules.fold.see(entry, index);
  rules.seals.see(entry, index);
  rules.times.see(entry, index);
  judgeStatedHead(entry, index, log, findings);
}

/** A log that follows a frozen one says so in its first entry; what was lost between the two is named. */
function tellGap({ people }, findings) {
  const before = people.opened?.succeeds;
  if (!before) return;
  const lost = counted(before.size - before.surviving_size, "entry", "entries");
  findings.note(`This log follows ${before.log}, which reached ${before.size} entries; ${lost} of it are lost.`, 0);
}

async function endRules({ rules, evidence, checkpoint, manifest }) {
  rules.signatures.end();
  rules.seconds.end();
  rules.strikes.end();
  rules.later.end();
  rules.fold.end();
  const withheld = manifest.withheld?.sealed;
  rules.seals.end(await fileOf(evidence, "sealed.jsonl"), typeof withheld === "string" ? withheld : null);
  await rules.times.end(await stampsOf(evidence), checkpoint);
  const { findings } = rules.fold;
  findings.skip(11, "tables are in the service’s database, not in a file");
}

async function judgeDocument(evidence, findings) {
  if (!evidence.pdf) return null;
  return judgePdf(evidence.pdf.bytes, evidence.pdf.signatures, {
    fail: (expected, found) => findings.fail(PDF_CHECK, null, expected, found),
    hold: (text) => findings.because(PDF_CHECK, text),
    skip: (why) => findings.skip(PDF_CHECK, why),
  });
}

/** Check 12: reports chosen together with a bundle are files whose hash its log holds. */
function judgeReports({ evidence, log, findings, reports }) {
  if (evidence.kind !== "bundle" || !reports.length) {
    findings.skip(12, "choose reports together with a later bundle to look their hashes up");
    return;
  }
  const issued = new Set(
    log.entries.filter((entry) => entry?.act.kind === "report_issued").map((entry) => entry.act.facts.sha256),
  );
  for (const { name, sha256 } of reports)
    if (!issued.has(sha256)) findings.fail(12, null, `the hash of ${name} in the log`, "no entry that names it");
  findings.because(12, `${reports.length} chosen beside it`);
}
