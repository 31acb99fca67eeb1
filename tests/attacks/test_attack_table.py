"""Each attack carried out for real on the database of a running service: exactly the detectors expected fire.

The service's own watch runs on the attacked copy and turns read-only where the row says so, and nowhere else.
"""

import os
from pathlib import Path

import pytest

from audit.services.drill.detecting import detect
from audit.services.drill.rows import ATTACKS
from audit.services.drill.scene import Scene
from audit.services.drill.table import Attack, Detector, markdown
from audit.storage import derived
from audit.storage.engine import read

PAGE = Path(__file__).parents[2] / "docs" / "threat-model.md"
BEGIN, END = "<!-- attack table -->\n", "<!-- end of attack table -->\n"
SAID = {
    "a row edited in place": (Detector.ACT, "an attest that does not hold"),
    "history rewritten from an entry on, with forged acts": (Detector.ACT, "a signature over something else"),
    "a genuine act dropped": (Detector.ACT, "expected a head seen of size"),
    "genuine acts reordered": (Detector.ACT, "expected seen root"),
    "an entry inserted with an old date": (Detector.ACT, "expected seen root"),
    "a late entry with a false recorded time": (Detector.TIME, "no earlier than"),
    "a signed act replayed": (Detector.ACT, "expected a nonce of its own"),
    "a backup restored": (Detector.SIGNER, "some were lost, or a backup was restored"),
    "a backup restored and continued": (Detector.SIGNER, "another history"),
    "another site's log put in its place": (Detector.ACT, "this installation's service key"),
    "a credential swapped for the attacker's": (Detector.ACT, "a signature that does not hold"),
    "a credential enrolled by the server for itself": (Detector.ACT, "expected another person who vouches"),
    "a clinician's act put in as signed_in": (Detector.ACT, "waste_witnessed signed with a factor; found signed_in"),
    "a clinician's act put in as the service's": (Detector.ACT, "waste_witnessed by the service"),
    "a clinician's act put in by password, though they hold a passkey": (Detector.ACT, "a password without a reason"),
    "a second-person entry by the first person": (Detector.ACT, "expected another person than entry"),
    "a second-person entry by who drew the amount": (Detector.ACT, "drew, gave or recorded it"),
    "cosigners' lines stripped": (Detector.COSIGNER, "its line is not there"),
    "evidence re-made under a fresh key": (Detector.BUNDLE, "the log key given"),
    "clock_stepped used to date back": (Detector.TIME, "expected no step of the clock"),
    "an assertion from sign-in used as a signature": (Detector.ACT, "a signature made for another address"),
    "a report's attachment swapped by an incremental update": (Detector.PDF, "does not cover the whole file"),
    "a report's signature stripped": (Detector.PDF, "The file carries no signature."),
    "a report signed again with another certificate": (Detector.PDF, "signed with another certificate"),
    "tiles and entries forged consistently in a mirror": (Detector.BUNDLE, "the head on paper says"),
}
"""Among what the detector said, the words that show it noticed this attack and not some clumsiness of it."""


def test_before_any_attack_every_detector_is_silent(scene: Scene) -> None:
    assert detect(scene) == {}


def test_the_scene_has_what_attacks_aim_at(scene: Scene) -> None:
    with read(scene.engine) as conn:
        entries = list(derived.entries(conn, scene.site))
    by_passkey = {(one.actor, one.kind) for one in entries if one.method == "passkey"}
    assert len({actor for actor, _ in by_passkey}) == 2
    assert {"waste_recorded", "waste_witnessed", "session_closed", "acts_signed"} <= {kind for _, kind in by_passkey}
    assert {"password_totp", "signed_in", "service"} <= {one.method for one in entries}
    assert {"entry_struck", "time_stamped", "report_issued", "cosigners_changed"} <= {one.kind for one in entries}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.name)
def test_an_attack_is_noticed_by_those_expected_and_by_nobody_else(scene: Scene, attack: Attack) -> None:
    attack.carry_out(scene)
    noticed = detect(scene)
    assert {one.short for one in noticed} == {one.short for one in attack.expected}, noticed
    if attack.name in SAID:
        detector, words = SAID[attack.name]
        assert any(words in said for said in noticed[detector]), noticed[detector]


def test_every_detector_is_needed_by_some_attack_but_the_book_which_answers_mistakes() -> None:
    assert set(Detector) - {one for attack in ATTACKS for one in attack.expected} == {Detector.FOLD}


def test_the_threat_model_shows_the_table_that_is_tested() -> None:
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    shown, _, after = rest.partition(END)
    if os.environ.get("WRITE_GOLDEN"):
        PAGE.write_text(f"{before}{BEGIN}{markdown(ATTACKS)}{END}{after}", "utf-8")
        shown = markdown(ATTACKS)
    assert shown == markdown(ATTACKS)
