"""Check 7, one entry alone: how its actor stood for it, attestation, role, nonce and the head its actor had seen.

Not here: what passkeys sign (`check_07_passkeys`).
"""

from collections.abc import Mapping

from audit.domain import events
from audit.domain.book import SERVICE, Person, Recorded
from audit.domain.people import SERVICE_KINDS, SIGNED_IN_KINDS, may
from audit.services.verifying.check_01_bytes import Read
from audit.services.verifying.log_keys import LogKeys
from audit.services.verifying.nonces import Nonces
from audit.services.verifying.signature_bench import SignatureBench
from audit.services.verifying.tree import Tree
from audit.services.verifying.verdict import Notebook, Rule
from audit.tlog.attestation import attestation_of, challenge_of
from audit.tlog.entry import Entry
from audit.tlog.keys import KeyRefused, VerifierKey


class Signatures:
    """Keeps the keys and persons in force by the entries so far; `persons` serves the account table too."""

    def __init__(
        self, notebook: Notebook, tree: Tree, bench: SignatureBench, nonces: Nonces, own: tuple[bytes, ...] = ()
    ) -> None:
        self._notebook = notebook
        self._bench = bench
        self._tree = tree
        self._own_service_keys = own
        self._nonces = nonces
        self._service_key: VerifierKey | None = None
        self._service_since = 0
        self.is_demo = False
        self.log_keys = LogKeys(notebook)
        self.persons: dict[str, Person] = {}

    def entry(self, read: Read) -> None:
        """Check one entry and let it take effect on keys and persons."""
        entry = read.entry
        if entry is None:
            return
        if read.recorded is not None and isinstance(read.recorded.event, events.LogOpened) and read.index == 0:
            self._open(read.recorded.event)
        self._check_nonce(read.index, str(entry.act["nonce"]))
        self._check_attest(read.index, entry)
        self._check_method(read.index, entry)
        self._check_seen(read.index, entry)
        if read.recorded is not None:
            self._check_role(read.index, entry, read.recorded)
            self._take_effect(read.index, read.recorded.event)

    def _wrong(self, index: int, *, expected: str, found: str) -> None:
        self._notebook.finding(Rule.SIGNATURES, index, expected=expected, found=found)

    def _open(self, event: events.LogOpened) -> None:
        self.is_demo = event.demo
        self.log_keys.open(self._key(0, "log key", event.log_key), event.recovery_sha256)
        self._service_key, self._service_since = self._key(0, "service key", event.service_key), 0

    def check_own_key(self) -> None:
        """Compare the service key in force at the end with this installation's."""
        own, key = self._own_service_keys, self._service_key
        if own and key is not None and key.public_key not in own:
            found = f"another, {key.to_string()}"
            self._wrong(self._service_since, expected="this installation's service key", found=found)

    def _key(self, index: int, what: str, text: str) -> VerifierKey | None:
        try:
            return VerifierKey.from_string(text)
        except (KeyRefused, ValueError) as refusal:
            self._wrong(index, expected=f"a {what}", found=str(refusal))
            return None

    def _check_nonce(self, index: int, nonce: str) -> None:
        first = self._nonces.first_of(index, nonce)
        if first is not None:
            self._wrong(index, expected="a nonce of its own", found=f"the nonce of entry {first}")

    def _check_attest(self, index: int, entry: Entry) -> None:
        if entry.method == "passkey":
            return
        if self._service_key is None:
            self._wrong(index, expected="an attestation", found="no service key in entry 0 to check it with")
        else:
            self._ask_attest(index, entry, self._service_key)

    def _ask_attest(self, index: int, entry: Entry, key: VerifierKey) -> None:
        message, signature, place = challenge_of(entry), attestation_of(entry), self._notebook.place()

        def check() -> str | None:
            holds = signature is not None and key.verify(message, signature)
            return None if holds else "an attest that does not hold"

        def told(found: str) -> None:
            expected = f"attest by {key.name}+{key.key_id.hex()} over this act"
            self._notebook.finding(Rule.SIGNATURES, index, expected=expected, found=found, place=place)

        self._bench.ask(check, told)

    def _check_method(self, index: int, entry: Entry) -> None:
        kind, method = entry.kind, entry.method
        if (entry.actor == SERVICE) != (method == "service"):
            self._wrong(index, expected="method service for the service alone", found=f"{method} by {entry.actor}")
        if method == "service" and kind not in SERVICE_KINDS:
            self._wrong(index, expected="a person's act", found=f"{kind} by the service")
        if method != "service" and kind in SERVICE_KINDS:
            self._wrong(index, expected=f"{kind} by the service", found=f"{method} by {entry.actor}")
        if method == "signed_in" and kind not in SIGNED_IN_KINDS:
            self._wrong(index, expected=f"{kind} signed with a factor", found="signed_in")
        self._check_factors(index, entry.signature)

    def _check_factors(self, index: int, signature: Mapping[str, object]) -> None:
        factors = signature.get("factors")
        if isinstance(factors, list) and "demo" in factors and not self.is_demo:
            self._wrong(index, expected="a factor that was checked, for this is no demo log", found="factor demo")

    def _check_seen(self, index: int, entry: Entry) -> None:
        seen = entry.act.get("seen")
        if not isinstance(seen, dict):
            return
        size, root = seen["size"], seen["root"]
        if not isinstance(size, int) or size > index:
            self._wrong(index, expected=f"a head seen of size <= {index}", found=f"size {size}")
            return
        known = self._tree.root(size)
        if known is not None and known.hex() != root:
            self._wrong(index, expected=f"seen root {known.hex()} at size {size}", found=f"root {root}")

    def _check_role(self, index: int, entry: Entry, recorded: Recorded) -> None:
        if entry.actor == SERVICE or entry.kind in SERVICE_KINDS:
            return
        event = recorded.event
        if isinstance(event, events.PersonEnrolled) and not self.persons:
            if event.person != entry.actor:
                self._wrong(index, expected="the first person enrolled by themself", found=f"by {entry.actor}")
            return
        person = self.persons.get(entry.actor)
        if person is None:
            self._wrong(index, expected="an actor enrolled before", found=f"{entry.actor}, enrolled by no entry before")
        elif not person.is_active:
            self._wrong(index, expected="an actor whose part has not ended", found=f"{entry.actor}, ended before")
        elif not may(person, entry.kind):
            self._wrong(index, expected=f"a role that may state {entry.kind}", found=f"roles {' '.join(person.roles)}")

    def _take_effect(self, index: int, event: events.Event) -> None:
        match event:
            case events.LogKeyChanged():
                self.log_keys.change(index, event)
            case events.ServiceKeyChanged(service_key=text):
                self._service_key, self._service_since = self._key(index, "service key", text), index
            case events.PersonEnrolled():
                self.persons[event.person] = Person(
                    person=event.person,
                    name=event.name,
                    sign_in=event.sign_in,
                    profession=event.profession,
                    licence=event.licence,
                    roles=event.roles,
                    password_sha256=event.password_sha256,
                )
            case events.RolesChanged(person=person, roles=roles) if person in self.persons:
                self.persons[person].roles = roles
            case events.PersonEnded(person=person) if person in self.persons:
                self.persons[person].is_active = False
            case events.PasswordSet(person=person, password_sha256=commitment) if person in self.persons:
                self.persons[person].password_sha256 = commitment
            case _:
                pass
