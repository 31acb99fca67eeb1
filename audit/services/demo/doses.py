"""The numbers of one session: what is ordered, drawn and diluted, how the pump runs, what is left. Integers only.

0.5 mg/kg over 40 minutes is the usual dose (regulation.md, section 8); the syringe is made up to 20 mL.
"""

from dataclasses import dataclass
from random import Random

from audit.services.demo.plan import Course, Visit
from audit.services.demo.shelf import Product

MINUTES = 40
SYRINGE_UL = 20_000
_LEAST_LEFT_UL = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A dose change at a minute of the infusion: the new dose in ug and the rate in uL/h from there on."""

    minute: int
    dose_ug: int
    rate_ul_per_h: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dosing:
    """All figures of a session: masses in ug, volumes in uL, `drawn_ul` of the vial's strength."""

    product: Product
    weight_g: int
    dose_ug_per_kg: int
    dose_ug: int
    drawn_ul: int
    rate_ul_per_h: int
    changes: tuple[Change, ...]
    minutes: int
    left_ul: int
    residual_ul: int


def dosing_of(rng: Random, visit: Visit, products: tuple[Product, ...]) -> Dosing:
    """Return the figures of a visit."""
    dose = visit.weight_g * visit.dose_ug_per_kg // 1000 // 500 * 500
    product = _product(rng, dose, products)
    spare = rng.choices((0, 5_000, 10_000), weights=(5, 4, 1))[0]
    wanted = -(-(dose + 2_000) // 5_000) * 5_000 + spare
    # Syringes are read to 0.01 mL.
    drawn_ul = -(-wanted // product.ug_per_ul // 10) * 10
    drawn_ug = drawn_ul * product.ug_per_ul
    minutes = rng.randint(8, 30) if visit.course is Course.STOPPED_EARLY else MINUTES
    rate, changes, delivered = _run(rng, dose, drawn_ug, minutes)
    residual = rng.randrange(200, 500, 100) if rng.randrange(10) < 4 else 0  # noqa: PLR2004 (four in ten)
    # What a pump delivers is not quite what its rate says.
    delivered = delivered * rng.randint(990, 1010) // 1000
    left = max(0, SYRINGE_UL - residual - delivered) // 100 * 100
    return Dosing(
        product=product,
        weight_g=visit.weight_g,
        dose_ug_per_kg=visit.dose_ug_per_kg,
        dose_ug=dose,
        drawn_ul=drawn_ul,
        rate_ul_per_h=rate,
        changes=changes,
        minutes=minutes,
        left_ul=left,
        residual_ul=residual,
    )


def _product(rng: Random, dose_ug: int, products: tuple[Product, ...]) -> Product:
    main, weak, strong = products
    return rng.choices((main, weak, strong), weights=(84, 8 if dose_ug < 60_000 else 0, 8))[0]  # noqa: PLR2004 (a 20 mL syringe)


def _run(rng: Random, dose_ug: int, drawn_ug: int, minutes: int) -> tuple[int, tuple[Change, ...], int]:
    """Return the first rate, the changes, and what rate x time makes of them, in uL."""
    rate = _rate(_volume(dose_ug, drawn_ug), MINUTES)
    changes: list[Change] = []
    delivered, at, current = 0, 0, rate
    for minute in _moments(rng):
        if minute >= minutes:
            break
        delivered += current * (minute - at) // 60
        dose_ug = dose_ug * rng.choice((80, 90, 110, 115)) // 100 // 500 * 500
        volume = min(_volume(dose_ug, drawn_ug), SYRINGE_UL - _LEAST_LEFT_UL)
        current = _rate(max(volume - delivered, 500), MINUTES - minute)
        changes.append(Change(minute=minute, dose_ug=volume * drawn_ug // SYRINGE_UL, rate_ul_per_h=current))
        at = minute
    return rate, tuple(changes), delivered + current * (minutes - at) // 60


def _moments(rng: Random) -> tuple[int, ...]:
    number = rng.choices((0, 1, 2), weights=(70, 24, 6))[0]
    return (rng.randint(8, 18), rng.randint(20, 30))[:number]


def _volume(dose_ug: int, drawn_ug: int) -> int:
    return SYRINGE_UL * dose_ug // drawn_ug


def _rate(volume_ul: int, minutes: int) -> int:
    return volume_ul * 60 // minutes // 100 * 100 or 100
