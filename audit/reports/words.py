"""Figures and times as printed words: English, exact, integers only. No rounding.

A value finer than the column shows all its digits.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from audit.reports.values import Amount, When

DASH = "–"
MINUS = "\N{MINUS SIGN}"
NOT_COUNTED = "not counted"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HOUR = 60
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local wall time, its offset is printed beside it


def _thousandths(value: int, *, places: int) -> str:
    whole, rest = divmod(abs(value), 1000)
    digits = f"{rest:03d}".rstrip("0").ljust(places, "0")
    return f"{MINUS if value < 0 else ''}{whole:,}.{digits}"


def format_mg(mass_ug: int) -> str:
    """Milligrams of a mass in micrograms, at least one decimal: 1000 is "1.0"."""
    return _thousandths(mass_ug, places=1)


def format_ml(volume_ul: int) -> str:
    """Millilitres of a volume in microlitres, at least two decimals: 700 is "0.70"."""
    return _thousandths(volume_ul, places=2)


def _plus(value: int, text: str) -> str:
    return f"+{text}" if value > 0 else text


def format_signed_mg(mass_ug: int) -> str:
    """As `format_mg`, with the sign always shown; zero has none."""
    return _plus(mass_ug, format_mg(mass_ug))


def format_signed_ml(volume_ul: int) -> str:
    """As `format_ml`, with the sign always shown; zero has none."""
    return _plus(volume_ul, format_ml(volume_ul))


def format_amount(amount: Amount) -> str:
    """Both units in one phrase: "1.0 mg (0.02 mL)"."""
    return f"{format_mg(amount.mass_ug)} mg ({format_ml(amount.volume_ul)} mL)"


def format_share(part: int, whole: int) -> str:
    """Signed percentage of `whole` to two decimals, the third cut off, never rounded up to look like nothing."""
    if whole == 0:
        return DASH
    hundredths = abs(part) * 10_000 // whole
    sign = MINUS if part < 0 else "+" if part > 0 else ""
    if part and not hundredths:
        return f"{sign}<0.01 %"
    return f"{sign}{hundredths // 100}.{hundredths % 100:02d} %"


def _local(when: When) -> datetime:
    return _EPOCH + timedelta(milliseconds=when.ms, minutes=when.offset_min)


def moment(when: When) -> datetime:
    """The same moment with its offset, for the signature and the file's dates."""
    zone = timezone(timedelta(minutes=when.offset_min))
    return _local(when).replace(microsecond=0, tzinfo=zone)


def format_offset(offset_min: int) -> str:
    """Minutes from UTC as "−05:00"."""
    hours, minutes = divmod(abs(offset_min), 60)
    return f"{MINUS if offset_min < 0 else '+'}{hours:02d}:{minutes:02d}"


def format_date(when: When) -> str:
    """Local date: "29 Oct 2026"."""
    day = _local(when)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def format_clock(when: When) -> str:
    """Local time to the second: "16:22:08"."""
    return _local(when).strftime("%H:%M:%S")


def format_clock_offset(when: When) -> str:
    """Local time and offset: "16:22:08 −04:00"."""
    return f"{format_clock(when)} {format_offset(when.offset_min)}"


def format_day_minute(when: When) -> str:
    """For narrow columns: "29 Oct, 15:52"."""
    day = _local(when)
    return f"{day.day} {_MONTHS[day.month - 1]}, {day:%H:%M}"


def format_stamp(when: When) -> str:
    """Date, minute and offset, for the foot: "2026-11-02 08:14 −05:00"."""
    return f"{_local(when):%Y-%m-%d %H:%M} {format_offset(when.offset_min)}"


def format_delay(delay_ms: int) -> str:
    """A span in minutes or hours: "4 min", "1 h 47 min"."""
    total = delay_ms // 60_000
    hours, minutes = divmod(total, 60)
    return f"{hours} h {minutes} min" if total > _HOUR else f"{total} min"


def format_ranges(ranges: tuple[tuple[int, int], ...]) -> str:
    """Entry numbers with runs drawn together: "3,871; 4,020 to 4,021"."""
    words = (f"{first:,}" if first == last else f"{first:,} to {last:,}" for first, last in ranges)
    return "; ".join(words)


def short_root(root_hex: str) -> str:
    """First twelve and last eight digits of a root, as at the foot of each page."""
    return f"{root_hex[:12]}…{root_hex[-8:]}"
