/* Objects of a PDF (ISO 32000-1 section 7.3) from their bytes: names, numbers, strings, lists, dictionaries and
   references. Not here: where objects are (pdf.js). */
import { latin1 } from "./bytes.js";

const SPACE = "\0\t\n\f\r ";
const DELIMITERS = "()<>[]{}/%";
const MOST_DEPTH = 40;
const ESCAPES = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };

export class NotPdf extends Error {}

export class Name {
  constructor(text) {
    this.text = text;
  }
}

export class Reference {
  constructor(number) {
    this.number = number;
  }
}

export class Lexer {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get #letter() {
    return this.at < this.bytes.length ? String.fromCharCode(this.bytes[this.at]) : "";
  }

  space() {
    for (; this.at < this.bytes.length; this.at++) {
      if (this.#letter === "%") while (this.at < this.bytes.length && !"\r\n".includes(this.#letter)) this.at++;
      else if (!SPACE.includes(this.#letter)) return;
    }
  }

  /** Whether the word is next; it is then passed. */
  word(text) {
    this.space();
    if (latin1(this.bytes.subarray(this.at, this.at + text.length)) !== text) return false;
    this.at += text.length;
    return true;
  }

  must(text) {
    if (!this.word(text)) throw new NotPdf(`without ${text}`);
  }

  whole() {
    this.space();
    const start = this.at;
    while (/^[0-9]$/.test(this.#letter)) this.at++;
    if (start === this.at || this.at - start > 12) throw new NotPdf("without a number");
    return Number(latin1(this.bytes.subarray(start, this.at)));
  }

  value(depth = 0) {
    if (depth > MOST_DEPTH) throw new NotPdf("nested too deep");
    this.space();
    const letter = this.#letter;
    if (letter === "/") return this.#name();
    if (letter === "(") return this.#string();
    if (letter === "[") return this.#list(depth);
    if (letter === "<") return this.bytes[this.at + 1] === 0x3c ? this.#dictionary(depth) : this.#hex();
    if (/^[0-9]$/.test(letter)) return this.#number();
    return this.#plain();
  }

  #token() {
    const start = this.at;
    while (this.#letter && !SPACE.includes(this.#letter) && !DELIMITERS.includes(this.#letter)) this.at++;
    return latin1(this.bytes.subarray(start, this.at));
  }

  #name() {
    this.at++;
    return new Name(
      this.#token().replace(/#([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    );
  }

  #plain() {
    const token = this.#token();
    if (!token) throw new NotPdf("with an object out of form");
    if (token === "true" || token === "false") return token === "true";
    return token === "null" ? null : Number(token);
  }

  #number() {
    const start = this.at;
    const number = this.#plain();
    const after = this.at;
    const tail = /^[\0\t\n\f\r ]+(\d{1,10})[\0\t\n\f\r ]+R(?![A-Za-z])/.exec(
      latin1(this.bytes.subarray(after, after + 40)),
    );
    if (!tail || !Number.isInteger(number)) return number;
    this.at = after + tail[0].length;
    return start < after ? new Reference(number) : number;
  }

  #list(depth) {
    this.at++;
    const list = [];
    for (;;) {
      if (this.word("]")) return list;
      list.push(this.value(depth + 1));
    }
  }

  #dictionary(depth) {
    this.at += 2;
    const map = new Map();
    for (;;) {
      if (this.word(">>")) return map;
      const key = this.value(depth + 1);
      if (!(key instanceof Name)) throw new NotPdf("with a dictionary out of form");
      map.set(key.text, this.value(depth + 1));
    }
  }

  #hex() {
    const end = this.bytes.indexOf(0x3e, this.at);
    if (end < 0) throw new NotPdf("cut off");
    const text = latin1(this.bytes.subarray(this.at + 1, end)).replace(/[\0\t\n\f\r ]/g, "");
    const hex = text.length % 2 ? `${text}0` : text;
    const span = { from: this.at, to: end + 1 };
    this.at = end + 1;
    if (!/^[0-9A-Fa-f]*$/.test(hex)) throw new NotPdf("with a string out of form");
    return { bytes: Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)), span };
  }

  #string() {
    let text = "";
    let depth = 0;
    do {
      const letter = this.#letter;
      if (!letter) throw new NotPdf("cut off");
      this.at++;
      if (letter === "\\") text += this.#escape();
      else {
        depth += letter === "(" ? 1 : letter === ")" ? -1 : 0;
        text += letter;
      }
    } while (depth);
    return text.slice(1, -1);
  }

  #escape() {
    const letter = this.#letter;
    const octal = /^[0-7]{1,3}/.exec(latin1(this.bytes.subarray(this.at, this.at + 3)));
    this.at += octal ? octal[0].length : 1;
    if (octal) return String.fromCharCode(Number.parseInt(octal[0], 8) & 255);
    return ESCAPES[letter] ?? (letter === "\n" || letter === "\r" ? "" : letter);
  }
}
