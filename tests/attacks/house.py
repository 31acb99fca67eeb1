"""A clinic with everything an attack may aim at, and a copy of it for each attack.

Acts by passkey of two people, a witness, acts by password, a strike, cosigned and dated heads, a report in its folder
and in its reader's hands. Not here: the attacks (`audit.services.drill`) and the copying of databases (`conftest.py`).
"""

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path

import orjson

from audit.domain import commands, events
from audit.domain.book import Recorded
from audit.reports.evidence import read_evidence
from audit.services import report
from audit.services.acts import with_factors, with_passkey
from audit.services.cosigning.asking import Cosigners
from audit.services.drill.scene import Outside, Scene, Stolen
from audit.services.mirror import mirror
from audit.services.passkey_acts import SignaturesWanted
from audit.services.reporting.press import CERTIFICATE, Press
from audit.services.signing.keeper import KeptSigner
from audit.services.signing.keyfiles import KeyFiles
from audit.services.timestamps import stamp
from audit.services.verify import Installation
from audit.storage import checkpoints, log, tree
from audit.storage.engine import open_engine, read
from audit.tlog.attestation import challenge
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.paper import PaperHead
from tests.authenticator import Authenticator
from tests.clinic import OFFSET_MIN, Clinic, start_clinic
from tests.services.cosigning_from_the_standard import MiniWitness, listening
from tests.services.cosigning_from_the_standard import Signer as CosignerKey
from tests.time_authority import TestAuthority, authority_at, granted, serving

PHARMACY = CosignerKey("pharmacy.example.org/cosigner", 4, b"a cosigner's seed of 32 bytes...")
NO_PASSKEY = with_factors("password", reason="left at home")
DAY = "2026-11-23"


@dataclass(kw_only=True)
class House:
    """A clinic as it stands before any attack, with what people outside have of it."""

    url: str
    home: Path
    clinic: Clinic
    authority: TestAuthority
    devices: dict[str, Authenticator]
    cosigner: MiniWitness
    paper: PaperHead | None = None
    report: Path | None = None

    def by_passkey(self, who: str, command: commands.Command) -> Recorded:
        """Let a person do one thing, signed with their passkey."""
        clinic = self.clinic
        with read(clinic.register.engine) as conn:
            size = log.head(conn, clinic.register.site).size
            seen = events.SeenHead(size=size, root=tree.root(conn, clinic.register.site, size).hex())
        order = clinic.order(who, command, with_passkey(None), seen=seen, occurred_ms=clinic.clock())
        try:
            clinic.record([order])
        except SignaturesWanted as waiting:
            act = orjson.loads(waiting.wanted[0].act)
        assertion = self.devices[who].assertion(challenge(act, clinic.register.origin))
        return clinic.record([dataclasses.replace(order, standing=with_passkey(assertion))])[0].entry

    def seen_outside(self) -> None:
        """Have the head signed, cosigned and dated, the entry about it signed, and the new head cosigned."""
        clinic = self.clinic
        clinic.checkpoint()
        with serving(lambda query: granted(self.authority.dated(query, clinic.clock.now_ms))) as url:
            stamp(clinic.register, authority_at(url, self.authority))
        clinic.checkpoint()
        with listening(self.cosigner) as address:
            assert Cosigners(clinic.register, {PHARMACY.name: address}).ask() == 1


def live(url: str, home: Path) -> House:
    """Live a day: first by password, then, after the head was printed on paper, by passkey."""
    clinic = start_clinic(url, home)
    key = next(
        part for part in _first_body(clinic).decode().split('"') if part.startswith(f"{clinic.register.origin}+")
    )
    house = House(
        url=url,
        home=home,
        clinic=clinic,
        authority=TestAuthority(home / "authority"),
        devices={"A": Authenticator(seed=1), "B": Authenticator(seed=2)},
        cosigner=MiniWitness(PHARMACY, key),
    )
    vials = clinic.receive(count=4)
    clinic.act("A", events.CosignersChanged(cosigners=(PHARMACY.vkey,), quorum=1))
    clinic.whole_session(vials[0])
    _wasted_by_another_than_drew(clinic, vials[1])
    clinic.register_patient()
    clinic.act("A", house.devices["A"].enrolled(clinic.people["A"], clinic.register.origin))
    house.by_passkey("A", house.devices["B"].enrolled(clinic.people["B"], clinic.register.origin))
    house.seen_outside()
    with read(clinic.register.engine) as conn:
        printed = checkpoints.latest(conn, clinic.register.site)
    assert printed is not None
    house.paper = PaperHead(clinic.register.origin, printed.size, printed.root.hex())
    clinic.clock.pass_minutes(60)
    _afternoon(house, vials[2])
    house.report = _issue(house)
    house.seen_outside()
    return house


def scene_of(house: House, url: str, folder: Path) -> Scene:
    """Set the scene for one attack on a copied database, with copies of all that an attack may change."""
    shutil.copytree(house.clinic.signer.folder, folder / "signer")
    shutil.copytree(house.home / "reports", folder / "reports")
    clinic, keyring = house.clinic, house.clinic.ground.keyring
    signer = KeptSigner(folder / "signer", clinic.source.randbytes)
    log_key = KeyFiles(folder / "signer" / "keys").present(clinic.register.origin)
    register = dataclasses.replace(clinic.register, engine=open_engine(url))
    cosigned = Checkpoint(clinic.register.origin, house.cosigner.size, house.cosigner.root)
    assert house.paper is not None
    assert house.report is not None
    pdf = house.report.read_bytes()
    mirror(register, folder / "mirror")
    return Scene(
        register=register,
        signer=signer,
        installation=Installation(
            keyring=keyring,
            signer=signer,
            reports=folder / "reports",
            time_certificates=house.authority.root.read_bytes(),
        ),
        stolen=Stolen(log_key=log_key, service_key=clinic.register.service_key),
        outside=Outside(
            paper=house.paper,
            log_key=clinic.log_key,
            cosigned=((PHARMACY.name, cosigned),),
            certificate=(house.home / "keys" / CERTIFICATE).read_bytes(),
        ),
        pdf=pdf,
        evidence=read_evidence(pdf),
        mirror=folder / "mirror",
        folder=folder,
        random=clinic.source.randbytes,
    )


def _first_body(clinic: Clinic) -> bytes:
    with read(clinic.register.engine) as conn:
        opened = log.entry(conn, clinic.register.site, 0)
    assert opened is not None
    return opened.body


def _wasted_by_another_than_drew(clinic: Clinic, vial: str) -> None:
    session = clinic.open_session("A")
    syringe = clinic.draw("B", session, vial, 1000)
    clinic.run("B", session, syringe, rate_ul_per_h=1200, minutes=40)
    clinic.reread("M", clinic.read("A", syringe, 200), syringe, 200)
    clinic.witness("M", clinic.waste("A", syringe))
    clinic.act("A", commands.CloseSession(session=session))


def _afternoon(house: House, vial: str) -> None:
    clinic = house.clinic
    patient = [clinic.register_patient("B") for _ in range(3)][-1]
    session = clinic.open_session("A", patient=patient)
    syringe = clinic.draw("A", session, vial, 1000)
    clinic.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    first = clinic.read("A", syringe, 210)
    strike = clinic.order("A", commands.StrikeEntry(of=first.ref, reason="mistyped", replacements=1), NO_PASSKEY)
    again = clinic.order("A", commands.ReadRemainder(container=syringe, volume_ul=200), answers_strike=True)
    (_, read_again) = clinic.record([strike, dataclasses.replace(again, standing=NO_PASSKEY)])
    house.by_passkey("B", commands.RereadRemainder(of=read_again.entry.ref, container=syringe, volume_ul=200))
    wasted = house.by_passkey("A", commands.WasteRemainder(container=syringe, method="denature", reason="remainder"))
    house.by_passkey("B", commands.WitnessWaste(of=wasted.ref, container=syringe))
    house.by_passkey("A", commands.CloseSession(session=session))
    clinic.checkpoint()
    clinic.clock.pass_minutes(30)
    for _ in range(3):
        clinic.register_patient("M")
    house.by_passkey("B", _acts_on_the_way(clinic, "B"))
    clinic.checkpoint()
    clinic.clock.pass_minutes(30)


def _acts_on_the_way(clinic: Clinic, who: str) -> events.ActsSigned:
    site = clinic.register.site
    with read(clinic.register.engine) as conn:
        waiting = tuple(log.unsigned_since(conn, site, clinic.people[who]))
        (last,) = log.entries_at(conn, site, waiting[-1:])
    return events.ActsSigned(from_index=waiting[0], to_index=waiting[-1], leaf=last.leaf.hex(), indexes=waiting)


def _issue(house: House) -> Path:
    clinic = house.clinic
    press = Press(house.home / "reports", house.home / "keys")
    press.reports.mkdir()
    asked = report.Asked(
        report=clinic.identifier("rp"),
        first=DAY,
        last=DAY,
        nonce=clinic.nonce(),
        actor=clinic.people["M"],
        offset_min=OFFSET_MIN,
        standing=with_factors("password"),
    )
    return report.issue(clinic.register, clinic.checkpoint, press, asked).file
