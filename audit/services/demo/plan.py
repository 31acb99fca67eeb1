"""Who comes on which working day, before any date is known: series, maintenance, and which visit goes wrong how.

Pure: seed and number of sessions in, visits out. Days are working days counted from 0.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from random import Random

FULLEST_DAY = 9
EMPTIEST_DAY = 4
SERIES = 6
"""Infusions of a first course, over two to three weeks (regulation.md, section 8)."""
_SATURDAY = 5
_BLOCK = 200


class Course(StrEnum):
    """How a session goes."""

    PLANNED = "planned"
    STOPPED_EARLY = "stopped_early"
    NOT_GIVEN = "not_given"
    WASTED_ALONE = "wasted_alone"
    HELD = "held"
    MISTYPED = "mistyped"
    WRONG_VIAL = "wrong_vial"
    SPILL = "spill"
    LATE = "late"
    READINGS_DIFFER = "readings_differ"


_RATES = {
    Course.STOPPED_EARLY: 6,
    Course.LATE: 4,
    Course.WASTED_ALONE: 1,
    Course.HELD: 1,
    Course.NOT_GIVEN: 1,
    Course.READINGS_DIFFER: 1,
}
"""Sessions in 200: 3 % stopped early, 1 % without a witness; one in 200 is corrected, one in 400 spills a vial."""


@dataclass(slots=True)
class Patient:
    """A synthetic person under treatment: number, weight in grams, dose in ug/kg as last ordered."""

    number: int
    weight_g: int
    dose_ug_per_kg: int
    maintenance: int
    visits: int = 0
    pseudonym: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One patient on one working day, with weight in grams and dose in ug/kg as of that day."""

    patient: Patient
    weight_g: int
    dose_ug_per_kg: int
    ordinal: int
    course: Course


def plan_visits(rng: Random, sessions: int) -> list[list[Visit]]:
    """Return the visits of each working day, `sessions` in all."""
    courses = _courses(rng, sessions)
    due: defaultdict[int, list[Patient]] = defaultdict(list)
    days: list[list[Visit]] = []
    known = booked = 0
    while booked < sessions:
        today = len(days)
        room = min(rng.randint(EMPTIEST_DAY, FULLEST_DAY), sessions - booked)
        coming = due.pop(today, [])
        due[today + 1][:0] = coming[room:]
        coming = coming[:room]
        for _ in range(min(room - len(coming), 2)):
            known += 1
            coming.append(_new_patient(rng, known))
        days.append([_visit(rng, patient, courses[booked + place]) for place, patient in enumerate(coming)])
        booked += len(coming)
        for patient in coming:
            gap = _gap(rng, patient)
            if gap:
                due[today + gap].append(patient)
    return days


def last_working_day(before: date) -> date:
    """Return the working day before a date."""
    day = before - timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day -= timedelta(days=1)
    return day


def calendar_from(start: date, days: int) -> list[date]:
    """Return so many working days, the first on `start` or right after it."""
    found: list[date] = []
    day = start
    while len(found) < days:
        if day.weekday() < _SATURDAY:
            found.append(day)
        day += timedelta(days=1)
    return found


def start_for(end: date, days: int) -> date:
    """Return the first of so many working days of which `end` is the last."""
    day = end
    for _ in range(days - 1):
        day = last_working_day(day)
    return day


def _courses(rng: Random, sessions: int) -> list[Course]:
    """Deal what goes wrong in shuffled blocks, so that a clinic of a few hundred sessions has seen all of it."""
    dealt: list[Course] = []
    block = 0
    while len(dealt) < sessions:
        cards = [course for course, number in _RATES.items() for _ in range(number)]
        cards.append(Course.WRONG_VIAL if block % 2 else Course.MISTYPED)
        cards += [] if block % 2 else [Course.SPILL]
        cards += [Course.PLANNED] * (_BLOCK - len(cards))
        rng.shuffle(cards)
        dealt += cards
        block += 1
    return dealt[:sessions]


def _new_patient(rng: Random, number: int) -> Patient:
    # Four throws make a hump between 48 and 130 kg, a little to the left of its middle.
    weight = 48_000 + min(rng.randrange(0, 26_000, 500), 20_000) + sum(rng.randrange(0, 20_500, 500) for _ in range(3))
    dose = rng.choices((300, 400, 500, 600), weights=(3, 7, 82, 8))[0]
    stays = rng.randrange(10) < 7  # noqa: PLR2004 (seven in ten go on to maintenance)
    return Patient(number, min(weight, 130_000), dose, rng.randint(2, 14) if stays else 0)


def _visit(rng: Random, patient: Patient, course: Course) -> Visit:
    patient.visits += 1
    if patient.visits > 1:
        patient.weight_g = max(48_000, min(130_000, patient.weight_g + rng.randrange(-500, 600, 100)))
        patient.dose_ug_per_kg = _next_dose(rng, patient.dose_ug_per_kg)
    return Visit(
        patient=patient,
        weight_g=patient.weight_g,
        dose_ug_per_kg=patient.dose_ug_per_kg,
        ordinal=patient.visits,
        course=course,
    )


def _next_dose(rng: Random, dose: int) -> int:
    return max(300, min(800, dose + rng.choices((-50, 0, 50, 100), weights=(2, 92, 5, 1))[0]))


def _gap(rng: Random, patient: Patient) -> int:
    """Return working days to the next visit; 0 when there is none."""
    if patient.visits < SERIES:
        return rng.choice((1, 2, 2, 3))
    if patient.visits >= SERIES + patient.maintenance:
        return 0
    return rng.choice((5, 10, 10, 15, 20))
