"""A log that lost entries for good is frozen, and a new one with its own origin and key goes on after it.

The new log names the old one, the highest head known and the head that survives, so that nothing pretends the gap was
never there. The administrator enrols again everybody who acts in the surviving part, with the password they have, and
registers the products; stock is counted anew by two people, and patients are registered when they come. The old log
stays in the database as it is, readable and verifiable, and nothing is written to it any more.
"""

import dataclasses
from collections.abc import Iterator

from audit.domain import events
from audit.domain.book import SERVICE, Book, Person
from audit.domain.errors import Refused
from audit.services.acts import BY_SERVICE, Order, derived_nonce
from audit.services.administering import Administrator
from audit.services.opening import Ground, open_register
from audit.services.publish import Standing, compare
from audit.services.record import record
from audit.services.register import Register
from audit.services.row_statement import Learnt
from audit.services.signing.signer import SignerRefused
from audit.storage import ledger, log, people, registers, tree
from audit.storage.engine import Connection, read
from audit.tlog.seal import password_commitment

FIRST_SUCCESSOR = 2
_BEYOND_REPAIR = frozenset({Standing.BEHIND, Standing.FORKED})


def successor_of(origin: str) -> str:
    """Return the origin that follows: `…/log/<slug>/2` after `…/log/<slug>`, then `/3` (log-format, section 1)."""
    host, slug = origin.split("/log/")
    name, _, number = slug.partition("/")
    return f"{host}/log/{name}/{int(number) + 1 if number else FIRST_SUCCESSOR}"


def succeed(ground: Ground, register: Register, by: Administrator, learnt: tuple[Learnt, ...] = ()) -> Register:
    """Open the log that follows a frozen one; return its register.

    The same request again returns the same register.

    Raises:
        Refused: `log_whole` where the database holds all that the signer remembers, `signer_ahead`, `unknown_person`;
            those of the write path.
        SignerAway: the signer does not answer.
    """
    origin = successor_of(register.origin)
    with read(ground.engine) as conn:
        known = ground.signer.known(register.origin)
        if compare(conn, register.site, known) not in _BEYOND_REPAIR or known.held is None:
            raise Refused("log_whole")
        heads = [Learnt(who="signer", size=known.held.size, root=known.held.root), *learnt]
        gap = _gap(conn, register, max(heads, key=lambda one: one.size))
        book = _survivors(conn, register.site)
        hashes = {one.person: one.password_hash for one in people.all_of(conn, register.site)}
    if book.log is None or book.trust is None:
        raise Refused("log_whole")
    following = open_register(ground, origin, pack=book.log.pack, is_demo=book.log.demo)
    opened = dataclasses.replace(
        book.log,
        log_key=_key(ground, origin),
        service_key=following.service_key.verifier.to_string(),
        signing_origins=book.trust.signing_origins,
        rp_id=book.trust.rp_id,
        cosigners=book.trust.cosigners,
        quorum=book.trust.quorum,
        succeeds=gap,
    )
    first = Order(
        command=opened,
        actor=SERVICE,
        nonce=derived_nonce(by.nonce, "log_opened"),
        standing=BY_SERVICE,
        offset_min=by.offset_min,
    )
    record(following, [first, *_carried(book, hashes, by)])
    return following


def _gap(conn: Connection, register: Register, highest: Learnt) -> events.Succession:
    size = log.head(conn, register.site).size
    return events.Succession(
        log=register.origin,
        size=highest.size,
        root=highest.root.hex(),
        surviving_size=size,
        surviving_root=tree.root(conn, register.site, size).hex(),
    )


def _survivors(conn: Connection, site: str) -> Book:
    """Return the book of the people and products in the part that survives."""
    wanted = {f"{prefix}:{one}" for prefix in ("person", "product") for one in registers.keyed(conn, site, prefix)}
    return ledger.load_book(conn, site, wanted | {"log:site"})


def _carried(book: Book, hashes: dict[str, str | None], by: Administrator) -> Iterator[Order]:
    """Yield the enrolments, the administrator's own first, and the products."""
    me = book.persons.get(by.person)
    if me is None:
        raise Refused("unknown_person", "person")
    others = sorted((one for one in book.persons.values() if one.is_active and one != me), key=lambda one: one.person)
    for person in (me, *others):
        enrolled = _enrolment(person)
        # A password lost with the part that is gone is chosen anew, by a link.
        kept = hashes.get(person.person)
        if kept is None or password_commitment(kept) != enrolled.password_sha256:
            kept = None
            enrolled = dataclasses.replace(enrolled, password_sha256=None)
        yield by.order(enrolled, f"person/{person.person}", password_hash=kept)
    for product in sorted(book.products.values(), key=lambda one: one.product):
        yield by.order(product, f"product/{product.product}")


def _enrolment(person: Person) -> events.PersonEnrolled:
    return events.PersonEnrolled(
        person=person.person,
        name=person.name,
        sign_in=person.sign_in,
        profession=person.profession,
        licence=person.licence,
        roles=person.roles,
        password_sha256=person.password_sha256,
    )


def _key(ground: Ground, origin: str) -> str:
    try:
        return ground.signer.open(origin).to_string()
    except SignerRefused as refused:
        raise Refused("signer_ahead", why=str(refused)) from refused
