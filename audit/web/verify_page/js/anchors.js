/* What a person holds from outside the file: heads from paper, verifier keys, earlier checkpoints. Only these can tie a
   record to the world (log-format section 10); without one the verdict is at most "consistent, unanchored". */
import { fromBase64, fromHex, hexOf, utf8 } from "./bytes.js";
import { parseCheckpoint, parseVkey } from "./note.js";

/** Read what was typed or pasted: {heads, keys, why}; `why` names the line that is not understood. */
export function parseAnchors(text) {
  const found = { heads: [], keys: [], why: null };
  const trimmed = text.trim();
  if (!trimmed) return found;
  if (trimmed.includes("\u2014 ")) return ofNote(trimmed, found);
  for (const line of trimmed
    .split("\n")
    .map((one) => one.trim())
    .filter(Boolean)) {
    const key = parseVkey(line);
    const head = parseHead(line);
    if (key) found.keys.push(key);
    else if (head) found.heads.push(head);
    else
      return {
        ...found,
        why: `“${line.slice(0, 80)}” is neither a head (log, size, root) nor a verifier key. Copy it as it is printed.`,
      };
  }
  return found;
}

function ofNote(text, found) {
  const checkpoint = parseCheckpoint(utf8(`${text.replaceAll("\r", "")}\n`));
  if (checkpoint.why) return { ...found, why: `What you pasted is no checkpoint: ${checkpoint.why}.` };
  return { ...found, heads: [headOf(checkpoint)] };
}

/** An earlier checkpoint as a head. */
export const headOf = ({ origin, size, root }) => ({ origin, size, root: hexOf(root) });

/** `origin size root`, the root in base64 or hex. */
function parseHead(line) {
  const [origin, size, root, ...rest] = line.split(/\s+/);
  if (rest.length || !root || !/^[1-9][0-9,]{0,18}$/.test(size)) return null;
  const bytes = root.length === 64 ? fromHex(root.toLowerCase()) : fromBase64(root);
  return bytes?.length === 32 ? { origin, size: Number(size.replaceAll(",", "")), root: hexOf(bytes) } : null;
}
