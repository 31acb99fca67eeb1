"""Acts of the person at the tablet, and of a second person beside them, from a form to the write path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from audit.domain.book import Recorded
from audit.domain.commands import Command
from audit.domain.errors import Refused
from audit.services.acts import SIGNED_IN, Order, Standing, derived_nonce, with_factors
from audit.services.passwords import Checked, Denied, Why
from audit.services.record import Written, record
from audit.storage.seals import Sealable
from audit.web.desk import desk, register
from audit.web.forms import Form
from audit.web.security import access, current_person
from audit.web.signin import denial_text


def signing(form: Form, name: str = "password") -> Standing:
    """Return the standing of the signed-in person whose password was typed for this act.

    Raises:
        Refused: `password_missing` or `password_denied`, at its field.
    """
    _check_password(current_person().person, form.typed.get(name, ""), name)
    return with_factors("password")


def second_person(form: Form, name: str = "second", password: str = "second_password") -> tuple[str, Standing]:  # noqa: S107
    """Return who signs as second person at this tablet, with their own name and password.

    Raises:
        Refused: `second_missing`, `own_second_person`, `password_missing` or `password_denied`, at its field.
    """
    who = form.typed.get(name, "").strip()
    if not who:
        raise Refused("second_missing", name)
    me = current_person()
    if who in {me.person, me.sign_in}:
        raise Refused("own_second_person", name)
    person = _check_password(who, form.typed.get(password, ""), password)
    if person == me.person:
        raise Refused("own_second_person", name)
    return person, with_factors("password")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What goes with an act besides its facts: sealed values and for whom, a password's hash, a strike answered."""

    sealed: Mapping[str, Sealable] = field(default_factory=dict, repr=False)
    owner: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    answers_strike: bool = False


NOTHING = Beside()


def act(
    form: Form,
    command: Command,
    standing: Standing = SIGNED_IN,
    *,
    actor: str | None = None,
    beside: Beside = NOTHING,
) -> Recorded:
    """Record one act of a form; of the signed-in person unless another actor signed it.

    Raises:
        Refused: the write path's refusals, or `read_only` while the record is broken.
    """
    return record_orders([order_of(form, command, standing, actor=actor, beside=beside)])[0].entry


def order_of(
    form: Form,
    command: Command,
    standing: Standing = SIGNED_IN,
    *,
    number: int = 0,
    actor: str | None = None,
    beside: Beside = NOTHING,
) -> Order:
    """Return the order number `number` of a form, for acts of several entries."""
    occurred_ms = form.occurred_ms()
    form.check()
    moment_ms = desk().now_ms() if occurred_ms is None else occurred_ms
    return Order(
        command=command,
        actor=actor or current_person().person,
        nonce=form.nonce if number == 0 else derived_nonce(form.nonce, f"order/{number}"),
        standing=standing,
        offset_min=desk().offset_min(moment_ms),
        occurred_ms=occurred_ms,
        sealed=beside.sealed,
        owner=beside.owner,
        password_hash=beside.password_hash,
        answers_strike=beside.answers_strike,
    )


def record_orders(orders: Sequence[Order]) -> tuple[Written, ...]:
    """Record orders in one transaction and let the signer know.

    Raises:
        Refused: as `act`.
    """
    watch = desk().watch
    if watch is not None:
        watch.check_writable()
    written = record(register(), orders)
    if watch is not None:
        watch.after_entry()
    return written


def _check_password(who: str, password: str, name: str) -> str:
    if not password:
        raise Refused("password_missing", name)
    answer = access().sign_ins().check(who, password, now_ms=access().now_ms())
    if isinstance(answer, Checked):
        return answer.account.person
    raise _denied(answer, name)


def _denied(answer: Denied, name: str) -> Refused:
    if answer.why is Why.WRONG:
        return Refused("password_wrong", name)
    return Refused("password_denied", name, why=denial_text(answer))
