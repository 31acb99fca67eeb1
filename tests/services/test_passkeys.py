"""Signing an act with a passkey on the write path, and enrolling one: both engines; the oracle re-checks every log."""

import dataclasses
import json
from collections.abc import Callable

import pytest

from audit.domain import commands, events
from audit.domain.book import Recorded
from audit.domain.errors import Refused
from audit.services import blind_locks, passkeys
from audit.services.acts import Order, with_factors, with_passkey
from audit.services.drawn_up import HeadDiffers, head_for, told
from audit.services.passkey_acts import SignaturesWanted, Wanted
from audit.services.passkeys import VALID_MS, Holder
from audit.services.record import record
from audit.storage import checkpoints, log, tree
from audit.storage.engine import read
from audit.tlog.attestation import challenge
from audit.tlog.canonical import decode
from audit.tlog.entry import decode_entry
from audit.tlog.merkle import verify_consistency
from tests.authenticator import BACKED_UP, PRESENT, VERIFIED, Authenticator, Knobs, from_b64url
from tests.clinic import Clinic

SEED = bytes(range(32))


def refused(do: Callable[[], object]) -> Refused:
    """What an act is refused with."""
    with pytest.raises(Refused) as met:
        do()
    return met.value


def head(clinic: Clinic) -> events.SeenHead:
    """The signed head, as a client verified it."""
    clinic.checkpoint()
    with read(clinic.register.engine) as conn:
        kept = checkpoints.latest(conn, clinic.register.site)
    return events.SeenHead(size=kept.size, root=kept.root.hex())


def enrol(clinic: Clinic, who: str, key: Authenticator, by: str, reason: str | None = None) -> Recorded:
    """Enrol a passkey, vouched for by password."""
    event = key.enrolled(clinic.people[who], clinic.register.origin)
    return clinic.act(by, event, with_factors("password", reason=reason))


def drawn_up(clinic: Clinic, orders: list[Order]) -> tuple[Wanted, ...]:
    """Ask for acts to be drawn up, which writes nothing."""
    size = size_of(clinic)
    with pytest.raises(SignaturesWanted) as asked:
        record(clinic.register, orders)
    assert size_of(clinic) == size
    return asked.value.wanted


def size_of(clinic: Clinic) -> int:
    """How many entries there are."""
    with read(clinic.register.engine) as conn:
        return log.head(conn, clinic.register.site).size


def touched(
    clinic: Clinic, orders: list[Order], keys: dict[str, Authenticator], knobs: Knobs | None = None
) -> list[Order]:
    """The same orders with each passkey's answer, as a client sends them."""
    wanted = {one.nonce: one for one in drawn_up(clinic, orders)}
    signed = []
    for order in orders:
        act = decode(wanted[order.nonce].act)
        answer = keys[order.actor].assertion(challenge(act, clinic.register.origin), knobs)
        signed.append(dataclasses.replace(order, standing=with_passkey(answer), occurred_ms=act["occurred_ms"]))
    return signed


def order(clinic: Clinic, who: str, command: commands.Command, **more: object) -> Order:
    """An order that waits for a passkey."""
    seen = more.pop("seen", None) or head(clinic)
    return clinic.order(who, command, with_passkey(None), seen=seen, seal_seed=SEED, **more)


def revoke(clinic: Clinic, who: str, key: Authenticator) -> events.CredentialRevoked:
    """Something plain to sign."""
    return events.CredentialRevoked(person=clinic.people[who], credential=key.credential, reason="lost")


@pytest.fixture
def keys(clinic: Clinic) -> dict[str, Authenticator]:
    """A's passkey (the first person's own), B's that M vouched for, M's that A vouched for with a touch."""
    made = {"A": Authenticator(seed=1), "B": Authenticator(seed=2, algorithm="EdDSA"), "M": Authenticator(seed=3)}
    enrol(clinic, "A", made["A"], by="A")
    enrol(clinic, "B", made["B"], by="M")
    by_id = {clinic.people[who]: key for who, key in made.items()}
    event = made["M"].enrolled(clinic.people["M"], clinic.register.origin)
    clinic.record(touched(clinic, [order(clinic, "A", event)], by_id))
    return by_id


@pytest.fixture
def vial(clinic: Clinic) -> str:
    """A vial that came before anybody held a passkey."""
    return clinic.receive(count=1)[0]


def test_an_act_drawn_up_and_signed_is_the_entry_recorded(clinic, keys):
    wish = order(clinic, "A", events.PersonEnded(person=clinic.people["B"], reason="left"))
    (asked,) = drawn_up(clinic, [wish])
    answer = keys[wish.actor].assertion(challenge(decode(asked.act), clinic.register.origin))
    stated_ms = decode(asked.act)["occurred_ms"]
    signed = dataclasses.replace(wish, standing=with_passkey(answer), occurred_ms=stated_ms)
    entry = clinic.record([signed])[0].entry
    with read(clinic.register.engine) as conn:
        stored = decode_entry(log.entry(conn, clinic.register.site, entry.index).body)
    assert stored.act == decode(asked.act)
    assert stored.signature.keys() == {"method", "credential", "authenticator_data", "client_data", "signature"}
    assert stored.act["seen"] == {"size": wish.seen.size, "root": wish.seen.root}


def test_the_same_form_twice_is_one_entry(clinic, keys):
    (signed,) = touched(
        clinic, [order(clinic, "A", events.PersonEnded(person=clinic.people["B"], reason="left"))], keys
    )
    first, again = clinic.record([signed])[0], clinic.record([signed])[0]
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert first.entry == again.entry
    # and drawn up once more after it was recorded it is answered with the entry, not asked for again
    unsigned = dataclasses.replace(signed, standing=with_passkey(None), occurred_ms=None)
    assert clinic.record([unsigned])[0].entry == first.entry


def test_several_acts_and_several_people_sign_in_one_form(clinic, vial, keys):
    session = clinic.open_session("A", mg=39)
    syringe = clinic.draw("A", session, vial, 1000)
    clinic.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    first = clinic.read("A", syringe, 200)
    reread = order(clinic, "B", commands.RereadRemainder(of=first.ref, container=syringe, volume_ul=200))
    wasting = commands.WasteRemainder(container=syringe, method="denature", reason="remainder")
    waste = order(clinic, "A", wasting, seen=reread.seen)
    written = clinic.record(touched(clinic, [reread, waste], keys))
    assert [one.entry.method for one in written] == ["passkey", "passkey"]


def test_acts_on_the_way_are_signed_with_a_touch_of_their_own(clinic, vial, keys):
    session = clinic.open_session("A")
    acts = log_of(clinic, "A")
    signed = events.ActsSigned(
        from_index=acts[0], to_index=acts[-1], leaf=leaf_of(clinic, acts[-1]), indexes=tuple(acts)
    )
    clinic.record(touched(clinic, [order(clinic, "A", signed)], keys))
    assert log_of(clinic, "A") == []
    assert session in clinic.book(f"session:{session}").sessions


def log_of(clinic: Clinic, who: str) -> list[int]:
    """Acts on the way that wait for a signature."""
    with read(clinic.register.engine) as conn:
        return log.unsigned_since(conn, clinic.register.site, clinic.people[who])


def leaf_of(clinic: Clinic, index: int) -> str:
    """The leaf of an entry."""
    with read(clinic.register.engine) as conn:
        return log.entry(conn, clinic.register.site, index).leaf.hex()


def test_what_is_sealed_is_sealed_alike_when_the_form_comes_again(clinic, keys):
    patient = clinic.identifier("pt")
    sealed = {"name": "Patient Placeholder", "birth_date": "1980-01-02"}
    wish = order(clinic, "A", events.PatientRegistered(patient=patient), sealed=sealed, owner=patient)
    commitments = [decode(drawn_up(clinic, [wish])[0].act)["sealed"] for _ in range(2)]
    assert commitments[0] == commitments[1]
    other = dataclasses.replace(wish, seal_seed=bytes(32))
    assert decode(drawn_up(clinic, [other])[0].act)["sealed"] != commitments[0]
    assert clinic.record(touched(clinic, [wish], keys))[0].entry.method == "passkey"


# ---------------------------------------------------------------- section 6, rule by rule


def test_another_persons_passkey_is_refused(clinic, keys):
    wish = order(clinic, "A", events.PersonEnded(person=clinic.people["B"], reason="left"))
    swapped = dict(keys) | {clinic.people["A"]: keys[clinic.people["B"]]}
    (signed,) = touched(clinic, [wish], swapped)
    assert refused(lambda: clinic.record([signed])).code == "passkey_not_yours"


def test_a_revoked_passkey_is_refused_and_one_that_was_never_enrolled(clinic, keys):
    me = clinic.people["A"]
    old = keys[me]
    clinic.record(touched(clinic, [order(clinic, "A", revoke(clinic, "A", old))], keys))
    wish = order(clinic, "A", events.PersonEnded(person=clinic.people["B"], reason="left"))
    assert refused(lambda: clinic.record([wish])).code == "no_passkey"
    enrol(clinic, "A", Authenticator(seed=7), by="M", reason="passkey not at hand")
    for key in (old, Authenticator(seed=9)):
        (signed,) = touched(clinic, [wish], dict(keys) | {me: key})
        assert refused(lambda: clinic.record([signed])).code == "passkey_not_yours"  # noqa: B023


WRONG = [
    Knobs(origin="https://evil.example.org"),
    Knobs(rp_id="login.example.org"),
    Knobs(cross_origin=True),
    Knobs(flags=PRESENT),
    Knobs(flags=VERIFIED),
    Knobs(flags=PRESENT | VERIFIED | BACKED_UP),
    Knobs(type="webauthn.create"),
    Knobs(challenge=bytes(32)),
]


@pytest.mark.parametrize("knobs", WRONG, ids=lambda knobs: str(knobs)[6:60])
def test_an_answer_that_breaks_one_rule_is_refused_and_nothing_is_written(clinic, keys, knobs):
    wish = order(clinic, "A", events.PersonEnded(person=clinic.people["B"], reason="left"))
    size = size_of(clinic)
    (signed,) = touched(clinic, [wish], keys, knobs)
    assert refused(lambda: clinic.record([signed])).code == "passkey_refused"
    assert size_of(clinic) == size


def test_what_was_signed_for_one_act_signs_no_other(clinic, keys):
    first = order(clinic, "A", events.PersonEnded(person=clinic.people["B"], reason="left"))
    (signed,) = touched(clinic, [first], keys)
    changed = dataclasses.replace(signed, command=events.PersonEnded(person=clinic.people["M"], reason="left"))
    assert refused(lambda: clinic.record([changed])).code == "passkey_refused"
    later = dataclasses.replace(signed, occurred_ms=signed.occurred_ms - 60_000)
    assert refused(lambda: clinic.record([later])).code == "passkey_refused"
    replayed = dataclasses.replace(signed, nonce=clinic.nonce())
    assert refused(lambda: clinic.record([replayed])).code == "passkey_refused"


def test_an_answer_from_signing_in_signs_nothing(clinic, keys):
    # an authenticator cannot tell a sign-in from an act: only what it signed over can, and the host
    wish = order(clinic, "A", events.PersonEnded(person=clinic.people["B"], reason="left"))
    (signed,) = touched(clinic, [wish], keys, Knobs(challenge=b"a challenge to sign in, 32 bytes"))
    assert refused(lambda: clinic.record([signed])).code == "passkey_refused"


@pytest.mark.parametrize("answer", ["", "=", "AA==", "é"])
def test_an_answer_that_cannot_be_read_is_refused_in_words(clinic, keys, answer):
    wish = order(clinic, "A", events.PersonEnded(person=clinic.people["B"], reason="left"))
    (signed,) = touched(clinic, [wish], keys)
    broken = dataclasses.replace(signed.standing.assertion, client_data=answer)
    spoilt = dataclasses.replace(signed, standing=with_passkey(broken))
    assert refused(lambda: clinic.record([spoilt])).values["why"] == "an answer that cannot be read"


def test_an_act_without_a_head_seen_and_with_one_that_is_not_of_this_log_is_refused(clinic, keys):
    command = events.PersonEnded(person=clinic.people["B"], reason="left")
    wish = order(clinic, "A", command)
    assert refused(lambda: clinic.record([dataclasses.replace(wish, seen=None)])).code == "seen_head_missing"
    false = dataclasses.replace(wish, seen=events.SeenHead(size=wish.seen.size, root="ab" * 32))
    assert refused(lambda: clinic.record([false])).code == "seen_differs"
    ahead = dataclasses.replace(wish, seen=events.SeenHead(size=size_of(clinic) + 1, root="ab" * 32))
    assert refused(lambda: clinic.record([ahead])).code == "seen_differs"


def test_who_holds_a_passkey_says_why_a_password_signs(clinic, keys):
    command = events.PersonEnded(person=clinic.people["B"], reason="left")
    assert refused(lambda: clinic.act("A", command)).code == "passkey_reason_missing"
    assert clinic.act("A", command, with_factors("password", reason="passkey not at hand")).method == "password_totp"


# ---------------------------------------------------------------- enrolment


def test_nobody_vouches_for_themself_but_the_first_person_for_their_first(clinic):
    one, two = Authenticator(seed=1), Authenticator(seed=2)
    assert refused(lambda: enrol(clinic, "M", one, by="M")).code == "own_credential"
    enrol(clinic, "A", one, by="A")
    assert refused(lambda: enrol(clinic, "A", two, by="A", reason="passkey not at hand")).code == "own_credential"
    assert refused(lambda: enrol(clinic, "M", two, by="B")).code == "not_your_role"


def test_a_passkey_belongs_to_one_person(clinic):
    key = Authenticator(seed=1)
    enrol(clinic, "B", key, by="M")
    assert refused(lambda: enrol(clinic, "A", key, by="M")).code == "credential_known"
    twin = Authenticator(seed=1)
    twin._id = b"another id 12345"
    assert refused(lambda: enrol(clinic, "A", twin, by="M")).code == "credential_known"


def test_a_passkey_that_does_not_prove_itself_is_not_enrolled(clinic):
    key, origin = Authenticator(seed=1), clinic.register.origin
    for_another = dataclasses.replace(key.enrolled(clinic.people["A"], origin), person=clinic.people["B"])
    elsewhere = key.enrolled(clinic.people["B"], "audit.example.org/log/elsewhere")
    unread = key.enrolled(clinic.people["B"], origin, algorithm=-8)
    for event in (for_another, elsewhere, unread):
        assert refused(lambda: clinic.act("M", event)).code == "proof_refused"  # noqa: B023


def test_a_passkey_of_another_host_is_not_enrolled(clinic):
    key = Authenticator(seed=1, knobs=Knobs(rp_id="login.example.org"))
    assert refused(lambda: enrol(clinic, "B", key, by="M")).code == "other_rp_id"


# ---------------------------------------------------------------- the ceremony


def holder(clinic: Clinic, who: str, **changes: object) -> Holder:
    """Somebody in a sign-in."""
    said = {"name": f"{who}. Example", "sign_in": f"{who.lower()}.example", "token": "tablet 1", "secret": b"s" * 32}
    return Holder(person=clinic.people[who], **(said | changes))  # type: ignore[arg-type]


def ceremony(clinic: Clinic, who: str, key: Authenticator, knobs: Knobs | None = None) -> events.CredentialEnrolled:
    """Make a passkey as a browser does."""
    options = passkeys.creation_options(clinic.register, holder(clinic, who))
    return passkeys.begin(clinic.register, holder(clinic, who), key.registration(options["challenge"], knobs))


def prove(clinic: Clinic, who: str, key: Authenticator, event: events.CredentialEnrolled) -> passkeys.Waiting:
    """Let the new passkey sign for itself."""
    asked = passkeys.question(clinic.register, event)
    proof = dataclasses.asdict(key.assertion(from_b64url(asked["challenge"])))
    return passkeys.prove(clinic.register, holder(clinic, who), event.credential, proof)


def test_a_browser_is_asked_for_a_verified_person_and_the_three_algorithms(clinic):
    options = passkeys.creation_options(clinic.register, holder(clinic, "B"))
    assert options["rp"]["id"] == "audit.example.org"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "preferred"
    assert [one["alg"] for one in options["pubKeyCredParams"]] == [-7, -8, -257]
    assert clinic.people["B"] not in json.dumps(options)


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_a_passkey_made_proved_and_vouched_for_signs(clinic, algorithm):
    key = Authenticator(seed=1, algorithm=algorithm)
    waiting = prove(clinic, "B", key, ceremony(clinic, "B", key))
    assert [one.event for one in passkeys.waiting(clinic.register)] == [waiting.event]
    assert passkeys.holders(clinic.register) == frozenset()
    clinic.act("M", waiting.event)
    passkeys.drop(clinic.register, key.credential)
    assert passkeys.waiting(clinic.register) == ()
    assert passkeys.holders(clinic.register) == {clinic.people["B"]}
    wish = order(clinic, "B", revoke(clinic, "B", key))
    clinic.record(touched(clinic, [wish], {clinic.people["B"]: key}))
    assert passkeys.holders(clinic.register) == frozenset()


def test_a_passkey_already_there_is_not_asked_for_again(clinic):
    key = Authenticator(seed=1)
    enrol(clinic, "B", key, by="M")
    options = passkeys.creation_options(clinic.register, holder(clinic, "B"))
    assert [one["id"] for one in options["excludeCredentials"]] == [key.credential]
    assert refused(lambda: ceremony(clinic, "A", key)).code == "credential_known"


MADE_WRONG = [
    Knobs(type="webauthn.get"),
    Knobs(type="webauthn.create", origin="https://evil.example.org"),
    Knobs(type="webauthn.create", rp_id="login.example.org"),
    Knobs(type="webauthn.create", cross_origin=True),
    Knobs(type="webauthn.create", flags=PRESENT),
    Knobs(type="webauthn.create", flags=VERIFIED),
]


@pytest.mark.parametrize("knobs", MADE_WRONG, ids=lambda knobs: str(knobs)[6:80])
def test_a_passkey_made_otherwise_than_asked_is_refused(clinic, knobs):
    assert refused(lambda: ceremony(clinic, "B", Authenticator(seed=1), knobs)).code == "passkey_malformed"


def test_a_challenge_is_good_for_one_person_one_sign_in_and_ten_minutes(clinic):
    key, mine = Authenticator(seed=1), holder(clinic, "B")
    answer = key.registration(passkeys.creation_options(clinic.register, mine)["challenge"])
    for other in (holder(clinic, "A"), holder(clinic, "B", token="tablet 2"), holder(clinic, "B", secret=b"t" * 32)):
        assert refused(lambda: passkeys.begin(clinic.register, other, answer)).code == "passkey_late"  # noqa: B023
    clinic.clock.pass_minutes(VALID_MS // 60_000 + 1)
    assert refused(lambda: passkeys.begin(clinic.register, mine, answer)).code == "passkey_late"


@pytest.mark.parametrize("answer", [{}, {"response": []}, {"response": {"clientDataJSON": "AA"}}, {"id": 1}])
def test_an_answer_of_another_form_is_refused_in_words(clinic, answer):
    assert refused(lambda: passkeys.begin(clinic.register, holder(clinic, "B"), answer)).code == "passkey_malformed"


def test_a_proof_by_another_key_is_refused_and_nothing_waits(clinic):
    key = Authenticator(seed=1)
    event = ceremony(clinic, "B", key)
    assert refused(lambda: prove(clinic, "B", Authenticator(seed=2), event)).code == "proof_refused"
    assert refused(lambda: prove(clinic, "A", key, event)).code == "no_request"
    assert passkeys.waiting(clinic.register) == ()


# ---------------------------------------------------------------- what a client is shown


def test_a_client_is_shown_a_signed_head_that_extends_the_one_it_kept(clinic, keys):
    kept = head(clinic)
    clinic.on_the_way("A", events.CountStarted(count="n_0001", business_time="opening"))
    clinic.checkpoint()
    shown = head_for(clinic.register, kept_size=kept.size, kept_root=kept.root)
    verify_consistency(
        old=kept.size,
        new=shown.size,
        old_root=bytes.fromhex(kept.root),
        new_root=bytes.fromhex(shown.root),
        proof=tuple(bytes.fromhex(one) for one in shown.proof),
    )
    assert shown.note.startswith(f"{clinic.register.origin}\n{shown.size}\n")
    assert head_for(clinic.register, kept_size=0, kept_root="").proof == ()


def test_a_head_that_a_client_kept_and_the_log_never_had_is_an_alarm(clinic):
    kept = head(clinic)
    with pytest.raises(HeadDiffers):
        head_for(clinic.register, kept_size=kept.size, kept_root="ab" * 32)
    with pytest.raises(HeadDiffers):
        head_for(clinic.register, kept_size=kept.size + 1, kept_root=kept.root)
    with read(clinic.register.engine) as conn:
        older = tree.root(conn, clinic.register.site, 2).hex()
    assert head_for(clinic.register, kept_size=2, kept_root=older).size == kept.size


def test_what_is_signed_is_told_in_words_with_units_from_the_act_itself(clinic, vial, keys):
    session = clinic.open_session("A", mg=39)
    syringe = clinic.draw("A", session, vial, 1000)
    clinic.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    first = clinic.read("A", syringe, 200)
    wish = order(clinic, "B", commands.RereadRemainder(of=first.ref, container=syringe, volume_ul=200))
    (asked,) = drawn_up(clinic, [wish])
    said = told(clinic.register, asked, {}, ".")
    assert said[0] == "I read this, without the first figure."
    assert "10 mg (0.2 mL)" in " ".join(said)


def test_a_blind_figure_is_locked_once_what_it_makes_was_shown(clinic, vial, keys):
    session = clinic.open_session("A", mg=39)
    syringe = clinic.draw("A", session, vial, 1000)
    clinic.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    first = clinic.read("A", syringe, 200)

    def reads(volume_ul: int) -> list[Order]:
        return [clinic.order("B", commands.RereadRemainder(of=first.ref, container=syringe, volume_ul=volume_ul))]

    blind_locks.check_locked(clinic.register, reads(250))
    blind_locks.lock(clinic.register, reads(250))
    blind_locks.lock(clinic.register, reads(250))
    blind_locks.check_locked(clinic.register, reads(250))
    for tried in (200, 251):
        assert refused(lambda: blind_locks.check_locked(clinic.register, reads(tried))).code == "reading_locked"  # noqa: B023
        assert refused(lambda: blind_locks.lock(clinic.register, reads(tried))).code == "reading_locked"  # noqa: B023
    others = [clinic.order("M", commands.RereadRemainder(of=first.ref, container=syringe, volume_ul=200))]
    blind_locks.check_locked(clinic.register, others)
