"""Signing an act with a passkey on the write path, and what a client is shown: both engines; the oracle re-checks."""

import dataclasses

import pytest

from audit.domain import commands, events
from audit.services import blind_locks
from audit.services.acts import Order, with_factors, with_passkey
from audit.services.drawn_up import HeadDiffers, head_for, told
from audit.storage import log, tree
from audit.storage.engine import read
from audit.tlog.attestation import challenge
from audit.tlog.canonical import decode
from audit.tlog.entry import decode_entry
from audit.tlog.merkle import verify_consistency
from tests.authenticator import BACKED_UP, PRESENT, VERIFIED, Authenticator, Knobs
from tests.clinic import Clinic
from tests.services.touching import drawn_up, enrol, head, order, refused, revoke, size_of, touched


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
