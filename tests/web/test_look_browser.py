"""The pages in a real browser, under the real content policy: look, keypad, scanner, sending once, time-out."""

import os
import re
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tests.web.gallery import served

CHROMIUM = shutil.which("chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"tablet": (820, 1180), "desktop": (1280, 900), "telephone": (320, 640)}
# characters with the milliseconds between them, as a scanner (or a quick typist) makes them
TYPE = """async ([text, gap, end]) => {
  const at = document.activeElement;
  const key = (k, extra) => {
    const init = {key: k, bubbles: true, cancelable: true, ...extra};
    const goes = document.activeElement.dispatchEvent(new KeyboardEvent('keydown', init));
    const field = document.activeElement;
    if (goes && k.length === 1 && 'value' in field && !extra?.ctrlKey) field.value += k;
    if (goes && k === 'Enter' && field.form) field.form.requestSubmit();
    return new Promise(done => gap ? setTimeout(done, gap) : done());
  };
  for (const c of text) await (c === '|' ? key(']', {ctrlKey: true, code: 'BracketRight'}) : key(c));
  if (end) await key(end);
}"""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="module")
def site():
    with served() as (address, sent):
        yield address, sent


@pytest.fixture
def page(browser, site):
    context = browser.new_context(viewport={"width": 820, "height": 1180})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    # a violated policy or a failing script is a fault of every test
    assert [c for c in complaints if "favicon" not in c and "404" not in c] == []


def _press(page, keys):
    for key in keys:
        page.click(f'#reading [data-key="{key}"], #witness [data-key="{key}"]')


def _scan(page, text, *, gap=0, end="Enter"):
    page.evaluate(TYPE, [text, gap, end])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["gallery", "second", "public"])
def test_nothing_is_wider_than_the_screen(page, site, name, size, theme):
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{site[0]}/{name}?theme={theme}")
    if folder := os.environ.get("LOOK_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}-{size}-{theme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", ["gallery", "second", "public"])
def test_every_target_is_at_least_48_pixels_high(page, site, name):
    page.goto(f"{site[0]}/{name}")
    small = page.evaluate("""() => [...document.querySelectorAll(
            '.btn, .input, .chip, .opt, .nav a, .pad button, .stepper button, .seg a')]
        .filter(e => e.offsetParent && e.getBoundingClientRect().height < 47.5).map(e => e.outerHTML.slice(0, 90))""")
    assert small == []


def test_icons_and_textures_are_drawn(page, site):
    page.goto(f"{site[0]}/gallery")
    assert (
        page.evaluate("""() => [...document.querySelectorAll('svg.i use')]
        .filter(u => u.getBoundingClientRect().width > 0).length""")
        > 40
    )
    assert page.evaluate("getComputedStyle(document.querySelector('.m-waste')).fill").startswith('url("#t-waste")')
    assert page.evaluate("document.fonts.check('16px \"Plex Sans\"')")


@pytest.mark.parametrize(
    ("text", "lang", "gives"),
    [
        ("1.5", "en", 1500),
        ("1,5", "en", 1500),
        ("1,5", "fr", 1500),
        ("0,500", "en", 500),
        (" 16.5 ", "en", 16500),
        ("0.001", "en", 1),
        ("123456789.999", "en", 123456789999),
        ("1,500", "en", "two"),
        ("1.500", "en", 1500),
        ("1.500", "fr", "two"),
        ("1,500", "fr", 1500),
        ("1.5555", "en", "fine"),
        ("1e3", "en", "bad"),
        ("-1", "en", "bad"),
        ("+1", "en", "bad"),
        ("1,5o", "en", "bad"),
        ("1.2.3", "en", "bad"),
        ("1,234.5", "en", "bad"),
        (".5", "en", "bad"),
        ("5.", "en", "bad"),
        ("١٫٥", "en", "bad"),
        ("", "en", "empty"),
    ],
)
def test_an_amount_is_read_in_one_way_or_not_at_all(page, site, text, lang, gives):
    page.goto(f"{site[0]}/gallery")
    read = page.evaluate(
        """async ([text, lang]) => { const {parseAmount} = await import('/static/js/exact.js');
        const r = parseAmount(text, lang); return r.why || String(r.value); }""",
        [text, lang],
    )
    assert read == str(gives)


@pytest.mark.parametrize(
    ("value", "num", "den", "gives"),
    [
        (100, 50_000, 1_000, "5000 true"),  # 0.1 mL of 50 mg/mL is 5 mg
        (333, 1_000, 3_000, "111 true"),
        (1_000, 1_000, 3_000, "333 false"),
        (1, 1, 2, "0 false"),  # half to even: down to 0
        (3, 1, 2, "2 false"),  # half to even: up to 2
        (9_007_199_254_740_993, 1_000, 1_000, "9007199254740993 true"),  # a float would lose the last digit
    ],
)
def test_mg_and_ml_are_converted_exactly_or_half_to_even(page, site, value, num, den, gives):
    page.goto(f"{site[0]}/gallery")
    script = """async ([value, num, den]) => { const {convert} = await import('/static/js/exact.js');
        const r = convert(BigInt(value), BigInt(num), BigInt(den)); return `${r.value} ${r.exact}`; }"""
    assert page.evaluate(script, [str(value), str(num), str(den)]) == gives


def test_the_keypad_shows_both_units_and_names_them_on_the_button(page, site):
    page.goto(f"{site[0]}/second")
    _press(page, "16.5")
    assert page.input_value("#f-read") == "16.5"
    assert page.text_content("[data-alt]") == "= 16.5\u00a0mg"
    assert page.text_content("[data-echo=f-read]") == "16.5\u00a0mL (16.5\u00a0mg)"
    _press(page, ["del", "del", "del", "del"])
    assert page.text_content("[data-echo=f-read]") == "type it first"


def test_the_keypad_never_rounds_what_is_finer_than_the_syringe_reads(page, site):
    page.goto(f"{site[0]}/second")
    _press(page, "1.55")
    assert page.input_value("#f-read") == "1.55"
    assert page.text_content("[data-alt]") == "Finer than can be read here"
    assert page.text_content("[data-echo=f-read]") == "type it first"


def test_the_keypad_of_a_french_page_types_a_comma(page, site):
    page.goto(f"{site[0]}/second?lang=fr")
    _press(page, "16.5")
    assert page.input_value("#f-read") == "16,5"
    assert page.text_content("[data-alt]") == "= 16,5\u00a0mg"


def test_a_scan_goes_to_the_scan_field_wherever_the_focus_is(page, site):
    page.goto(f"{site[0]}/gallery")
    page.focus("#f-weight")
    _scan(page, "010361234567890617281130|10EX-5402")
    assert page.input_value("#f-code") == "010361234567890617281130␝10EX-5402"
    assert page.input_value("#f-weight") == "780"
    assert page.url.endswith("/gallery")


def test_the_enter_of_a_scan_sends_no_other_form(page, site):
    before = len(site[1])
    page.goto(f"{site[0]}/public")
    page.focus("#f-email")
    _scan(page, "V-0412-0000")
    page.wait_for_url("**/found?code=V-0412-0000")
    assert len(site[1]) == before


def test_what_a_key_types_into_a_password_field_stays_there(page, site):
    page.goto(f"{site[0]}/public")
    page.focus("#f-password")
    _scan(page, "four-unrelated-words", end="")
    assert page.input_value("#f-password") == "four-unrelated-words"
    assert page.url == f"{site[0]}/public"


def test_the_tab_of_a_scan_does_not_move_the_focus(page, site):
    page.goto(f"{site[0]}/gallery")
    page.focus("#f-weight")
    _scan(page, "V-0412-0000", end="Tab")
    assert page.input_value("#f-code") == "V-0412-0000"
    assert page.evaluate("document.activeElement.id") == "f-weight"


def test_typing_by_hand_is_not_taken_for_a_scan(page, site):
    page.goto(f"{site[0]}/gallery")
    page.fill("#f-weight", "")
    page.focus("#f-weight")
    _scan(page, "123456789", gap=45, end="")
    assert page.input_value("#f-weight") == "123456789"
    assert page.input_value("#f-code") == ""


def test_a_form_tapped_twice_is_sent_once_and_its_button_keeps_its_words(page, site):
    before = len(site[1])
    page.goto(f"{site[0]}/gallery")
    page.evaluate("""() => { const b = document.querySelector('#draw button[type=submit]');
        b.click(); b.click(); }""")
    page.wait_for_url("**/echo")
    assert [body for body in site[1][before:] if "nonce=n-1" in body] == site[1][before:]
    assert len(site[1]) == before + 1


def test_a_page_taken_back_from_the_memory_of_the_browser_can_be_sent_again(page, site):
    page.goto(f"{site[0]}/gallery")
    busy = """() => { const b = document.querySelector('#draw button[type=submit]'), words = b.textContent;
        document.addEventListener('submit', e => e.preventDefault()); b.form.requestSubmit(b);
        return [words === b.textContent, b.getAttribute('aria-busy'), b.disabled]; }"""
    assert page.evaluate(busy) == [True, "true", False]
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert page.get_attribute("#draw button[type=submit]", "aria-busy") is None
    assert page.get_attribute("#draw", "data-sent") is None


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["gallery", "second", "public"])
def test_no_rule_of_axe_is_broken(page, site, name, theme):
    page.goto(f"{site[0]}/{name}?theme={theme}")
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"][:160] for node in rule["nodes"]][:3]) for rule in found] == []


def test_what_was_typed_comes_back_after_a_time_out_but_never_secrets_or_identities(page, site):
    page.goto(f"{site[0]}/gallery")
    page.fill("#f-note", "Pump alarm at 10:20")
    page.fill("#f-patient", "Somebody Real")
    page.fill("#f-secret", "s3cret")
    stored = page.evaluate("JSON.stringify({...sessionStorage})")
    assert "Somebody" not in stored
    assert "s3cret" not in stored
    page.goto(f"{site[0]}/public?timed_out=1")
    page.goto(f"{site[0]}/gallery")
    assert page.input_value("#f-note") == "Pump alarm at 10:20"
    assert page.input_value("#f-patient") == ""
    assert "back" in page.text_content("#draw .banner")


def test_what_was_typed_is_forgotten_without_a_time_out(page, site):
    page.goto(f"{site[0]}/gallery")
    page.fill("#f-note", "Pump alarm at 10:20")
    page.goto(f"{site[0]}/gallery")
    assert page.input_value("#f-note") == "Pump alarm"


def test_the_focus_goes_to_what_is_to_be_put_right(page, site):
    page.goto(f"{site[0]}/gallery")
    assert page.evaluate("document.activeElement.className") == "errsum"


def test_a_running_infusion_shows_rate_times_time_and_never_more_than_was_drawn(page, site):
    page.goto(f"{site[0]}/gallery")
    script = """async ([elapsed]) => { const {givenSoFar} = await import('/static/js/clock.js');
        return String(givenSoFar({
            baseUg: 11700n, rateUgPerH: 46800n, elapsedMs: BigInt(elapsed), mostUg: 50000n})); }"""
    assert page.evaluate(script, ["720000"]) == "21000"  # 11.7 mg + 46.8 mg/h for 12 min = 21.06 mg, shown as 21.0
    assert page.evaluate(script, ["360000000"]) == "50000"


def test_live_figures_are_refreshed_after_ten_seconds_and_not_before(page, site):
    page.clock.install()
    page.goto(f"{site[0]}/gallery")
    page.clock.run_for(9_000)
    assert page.text_content("#b3-h ~ .bal-eq [data-live=given-mg]") == "21"
    page.clock.run_for(60_000)
    assert page.text_content("#b3-h ~ .bal-eq [data-live=given-mg]") == "21.8"  # 0.78 mg a minute
    assert page.text_content("#b3-h ~ .bal-eq [data-live=left-mg]") == "28.2"
    assert re.search(r"\+25 of 40 min", page.text_content("[data-minutes]"))
