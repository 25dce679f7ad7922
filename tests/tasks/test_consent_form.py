"""The blank of a consent: what stands on it, what a scanner reads at 150 dpi, how long words go over pages."""

from __future__ import annotations

from pathlib import Path

import pypdfium2 as pdfium
import pytest
import zxingcpp
from pyzbar import pyzbar

from models import company as companies
from models.company import Company
from models.company_consents import KINDS, ConsentDocument
from tasks.papers import consent_form
from tasks.papers.consent_form import Form
from tests.tasks.test_papers import NASTY, image_of, words_of

CODE, NUMBER = "C-000123-4", "С-000123-4"


def form(document: ConsentDocument, **facts: str | bool) -> Form:
    usual = {
        "code": CODE,
        "number": NUMBER,
        "holder": "Иванова Анна Сергеевна",
        "address": "ул. Мира, 23",
        "account": "241010000054",
    }
    return Form(document, **{**usual, **facts})  # type: ignore[arg-type]


@pytest.mark.feature("S33")
@pytest.mark.parametrize("kind", ["personal-data", "recording", "official-papers"])
def test_a_blank_holds_the_very_words_and_what_the_law_wants_beside_them(company: Company, kind: str) -> None:
    """152-ФЗ art. 9 part 4: who, address, ID, who acts for them, the operator, the words, the signature."""
    document = company.consents[kind]
    said = words_of(consent_form.draw([form(document, asks_contact=kind == "official-papers")], company))
    for line in filter(str.strip, document.text.splitlines()):
        assert " ".join(line.lstrip("- ").split()) in said, line
    for fact in (
        company.legal_name, company.legal_address, NUMBER, "Иванова Анна Сергеевна", "241010000054", "Паспорт или другой документ",
        "Представитель", "доверенность", "Дата", "Подпись", "Расшифровка", document.hash, f"редакция {document.version}",
    ):  # fmt: skip
        assert fact in said, fact
    assert ("Прошу направлять" in said) == (kind == "official-papers")


@pytest.mark.parametrize("code", [CODE, "C-0193851236346-3"])
def test_two_readers_that_know_nothing_of_ours_read_the_bars(company: Company, code: str) -> None:
    drawn = consent_form.draw([form(company.consents["personal-data"], code=code)], company)
    for dpi in (150, 200, 300):
        image = image_of(pdfium.PdfDocument(drawn)[0], dpi)
        assert [one.text for one in zxingcpp.read_barcodes(image)] == [code], dpi
        assert [one.data.decode() for one in pyzbar.decode(image)] == [code], dpi


def test_a_public_blank_leaves_everything_to_be_filled_in(company: Company) -> None:
    document = company.consents["official-papers"]
    said = words_of(consent_form.draw([Form(document, "C-0193851236346-3")], company))
    assert "Бланк без номера" in said and "Иванова" not in said and document.hash in said


def test_long_words_go_over_pages_and_each_says_which_paper_it_is(company: Company) -> None:
    known = company.consents["personal-data"]
    text = known.text + "\n\n" + "\n\n".join(f"Пункт {n}. " + "слово " * 60 for n in range(40))
    drawn = consent_form.draw([form(ConsentDocument(known.kind, known.version, known.title, text, "f" * 64))], company)
    pages = list(pdfium.PdfDocument(drawn))
    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        said = page.get_textpage().get_text_range()
        assert f"Лист {number} из {len(pages)}" in said and NUMBER in said and "f" * 64 in said
    assert "Подпись" in pages[-1].get_textpage().get_text_range() and "Пункт 39" in words_of(drawn)


@pytest.mark.parametrize("code", ["krasnoyarsk", "kaluga", "koryak", "irkutsk"])
def test_who_signs_signs_under_the_words_on_one_sheet(code: str) -> None:
    company = companies.load(Path("companies") / code)
    for kind, document in company.consents.items():
        if KINDS[kind].on_paper:
            drawn = consent_form.draw([form(document, asks_contact=KINDS[kind].contact)], company)
            assert len(pdfium.PdfDocument(drawn)) == 1, (code, kind)


def test_a_signature_takes_the_last_words_along_to_its_sheet(company: Company) -> None:
    known = company.consents["official-papers"]
    last = "Последние слова, под которыми подписываются."
    for more in range(30):
        text = "\n\n".join([known.title, *(f"Пункт {n}." for n in range(15 + more)), last])
        document = ConsentDocument(known.kind, known.version, known.title, text, "f" * 64)
        (*_, page) = pdfium.PdfDocument(consent_form.draw([form(document, asks_contact=True)], company))
        said = page.get_textpage().get_text_range()
        assert "Подпись" in said and "Прошу направлять" in said and last in said, more


def test_many_blanks_are_one_file_each_counted_for_itself(company: Company) -> None:
    drawn = consent_form.draw([form(company.consents["recording"])] * 3, company)
    assert words_of(drawn).count("Лист 1 из 1") == len(pdfium.PdfDocument(drawn)) == 3


@pytest.mark.parametrize("text", NASTY)
def test_no_name_breaks_a_blank(company: Company, text: str) -> None:
    drawn = consent_form.draw([form(company.consents["recording"], holder=text, address=text)], company)
    assert len(pdfium.PdfDocument(drawn)) == 1


def test_the_same_data_give_the_same_bytes(company: Company) -> None:
    one = form(company.consents["recording"])
    assert consent_form.draw([one], company) == consent_form.draw([one], company)
