"""The drawn report, read back with pypdf and pdfium: its words, figures, pages and fonts."""

import os
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pypdf
import pypdfium2
import pytest
import zxingcpp
from fontTools.ttLib import TTFont

from audit.reports import faces
from audit.reports.evidence import figures_json
from audit.reports.model import LedgerSection, Paper, Verdict, VerdictState
from audit.reports.render import render
from audit.reports.values import Mark, MarkNote
from tests.reports import sample

FOLDER = Path(__file__).parents[1] / "golden" / "reports"
FONTS = Path(faces.__file__).with_name("fonts")
LONG_NAME = "Dr Maximiliane-Aurelia von Beispielhausen-Placeholderová d’Exemple, RN, NP, MSc"


def _pages(pdf):
    return [page.extract_text() for page in pypdf.PdfReader(BytesIO(pdf)).pages]


def _squeezed(text):
    return "".join(text.split())


@pytest.fixture(scope="module")
def october():
    return render(sample.REPORT)


@pytest.fixture(scope="module")
def october_pages(october):
    return _pages(october)


def _golden(name, content):
    path = FOLDER / name
    if os.environ.get("WRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return path.read_text(encoding="utf-8")


def test_golden_words_of_every_page_are_as_ever(october_pages):
    text = "\f\n".join(october_pages) + "\n"
    assert _golden("october.txt", text) == text


def test_golden_report_json_is_as_ever():
    text = figures_json(sample.REPORT).decode() + "\n"
    assert _golden("october.json", text) == text


def test_the_same_report_gives_the_same_bytes(october):
    assert render(sample.REPORT) == october
    assert render(replace(sample.REPORT, number="KA-2026-10-0032")) != october


def test_the_cover_says_the_verdict_in_words_and_names_the_open_amount(october_pages):
    cover = _squeezed(october_pages[0])
    assert _squeezed("Unaltered since 5 January 2026, not yet anchored outside.") in cover
    assert _squeezed("1.0 mg (0.02 mL) at 50 mg/mL has no explanation.") in cover


def _first_page(state):
    verdict = Verdict(state=state, sentences=("The first sentence.", "The second."), lede="Lede.")
    pdf = render(replace(sample.EMPTY, verdict=verdict))
    return pypdfium2.PdfDocument(pdf)[0].render(scale=1).to_pil().convert("RGB")


def test_an_open_difference_leaves_the_sign_of_the_log_and_gets_a_band_of_its_own():
    unaltered, open_, broken = (_first_page(state) for state in VerdictState)
    sign = (51, 96, 98, 150)
    assert unaltered.crop(sign).tobytes() == open_.crop(sign).tobytes()
    assert broken.crop(sign).tobytes() != unaltered.crop(sign).tobytes()
    reddish = [sum(red > green + 60 for red, green, _ in page.get_flattened_data()) for page in (unaltered, open_)]
    assert reddish[0] == 0
    assert reddish[1] > 500


def test_every_page_carries_its_number_the_head_and_the_local_time(october_pages):
    count = len(october_pages)
    for number, text in enumerate(october_pages, start=1):
        flat = _squeezed(text)
        assert _squeezed(f"Page {number} of {count}") in flat
        assert _squeezed("audit.example.org/log/broadview · 4,182 · 9c41e07b55d2…a83f0d16") in flat
        assert _squeezed("2026-11-02 08:14 −05:00") in flat
        assert _squeezed("KA-2026-10-0031") in flat


def test_every_page_of_a_demo_clinic_says_so_and_no_other_does(october_pages):
    assert all("DEMO" in text for text in _pages(render(sample.DEMO)))
    assert not any("DEMO" in text for text in october_pages)


def test_without_a_count_the_difference_is_not_counted_and_never_zero():
    alone = replace(sample.REPORT, statements=(sample.STATEMENT_10,))
    page = next(text for text in _pages(render(alone)) if "Accountable for" in text)
    after = _squeezed(page).split("Difference,G−C")[1]
    assert after.startswith("notcounted–")
    assert "0.00%" not in after.split("Withoutexplanation")[0]


def test_the_statement_adds_up_as_on_paper(october_pages):
    # 4,250 + 5,000 = 9,250; 2,990 + 4,912.5 + 387.5 + 500 + 250 + 200 = 9,240; 9,240 - 9,250 = -10; -10 + 58 - 49 = -1.
    page = _squeezed(next(text for text in october_pages if "Accountable for" in text))
    for figures in ("9,250.0185.00", "9,240.0184.80", "−10.0−0.20", "−58.0−1.16", "+49.0+0.98", "−1.0−0.02"):
        assert figures in page


def test_each_figure_of_the_statement_names_its_entries(october_pages):
    text = _squeezed("".join(october_pages))
    assert "4,020to4,021" in text
    assert "3,870;4,097;4,105" in text


def test_a_struck_row_is_printed_and_not_summed(october_pages):
    page = _squeezed(next(text for text in october_pages if "Perpetual ledger" in text))
    assert "4,113" in page
    assert "byentry4,114" in page
    # 0.70 + 0.30 + 1.16 + 0.20 mL of 50 mg/mL out of V-0412; the struck 1.70 mL is not in it.
    assert "V-04125count,1struck0.0mg0.00mL118.0mg2.36mL382.0mg7.64mL" in page


def test_a_ledger_that_runs_on_carries_forward_what_the_next_page_brings_forward():
    pages = [_squeezed(text) for text in _pages(render(sample.long_report(100))) if "Perpetual ledger" in text]
    assert len(pages) > 3
    for page, after in pairwise(pages):
        carried = page.split("Carriedforwardtothenextpage")[1].split("Late")[0]
        count, amounts = carried.split("count")
        brought = after.split("ofthisledger")[1]
        assert brought.startswith(f"{count}count{amounts}")
    # 10 vials of 500 mg; out of each go 0.100 to 0.109 mL, ten times: 1.045 mL, 52.25 mg.
    assert "50mg/mL,allsincethestartoftheperiod100count0.0mg0.00mL522.5mg10.45mL4,477.5mg89.55mL" in pages[-1]


def test_exceptions_name_the_page_of_their_entry(october_pages):
    cover = _squeezed(october_pages[0])
    page = next(n for n, text in enumerate(october_pages, start=1) if "Perpetual ledger" in text)
    assert f"29Oct,15:524,118D.Muster{page}" in cover


@pytest.mark.parametrize("mark", list(Mark))
def test_an_exception_has_a_bar_a_shape_and_a_word(mark):
    line = replace(sample.EXCEPTIONS[0], mark=mark)
    with_line = render(replace(sample.EMPTY, exceptions=(line,)))
    image = pypdfium2.PdfDocument(with_line)[0].render(scale=4).to_pil().convert("RGB")
    bar_x = int((18 - 3.5) * 72 / 25.4 * 4)
    column = [image.getpixel((bar_x, y)) for y in range(image.height)]
    assert column.count((0x12, 0x23, 0x2B)) > 40
    assert mark.value in _pages(with_line)[0].lower()


def test_the_shapes_of_the_marks_differ_without_colour():
    shapes = set()
    for mark in Mark:
        line = replace(sample.EXCEPTIONS[0], mark=mark)
        page = pypdfium2.PdfDocument(render(replace(sample.EMPTY, exceptions=(line,))))[0]
        image = page.render(scale=4).to_pil().convert("L").point(lambda level: 255 * (level > 200))
        rows = [y for y in range(image.height) if image.getpixel((163, y)) == 0]
        shapes.add(image.crop((200, min(rows), 240, min(rows) + 60)).tobytes())
    assert len(shapes) == len(Mark)


def test_the_code_on_the_last_page_gives_back_the_note(october):
    document = pypdfium2.PdfDocument(october)
    image = document[len(document) - 1].render(scale=3).to_pil()
    assert [code.bytes for code in zxingcpp.read_barcodes(image)] == [sample.NOTE.encode()]


@pytest.mark.parametrize("paper", list(Paper))
def test_verification_is_one_page_while_nobody_outside_signs(paper):
    """As in most clinics: a long name in the origin, the keys of log and service, a word on time."""
    short, long = "audit.example.org/log/broadview", "localhost/log/example-ketamine-clinic-demo"
    check = sample.REPORT.verification
    plain = replace(
        check,
        note=check.note.replace(short, long),
        verifier_keys=tuple(check.verifier_keys[0].replace(short, name) for name in (long, f"{long}/service")),
        time="No time authority dated this log: no time authority is configured.",
    )
    pages = _pages(render(replace(sample.REPORT, verification=plain, paper=paper)))
    assert sum("How to check, offline" in page for page in pages) == 1
    assert "How to check, offline" in pages[-1]


def test_a_note_too_long_for_a_code_is_printed_as_text_only():
    signature = "— audit.example.org/log/broadview " + "A" * 88 + "\n"
    long = replace(sample.REPORT.verification, note=sample.NOTE + signature * 25)
    text = _squeezed("".join(_pages(render(replace(sample.REPORT, verification=long)))))
    assert _squeezed("longer than a code holds") in text


def test_long_names_lose_no_letter():
    row = replace(sample.LEDGER_50.sections[0].rows[1], who=LONG_NAME, witness=LONG_NAME)
    ledger = replace(sample.LEDGER_50, sections=(replace(sample.LEDGER_50.sections[0], rows=(row,)),))
    clinic = replace(sample.REPORT.clinic, responsible=LONG_NAME, name=LONG_NAME * 2)
    text = _squeezed("".join(_pages(render(replace(sample.REPORT, ledgers=(ledger,), clinic=clinic)))))
    assert text.count(_squeezed(LONG_NAME)) >= 4


def test_a_name_in_a_script_the_face_lacks_shows_the_numbers_of_its_letters():
    clinic = replace(sample.REPORT.clinic, responsible="例")
    assert "[U+4F8B]" in _squeezed(_pages(render(replace(sample.REPORT, clinic=clinic)))[0])


def test_a_period_without_any_movement_still_has_verdict_statement_and_verification():
    pages = _pages(render(sample.EMPTY))
    assert len(pages) == 3
    assert "None in this period" in pages[0]
    assert "No strength was held" in pages[1]


def test_a_ledger_without_rows_says_so():
    empty = LedgerSection(title="", detail="", opening=sample.ml50(0), rows=())
    ledger = replace(sample.LEDGER_50, sections=(empty,))
    text = "".join(_pages(render(replace(sample.REPORT, ledgers=(ledger,)))))
    assert "No movement in this period" in text


@pytest.mark.parametrize(("paper", "size"), [(Paper.A4, (595.276, 841.89)), (Paper.LETTER, (612, 792))])
def test_nothing_stands_outside_the_sheet(paper, size):
    reader = pypdf.PdfReader(BytesIO(render(replace(sample.DEMO, paper=paper))))
    for page in reader.pages:
        assert [float(side) for side in page.mediabox[2:]] == pytest.approx(size, abs=0.01)
        places = []
        page.extract_text(
            visitor_text=lambda text, _cm, tm, _font, _size, into=places: into.append((text, tm[4], tm[5]))
        )
        for text, x, y in places:
            if text.strip():
                assert 40 < x < size[0] - 39, text
                assert 20 < y < size[1] - 20, text


def test_the_file_names_report_and_clinic_but_no_patient(october):
    reader = pypdf.PdfReader(BytesIO(october))
    words = " ".join(str(value) for value in reader.metadata.values())
    assert "KA-2026-10-0031" in words
    assert "Example Ketamine Clinic" in words
    assert "K-0192" not in words
    assert reader.metadata.creation_date.isoformat() == "2026-11-02T08:14:00-05:00"
    assert reader.trailer["/Root"]["/Lang"] == "en"


def test_every_font_is_embedded_and_is_one_of_ours(october):
    fonts = set()
    for page in pypdf.PdfReader(BytesIO(october)).pages:
        for font in page["/Resources"]["/Font"].values():
            assert "/FontFile2" in font["/FontDescriptor"], font["/BaseFont"]
            fonts.add(font["/BaseFont"].split("+")[1])
    assert fonts == {
        "IBMPlexSans",
        "IBMPlexSans-Medm",
        "IBMPlexSans-SmBld",
        "IBMPlexMono",
        "IBMPlexMono-Medm",
        "IBMPlexSerif-Regular",
        "IBMPlexSerif-SemiBold",
    }


def test_embedded_advances_are_those_of_the_face(october):
    # A fixed-pitch face has a short hmtx table, where ReportLab has written wrong advances before.
    for page in pypdf.PdfReader(BytesIO(october)).pages:
        for font in page["/Resources"]["/Font"].values():
            face = TTFont(BytesIO(font["/FontDescriptor"]["/FontFile2"].get_data()))
            if "Mono" in font["/BaseFont"]:
                assert {advance for advance, _ in face["hmtx"].metrics.values()} == {600}
                assert set(font["/Widths"]) <= {0, 600}


@pytest.mark.parametrize("face", faces.FACES)
def test_each_face_has_the_letters_of_english_and_french_and_our_signs(face):
    table = TTFont(FONTS / f"{face}.ttf").getBestCmap()
    assert [sign for sign in "−×·–—…“”’±µéèêëàâçîïôœŒùûüÿæ€°%≥≤" if ord(sign) not in table] == []


def test_a_row_with_two_marks_prints_both():
    marks = (MarkNote(mark=Mark.LATE, note="after 2 h 1 min"), MarkNote(mark=Mark.EXPIRED, note="by one day"))
    row = replace(sample.LEDGER_50.sections[0].rows[1], marks=marks)
    ledger = replace(sample.LEDGER_50, sections=(replace(sample.LEDGER_50.sections[0], rows=(row,)),))
    page = _squeezed(
        next(text for text in _pages(render(replace(sample.REPORT, ledgers=(ledger,)))) if "Perpetual" in text)
    )
    assert "Lateafter2h1minExpiredbyoneday" in page


def test_a_session_shows_what_is_still_to_account_for():
    balance = replace(sample.SESSION.balances[0], parts=sample.SESSION.balances[0].parts[:1])
    session = replace(sample.SESSION, balances=(balance,))
    page = next(text for text in _pages(render(replace(sample.REPORT, sessions=(session,)))) if "Still to" in text)
    assert _squeezed("Still to account for15.0mg0.30mL") in _squeezed(page)


def test_what_came_after_an_earlier_report_is_named_with_both_times(october_pages):
    page = _squeezed(next(text for text in october_pages if "Entered since report" in text))
    assert _squeezed("Entered since report KA-2026-10-0030") in page
    assert _squeezed("28 Oct 2026 09:33:00 −04:00 31 Oct 2026 09:00:00 −04:00 4,180") in page


def test_the_pairs_of_a_wastage_page_leave_nobody_as_own_witness(october_pages):
    page = _squeezed(next(text for text in october_pages if "Wastage and witnesses" in text))
    assert "75.0mg(1.50mL)wastedin5acts.4witnessed,1not;1late." in page
    assert "B.Sample·11–2" in page
    assert "D.Muster–––11" in page


def test_a_session_of_two_strengths_keeps_a_balance_for_each():
    other = replace(sample.SESSION.balances[0], strength=sample.STATEMENT_10.strength, drawn=sample.ml10(500), parts=())
    session = replace(sample.SESSION, balances=(*sample.SESSION.balances, other))
    text = _squeezed("".join(_pages(render(replace(sample.REPORT, sessions=(session,))))))
    assert "10mg/mLOrdered36.0mg0.72mLDrawn5.0mg0.50mLStilltoaccountfor5.0mg0.50mL" in text
