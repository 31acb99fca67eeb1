/* Stretches that a clock_stepped names as wrong (log-format section 10.8). With a step back: the entries just before it,
   back to but without the nearest one that was recorded where the step leads or earlier, or that is a step itself. With
   a step on: all since the step before, none where there is none. */

export class Stretches {
  constructor(log) {
    this.log = log;
    this.steps = new Map();
    this.runs = [];
    this.named = new Set();
    this.last = null;
  }

  /** A step at this index, while the entries before it are known. */
  step(index, { from_ms, to_ms }) {
    this.steps.set(index, { from: from_ms, to: to_ms });
    const run = [];
    for (let at = this.#first(index, from_ms, to_ms); at < index; at++) run.push(at);
    for (const at of run) this.named.add(at);
    if (run.length) this.runs.push(run);
    this.last = index;
  }

  stepAt(index) {
    return this.steps.get(index);
  }

  has(index) {
    return this.named.has(index);
  }

  #first(index, from, to) {
    const since = this.last === null ? 0 : this.last + 1;
    if (to >= from) return this.last === null ? index : since;
    let first = index;
    while (first > since && this.log.entry(first - 1)?.recorded_ms > to) first--;
    return first;
  }
}

/** A list cut where a value does not follow the one before it. */
export function runsOf(values, follows) {
  const runs = [];
  for (const value of values) {
    const run = runs.at(-1);
    if (run && follows(run.at(-1), value)) run.push(value);
    else runs.push([value]);
  }
  return runs;
}
