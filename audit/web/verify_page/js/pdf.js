/* A report's PDF: its last cross-reference table and the tables before it, the embedded evidence, the signature's
   place. Read by the tables, never by searching, so that what is found is what a PDF reader shows. */
import { latin1 } from "./bytes.js";
import { inflate } from "./inflate.js";
import { Lexer, NotPdf, Name, Reference } from "./pdf_lex.js";
import { Refusal } from "./zip.js";

const MOST_TABLES = 50;
const MOST_OBJECTS = 500000;
const MOST_EVIDENCE = 250 * 1024 * 1024;
const MOST_KIDS = 1000;

export const isPdf = (bytes) => latin1(bytes.subarray(0, 1024)).includes("%PDF-");

/** The report's parts: {evidence: bytes, signatures: [{range, contents, span, fields}]}. Raises Refusal. */
export async function readPdf(bytes) {
  try {
    const pdf = new Pdf(bytes);
    const root = pdf.get(pdf.trailer.get("Root"));
    if (!(root instanceof Map)) throw new NotPdf("without a catalog");
    const evidence = await pdf.attachment(root, "evidence.zip");
    return { evidence, signatures: pdf.signatures(root), hasUpdates: pdf.tables };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (error instanceof NotPdf || error instanceof RangeError)
      throw new Refusal(`This PDF is damaged or not one of our reports (${error.message}); ask for the file again.`);
    throw error;
  }
}

class Pdf {
  constructor(bytes) {
    this.bytes = bytes;
    this.places = new Map();
    this.trailer = null;
    this.tables = 0;
    this.#tables();
  }

  get(value) {
    if (!(value instanceof Reference)) return value;
    const at = this.places.get(value.number);
    return at === undefined ? null : this.#object(at, value.number).value;
  }

  async attachment(root, name) {
    const names = this.get(root.get("Names"));
    const tree = names instanceof Map ? this.get(names.get("EmbeddedFiles")) : null;
    const found = tree instanceof Map ? this.#named(tree, name) : [];
    if (!found.length)
      throw new Refusal(
        "This PDF holds no evidence. It is no report of this program, or was printed or saved anew by another.",
      );
    if (found.length > 1)
      throw new Refusal("This PDF holds two pieces of evidence of one name, so it is not clear which one counts.");
    const files = found[0] instanceof Map ? this.get(found[0].get("EF")) : null;
    const stream = files instanceof Map ? files.get("F") : null;
    if (!(stream instanceof Reference)) throw new NotPdf("with an attachment out of form");
    return this.#stream(stream.number);
  }

  signatures(root) {
    const form = this.get(root.get("AcroForm"));
    const fields = form instanceof Map ? this.get(form.get("Fields")) : null;
    const dictionaries = (Array.isArray(fields) ? fields : []).slice(0, MOST_KIDS).map((field) => this.get(field));
    const signed = dictionaries.filter((field) => field instanceof Map && field.get("FT")?.text === "Sig");
    return signed.map((field) => this.get(field.get("V"))).filter((value) => value instanceof Map);
  }

  #named(tree, name) {
    const found = [];
    const nodes = [tree];
    for (let budget = MOST_KIDS; nodes.length; budget--) {
      if (!budget) throw new NotPdf("with too many attachments");
      const node = nodes.pop();
      const names = this.get(node.get("Names")) ?? [];
      for (let at = 0; at + 1 < names.length; at += 2)
        if (this.get(names[at]) === name) found.push(this.get(names[at + 1]));
      for (const kid of this.get(node.get("Kids")) ?? []) {
        const next = this.get(kid);
        if (next instanceof Map) nodes.push(next);
      }
    }
    return found;
  }

  #tables() {
    const tail = latin1(this.bytes.subarray(-2048));
    const start = /startxref\s+(\d{1,10})\s+%%EOF\s*$/.exec(tail);
    if (!start) throw new NotPdf("cut off");
    const seen = new Set();
    for (let at = Number(start[1]); at !== undefined; this.tables++) {
      if (seen.has(at) || seen.size > MOST_TABLES || at >= this.bytes.length)
        throw new NotPdf("with tables out of order");
      seen.add(at);
      at = this.#table(at);
    }
  }

  #table(at) {
    const lexer = new Lexer(this.bytes, at);
    if (!lexer.word("xref"))
      throw new Refusal("This PDF was saved anew by another program. Ask for the file as it was issued.");
    while (!lexer.word("trailer")) {
      let number = lexer.whole();
      for (let count = lexer.whole(); count; count--, number++) {
        const place = lexer.whole();
        lexer.whole();
        const isUsed = lexer.word("n");
        if (!isUsed) lexer.must("f");
        if (!this.places.has(number)) this.places.set(number, isUsed ? place : undefined);
        if (this.places.size > MOST_OBJECTS) throw new NotPdf("with too many objects");
      }
    }
    const trailer = lexer.value();
    if (!(trailer instanceof Map)) throw new NotPdf("without a trailer");
    if (trailer.has("Encrypt"))
      throw new Refusal("This PDF is encrypted; reports never are. Ask for the file as it was issued.");
    this.trailer ??= trailer;
    return trailer.get("Prev");
  }

  #object(at, number) {
    const lexer = new Lexer(this.bytes, at);
    if (lexer.whole() !== number) throw new NotPdf("with an object in another’s place");
    lexer.whole();
    lexer.must("obj");
    return { value: lexer.value(), lexer };
  }

  async #stream(number) {
    const { value, lexer } = this.#object(this.places.get(number) ?? this.bytes.length, number);
    const length = value instanceof Map ? this.get(value.get("Length")) : null;
    lexer.must("stream");
    if (this.bytes[lexer.at] === 13) lexer.at++;
    lexer.at++;
    if (!Number.isSafeInteger(length) || lexer.at + length > this.bytes.length) throw new NotPdf("cut off");
    const raw = this.bytes.subarray(lexer.at, lexer.at + length);
    const filter = this.get(value.get("Filter"));
    const only = Array.isArray(filter) ? filter : filter ? [filter] : [];
    if (
      only.length > 1 ||
      only.some((one) => !(one instanceof Name) || one.text !== "FlateDecode") ||
      value.has("DecodeParms")
    )
      throw new NotPdf("with an attachment packed in another way");
    const content = only.length ? await inflate(raw, "deflate", MOST_EVIDENCE) : raw;
    if (content === null) throw new NotPdf("with evidence that cannot be unpacked");
    return content;
  }
}
