"""The log's own files, as an inspector's tool fetches them, and what nobody else gets."""

import base64

import pytest

from audit.tlog.checkpoint import open_note
from audit.tlog.merkle import Frontier, leaf_hash, verify_consistency
from audit.tlog.note import parse_note
from audit.tlog.tile import parse_entries, tiles_of
from tests.web.house import House

LOG = "/log/example-clinic"


def fetch(house: House, who: str, path: str):
    return house.browser(who).client.get(path, base_url="http://localhost")


@pytest.fixture
def signed(house: House) -> House:
    house.clinic.register_patient()
    house.service.desk.watch.sign()
    return house


def head(house: House):
    note = fetch(house, "I", f"{LOG}/checkpoint").text
    return open_note(note, [house.clinic.log_key])[0]


def test_an_inspector_rebuilds_the_root_from_the_files_alone(signed):
    found = head(signed)
    frontier = Frontier()
    for tile in tiles_of(found.size):
        answer = fetch(signed, "I", f"{LOG}/{tile.path}")
        assert (answer.status_code, answer.mimetype) == (200, "application/octet-stream")
        if tile.level is None:
            for body in parse_entries(answer.data, tile.width):
                frontier.push(leaf_hash(body))
    assert frontier.root() == found.root


def test_tiles_may_be_kept_for_ever_and_the_checkpoint_never(signed):
    size = head(signed).size
    tile = fetch(signed, "I", f"{LOG}/tile/0/000.p/{size}")
    assert tile.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Cookie" in tile.headers["Vary"]
    answer = fetch(signed, "I", f"{LOG}/checkpoint")
    assert (answer.headers["Cache-Control"], answer.content_type) == ("private, no-cache", "text/plain; charset=utf-8")


@pytest.mark.parametrize("who", ["M", "A", "I"])
def test_inspectors_managers_and_administrators_fetch_them(signed, who):
    assert fetch(signed, who, f"{LOG}/checkpoint").status_code == 200


def test_nobody_else_does(signed):
    for path in (f"{LOG}/checkpoint", f"{LOG}/tile/0/000.p/1"):
        assert fetch(signed, "B", path).status_code == 404
        assert fetch(signed, "", path).status_code in {302, 303, 401, 404}


@pytest.mark.parametrize(
    "path",
    [
        "/log/other/checkpoint", f"{LOG}/2/checkpoint", f"{LOG}/tile/0/001", f"{LOG}/tile/0/000", f"{LOG}/tile/9/000",
        f"{LOG}/tile/0/000.p/0", f"{LOG}/tile/../checkpoint", f"{LOG}/tile/entries/000", f"{LOG}/tile/0/%2e%2e/000",
    ],
)  # fmt: skip
def test_what_is_no_file_of_this_log_is_not_there(signed, path):
    assert fetch(signed, "I", path).status_code == 404


def test_entries_are_kept_from_whoever_may_still_be_the_second_person(signed):
    clinic = signed.clinic
    session = clinic.open_session("A")
    syringe = clinic.draw("A", session, clinic.receive()[0], 1000)
    clinic.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    before = head(signed).size
    first = clinic.read("A", syringe, 200)
    signed.service.desk.watch.sign()
    size = head(signed).size
    assert size > before
    assert fetch(signed, "M", f"{LOG}/tile/entries/000.p/{size}").status_code == 403
    assert fetch(signed, "M", f"{LOG}/tile/entries/000.p/{first.index}").status_code == 200
    assert fetch(signed, "M", f"{LOG}/tile/0/000.p/{size}").status_code == 200
    assert fetch(signed, "I", f"{LOG}/tile/entries/000.p/{size}").status_code == 200
    clinic.reread("B", first, syringe, 200)
    assert fetch(signed, "M", f"{LOG}/tile/entries/000.p/{size}").status_code == 200


def test_everybody_signed_in_has_their_kept_head_shown_to_be_extended(signed):
    old = head(signed)
    signed.clinic.register_patient()
    signed.service.desk.watch.sign()
    answer = fetch(signed, "B", f"{LOG}/consistency?old={old.size}&root={old.root.hex()}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    shown = answer.json
    new = open_note(shown["note"], [signed.clinic.log_key])[0]
    assert (shown["size"], shown["root"]) == (new.size, new.root.hex())
    proof = [bytes.fromhex(one) for one in shown["proof"]]
    verify_consistency(old=old.size, new=new.size, old_root=old.root, new_root=new.root, proof=proof)
    assert parse_note(shown["note"]).text.splitlines()[2] == base64.b64encode(new.root).decode()
    first = fetch(signed, "B", f"{LOG}/consistency?old=0").json
    assert (first["size"], first["proof"]) == (new.size, [])


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("old=3&root=" + "0" * 64, 409, "kept_head_differs"),
        ("old=9999", 409, "kept_head_ahead"),
        ("old=1&new=2", 409, "other_size"),
        ("old=x", 400, None),
        ("old=-1", 400, None),
        ("old=1&root=zz", 400, None),
    ],
)
def test_a_head_that_the_log_does_not_extend_is_a_conflict(signed, query, status, code):
    answer = fetch(signed, "B", f"{LOG}/consistency?{query}")
    assert answer.status_code == status
    if code:
        assert answer.json["error"] == code


def test_nobody_signed_out_asks(signed):
    assert fetch(signed, "", f"{LOG}/consistency?old=0").status_code in {302, 303, 401, 404}
