"""The envelope of log-format section 2: exactly these fields, each in its one spelling."""

import hashlib

import pytest
import rfc8785

from audit.tlog.canonical import NotCanonical
from audit.tlog.entry import (
    FIRST_PREV,
    Entry,
    EntryRefused,
    Reference,
    UnknownVersion,
    decode_entry,
    encode_entry,
    is_origin,
)

ORIGIN = "audit.example.org/log/broadview"
ATTEST = "0f" * 64
ACT = {
    "actor": "p_7q2m",
    "facts": {"container": "c_01hx", "method": "denature", "reason": "remainder", "volume_ul": 1300},
    "kind": "waste_recorded",
    "nonce": "5f0c" * 8,
    "occurred_ms": 1795442591000,
    "offset_min": -300,
    "sealed": {"note": "9a41" * 16},
    "seen": {"root": "c3d4" * 16, "size": 412},
    "session": "s_01hz",
    "v": 1,
}
SIGNATURE = {"attest": ATTEST, "factors": ["password"], "method": "password_totp", "reason": "no passkey at hand"}
PASSKEY = {
    "authenticator_data": "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAQ",
    "client_data": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
    "credential": "-_8",
    "method": "passkey",
    "signature": "MEUCIQ",
}
FIELDS = {
    "act": ACT,
    "index": 413,
    "log": ORIGIN,
    "prev": "0a" * 32,
    "recorded_ms": 1795442593210,
    "signature": SIGNATURE,
}


def _with(**changes):
    return {**FIELDS, **changes}


def _act(**changes):
    return _with(act={name: value for name, value in {**ACT, **changes}.items() if value is not None})


def test_an_entry_is_the_canonical_json_of_its_fields_and_reads_back():
    body = encode_entry(**FIELDS)
    assert body == rfc8785.dumps({**FIELDS, "v": 1})
    entry = decode_entry(body)
    assert entry == Entry(**FIELDS, v=1, body=body, leaf=hashlib.sha256(b"\x00" + body).digest())
    assert (entry.kind, entry.actor, entry.method) == ("waste_recorded", "p_7q2m", "password_totp")
    assert entry.facts == ACT["facts"]
    assert entry.reference == Reference(413, entry.leaf.hex())


def test_the_first_entry_follows_the_hash_of_nothing():
    assert FIRST_PREV == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert decode_entry(encode_entry(**_with(index=0, prev=FIRST_PREV))).prev == FIRST_PREV


@pytest.mark.parametrize(
    "fields",
    [
        _act(sealed=None, seen=None, session=None),
        _act(offset_min=-840),
        _act(offset_min=840),
        _act(occurred_ms=0),
        _act(seen={"root": FIRST_PREV, "size": 0}),
        _act(v=2, kind="a_later_kind"),
        _with(log="127.0.0.1:8000/log/demo-1"),
        _with(log="audit.example.org/log/broadview/2"),
        _with(signature=PASSKEY),
        _with(signature={"method": "signed_in", "attest": ATTEST}),
        _with(signature={"method": "service", "attest": ATTEST}),
        _with(signature={"method": "password_totp", "attest": ATTEST, "factors": ["password", "totp"]}),
        _with(signature={"method": "password_totp", "attest": ATTEST, "factors": ["recovery", "demo"]}),
    ],
)
def test_each_form_that_the_format_allows_is_written_and_read(fields):
    entry = decode_entry(encode_entry(**fields))
    assert {name: getattr(entry, name) for name in fields} == fields


REFUSED = [
    (_with(index=-1), "index: expected an integer from 0 to 9007199254740991"),
    (_with(index=True), "index: expected an integer from 0 to 9007199254740991"),
    (_with(index="1"), "index: expected an integer from 0 to 9007199254740991"),
    (_with(recorded_ms=-1), "recorded_ms: expected an integer from 0 to 9007199254740991"),
    (_with(prev="0A" * 32), "prev: expected 64 lower-case hexadecimal digits"),
    (_with(prev="0a" * 31), "prev: expected 64 lower-case hexadecimal digits"),
    (_with(prev=1), "prev: expected 64 lower-case hexadecimal digits"),
    (_with(log="https://audit.example.org/log/broadview"), "log: expected an origin `host/log/slug`"),
    (_with(log="audit.example.org/log/Broadview"), "log: expected an origin `host/log/slug`"),
    (_with(log="audit.example.org/log/broadview/1"), "log: expected an origin `host/log/slug`"),
    (_with(log="audit.example.org/log/"), "log: expected an origin `host/log/slug`"),
    (_with(act="x"), "act: expected an object"),
    (_with(act=[1]), "act: expected an object"),
    (_with(signature="x"), "signature: expected an object"),
    (
        _act(extra=1),
        "act: expected no field besides actor, facts, kind, nonce, occurred_ms, offset_min, sealed, seen, session, v",
    ),
    (_act(facts=None), "act.facts: expected this field, met none"),
    (_act(facts="x"), "act.facts: expected an object"),
    (_act(actor=None, nonce=None), "act.actor: expected this field, met none"),
    (_act(actor=""), "act.actor: expected text of 1 to 64 bytes"),
    (_act(actor="é" * 33), "act.actor: expected text of 1 to 64 bytes"),
    (_act(actor=7), "act.actor: expected text of 1 to 64 bytes"),
    (_act(session=""), "act.session: expected text of 1 to 64 bytes"),
    (_act(kind="Waste"), "act.kind: expected a kind `[a-z][a-z0-9_]{0,31}`"),
    (_act(nonce="5f0c" * 7), "act.nonce: expected 32 lower-case hexadecimal digits"),
    (_act(occurred_ms=-1), "act.occurred_ms: expected an integer from 0 to 9007199254740991"),
    (_act(offset_min=841), "act.offset_min: expected an integer from -840 to 840"),
    (_act(offset_min=-841), "act.offset_min: expected an integer from -840 to 840"),
    (_act(v=0), "act.v: expected an integer from 1 to 9007199254740991"),
    (_act(sealed="x"), "act.sealed: expected names, each with 64 lower-case hexadecimal digits"),
    (_act(sealed={"note": "9A41" * 16}), "act.sealed: expected names, each with 64 lower-case hexadecimal digits"),
    (_act(sealed={"note": 1}), "act.sealed: expected names, each with 64 lower-case hexadecimal digits"),
    (_act(seen=[1]), "act.seen: expected an object"),
    (_act(seen={"size": 1}), "act.seen.root: expected this field, met none"),
    (_act(seen={"root": FIRST_PREV, "size": -1}), "act.seen.size: expected an integer from 0 to 9007199254740991"),
    (_act(seen={"root": FIRST_PREV, "size": 1, "at": 1}), "act.seen: expected no field besides root, size"),
    (
        _with(signature={"attest": ATTEST}),
        "signature.method: expected one of passkey, password_totp, signed_in, service",
    ),
    (
        _with(signature={"attest": ATTEST, "method": "pin"}),
        "signature.method: expected one of passkey, password_totp, signed_in, service",
    ),
    (
        _with(signature={"attest": ATTEST, "method": ["passkey"]}),
        "signature.method: expected one of passkey, password_totp, signed_in, service",
    ),
    (_with(signature={"method": "service"}), "signature.attest: expected this field, met none"),
    (
        _with(signature={"method": "service", "attest": ATTEST[2:]}),
        "signature.attest: expected 128 lower-case hexadecimal digits",
    ),
    (
        _with(signature={"method": "signed_in", "attest": ATTEST, "factors": ["password"]}),
        "signature: expected no field besides attest, method",
    ),
    (_with(signature={**SIGNATURE, "reason": ""}), "signature.reason: expected text of 1 to 500 bytes"),
    (_with(signature={**SIGNATURE, "reason": "x" * 501}), "signature.reason: expected text of 1 to 500 bytes"),
    *[
        (
            _with(signature={**SIGNATURE, "factors": factors}),
            "signature.factors: expected one or more of password, totp, recovery, demo, none twice",
        )
        for factors in ("password", ["pin"], ["password", "password"], [1], [["password"]], {"a": 1})
    ],
    *[
        (
            _with(signature={**PASSKEY, "client_data": spelled}),
            "signature.client_data: expected base64url without padding, not empty",
        )
        for spelled in ("", "eyJ0=", "eyJ0+/", "eyJ0e", "ey J0", 1)
    ],
    (
        _with(signature={**PASSKEY, "attest": ATTEST}),
        ("signature: expected no field besides authenticator_data, client_data, credential, method, signature"),
    ),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED)
def test_what_the_format_does_not_allow_is_neither_written_nor_read(fields, message):
    with pytest.raises(EntryRefused) as refusal:
        encode_entry(**fields)
    assert str(refusal.value) == message
    with pytest.raises(EntryRefused) as refusal:
        decode_entry(rfc8785.dumps({**fields, "v": 1}))
    assert str(refusal.value) == message


@pytest.mark.parametrize("name", [*FIELDS, "v"])
def test_no_field_of_the_envelope_may_be_missing(name):
    fields = {**FIELDS, "v": 1}
    del fields[name]
    with pytest.raises(EntryRefused, match=f"^{name}: expected this field, met none$"):
        decode_entry(rfc8785.dumps(fields))


def test_the_envelope_has_no_other_field():
    with pytest.raises(EntryRefused, match=r"^entry: expected no field besides act, index, log, prev"):
        decode_entry(rfc8785.dumps({**FIELDS, "v": 1, "x": 1}))


def test_an_envelope_of_another_version_is_told_apart():
    for version in (0, 2):
        with pytest.raises(UnknownVersion, match=f"^v: expected 1, met {version}$"):
            decode_entry(rfc8785.dumps({"v": version, "anything": 1}))
    for version in (True, "1"):
        with pytest.raises(EntryRefused, match=r"^v: expected an integer from 1 to 1$"):
            decode_entry(rfc8785.dumps({**FIELDS, "v": version}))


def test_bytes_that_are_not_canonical_are_refused_before_their_fields():
    body = encode_entry(**FIELDS)
    for changed in (body + b"\n", body.replace(b":", b": ", 1), body[:-1], b"", b'{"v":2.0}'):
        with pytest.raises(NotCanonical):
            decode_entry(changed)
    with pytest.raises(NotCanonical, match=r"act.facts: an empty object"):
        encode_entry(**_act(facts={}))
    with pytest.raises(NotCanonical, match=r"act.session: expected text"):
        encode_entry(**_act(session="\ud800"))
    with pytest.raises(NotCanonical, match="at most 16384 bytes"):
        encode_entry(**_act(facts={"text": "x" * 16_000}))


def test_a_reference_names_an_entry_by_index_and_leaf():
    reference = Reference.from_value({"index": 3, "leaf": "ab" * 32})
    assert reference == Reference(3, "ab" * 32)
    assert reference.to_value() == {"index": 3, "leaf": "ab" * 32}
    assert len({reference, Reference(3, "ab" * 32)}) == 1
    for value, message in (
        (None, "of: expected an object"),
        ({"index": 3}, "of.leaf: expected this field, met none"),
        ({"index": -3, "leaf": "ab" * 32}, "of.index: expected an integer from 0"),
        ({"index": 3, "leaf": "AB" * 32}, "of.leaf: expected 64 lower-case"),
        ({"index": 3, "leaf": "ab" * 32, "kind": "x"}, "of: expected no field besides index, leaf"),
    ):
        with pytest.raises(EntryRefused, match=message):
            Reference.from_value(value)


def test_an_origin_is_host_log_and_slug():
    for name in (
        ORIGIN,
        "localhost:8000/log/a",
        "[::1]:8000/log/a",
        ORIGIN + "/2",
        ORIGIN + "/10",
        "a/log/" + "b" * 40,
    ):
        assert is_origin(name)
    for name in (
        "",
        "/log/a",
        "a/log/",
        "a/LOG/a",
        "a b/log/a",
        "a+b/log/a",
        ORIGIN + "/01",
        ORIGIN + "\n",
        "a/log/" + "b" * 41,
    ):
        assert not is_origin(name)
