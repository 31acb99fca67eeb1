"""Check 7, passkeys: each assertion over its act, each enrolment, and passwords of people who hold a passkey.

As log-format section 6 says, from stored bytes alone. Not here: the arithmetic (`audit.tlog.webauthn`), whether the
head an actor saw is right (`check_07_signatures`), attestation.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from audit.domain import events
from audit.domain.book import Recorded
from audit.domain.fold import SECOND_PERSON
from audit.services.verifying.check_01_bytes import Read
from audit.services.verifying.history import History
from audit.services.verifying.signature_bench import SignatureBench
from audit.services.verifying.verdict import Notebook, Rule
from audit.tlog import webauthn
from audit.tlog.attestation import challenge_of
from audit.tlog.entry import Entry
from audit.tlog.spelling import parse_base64url

DAY_MS = 86_400_000
"""How far a head seen may lag before it is a notice."""


@dataclass(slots=True)
class _Key:
    """A passkey as enrolled."""

    person: str
    public_key: bytes
    algorithm: int
    is_platform: bool
    revoked: int | None = None


@dataclass(slots=True)
class _Hosts:
    """Where passkeys sign, by the entries so far."""

    rp_id: str = ""
    origins: tuple[str, ...] = ()


class Passkeys:
    """Keeps the passkeys in force by the entries so far, and each actor's last act by one."""

    def __init__(self, notebook: Notebook, history: History, bench: SignatureBench) -> None:
        self._notebook = notebook
        self._history = history
        self._bench = bench
        self._hosts = _Hosts()
        self._keys: dict[str, _Key] = {}
        self._public_keys: set[bytes] = set()
        self._holding: Counter[str] = Counter()
        self._first_person: str | None = None
        self._last: dict[str, tuple[int, int, object]] = {}
        self._on_platform: set[int] = set()
        self.despite_passkey: list[int] = []

    def entry(self, read: Read) -> None:
        """Check how one entry was signed, and let it take effect on passkeys and hosts."""
        entry, recorded = read.entry, read.recorded
        if entry is None:
            return
        if entry.method == "passkey":
            self._check_signature(read.index, entry)
            self._check_seen(read.index, entry)
            self._check_devices(read.index, entry, recorded)
        elif entry.method == "password_totp":
            self._check_password(read.index, entry)
        if recorded is not None:
            self._take_effect(read.index, entry, recorded.event)

    def _check_signature(self, index: int, entry: Entry) -> None:
        credential = str(entry.signature["credential"])
        known = self._keys.get(credential)
        if known is None:
            self._wrong(index, expected="a passkey enrolled before", found=f"{credential}, enrolled by no entry before")
        elif known.person != entry.actor:
            self._wrong(index, expected=f"a passkey of {entry.actor}", found=f"{credential} of {known.person}")
        elif known.revoked is not None:
            self._wrong(index, expected="a passkey in force", found=f"{credential}, revoked by entry {known.revoked}")
        else:
            self._ask(index, entry.signature, challenge_of(entry), known, what="this act signed by its actor's passkey")

    def _ask(self, index: int, parts: Mapping[str, object], challenge: bytes, key: _Key, *, what: str) -> None:
        evidence = webauthn.read_evidence(parts)
        if evidence is None:
            self._wrong(index, expected=what, found="an answer that cannot be read")
            return
        expected = webauthn.Expected(
            challenge=challenge,
            public_key=key.public_key,
            algorithm=key.algorithm,
            rp_id=self._hosts.rp_id,
            origins=self._hosts.origins,
        )
        place = self._notebook.place()

        def told(found: str) -> None:
            self._notebook.finding(Rule.SIGNATURES, index, expected=what, found=found, place=place)

        self._bench.ask(lambda: webauthn.fault(evidence, expected), told)

    def _check_seen(self, index: int, entry: Entry) -> None:
        seen = entry.act.get("seen")
        if not isinstance(seen, dict) or not isinstance(seen["size"], int):
            self._wrong(index, expected="the head that the actor had seen", found="no seen in an act by passkey")
            return
        size = seen["size"]
        last = self._last.get(entry.actor)
        # Acts signed in one form are recorded at one moment, under one head seen before all of them.
        is_one_form = last is not None and last[1:] == (entry.recorded_ms, seen)
        if last is not None and size <= last[0] and not is_one_form:
            self._odd(index, expected=f"a head that covers entry {last[0]}, the actor's last", found=f"size {size}")
        after = self._history.recorded(size) if size < index else None
        if after is not None and entry.recorded_ms - after.recorded_ms > DAY_MS:
            self._odd(index, expected="a head of the last day", found=f"size {size}, a day behind or more")
        self._last[entry.actor] = (index, entry.recorded_ms, seen)

    def _check_devices(self, index: int, entry: Entry, recorded: Recorded | None) -> None:
        """Note where two people used what is built into a device: it may be one device (log-format, section 6)."""
        known = self._keys.get(str(entry.signature["credential"]))
        if known is None or not known.is_platform or recorded is None:
            return
        self._on_platform.add(index)
        event = recorded.event
        if isinstance(event, SECOND_PERSON) and event.of.index in self._on_platform:
            found = "both passkeys are built into a device, which may be one"
            self._odd(index, expected=f"another device than entry {event.of.index}'s", found=found)

    def _check_password(self, index: int, entry: Entry) -> None:
        holds = self._holding[entry.actor] > 0
        if holds and "reason" in entry.signature:
            self.despite_passkey.append(index)
        elif holds:
            found = "a password without a reason"
            self._wrong(index, expected=f"the passkey of {entry.actor}, or why it does not sign", found=found)

    def _take_effect(self, index: int, entry: Entry, event: events.Event) -> None:
        match event:
            case events.LogOpened() if index == 0:
                self._hosts = _Hosts(event.rp_id, event.signing_origins)
            case events.SigningDomainChanged():
                self._hosts = _Hosts(event.rp_id, event.signing_origins)
            case events.PersonEnrolled(person=person) if self._first_person is None:
                self._first_person = person
            case events.CredentialEnrolled():
                self._enrol(index, entry, event)
            case events.CredentialRevoked(credential=credential, person=person):
                known = self._keys.get(credential)
                if known is None or known.person != person or known.revoked is not None:
                    self._wrong(index, expected=f"a passkey of {person} in force", found=f"{credential}, which is none")
                else:
                    known.revoked = index
                    self._holding[person] -= 1
            case _:
                pass

    def _enrol(self, index: int, entry: Entry, event: events.CredentialEnrolled) -> None:
        key = _Key(
            person=event.person,
            public_key=parse_base64url(event.public_key) or b"",
            algorithm=event.algorithm,
            is_platform=event.attachment == "platform",
        )
        if event.credential in self._keys or key.public_key in self._public_keys:
            self._wrong(index, expected="a passkey of nobody else, enrolled once", found="an id or key enrolled before")
        is_first = event.person == self._first_person and all(one.person != event.person for one in self._keys.values())
        if entry.actor == event.person and not is_first:
            self._wrong(index, expected="another person who vouches", found=f"{entry.actor} for themself")
        if event.rp_id != self._hosts.rp_id:
            self._wrong(index, expected=f"a passkey of {self._hosts.rp_id}", found=f"one of {event.rp_id}")
        asked = webauthn.enrolment(
            actor=event.person, credential=event.credential, log=entry.log, public_key=event.public_key
        )
        proof = {name: getattr(event.proof, name) for name in ("authenticator_data", "client_data", "signature")}
        self._ask(index, proof, asked, key, what="its own signature over its enrolment")
        if event.credential not in self._keys:
            self._keys[event.credential] = key
            self._holding[event.person] += 1
        self._public_keys.add(key.public_key)

    def _wrong(self, index: int, *, expected: str, found: str) -> None:
        self._notebook.finding(Rule.SIGNATURES, index, expected=expected, found=found)

    def _odd(self, index: int, *, expected: str, found: str) -> None:
        self._notebook.notice(Rule.SIGNATURES, index, expected=expected, found=found)
