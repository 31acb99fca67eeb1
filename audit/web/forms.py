"""From what was typed to commands: each wrong value has its own message at its field, and nothing typed is lost.

A form collects every refusal of its fields before any command is made. It carries one request number (`nonce`),
from which the identifiers of whatever it creates are derived, so that a second tap is the same act.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from flask import redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from audit.domain.errors import Refused
from audit.domain.facts import Ref
from audit.domain.quantity import parse_count, parse_positive, parse_thousandths
from audit.web.desk import desk
from audit.web.filters import decimal_mark
from audit.web.messages import sentence

Parsed = TypeVar("Parsed")
Problems = list[tuple[str, str]]

_NONCE = re.compile(r"[0-9a-f]{32}")
_REF = re.compile(r"([0-9]{1,15})\.([0-9a-f]{64})")
UNPROCESSABLE = 422
SEE_OTHER = 303


class Faulty(Exception):
    """One or more fields of a form were refused; the page is shown again with all of it."""

    def __init__(self, refusals: list[Refused]) -> None:
        """Keep the refusals in the order of the fields."""
        super().__init__(refusals)
        self.refusals = refusals


@dataclass(slots=True)
class Form:
    """What a person typed, read field by field."""

    typed: MultiDict[str, str]
    refusals: list[Refused] = field(default_factory=list)

    @property
    def nonce(self) -> str:
        """The request number; a form without one was not made by a page of ours.

        Raises:
            Faulty: it is missing or malformed.
        """
        nonce = self.typed.get("nonce", "")
        if not _NONCE.fullmatch(nonce):
            raise Faulty([Refused("form_incomplete")])
        return nonce

    def identifier(self, prefix: str, number: int = 0) -> str:
        """Return the identifier of something this request creates: the same for the same request."""
        digest = hashlib.sha256(f"{self.nonce}/{prefix}/{number}".encode()).hexdigest()
        return f"{prefix}_{digest[:20]}"

    def text(self, name: str, *, required: bool = True, most: int = 300) -> str:
        """Return words as typed, without white space around them."""
        words = " ".join(self.typed.get(name, "").split())
        if required and not words:
            return self._refuse(Refused("required", name), "")
        if len(words.encode()) > most:
            return self._refuse(Refused("too_long", name, most=most), words)
        return words

    def optional(self, name: str, *, most: int = 300) -> str | None:
        """Return words or None where nothing was typed."""
        return self.text(name, required=False, most=most) or None

    def choice(self, name: str, choices: tuple[Parsed, ...]) -> Parsed:
        """Return one of the known choices."""
        typed = self.typed.get(name, "")
        if typed in choices:
            return choices[choices.index(typed)]
        return self._refuse(Refused("choose_one", name), choices[0])

    def named(self, name: str, prefix: str) -> str:
        """Return the identifier of something that was chosen; whether it is known is for the act to judge."""
        typed = self.typed.get(name, "").strip()
        if re.fullmatch(rf"{prefix}_[0-9a-z]{{4,32}}", typed):
            return typed
        return self._refuse(Refused("choose_one", name), "")

    def ticked(self, name: str) -> bool:
        """Say whether a box was ticked."""
        return bool(self.typed.get(name))

    def amount(self, name: str) -> int:
        """Return mL as uL or mg as ug; zero is an amount."""
        return self._parse(name, lambda text: parse_thousandths(text, name, mark=decimal_mark()), 0)

    def positive(self, name: str) -> int:
        """Return mL as uL or mg as ug; more than zero."""
        return self._parse(name, lambda text: parse_positive(text, name, mark=decimal_mark()), 1)

    def optional_amount(self, name: str) -> int | None:
        """Return an amount, or None where nothing was typed."""
        return self.amount(name) if self.typed.get(name, "").strip() else None

    def count(self, name: str, *, most: int = 10_000) -> int:
        """Return a whole number of things."""
        return self._parse(name, lambda text: parse_count(text, name, most=most), 0)

    def day(self, name: str) -> str:
        """Return a calendar day, YYYY-MM-DD."""
        return self._parse(name, lambda text: _parse_day(text, name), "1970-01-01")

    def reference(self, name: str = "of") -> Ref:
        """Return the earlier entry that a hidden field names as `index.leaf`."""
        found = _REF.fullmatch(self.typed.get(name, ""))
        if not found:
            raise Faulty([Refused("form_incomplete")])
        return Ref(index=int(found[1]), leaf=found[2])

    def occurred_ms(self, name: str = "occurred") -> int | None:
        """Return when it happened, typed as local date and time; None where it says nothing, which is now."""
        typed = self.typed.get(name, "").strip()
        if not typed:
            return None
        return self._parse(name, lambda text: _parse_moment(text, name, desk().zone), 0)

    def check(self) -> None:
        """Go on only when every field read so far was right.

        Raises:
            Faulty: with all refusals.
        """
        if self.refusals:
            raise Faulty(self.refusals)

    def _parse(self, name: str, parse: Callable[[str], Parsed], otherwise: Parsed) -> Parsed:
        try:
            return parse(self.typed.get(name, ""))
        except Refused as refused:
            return self._refuse(refused, otherwise)

    def _refuse(self, refused: Refused, otherwise: Parsed) -> Parsed:
        self.refusals.append(refused)
        return otherwise


def posted() -> Form:
    """Return the form of this request."""
    return Form(request.form)


def attempt(do: Callable[[], str], show: Callable[[Problems], str]) -> ResponseReturnValue:
    """Carry out a form's act and go where `do` says, or show its page again with what was wrong."""
    try:
        return redirect(do(), SEE_OTHER)
    except (Refused, Faulty) as wrong:
        return show(problems_of(wrong)), UNPROCESSABLE


def problems_of(wrong: Refused | Faulty) -> Problems:
    """Return each refusal as (field, sentence), in the order of the fields."""
    return [_problem(one) for one in (wrong.refusals if isinstance(wrong, Faulty) else [wrong])]


def _problem(refused: Refused) -> tuple[str, str]:
    return refused.field, sentence(refused)


def _parse_day(text: str, name: str) -> str:
    typed = text.strip()
    if not typed:
        raise Refused("required", name)
    try:
        return date.fromisoformat(typed).isoformat()
    except ValueError:
        raise Refused("not_a_date", name, typed=typed[:40]) from None


def _parse_moment(text: str, name: str, zone: str) -> int:
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("not_a_time", name, typed=text[:40]) from None
    if local.tzinfo is not None:
        raise Refused("not_a_time", name, typed=text[:40])
    return int(local.replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000
