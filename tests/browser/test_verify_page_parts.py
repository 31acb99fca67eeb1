"""Parts of the page's script against standards and vectors of others, in the browser that will run them."""

import base64
import hashlib
import hmac
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.forging import offline_page, open_parts

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
VECTORS = ROOT.parent / "shared" / "vectors"
GOLDEN = ROOT / "tests" / "golden" / "tlog"
BYTES = "const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));"
# Leaves and roots of the test tree that Certificate Transparency implementations share.
LEAVES = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
]  # fmt: skip
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with offline_page(browser, tmp_path_factory.mktemp("page")) as opened:
        open_parts(opened)
        yield opened


def ask(page: Page, body: str, given: object = None) -> object:
    """The value of a function's body, which finds the sources as `at` and what it is given as `given`."""
    return page.evaluate(f"(given) => {{ const at = window.parts; {BYTES} {body} }}", given)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_hashes_are_those_of_the_standard_at_every_length_around_a_block(page: Page) -> None:
    source = random.Random(1)
    given = [source.randbytes(length) for length in [*range(140), 1000, 65_537]]
    said = ask(
        page,
        "return given.map((one) => [at.bytes.hexOf(at.sha256.sha256(bytes(one))),"
        " at.bytes.hexOf(at.sha256.hmacSha256(bytes(one), bytes(one)))]);",
        [b64(one) for one in given],
    )
    assert said == [[hashlib.sha256(one).hexdigest(), hmac.new(one, one, "sha256").hexdigest()] for one in given]


def test_roots_are_those_of_the_shared_test_tree(page: Page) -> None:
    body = (
        "const tree = new at.merkle.Tree();"
        "for (const leaf of given) tree.push(at.merkle.leafOf(at.bytes.fromHex(leaf)));"
        "return [...Array(9).keys()].map((size) => at.bytes.hexOf(tree.rootAt(size)));"
    )
    assert ask(page, body, LEAVES) == list(ROOTS.values())


@pytest.mark.skipif(not VECTORS.exists(), reason="vectors absent: rfc8785")
def test_documents_of_others_encode_as_they_do_and_are_refused_where_the_profile_is_narrower(page: Page) -> None:
    cases = json.loads((VECTORS / "rfc8785.json").read_text())
    body = (
        "const read = at.canonical.readJson(at.bytes.textOf(bytes(given.input_base64))).value;"
        "const why = at.canonical.decode(bytes(given.output_base64)).why;"
        "return [btoa(String.fromCharCode(...at.canonical.encode(read))), why];"
    )
    for case in cases:
        encoded, why = ask(page, body, case)  # type: ignore[misc]
        assert encoded == case["output_base64"]
        assert why


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}', '{"b":1,"a":1}', '{"a": 1}', '{"a":1}\n', '\ufeff{"a":1}', '{"a":1.0}', '{"a":1e2}',
        '{"a":-0}', '{"a":01}', '{"a":9007199254740993}', '{"a":null}', '{"a":{}}', '{"a":[]}', '{"A":1}',
        '{"a":"\\u0041"}', '{"a":"e\u0301"}', '{"a":"\u00ad"}', '{"a":"\ue000"}', '{"a":"\u0378"}', '{"a":"\u2028"}',
        '{"a":"\\n"}', '{"__proto__":1}', '{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}', '{"a":"' + "x" * 16_380 + '"}',
        '{"a":"\\ud800"}', "", "x", '{"a":"\U0002ebf0"}',
    ],
)  # fmt: skip
def test_what_is_not_canonical_is_refused(page: Page, text: str) -> None:
    assert ask(page, "return at.canonical.decode(bytes(given)).why ?? null;", b64(text.encode()))


@pytest.mark.parametrize("text", ['{"a":-1,"b":["é",true,{"c":"\U0001f600"}]}', '{"a":"\\"\\\\/"}'])
def test_what_is_canonical_is_read(page: Page, text: str) -> None:
    assert ask(page, "return at.canonical.decode(bytes(given)).value;", b64(text.encode())) == json.loads(text)


def test_text_is_that_of_unicode_15_whatever_the_browser_knows(page: Page) -> None:
    # The Unicode Standard 15.0, appendix D: 149,186 graphic and format characters, of which 170 of category Cf and the
    # line and paragraph separators are refused.
    body = (
        "const refused = /[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Co}\\p{Cn}\\p{Zl}\\p{Zp}]/u; let plain = 0; let wrong = 0;"
        "for (let code = 0; code < 0x110000; code++) {"
        " const is = at.unicode.isPlain(code); plain += is;"
        " if (is && refused.test(String.fromCodePoint(code))) wrong += 1; }"
        "return [plain, wrong];"
    )
    assert ask(page, body) == [149_186 - 170 - 2, 0]


def test_a_checkpoint_is_signed_by_its_key_and_by_no_other(page: Page) -> None:
    note, keys = (GOLDEN / "checkpoint").read_text(), (GOLDEN / "vkey").read_text().splitlines()
    body = (
        "const head = at.note.parseCheckpoint(at.bytes.utf8(given[0]));"
        "return head.why ? head.why : at.note.isSignedByLog(head, at.note.parseVkey(given[1]));"
    )
    other = keys[0].replace("AQOhB7", "AQOhC7")
    assert ask(page, body, [note, keys[0]]) is True
    assert ask(page, body, [note, keys[1]]) is False
    assert ask(page, body, [note.replace("\n4\n", "\n5\n"), keys[0]]) is False
    assert ask(page, "return at.note.parseVkey(given);", other) is None
    for spoilt in (
        note[:-1],
        note.replace("— ", "- "),
        note.replace("\n\n", "\nmore\n\n"),
        note.replace("\n4\n", "\n04\n"),
    ):
        assert isinstance(ask(page, body, [spoilt, keys[0]]), str)


def test_no_source_is_dead(page: Page) -> None:
    """Every export is asked for by another source; a test counts the plain code points."""
    folder = ROOT / "audit" / "web" / "verify_page" / "js"
    sources = {path.stem: path.read_text() for path in folder.glob("*.js")}
    exported = {
        (name, found)
        for name, text in sources.items()
        for found in re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", text, re.MULTILINE)
    }
    imported = {
        (source, name.strip())
        for text in sources.values()
        for names, source in re.findall(r'^import \{([^}]+)\} from "\./(\w+)\.js";', text, re.MULTILINE)
        for name in names.split(",")
        if name.strip()
    }
    assert sorted(exported - imported) == [("unicode", "isPlain")]
