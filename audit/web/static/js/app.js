/* Starts what a page uses. Everything also works without script. */
import { nameChoices } from "./chosen.js";
import { runClocks } from "./clock.js";
import { placeFocus } from "./focus.js";
import { keepTyped } from "./keep.js";
import { startPads } from "./keypad.js";
import { listenForScans } from "./scanner.js";
import { makePasskeys } from "./passkey.js";
import { signByPasskey } from "./sign.js";
import { sendOnce } from "./submit.js";

makePasskeys(document);
signByPasskey(document);
sendOnce(document);
startPads(document);
listenForScans(document);
keepTyped(document);
runClocks(document);
nameChoices(document);
placeFocus(document);
