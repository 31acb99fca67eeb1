"""An administrator sets who countersigns, signed at the act; a key that is none is named by its line."""

import json

import pytest

from audit.domain.keys import LOG
from audit.reports.evidence import read_evidence
from audit.services.cosigning.asking import Cosigners
from audit.services.reading import book_of
from audit.storage import checkpoints, cosignatures
from audit.storage.cosignatures import CosignatureRow
from audit.storage.engine import write
from audit.tlog.cosignature import CosigningKey
from tests.accounts import RIGHT
from tests.services.cosigning_from_the_standard import MiniWitness, Signer, listening
from tests.web.house import text_of

PAGE = "/record/cosigners"
PHARMACY = CosigningKey("pharmacy.example.org/cosigner", b"a cosigner's seed of 32 bytes...")
SISTER = CosigningKey("sister.example.org/cosigner", b"another cosigner's 32 byte seed.")
KEY, OTHER = PHARMACY.verifier.to_string(), SISTER.verifier.to_string()
NAMED_LIKE_IT = CosigningKey("pharmacy.example.org/cosigner", b"a third cosigner's 32 byte seed.").verifier.to_string()


def trust_of(house):
    return book_of(house.clinic.register, {LOG}).trust


def test_a_record_without_cosigners_says_how_to_come_by_one(house) -> None:
    page = text_of(house.browser("A").get(PAGE))
    assert "Nobody countersigns this record yet" in page
    assert "audit cosigner" in page


def test_setting_cosigners_is_an_entry_signed_by_the_administrator(house) -> None:
    browser = house.browser("A")
    browser.done(PAGE, {"cosigners": f"{KEY}\r\n\r\n  {OTHER}  \r\n", "quorum": "2", "password": RIGHT})
    trust = trust_of(house)
    assert (trust.cosigners, trust.quorum) == ((KEY, OTHER), 2)
    page = text_of(browser.get(PAGE))
    assert "0 of 2 countersigned the last checkpoint, 2 wanted" in page
    assert "pharmacy.example.org/cosigner" in page
    assert "no address set" in page
    browser.done(PAGE, {"cosigners": "", "quorum": "0", "password": RIGHT})
    assert trust_of(house).cosigners == ()


def test_each_cosigners_last_signature_is_shown_with_its_time_and_size(house) -> None:
    browser = house.browser("A")
    browser.done(PAGE, {"cosigners": KEY, "quorum": "1", "password": RIGHT})
    house.service.desk.watch.sign()
    register = house.clinic.register
    with write(register.engine) as conn:
        head = checkpoints.latest(conn, register.site)
        line = PHARMACY.cosign(head.note.partition("\n\n")[0] + "\n", time_s=1_795_443_300).line()
        cosignatures.save(conn, register.site, CosignatureRow(head.size, PHARMACY.verifier.name, line))
    page = text_of(browser.get(PAGE))
    assert "23 Nov 2026 09:15 −05:00" in page
    assert f"{head.size} up to date" in page
    assert "quorum reached" in page


@pytest.mark.parametrize(
    ("typed", "quorum", "said"),
    [
        ("not a key", "1", "Line 1 is not a cosigner's key."),
        (f"{KEY}\n{KEY[:-1]}", "1", "Line 2 is not a cosigner's key."),
        (f"{KEY}\n{KEY}", "1", "A cosigner's key stands there twice."),
        (f"{KEY}\n{NAMED_LIKE_IT}", "1", "The name in line 2 is taken."),
        (
            "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
            "1",
            "Line 1 is not a cosigner's key.",
        ),
        ("\n".join([KEY] * 17), "1", "At most 16 cosigners."),
        (KEY, "2", "The number wanted must be at most the number of cosigners, 1"),
        (KEY, "-1", ""),
        (KEY, "", ""),
        ("x" * 100_000, "1", "Line 1 is not a cosigner's key."),
    ],
)
def test_what_cannot_be_set_is_told_at_its_field_and_stays_typed(house, typed: str, quorum: str, said: str) -> None:
    size = house.size
    answer = house.browser("A").post(PAGE, {"cosigners": typed, "quorum": quorum, "password": RIGHT})
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert text_of(typed.split("\n", maxsplit=1)[0])[:60] in text_of(answer.text)
    assert RIGHT not in answer.text
    assert house.size == size


def test_it_is_not_set_without_the_administrators_password(house) -> None:
    size = house.size
    assert house.browser("A").refused(PAGE, {"cosigners": KEY, "quorum": "1"}) != []
    assert house.browser("A").refused(PAGE, {"cosigners": KEY, "quorum": "1", "password": "wrong"}) != []
    assert house.size == size


@pytest.mark.parametrize("who", ["B", "M", "I"])
def test_nobody_but_an_administrator_sees_or_sets_it(house, who: str) -> None:
    browser = house.browser(who)
    assert browser.client.get(PAGE, base_url="http://localhost").status_code in {403, 404}
    token = {"csrf_token": "x", "nonce": "0" * 32, "cosigners": KEY, "quorum": "1", "password": RIGHT}
    assert browser.client.post(PAGE, data=token, base_url="http://localhost").status_code in {400, 403, 404}
    assert trust_of(house).cosigners == ()


def test_a_report_is_issued_on_a_head_that_the_cosigners_who_answer_have_signed(house) -> None:
    """Asked right then, by a cosigner that shares no code with ours."""
    signer = Signer(PHARMACY.verifier.name, 4, b"a cosigner's seed of 32 bytes...")
    other = MiniWitness(signer, house.clinic.book(LOG).log.log_key)
    house.browser("A").done(PAGE, {"cosigners": KEY, "quorum": "1", "password": RIGHT})
    with listening(other) as address:
        house.service.desk.cosigners = Cosigners(house.clinic.register, {signer.name: address})
        form = {"from": "2026-11-01", "to": "2026-11-23", "password": RIGHT}
        issued = house.browser("M").done("/reports", form).partition("issued=")[2]
    (file,) = (house.service.desk.reports).glob(f"{issued}.pdf")
    files = read_evidence(file.read_bytes())
    assert f"\u2014 {signer.name} " in files["checkpoint"].decode()
    (sentence,) = json.loads(files["report.json"])["verdict"]["sentences"]
    assert sentence == "Unaltered since 23 Nov 2026, cosigned outside by 1 of 1."
