/* A running infusion: minutes and the amount given so far, refreshed every 10 s (every 60 s with reduced motion).
   An estimate of rate times time, cut off below 0.1 mg; what is confirmed at the stop is what counts. */
import { convert, formatAmount } from "./exact.js";

const HOUR_MS = 3600000n;
const STEP_UG = 100n;
const BAR_UNITS = 728n;

const whole = (text) => BigInt(text || "0");
const smaller = (a, b) => (a < b ? a : b);

/** Given so far in µg after elapsed ms at a rate, never more than can have been given. */
export function givenSoFar({ baseUg, rateUgPerH, elapsedMs, mostUg }) {
  const given = baseUg + (rateUgPerH * elapsedMs) / HOUR_MS;
  return smaller(given - (given % STEP_UG), mostUg);
}

function write(root, name, massUg, data) {
  const lang = document.documentElement.lang || "en";
  for (const spot of root.querySelectorAll(`[data-live="${name}-mg"]`)) spot.textContent = formatAmount(massUg, lang);
  const volume = convert(massUg, whole(data.volumeUl), whole(data.massUg) || 1n).value;
  for (const spot of root.querySelectorAll(`[data-live="${name}-ml"]`)) spot.textContent = formatAmount(volume, lang);
}

function widen(root, givenUg, leftUg, totalUg) {
  const given = root.querySelector('[data-live-bar="given"]');
  const left = root.querySelector('[data-live-bar="left"]');
  if (!given || !left || totalUg <= 0n) return;
  const end = Number(left.getAttribute("x")) + Number(left.getAttribute("width"));
  const leftWidth = Number((leftUg * BAR_UNITS) / totalUg);
  given.setAttribute("width", String(Math.max(Number((givenUg * BAR_UNITS) / totalUg) - 2, 3)));
  left.setAttribute("x", String(end - leftWidth));
  left.setAttribute("width", String(Math.max(leftWidth, 3)));
}

function refresh(root, passedMs) {
  const data = root.dataset;
  const most = whole(data.drawnUg) - whole(data.elsewhereUg);
  const given = givenSoFar({
    baseUg: whole(data.baseUg),
    rateUgPerH: whole(data.rateUgPerH),
    elapsedMs: whole(data.nowMs) - whole(data.sinceMs) + passedMs,
    mostUg: most,
  });
  write(root, "given", given, data);
  write(root, "left", most - given, data);
  widen(root, given, most - given, whole(data.totalUg));
}

function tellMinutes(spot, passedMs) {
  const minutes = (whole(spot.dataset.nowMs) - whole(spot.dataset.sinceMs) + passedMs) / 60000n;
  spot.textContent = spot.dataset.say.replace("{minutes}", String(minutes));
}

export function runClocks(root) {
  const clocks = root.querySelectorAll("[data-clock]");
  const spots = root.querySelectorAll("[data-minutes]");
  if (!clocks.length && !spots.length) return;
  const loaded = performance.now();
  const tick = () => {
    if (root.hidden) return;
    // the server's time of the page plus what has passed here: the tablet's own clock may be wrong
    const passed = BigInt(Math.trunc(performance.now() - loaded));
    clocks.forEach((clock) => refresh(clock, passed));
    spots.forEach((spot) => tellMinutes(spot, passed));
  };
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  setInterval(tick, calm ? 60000 : 10000);
  root.addEventListener("visibilitychange", tick);
}
