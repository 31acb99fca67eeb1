"""Acts of the person at the tablet, and of a second person beside them, from a form to the write path.

Whoever signs does so with a passkey (`passkey_forms`) or with a password, with a one-time code where they use codes.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from audit.domain import commands
from audit.domain.book import Recorded
from audit.domain.commands import Command
from audit.domain.errors import Refused
from audit.domain.fold import local_day
from audit.domain.people import SIGNED_IN_KINDS
from audit.domain.wire import KINDS
from audit.services.acts import SIGNED_IN, Factor, Order, Standing, derived_nonce, with_factors, with_passkey
from audit.services.blind_locks import check_locked, lock
from audit.services.passkey_acts import SignaturesWanted
from audit.services.passkeys import owners
from audit.services.passwords import Denied, Why
from audit.services.people import staff
from audit.services.record import Written, record
from audit.services.today import signature_over, unsigned_of
from audit.storage.seals import Sealable
from audit.web.desk import desk, register
from audit.web.forms import Form
from audit.web.passkey_forms import is_by_passkey, stand, wants_acts
from audit.web.security import access, current_person
from audit.web.signers import Signers
from audit.web.signin import denial_text

REASONS: Final = {
    "not_at_hand": "passkey not at hand",
    "no_answer": "passkey does not answer",
    "other_device": "this device cannot use it",
}
"""Why somebody who holds a passkey signs with a password, by what the form sends and as the entry keeps it."""
_ON_THE_WAY: Final = (
    commands.OpenSession,
    commands.TakeContainer,
    commands.ReturnContainer,
    commands.DrawDose,
    commands.ReadRemainder,
)
_KIND: Final[dict[type, str]] = {cls: kind for kind, cls in KINDS.items()}


def signing(form: Form, name: str = "password") -> Standing:
    """Return how the signed-in person stands for this act: with a passkey, or a password typed for it.

    Raises:
        Refused: `password_missing`, `password_denied` or `code_wrong`, at its field.
    """
    if is_by_passkey(form):
        return with_passkey(None)
    return _by_password(form, current_person().person, name)[1]


def second_person(form: Form, name: str = "second", password: str = "second_password") -> tuple[str, Standing]:  # noqa: S107
    """Return who signs as second person at this tablet, with their own passkey or their own name and password.

    Raises:
        Refused: `second_missing`, `unknown_person`, `own_second_person`, `witness_passkey_only`, or as `signing`.
    """
    who = form.typed.get(name, "").strip()
    if not who:
        raise Refused("second_missing", name)
    me = current_person()
    if who in {me.person, me.sign_in}:
        raise Refused("own_second_person", name)
    if is_by_passkey(form):
        if who not in staff(register()):
            raise Refused("unknown_person", name)
        return who, with_passkey(None)
    _check_password_allowed(password)
    person, standing = _by_password(form, who, password)
    if person == me.person:
        raise Refused("own_second_person", name)
    return person, standing


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
    who = actor or current_person().person
    order = Order(
        command=command,
        actor=who,
        nonce=form.nonce if number == 0 else derived_nonce(form.nonce, f"order/{number}"),
        standing=standing,
        offset_min=desk().offset_min(moment_ms),
        occurred_ms=occurred_ms,
        sealed=beside.sealed,
        owner=beside.owner,
        password_hash=beside.password_hash,
        answers_strike=beside.answers_strike,
    )
    if standing.method != "passkey":
        return order
    # An act on the way costs no touch: the next signature over one's acts covers it.
    is_covered = who == current_person().person and is_on_the_way(command)
    return dataclasses.replace(order, standing=SIGNED_IN) if is_covered else stand(form, order)


def acts_signed_too(form: Form, standing: Standing) -> list[Order]:
    """Return the order by which the person signed in also signs their acts on the way, where a passkey signs.

    A password signs them without being asked (`record`).
    """
    me = current_person().person
    acts = unsigned_of(register(), me) if standing.method == "passkey" else ()
    if not acts:
        return []
    order = Order(
        command=signature_over(acts),
        actor=me,
        nonce=derived_nonce(form.nonce, "acts_signed"),
        standing=standing,
        offset_min=desk().offset_min(desk().now_ms()),
    )
    return [stand(form, order)]


def is_on_the_way(command: Command) -> bool:
    """Say whether what a command states may be done while merely signed in."""
    return isinstance(command, _ON_THE_WAY) or _KIND.get(type(command), "") in SIGNED_IN_KINDS


def record_orders(orders: Sequence[Order]) -> tuple[Written, ...]:
    """Record orders in one transaction and let the signer know.

    Raises:
        Refused: as `act`; `reading_locked`; `sign_again` where more is to be signed than was.
        SignaturesWanted: a script asked; it is answered with the acts that wait for a passkey.
    """
    watch = desk().watch
    if watch is not None:
        watch.check_writable()
    check_locked(register(), orders)
    try:
        written = record(register(), orders)
    except SignaturesWanted as wanted:
        if not wants_acts():
            raise Refused("sign_again", "passkey") from wanted
        lock(register(), orders)
        raise
    if watch is not None:
        watch.after_entry()
    return written


def _by_password(form: Form, who: str, name: str) -> tuple[str, Standing]:
    """Check a password typed for this act, and the one-time code of whoever uses codes."""
    password, code = form.typed.get(name, ""), name.replace("password", "one_time")
    if not password:
        raise Refused("password_missing", name)
    answer = access().sign_ins().check_both(who, password, form.typed.get(code, ""), now_ms=access().now_ms())
    if isinstance(answer, Denied):
        raise _denied(answer, name, code)
    person = answer.account.person
    factors: tuple[Factor, ...] = ("password", "totp") if access().sign_ins().uses_codes(person) else ("password",)
    return person, with_factors(*factors, reason=_reason(form, person))


def _reason(form: Form, person: str) -> str | None:
    """Return why a person who holds a passkey signs without it; the write path asks for it."""
    typed = form.typed.get("no_passkey_reason", "")
    return REASONS.get(typed) if typed and person in owners(register()) else None


def _check_password_allowed(name: str) -> None:
    """Refuse a second person's password where the rules want their passkey and passkeys work here."""
    now_ms = desk().now_ms()
    policy = register().policy_on(local_day(now_ms, desk().offset_min(now_ms)))
    if not policy.witness_password_allowed and not Signers().why_not:
        raise Refused("witness_passkey_only", name)


def _denied(answer: Denied, name: str, code: str) -> Refused:
    if answer.why is Why.WRONG:
        return Refused("password_wrong", name)
    if answer.why is Why.CODE:
        return Refused("code_wrong", code)
    return Refused("password_denied", name, why=denial_text(answer))
