/* Starts what a page uses. Everything also works without script. */
import { keepTyped } from "./keep.js";
import { listenForScans } from "./scanner.js";
import { placeFocus } from "./focus.js";
import { runClocks } from "./clock.js";
import { sendOnce } from "./submit.js";
import { startPads } from "./keypad.js";

sendOnce(document);
startPads(document);
listenForScans(document);
keepTyped(document);
runClocks(document);
placeFocus(document);
