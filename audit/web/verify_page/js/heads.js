/* Checks 4, 5 and 6: the root, whose signatures the checkpoint carries, and what is held from outside. */
import { equal, hexOf } from "./bytes.js";
import { COSIGNER_KEY, cosignedAt, hasLineOf, isSignedByLog, parseVkey } from "./note.js";
import { isRecoveryKey } from "./people.js";
import { short } from "./log.js";

const STATED = ["report_issued", "signer_row_stated", "log_restored"];

/** Check 4, while reading: heads that entries state are heads of this log. */
export function judgeStatedHead({ act }, index, log, findings) {
  const head = STATED.includes(act.kind) ? act.facts : act.facts.cut_off;
  if (!head || act.kind === "log_opened") return;
  if (head.size > index || !log.hasRoot(head.size, head.root))
    findings.fail(4, index, `the head of this log at ${head.size} entries`, `the root ${short(head.root)}`);
}

/** Check 4: as many entries as the checkpoint says, and its root. */
export function judgeRoot(checkpoint, log, findings) {
  const { size, root } = checkpoint;
  if (log.size !== size) findings.fail(4, Math.min(log.size, size), `${size} entries`, `${log.size} entries`);
  if (log.size < size) return;
  const found = log.tree.rootAt(size);
  if (!equal(found, root)) findings.fail(4, null, `the root ${short(hexOf(root))}`, short(hexOf(found)));
  findings.because(4, short(hexOf(root)));
}

/** Check 5. Answers {isSigned, cosigned: [{name, at}]}. */
export async function judgeSigners({ checkpoint, log, findings, vkeys, canVerify }) {
  const { people } = log;
  const outcome = { isSigned: false, cosigned: [] };
  if (!canVerify) {
    findings.skip(5, "this browser cannot check Ed25519 signatures; use a current one");
    return outcome;
  }
  const key = people.logKey;
  if (!key || key.name !== log.origin) {
    findings.fail(5, 0, `a key that the log names for ${log.origin}`, key ? `one for ${key.name}` : "none");
    return outcome;
  }
  outcome.isSigned = await isSignedByLog(checkpoint, key);
  if (!outcome.isSigned) findings.fail(5, null, `a signature of the log’s key ${hexOf(key.id)}`, "none that holds");
  judgeKeysBeside(vkeys, people, findings);
  await judgeKeyChanges(checkpoint, log, findings);
  await judgeQuorum({ checkpoint, people, findings, outcome });
  findings.because(5, signers(key, outcome, people));
  return outcome;
}

/** The file `vkey`: the log's key first, then the cosigners' in force. */
function judgeKeysBeside([first, ...others], people, findings) {
  const own = people.logKey;
  const first0 = people.logKeyChanges[0]?.old ?? own;
  if (first?.text === first0.text && own !== first0)
    findings.note("The key beside the entries is the one the log began with; another is in force.");
  else if (first?.text !== own.text)
    findings.fail(
      5,
      null,
      `the key ${hexOf(own.id)} that the log names`,
      first ? `the key ${hexOf(first.id)} beside it` : "no key beside it",
    );
  if (textsOf(others) !== textsOf(people.cosigners))
    findings.fail(5, null, "the cosigners’ keys that the log names", "others beside it");
}

const textsOf = (keys) => keys.map((key) => key?.text ?? "").join("\n");

function signers(key, { cosigned }, people) {
  const own = `Key ${hexOf(key.id)} of the log`;
  if (!people.cosigners.length) return `${own}; no cosigners are named`;
  return `${own}; cosigned by ${cosigned.length} of ${people.cosigners.length}, ${people.quorum} wanted`;
}

async function judgeKeyChanges(checkpoint, log, findings) {
  for (const change of log.people.logKeyChanges) {
    const { index, old, recovery, reason } = change;
    if (reason !== "rotation" && !recovery)
      findings.fail(5, index, "the recovery key, for a key that was lost or stolen", "none");
    if (recovery && !isRecoveryKey(recovery, log.people.opened))
      findings.fail(5, index, "the recovery key whose hash the log began with", "another");
    const before = recovery ?? old;
    if (before && !(await isSignedByLog(checkpoint, before)))
      findings.note(
        "The log’s key was changed here; that the old or recovery key agreed shows on the checkpoint that first covers this entry.",
        index,
      );
  }
}

async function judgeQuorum({ checkpoint, people, findings, outcome }) {
  for (const cosigner of people.cosigners) {
    const at = cosigner?.type === COSIGNER_KEY ? await cosignedAt(checkpoint, cosigner) : null;
    if (at !== null) outcome.cosigned.push({ name: cosigner.name, at });
    else if (cosigner && hasLineOf(checkpoint, cosigner))
      findings.fail(5, null, `a signature of the cosigner ${cosigner.name}`, "one that does not hold");
  }
  // A cosigner may be away (section 10.5): what is missing is told, and no finding.
  if (outcome.cosigned.length < people.quorum)
    findings.note(
      `The head is countersigned by ${outcome.cosigned.length} of ${people.cosigners.length} cosigners; ${people.quorum} are wanted.`,
    );
}

/** Check 6. Answers the size up to which something from outside agrees, 0 where nothing does. */
export async function judgeAnchors({ checkpoint, log, findings, anchors, isSigned, canVerify }) {
  const { heads, keys } = anchors;
  if (!heads.length && !keys.length) {
    findings.skip(6, "nothing from outside was given to compare with");
    return { size: 0, by: [] };
  }
  const reached = { size: 0, by: [] };
  for (const head of heads) judgeHead(head, { log, findings, reached });
  for (const key of keys) await judgeKey(key, { checkpoint, log, findings, reached, isSigned, canVerify });
  if (reached.by.length) findings.because(6, reached.by.join("; "));
  else findings.skip(6, "what was given cannot be compared with this file");
  return reached;
}

function judgeHead({ origin, size, root }, { log, findings, reached }) {
  const cut = log.people.logKeyChanges.find(({ index, cutOff }) => cutOff && size > cutOff.size && size <= index);
  if (origin !== log.origin) findings.fail(6, null, `the log ${origin}`, log.origin);
  else if (size > log.size)
    findings.note(
      `The head you gave stands at ${size} entries, later than this file, and cannot be compared with it.`,
    );
  else if (!log.hasRoot(size, root))
    findings.fail(
      6,
      null,
      `the head you hold at ${size} entries, ${short(root)}`,
      short(hexOf(log.tree.rootAt(size))),
    );
  else if (cut) findings.fail(6, cut.index, "a head of a key that counts", "one by a key that was stolen by then");
  else reach(reached, size, `the head you hold at ${size} entries`);
}

async function judgeKey(key, { checkpoint, log, findings, reached, isSigned, canVerify }) {
  if (!canVerify) return;
  const id = hexOf(key.id);
  const former = log.people.logKeyChanges.find(({ old }) => old?.text === key.text);
  if (key.type === COSIGNER_KEY) {
    if ((await cosignedAt(checkpoint, key)) !== null)
      reach(reached, checkpoint.size, `the cosigner’s key ${id} you hold`);
    else findings.fail(6, null, `a signature of the cosigner ${key.name}`, "none that holds");
  } else if (key.text === log.people.logKey?.text && isSigned)
    reach(reached, checkpoint.size, `the log’s key ${id} you hold`);
  else if (former?.reason === "rotation" && (await isSignedByLog(checkpoint, key)))
    reach(reached, checkpoint.size, `the log’s former key ${id} you hold`);
  else if (former)
    findings.note(
      "The key you gave was the log’s before it was changed here. Give the key of today, or a head.",
      former.index,
    );
  else {
    const own = log.people.logKey ? hexOf(log.people.logKey.id) : "none";
    findings.fail(6, null, `a signature of the key you hold, ${id}`, `the key ${own}`);
  }
}

function reach(reached, size, by) {
  reached.size = Math.max(reached.size, size);
  reached.by.push(by);
}

/** The verifier keys of the file `vkey`, one a line. */
export const vkeysOf = (text) => (text ?? "").split("\n").filter(Boolean).slice(0, 100).map(parseVkey);
