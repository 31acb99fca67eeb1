/* The sheet beside the browser's own question: whose signature, in words and figures what is signed, and what does not
   hold. Its words stand in the page (macros/shell.html). Not here: signing (sign.js). */
import { factsOf } from "./told.js";

/** The person closed the sheet: nothing is signed. */
export class NotSigned extends Error {}

/** The sheet that shows what is signed. */
export class Sheet {
  constructor(dialog) {
    this.dialog = dialog;
    this.words = dialog.dataset;
  }

  part(name) {
    return this.dialog.querySelector(`[data-${name}]`);
  }

  show(one, act, { place, count, answer, isFirst }) {
    this.dialog.querySelector("h2").textContent = this.words.title;
    this.part("whose").textContent = count > 1 ? `${one.name} · ${place + 1} / ${count}` : one.name;
    this.part("words").replaceChildren(...one.words.map((text) => element("p", text)));
    const rows = factsOf(act, this.words).flatMap(([name, value]) => [element("dt", name), element("dd", value)]);
    this.part("facts").replaceChildren(...rows);
    const head = this.words[isFirst ? "firstHead" : "sameHead"].replace("{size}", answer.head.size).replace("{log}", answer.log);
    this.part("head").textContent = head;
    this.ask(false);
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** Says that nothing was signed yet, and offers the passkey once more. */
  ask(isAgain) {
    this.part("problem").hidden = !isAgain;
    this.part("again").hidden = !isAgain;
  }

  /** Resolves when the person wants to try again; rejects when they leave it. */
  decided() {
    return new Promise((resolve, reject) => {
      const stop = new AbortController();
      const end = (settle) => () => (stop.abort(), settle());
      this.part("again").addEventListener("click", end(resolve), stop);
      this.dialog.addEventListener("close", end(() => reject(new NotSigned())), stop);
    });
  }

  /** Says why nothing may be signed; the page behind it stays. */
  refuse(why) {
    this.dialog.querySelector("h2").textContent = this.words.titleRefused;
    this.part("whose").textContent = "";
    const text = why.startsWith("said:") ? why.slice(5) : this.words[`refused${why[0].toUpperCase()}${why.slice(1)}`];
    this.part("words").replaceChildren(element("p", text || this.words.refusedAct));
    for (const name of ["facts", "head"]) this.part(name).replaceChildren();
    this.ask(false);
    this.dialog.dataset.alarm = "";
    if (!this.dialog.open) this.dialog.showModal();
  }

  close() {
    delete this.dialog.dataset.alarm;
    if (this.dialog.open) this.dialog.close();
  }
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
