/* Check 10: the fold. Postings of an entry sum to zero; stock, custody and held are never below zero, judged after the
   last entry of a correction; a strike posts the exact reverse of what it strikes. */
import { postingsOf } from "./postings.js";

const NEVER_NEGATIVE = ["stock", "custody", "held"];

export class Fold {
  constructor(log, findings, strikes) {
    this.log = log;
    this.findings = findings;
    this.strikes = strikes;
    this.made = new Map();
    this.balances = new Map();
    this.totals = new Map();
    this.touched = new Set();
  }

  see({ act }, index) {
    const postings = act.kind === "entry_struck" ? this.#reverse(act.facts.of.index) : postingsOf(act, this);
    if (postings.length) this.made.set(index, postings);
    const sum = postings.reduce((total, one) => total + one.ug, 0);
    if (sum !== 0) this.findings.fail(10, index, "postings that sum to 0 ug", `${sum} ug`);
    for (const one of postings) this.#post(one, index);
    if (this.strikes.isSettled) this.#judge(index);
  }

  end() {
    this.#judge(this.log.size - 1);
    if (this.log.unknown) this.findings.skip(10, `${this.log.unknown} entries of kinds that this page does not know`);
  }

  /** Where a container is: in custody, else on the shelf. */
  placeOf(container) {
    return this.#balance("custody", container) > 0 ? "custody" : "stock";
  }

  #balance(account, container) {
    return this.balances.get(`${account} ${container}`) ?? 0;
  }

  #reverse(index) {
    return (this.made.get(index) ?? []).map((one) => ({ ...one, ug: -one.ug }));
  }

  #post({ account, container, ug }, index) {
    const key = `${account} ${container}`;
    const balance = (this.balances.get(key) ?? 0) + ug;
    const total = (this.totals.get(account) ?? 0) + ug;
    if (!Number.isSafeInteger(balance) || !Number.isSafeInteger(total))
      this.findings.fail(10, index, "amounts that can be", "a sum too large");
    this.balances.set(key, balance);
    this.totals.set(account, total);
    if (NEVER_NEGATIVE.includes(account)) this.touched.add(key);
  }

  #judge(index) {
    for (const key of this.touched) {
      const balance = this.balances.get(key);
      const [account, container] = key.split(" ");
      if (balance < 0)
        this.findings.fail(10, index, `nothing below zero in ${account}`, `${balance} ug of ${container}`);
    }
    this.touched.clear();
  }
}
