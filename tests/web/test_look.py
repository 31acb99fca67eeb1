import re

import pytest

from tests.web.gallery import PAGES, STATIC, TEMPLATES, render

SHEETS = sorted((STATIC / "css").glob("*.css"))
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
MACROS = sorted(TEMPLATES.rglob("*.html"))
RAW_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|rgba|hsl|hsla|oklch|lab|color)\(")
ICON_BYTES, SHEET_BYTES, SCRIPT_LINES = 12_000, 8_000, 120

# foreground, background: text that is read, WCAG 2.2 criterion 1.4.3 (4.5:1)
TEXT_PAIRS = [
    *[(ink, ground) for ink in ("ink", "ink-2") for ground in ("canvas", "surface", "sunken")],
    ("ink-3", "surface"),
    ("ink-3", "canvas"),
    *[(ink, "surface") for ink in ("accent", "second", "ok", "warn", "stop")],
    *[(ink, f"{ink}-tint") for ink in ("accent", "second", "ok", "warn", "stop")],
    *[("ink-2", f"{ink}-tint") for ink in ("accent", "second", "ok", "warn", "stop")],
    ("on-accent", "accent"),
    ("on-accent", "accent-press"),
    ("on-second", "second"),
    ("on-second", "second-press"),
    ("on-stop", "stop"),
    ("on-accent", "m-given"),
    ("surface", "ink"),
    ("paper-ink", "paper"),
    ("paper-ink-2", "paper"),
]
# borders of controls, focus ring, masses in a bar: criterion 1.4.11 (3:1)
SHAPE_PAIRS = [
    *[("control", ground) for ground in ("surface", "canvas", "sunken")],
    ("focus", "surface"),
    ("focus", "canvas"),
    ("surface", "ok"),
    ("surface", "warn"),
    *[(f"m-{mass}", "surface") for mass in ("in", "given", "waste", "move", "lost", "hand", "left")],
    ("m-waste", "m-waste-bg"),
    ("m-move", "m-move-bg"),
    ("m-lost", "m-lost-bg"),
]


def _without_comments(css: str) -> str:
    return re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)


def _tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):(#[0-9a-fA-F]{6})\b", block))


def _blocks() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    css = _without_comments((STATIC / "css" / "tokens.css").read_text())
    light, rest = css.split("@media (prefers-color-scheme:dark)")
    by_device, by_choice = rest.split("[data-theme=dark]")
    return _tokens(light), _tokens(by_device), _tokens(by_choice)


def _luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2, "relative luminance"."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2, "contrast ratio": from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_formula_gives_the_ratios_wcag_states():
    assert _contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("pair", "least"), [(p, 4.5) for p in TEXT_PAIRS] + [(p, 3.0) for p in SHAPE_PAIRS])
def test_text_and_shapes_can_be_told_from_their_ground(scheme, pair, least):
    light, dark, _ = _blocks()
    colours = light if scheme == "light" else light | dark
    assert _contrast(colours[pair[0]], colours[pair[1]]) >= least


def test_dark_by_choice_equals_dark_by_device():
    _, by_device, by_choice = _blocks()
    assert by_device == by_choice
    assert by_device


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda p: p.name)
def test_raw_colours_stand_in_the_tokens_only(sheet):
    found = RAW_COLOUR.findall(_without_comments(sheet.read_text()))
    assert bool(found) == (sheet.name == "tokens.css")


def test_every_token_used_is_defined():
    css = "".join(_without_comments(sheet.read_text()) for sheet in SHEETS)
    defined = set(re.findall(r"(--[\w-]+):", css))
    assert set(re.findall(r"var\((--[\w-]+)\)", css)) <= defined


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda p: p.name)
def test_a_style_sheet_is_small_enough_to_read_and_is_loaded(sheet):
    assert len(sheet.read_bytes()) <= SHEET_BYTES
    by_pages = "".join(page.read_text() for page in MACROS)
    assert f"css/{sheet.name}" in render("gallery.html") + by_pages


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.name)
def test_a_script_is_small_enough_to_read_and_never_writes_markup(script):
    text = script.read_text()
    assert len(text.splitlines()) <= SCRIPT_LINES
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "new Function", ".style", "cssText"):
        assert forbidden not in text


def test_amounts_in_scripts_are_never_floating_point():
    for name in ("exact.js", "keypad.js", "clock.js"):
        text = (STATIC / "js" / name).read_text()
        assert not re.search(r"parseFloat|toFixed|Math\.round|\d\.\d+[^ .\"]*\s*[*/+-]", text), name


def _markup_of_all_templates() -> list[tuple[str, str]]:
    return [(str(path.relative_to(TEMPLATES)), path.read_text()) for path in MACROS]


@pytest.mark.parametrize(("name", "markup"), _markup_of_all_templates(), ids=lambda v: v if len(v) < 60 else "")
def test_no_template_carries_inline_style_or_script(name, markup):
    without_notes = re.sub(r"\{#.*?#\}", "", markup, flags=re.DOTALL)
    assert not re.search(r"\sstyle\s*=|<style|\son[a-z]+\s*=|javascript:", without_notes)
    for script in re.findall(r"<script\b[^>]*>(.*?)</script>", without_notes, flags=re.DOTALL):
        assert script.strip() == ""


@pytest.mark.parametrize("page", PAGES.values())
def test_every_icon_shown_exists(page):
    shown = set(re.findall(r"icons\.svg#([\w-]+)", render(page)))
    assert shown <= _icons()
    assert shown


def test_every_icon_named_in_a_template_exists():
    named = set()
    for _, markup in _markup_of_all_templates():
        named |= set(re.findall(r"\bicon\('([\w-]+)'", markup))
        named |= set(re.findall(r"\bicon_name='([\w-]+)'", markup))
    assert named <= _icons()
    assert len(named) > 10


def _icons() -> set[str]:
    text = (STATIC / "icons.svg").read_text()
    assert len(text) <= ICON_BYTES
    return set(re.findall(r'<symbol id="([\w-]+)"', text))


@pytest.mark.parametrize("page", PAGES.values())
def test_no_two_elements_of_a_page_share_an_id(page):
    ids = re.findall(r'\sid="([^"]+)"', render(page))
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("page", PAGES.values())
def test_every_field_has_a_label_and_every_reference_its_target(page):
    markup = render(page)
    ids = set(re.findall(r'\sid="([^"]+)"', markup))
    fields = re.findall(r'<(?:input|select|textarea) class="input[^>]*\sid="([^"]+)"', markup)
    for field in fields:
        assert f'<label for="{field}"' in markup
    for references in re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', markup):
        assert set(references.split()) <= ids


def test_a_message_stands_between_its_label_and_its_input_and_the_typed_value_stays():
    field = render("gallery.html").split('for="f-volume"')[1].split("</div>")[0]
    assert field.index("10.4 mL is more than vial") < field.index("<input")
    assert 'value="10.4"' in field
    assert 'aria-invalid="true"' in field


def test_a_password_is_never_written_back_into_a_page():
    from tests.web.gallery import environment

    macro = environment().get_template("macros/forms.html").module
    assert "s3cret" not in macro.field("p", "Password", "s3cret", type="password")


def test_what_a_person_typed_is_escaped_wherever_it_is_shown():
    from tests.web.gallery import environment

    attack = '"><script>alert(1)</script>'
    jinja = environment()
    forms, parts = (jinja.get_template(f"macros/{name}.html").module for name in ("forms", "parts"))
    shown = (
        forms.field("a", attack, attack, error=attack)
        + parts.banner("warn", attack, attack)
        + parts.kv([(attack, attack)])
    )
    shown += forms.area("b", "Note", attack) + forms.error_summary([("a", attack)])
    assert "<script" not in shown


def test_the_demo_clinic_says_on_its_pages_that_its_records_are_made_up():
    assert "Demo clinic: made-up records" in render("gallery.html")
    assert "Demo clinic" not in render("gallery_second.html")


def test_the_second_person_is_known_by_plum_and_by_words():
    page = render("gallery_second.html")
    assert 'class="cover"' in page
    assert "Second person: B. Example" in page
    assert 'class="rail"' not in page


@pytest.mark.parametrize(("left", "css_class"), [(16_500, "card bal"), (0, "card bal zero"), (-500, "card bal over")])
def test_the_balance_shows_what_is_left_to_account_for(left, css_class):
    from tests.web.gallery import environment

    balance = environment().get_template("macros/balance.html").module.balance
    shown = balance((50_000, 50_000), (33_500, 33_500), (16_500 - left, 16_500 - left), (left, left))
    assert f'<section class="{css_class}"' in shown
    # the parts of the bar never leave it
    for x, width in re.findall(r'<rect class="m-\w+" data-live-bar="\w+" x="(\d+)" y="\d+" width="(\d+)"', shown):
        assert int(x) >= 0
        assert int(x) + int(width) <= 732
