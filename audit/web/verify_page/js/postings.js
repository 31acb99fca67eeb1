/* Double entry (log-format section 11): the postings that each kind makes from its facts. Not here: sums. */

/** Postings of an act as {account, container, session, ug}; `book` tells what is in custody. Null for a strike. */
export function postingsOf(act, book) {
  const make = Object.hasOwn(MAKERS, act.kind) ? MAKERS[act.kind] : null;
  return make ? make(act.facts, act.session, book).filter((one) => one.ug !== 0) : [];
}

const line = (account, container, ug, session) => ({ account, container, session, ug });

const MAKERS = {
  inventory_taken: (facts) => arrivals(facts, "opening"),
  receipt_recorded: (facts) => arrivals(facts, "received"),
  container_taken: ({ container, mass_ug }, session) => [
    line("stock", container, -mass_ug),
    line("custody", container, mass_ug, session),
  ],
  container_returned: ({ container, mass_ug }, session) => [
    line("custody", container, -mass_ug, session),
    line("stock", container, mass_ug),
  ],
  dose_drawn: (facts, session) => [
    line("custody", facts.syringe, facts.mass_ug, session),
    ...facts.sources.flatMap((source) => drawn(source, session)),
  ],
  remainder_read({ container, residual_ug = 0, given_ug = 0 }, session) {
    return [
      line("custody", container, -(given_ug + residual_ug), session),
      line("given", container, given_ug, session),
      line("residual", container, residual_ug, session),
    ];
  },
  remainder_reread: ({ container, given_ug = 0 }, session) => [
    line("custody", container, -given_ug, session),
    line("given", container, given_ug, session),
  ],
  waste_recorded({ container, mass_ug, short_ug = 0, from_hold }, session, book) {
    const from = from_hold ? "held" : book.placeOf(container);
    return [
      line(from, container, -(mass_ug + short_ug), session),
      line("wasted", container, mass_ug, session),
      line("variance", container, short_ug, session),
    ];
  },
  remainder_held: ({ container, mass_ug }, session, book) => [
    line(book.placeOf(container), container, -mass_ug, session),
    line("held", container, mass_ug, session),
  ],
  case_closed: ({ outcome, adjustments = [] }) => adjustments.flatMap((one) => adjusted(one, outcome)),
};

const ANSWERS = { loss: "lost", gain: "gained", explained: "explained" };

function adjusted({ container, place = "stock", mass_ug }, outcome) {
  return [line(place, container, mass_ug), line(ANSWERS[outcome] ?? "nowhere", container, -mass_ug)];
}

function arrivals({ lots = [], opened = [] }, account) {
  const sealed = lots.flatMap((lot) => lot.containers.map((container) => ({ container, mass_ug: lot.mass_ug })));
  return [...sealed, ...opened].flatMap(({ container, mass_ug }) => [
    line(account, container, -mass_ug),
    line("stock", container, mass_ug),
  ]);
}

function drawn({ container, mass_ug, in_custody, overfill_ug = 0, unexplained_ug = 0 }, session) {
  return [
    line(in_custody ? "custody" : "stock", container, -(mass_ug - overfill_ug - unexplained_ug), session),
    line("overfill", container, -overfill_ug, session),
    line("variance", container, -unexplained_ug, session),
  ];
}
