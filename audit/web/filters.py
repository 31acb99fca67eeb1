"""Amounts, times and names as pages show them: never a figure without its unit in the macro that calls this."""

from datetime import UTC, datetime

from flask import Flask, g

from audit.domain.book import Recorded
from audit.domain.quantity import DecimalMark, format_thousandths

_THOUSANDS = 1000


def install(app: Flask) -> None:
    """Give the templates their filters and the words of one language."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.filters.update(
        {"mg": amount, "ml": amount, "clock": clock, "day": day, "stamp": stamp, "since": since, "number": number}
    )


def decimal_mark() -> DecimalMark:
    """Return the decimal mark of the reader's language."""
    return "," if g.get("lang") == "fr" else "."


def amount(thousandths: int, places: int | None = None, signed: bool = False) -> str:  # noqa: FBT001, FBT002 (a filter)
    """Show ug as mg, or uL as mL; with `places` at least so many decimals, with `signed` a plus too."""
    text = format_thousandths(thousandths, decimals=places or 0, mark=decimal_mark())
    return f"+{text}" if signed and thousandths > 0 else text


def number(value: int) -> str:
    """Show a count with thousands apart."""
    return f"{value:,}" if decimal_mark() == "." else f"{value:,}".replace(",", " ")


def clock(entry: Recorded) -> str:
    """Return the local time of an entry, as its actor saw it: 10:52."""
    return moment(entry.occurred_ms, entry.offset_min).strftime("%H:%M")


def day(entry: Recorded) -> str:
    """Return the local day of an entry: 23 Nov 2026."""
    return format_day(moment(entry.occurred_ms, entry.offset_min))


def stamp(entry: Recorded) -> str:
    """Return the local day and time of an entry with its offset from UTC."""
    local = moment(entry.occurred_ms, entry.offset_min)
    return f"{format_day(local)} {local:%H:%M} {format_offset(entry.offset_min)}"


def since(entry: Recorded, start_ms: int) -> str:
    """Return how long after a moment an entry happened: +12 min."""
    minutes = (entry.occurred_ms - start_ms) // 60_000
    return f"+{minutes} min" if minutes >= 0 else f"−{-minutes} min"


def moment(moment_ms: int, offset_min: int) -> datetime:
    """Return a moment as the wall clock at an offset shows it."""
    return datetime.fromtimestamp((moment_ms + offset_min * 60_000) // _THOUSANDS, UTC)


def format_day(local: datetime) -> str:
    """Return a day as 23 Nov 2026, the same in every locale of the machine."""
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{local.day} {months[local.month - 1]} {local.year}"


def format_offset(offset_min: int) -> str:
    """Return an offset from UTC as −05:00."""
    hours, minutes = divmod(abs(offset_min), 60)
    return f"{'−' if offset_min < 0 else '+'}{hours:02d}:{minutes:02d}"
