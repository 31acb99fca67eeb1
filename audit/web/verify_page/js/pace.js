/* Work in slices, so that the page answers while a long log is read. */
const SLICE_MS = 24;

export class Pace {
  constructor(tell) {
    this.tell = tell;
    this.since = performance.now();
  }

  /** Give the page its turn when the slice is over. */
  async breathe(done, total) {
    if (performance.now() - this.since < SLICE_MS) return;
    this.tell?.(done, total);
    await new Promise((resolve) => setTimeout(resolve));
    this.since = performance.now();
  }
}
