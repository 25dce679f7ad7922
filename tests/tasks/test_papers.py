"""The papers: their words read back from the PDF, their codes read by a decoder that knows nothing of ours."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pypdfium2 as pdfium
import pytest
import zxingcpp
from PIL import Image
from pyzbar import pyzbar

from models.billing.shown import Bill, Dial
from models.company import Company
from models.outbox import Message
from models.words import NBSP, THIN
from tasks import letters
from tasks.papers import bill as bills
from tasks.papers import cheque as cheques
from tasks.papers import qr_code, statement
from tasks.papers.sheet import Sheet
from tests import paper_samples as samples
from tests.paper_samples import LINK, read_payment
from tests.paying import FISCAL

ROOT = Path(__file__).parents[2]
NASTY = [
    "<b>Иванова</b> & «Ко» \"О'Нил\" <img src='file:///etc/passwd'/>",
    "А" * 300,
    "Слово " * 60,
    "Анна 😀👩‍👩‍👧‍👦 Ұлы 漢字 ﬁ é \u202eвон\x00\x07\ud800 \\(скобки)\\",
    "",
    "\n\t \u2028",
]


# ---- the bill


def test_a_bill_tells_all_the_law_wants(company: Company) -> None:
    text = words_of(bills.draw(samples.usual(company), company))
    for fact in (
        "Счёт за октябрь 2026", "2610-241010000054 от 5 ноября 2026", "ПАО «Енисейсбыт»", "ИНН 2499000012, КПП 249901001",
        "Р/с 40702810200000000241 в АО «Банк Левобережный»", "БИК 040407924, к/с 30101810600000000924",
        "660000, г. Красноярск, ул. Светлая, д. 24", "8 800 000-00-24", "eniseisbyt.example, info@eniseisbyt.example",
        "241010000054", "Иванова Анна Сергеевна", "г. Красноярск, ул. Мира, 23, кв. 32", "2 человека, 54,3 м², городское жильё",
        "40817263", "К оплате до 16 ноября 2026", "845,13 ₽", "Долг на 1 октября", "799,40 ₽", "−799,40 ₽",
        "Электроэнергия, день", "по показаниям", "166", "4,11", "682,26", "Электроэнергия, ночь", "2,67", "162,87", "НДС 22 % — 152,40 ₽",
        "№ 012345678, Меркурий 200.02", "14 052 на 22.09.2026", "14 218 на 23.10.2026", "7 960 на 23.10.2026", "227 кВт·ч",
        "Норматив: электроэнергия 80 кВт·ч на человека в месяц", "по СМС +7 900 000-00-24", "с 6 по 29 ноября", "Страница 1 из 1",
    ):  # fmt: skip
        assert fact in text


def test_a_debt_is_told_with_its_penalty_and_corrections(company: Company) -> None:
    bill = samples.owing(company)
    text = words_of(bills.draw(bill, company))
    for fact in (
        "2 902,23 ₽", "3 124,80 ₽", "−1 000,00 ₽", "−80,24 ₽", "в том числе пени 12,54 ₽ за октябрь", "пени за просрочку", "12,54",
        "Электроэнергия, август 2026", "было начислено 250 кВт·ч по среднему", "−123,45", "Электроэнергия, сентябрь 2026", "43,21",
    ):  # fmt: skip
        assert fact in text
    assert read_payment(payment_of(bill, company, dpi=200))["sum"] == "290223"


def test_money_paid_in_advance_needs_no_code(company: Company) -> None:
    bill = samples.overpaid(company)
    drawn = bills.draw(bill, company)
    assert "Переплата 1 654,87 ₽" in words_of(drawn)
    assert "Переплата на 1 октября −2 500,00 ₽" in words_of(drawn)
    assert "Итого переплата −1 654,87 ₽" in words_of(drawn)
    assert "Платить не нужно" in words_of(drawn)
    assert codes(page(drawn, 200)) == {LINK}


def test_several_services_are_told_apart(company: Company) -> None:
    text = words_of(bills.draw(samples.two_services(company), company))
    for fact in (
        "Электроэнергия, пик, 1-й диапазон", "Электроэнергия, пик, 2-й диапазон", "Электроэнергия, полупик", "5 120", "20,5",
        "Капитальный ремонт", "по площади", "54,3 м²", "800,38", "Электроэнергия, всего", "26 893,23", "Всего начислено 27 693,61",
        "нет, по среднему", "коэффициент 40", "6 102 кВт·ч", "Страница 1 из 1",
    ):  # fmt: skip
        assert fact in text


@pytest.mark.parametrize(
    "code",
    [pytest.param(code, marks=pytest.mark.company(code)) for code in ("irkutsk", "kaluga", "koryak", "krasnoyarsk")],
)
def test_every_company_has_its_bill_on_one_page(company: Company, code: str) -> None:
    drawn = bills.draw(samples.owing(company), company)
    document = pdfium.PdfDocument(drawn)
    assert len(document) == 1
    assert apart(document[0])
    assert company.legal_name in words_of(drawn)
    assert read_payment(payment_of(samples.owing(company), company, dpi=200))["payeeinn"] == company.inn


def test_a_bill_without_a_meter_has_no_readings_to_pass(company: Company) -> None:
    drawn = bills.draw(replace(samples.usual(company), dials=(), readings_url=""), company)
    assert "Показания счётчиков" not in words_of(drawn)
    assert "Вопросы по счёту" in words_of(drawn)


def test_months_without_readings_are_told_from_others(company: Company) -> None:
    bill = samples.usual(company)
    known = replace(bill, months=tuple(replace(month, basis="reading") for month in bill.months))
    assert "по среднему или нормативу" in words_of(bills.draw(bill, company))
    assert "по среднему или нормативу" not in words_of(bills.draw(known, company))
    assert "с перерасчётом" not in words_of(bills.draw(bill, company))
    assert "с перерасчётом" in words_of(bills.draw(samples.owing(company), company))


def test_the_same_data_give_the_same_bytes(company: Company) -> None:
    first = bills.draw(samples.owing(company), company)
    bills.draw(samples.two_services(company), company)
    assert bills.draw(samples.owing(company), company) == first


_ELSEWHERE = """
import hashlib
from pathlib import Path
from models import company
from tasks.papers import bill
from tests import paper_samples
chosen = company.find("krasnoyarsk", Path("companies"))
print(hashlib.sha256(bill.draw(paper_samples.owing(chosen), chosen)).hexdigest())
"""


@pytest.mark.parametrize("seed", ["1", "2"])
def test_another_process_gives_the_same_bytes(company: Company, seed: str) -> None:
    environ = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == hashlib.sha256(bills.draw(samples.owing(company), company)).hexdigest()


def test_fonts_tell_the_width_of_every_letter(company: Company) -> None:
    drawn = bills.draw(replace(samples.usual(company), holder="Ўлжас"), company)
    tables = re.findall(rb"/FirstChar 0.*?/LastChar (\d+).*?/Widths \[([\d\s.]+)\]", drawn, re.DOTALL)
    assert len(tables) == 2
    assert all(len(widths.split()) == int(last) + 1 for last, widths in tables)


def test_the_file_names_itself_and_no_machine(company: Company) -> None:
    drawn = bills.draw(samples.usual(company), company)
    document = pdfium.PdfDocument(drawn)
    assert document.get_metadata_value("Title") == "Счёт № 2610-241010000054 за октябрь 2026"
    assert document.get_metadata_value("Author") == "ПАО «Енисейсбыт»"
    assert b"/Lang (ru)" in drawn
    assert b"/home" not in drawn
    assert b".ttf" not in drawn
    assert b"Helvetica" not in drawn  # every font is embedded


def test_many_lines_go_on_another_page_without_touching(company: Company) -> None:
    drawn = bills.draw(samples.long(company, 60), company)
    document = pdfium.PdfDocument(drawn)
    assert len(document) == 2
    text = words_of(drawn)
    assert all(f"строка {number}: показание" in text for number in range(1, 61))
    assert text.count("Причина") == 2  # the head of the table again
    assert "Страница 1 из 2" in text
    assert "Страница 2 из 2" in text
    for one in document:
        assert apart(one)


@pytest.mark.parametrize("name", NASTY)
def test_no_name_breaks_a_bill(company: Company, name: str) -> None:
    bill = samples.finished(company, replace(samples.usual(company), holder=name, address=name), (name, name, name))
    drawn = bills.draw(bill, company)
    document = pdfium.PdfDocument(drawn)
    assert len(document) == 1
    assert apart(document[0])
    assert within(document[0])
    assert bill.qr in codes(page(drawn, 300))


def test_a_name_is_never_markup(company: Company) -> None:
    text = words_of(
        bills.draw(replace(samples.usual(company), holder="<b>Ко & сын</b>", address="<br/>дом 5"), company)
    )
    assert "<b>Ко & сын</b>" in text
    assert "<br/>дом 5" in text


def test_what_the_font_lacks_is_replaced_and_what_it_has_is_kept(company: Company) -> None:
    text = words_of(bills.draw(replace(samples.usual(company), holder="Ўлжас é ﬁ 漢 😀 конец"), company))
    assert "Ўлжас é fi ? ? конец" in text


def test_a_huge_sum_stays_in_its_place(company: Company) -> None:
    service = samples.standing("electricity", "Электроэнергия", "кВт⋅ч", opening=0, paid=0, charged=123_456_789_012_345)
    drawn = bills.draw(samples.finished(company, replace(samples.usual(company), services=(service,))), company)
    assert apart(pdfium.PdfDocument(drawn)[0])


# ---- the codes


@pytest.mark.parametrize(("dpi", "angle"), [(100, 0), (200, 0), (200, 3), (200, -3), (300, 3)])
def test_a_bank_reads_the_code_from_paper(company: Company, dpi: int, angle: int) -> None:
    bill = samples.usual(company)
    fields = read_payment(payment_of(bill, company, dpi=dpi, angle=angle))
    assert fields["personalacc"] == company.bank.account
    assert fields["bic"] == company.bank.bic
    assert fields["payeeinn"] == company.inn
    assert fields["sum"] == "84513"
    assert fields["persacc"] == bill.account
    assert fields["paymperiod"] == "102026"
    assert (fields["lastname"], fields["firstname"], fields["middlename"]) == samples.HOLDER


@pytest.mark.parametrize(("dpi", "angle"), [(100, 0), (200, 3)])
def test_a_camera_reads_the_link_for_readings(company: Company, dpi: int, angle: int) -> None:
    assert LINK in codes(page(bills.draw(samples.usual(company), company), dpi, angle))


def test_two_decoders_agree_on_the_code(company: Company) -> None:
    bill = samples.usual(company)
    found = {one.text for one in zxingcpp.read_barcodes(page(bills.draw(bill, company), 200))}
    assert bill.qr in found


def test_the_payment_code_is_three_centimetres_at_least(company: Company) -> None:
    image = page(bills.draw(samples.usual(company), company), 300)
    widths = [one.rect.width / 300 * 25.4 for one in pyzbar.decode(image) if one.data.startswith(b"ST")]
    assert len(widths) == 1
    assert widths[0] > 30


@pytest.mark.parametrize("version", range(1, 41))
def test_codes_of_every_size_are_read(version: int) -> None:
    data = bytes(random.Random(version).choices(b"ST00012|=abc 0123456789", k=most_bytes(version)))
    rows = qr_code.rows(data)
    assert len(rows) == 17 + 4 * version
    image = picture(rows)
    assert [one.data for one in pyzbar.decode(image)] == [data]
    read = zxingcpp.read_barcodes(image)[0]
    assert read.bytes == data
    assert read.extra["ECLevel"] == "M"
    assert read.symbology_identifier == "]Q1"
    with_marks = zxingcpp.read_barcodes(image, text_mode=zxingcpp.TextMode.HexECI)[0].text
    assert with_marks.startswith("5D 51 31")  # no ECI before the bytes


def test_too_much_for_a_code_is_refused() -> None:
    with pytest.raises(qr_code.TooLongError):
        qr_code.rows(b"x" * 2332)


# ---- the run


def test_a_run_is_one_file_of_all_bills(company: Company) -> None:
    run = [replace(samples.usual(company), account=f"24101000{number:04}") for number in range(12)]
    run.insert(5, samples.long(company, 60))
    file = io.BytesIO()
    sheet = Sheet(file, title="Счета для печати", author=company.legal_name)
    assert sum(bills.add(sheet, bill, company) for bill in run) == 14
    sheet.save()
    document = pdfium.PdfDocument(file.getvalue())
    assert len(document) == 14
    assert [text(document[number]).count("Страница 1 из") for number in range(14)] == [1] * 6 + [0] + [1] * 7
    for number, bill in ((0, run[0]), (13, run[12])):
        assert bill.account in text(document[number])
    assert len(file.getvalue()) / 13 < len(bills.draw(run[0], company)) / 2  # the fonts are there once
    assert codes(image_of(document[13], 200)) == {run[12].qr, LINK}


# ---- cheque and statement


def test_a_cheque_has_the_fields_of_the_law(company: Company) -> None:
    drawn = cheques.draw(cheque(company), company)
    found = words_of(drawn)
    for fact in (
        "Кассовый чек", "Приход", "ПАО «Енисейсбыт»", "ИНН 2499000012", "https://eniseisbyt.example", "Электроэнергия, октябрь 2026",
        "225 кВт·ч × 2,23 ₽", "501,75 ₽", "НДС 22 %", "90,48 ₽", "Итог 501,75 ₽", "Безналичными", "20.11.2026 12:00 (МСК)", "Чек № 1042",
        "Смена № 17", "Система налогообложения ОСН", "anna@example.ru", "РН ККТ 0001234567012345", "ФН № 9960440300123456", "ФД № 12345",
        "ФПД 3344556677", "www.nalog.gov.ru",
    ):  # fmt: skip
        assert fact in found
    assert codes(page(drawn, 200)) == {cheque(company).qr}
    assert pdfium.PdfDocument(drawn)[0].get_width() == pytest.approx(80 / 25.4 * 72)
    assert cheques.draw(cheque(company), company) == drawn


def test_a_refund_says_so(company: Company) -> None:
    assert "Возврат прихода" in words_of(cheques.draw(replace(cheque(company), is_refund=True), company))


def test_a_cheque_is_as_long_as_it_needs(company: Company) -> None:
    one = cheque(company)
    item = replace(one.items[0], name="Очень длинное название услуги " * 10)
    drawn = cheques.draw(replace(one, items=(item,) * 20), company)
    document = pdfium.PdfDocument(drawn)
    assert len(document) == 1
    assert within(document[0])
    assert codes(page(drawn, 200)) == {one.qr}


def test_a_statement_goes_over_pages_under_its_head(company: Company) -> None:
    made = statement_of(200)
    drawn = statement.draw(made, company)
    document = pdfium.PdfDocument(drawn)
    assert len(document) > 2
    for number in range(len(document)):
        assert "Начислено, ₽" in text(document[number])
        assert f"Страница {number + 1} из {len(document)}" in text(document[number])
        assert apart(document[number])
    found = words_of(drawn)
    assert found.count("Платёж картой") == 100
    assert "за январь 2024 — октябрь 2026" in found
    assert "Долг после, ₽" in found
    assert "На начало: долг 10,00" in found
    assert "На конец: долг 84 513,00 84 000,00 523,00" in found
    assert "К оплате 523,00 ₽" in found
    assert statement.draw(made, company) == drawn


@pytest.mark.parametrize(
    ("closing", "words", "edge"),
    [(0, "Долга нет", "На конец: долга нет"), (-12_345, "Переплата 123,45 ₽", "На конец: переплата")],
)
def test_a_statement_says_how_it_ends(company: Company, closing: int, words: str, edge: str) -> None:
    made = replace(statement_of(0), opening=closing, closing=closing)
    found = words_of(statement.draw(made, company))
    assert words in found
    assert edge in found
    assert ("с минусом — переплата" in found) == (closing < 0)


def test_three_zones_and_a_ratio_stand_by_their_meter(company: Company) -> None:
    dial = Dial("electricity", "77", "", 3, 40, (1, 2, 3), None, (4, 5, 6), date(2026, 10, 20), 360)
    found = words_of(bills.draw(replace(samples.usual(company), dials=(dial,)), company))
    assert "№ 77, коэффициент 40 пик 1 4 на 20.10.2026 120 кВт·ч" in found
    assert "полупик 3 6 на 20.10.2026 120 кВт·ч" in found
    assert "всего 360 кВт·ч" in found


def test_a_dial_that_passed_zero_tells_its_whole_use_alone(company: Company) -> None:
    dial = Dial("electricity", "77", "", 2, 1, (99_990, 5), None, (10, 8), date(2026, 10, 20), 23)
    found = words_of(bills.draw(replace(samples.usual(company), dials=(dial,)), company))
    assert "день 99 990 10 на 20.10.2026 23 кВт·ч" in found
    assert "всего 23" not in found


def test_a_long_name_of_a_meter_goes_down_beside_its_zones(company: Company) -> None:
    """The zones stand as close under each other as those of a meter with a short name."""
    short = Dial("electricity", "77", "", 3, 1, (1, 2, 3), None, (4, 5, 6), date(2026, 10, 20), 9)
    gaps = []
    for dial in (short, replace(short, model="Меркурий-с-очень-длинным-названием 231 АТ-01 модификация")):
        drawn = bills.draw(replace(samples.usual(company), dials=(dial,)), company)
        gaps.append([round(top - lower) for top, lower in itertools.pairwise(heights(drawn, "пик", "ночь", "полупик"))])
    assert gaps[0] == gaps[1]
    assert len(gaps[0]) == 2


# ---- what the sums are made of


@pytest.mark.parametrize(
    ("due", "told"),
    [
        (19_000, "в том числе пени 190,00 ₽: за октябрь 73,62 ₽, за прошлые месяцы 116,38 ₽"),
        (7_362, "в том числе пени 73,62 ₽ за октябрь"),
    ],
)
def test_penalties_owed_are_told_by_months(company: Company, due: int, told: str) -> None:
    service = samples.standing(
        "electricity", "Электроэнергия", "кВт⋅ч", opening=721_508, paid=0, charged=84_513, penalty=7_362
    )
    bill = replace(samples.usual(company), services=(replace(service, penalty_due=due),))
    assert told in words_of(bills.draw(bill, company))


def test_old_penalties_alone_are_those_of_earlier_months(company: Company) -> None:
    service = samples.standing("electricity", "Электроэнергия", "кВт⋅ч", opening=721_508, paid=0, charged=84_513)
    bill = replace(samples.usual(company), services=(replace(service, penalty_due=11_638),))
    assert "в том числе пени 116,38 ₽ за прошлые месяцы" in words_of(bills.draw(bill, company))


def test_a_debt_beside_an_advance_is_named(company: Company) -> None:
    services = (
        samples.standing("electricity", "Электроэнергия", "кВт⋅ч", opening=-500_000, paid=0, charged=84_513),
        samples.standing("repair", "Капитальный ремонт", "м²", opening=0, paid=0, charged=72_954),
    )
    drawn = bills.draw(samples.finished(company, replace(samples.usual(company), services=services)), company)
    assert "Есть долг: капитальный ремонт 729,54 ₽. Переплата за другую услугу его не закрывает." in words_of(drawn)
    assert "Платить не нужно" not in words_of(drawn)


def test_a_reading_after_months_without_one_tells_what_they_had(company: Company) -> None:
    found = words_of(bills.draw(samples.caught_up(company), company))
    assert "№ 012345678: 422 кВт·ч, из них 211 за сентябрь уже посчитаны по среднему" in found
    assert "уже посчитаны" not in words_of(bills.draw(samples.usual(company), company))


def test_an_advance_of_one_service_is_told_by_its_sign(company: Company) -> None:
    drawn = bills.draw(samples.heated(company), company)
    found = words_of(drawn)
    assert "По услугам, ₽ (с минусом — переплата)" in found
    assert "Переплата на 1 октября −2 674,05 ₽" in found
    assert "На 1 октября" in found
    assert "…" not in found


@pytest.mark.parametrize(
    "code", [pytest.param(code, marks=pytest.mark.company(code)) for code in ("irkutsk", "koryak", "krasnoyarsk")]
)
def test_heat_three_zones_and_penalties_fit_one_page(company: Company, code: str) -> None:
    drawn = bills.draw(samples.heated(company), company)
    document = pdfium.PdfDocument(drawn)
    assert len(document) == 1
    assert apart(document[0])
    assert within(document[0])
    assert "Нормативы: электроэнергия 120 кВт·ч на человека в месяц; отопление 0,0298 Гкал на м² в месяц" in words_of(
        drawn
    )
    assert codes(page(drawn, 200)) == {samples.heated(company).qr, LINK}


def test_a_line_of_an_address_never_begins_with_a_bare_number(company: Company) -> None:
    bill = replace(samples.usual(company), address="СНТ «Берёзка», Емельяновский район, пер. Тихий, 72")
    lines = lines_of(bills.draw(bill, company))
    assert any(line.startswith("пер. Тихий, 72") for line in lines)


def test_the_letter_has_the_tax_and_the_clock_of_the_cheque(company: Company) -> None:
    taxed = {"name": "Электроэнергия", "kopecks": 50_175, "vat": 22, "inside": 9_048}
    free = {"name": "Капитальный ремонт", "kopecks": 10_000, "vat": 0, "inside": 0}
    kept = {**FISCAL, "printed_at": "2026-11-20T12:00", "lines": [taxed, free]}
    context = {"account": samples.ACCOUNT, "kopecks": 60_175, "number": "2611-7KQ2M9XD", "cheque": kept}
    told = letters.put_together(Message(letter="cheque", kind="email", data=context), "https://lk.example.ru").text
    assert "20.11.2026 12:00 (МСК)" in told
    assert [line.partition(" = ")[2].replace(NBSP, " ") for line in told.splitlines() if " × " in line] == [
        "501,75 ₽, в том числе НДС 22 %: 90,48 ₽",
        "100,00 ₽, без НДС",
    ]


# ---- helpers


def cheque(company: Company) -> cheques.Cheque:
    item = cheques.Item("Электроэнергия, октябрь 2026", f"225{NBSP}кВт⋅ч", 223, 50_175, "НДС 22 %", 9_048)
    return cheques.Cheque(
        seller=company.legal_name, inn=company.inn, tax_system="ОСН", place=company.site, number="1042", shift="17",
        moment=datetime(2026, 11, 20, 12), items=(item,), total=50_175, paid_by="безналичными", buyer="anna@example.ru",
        sender=company.email, register="0001234567012345", fiscal_drive="9960440300123456", document="12345", sign="3344556677",
        tax_site="www.nalog.gov.ru", qr="t=20261120T1200&s=501.75&fn=9960440300123456&i=12345&fp=3344556677&n=1",
    )  # fmt: skip


def statement_of(count: int) -> statement.Statement:
    entries, balance = [], 1_000
    for number in range(count):
        charged, paid = (0, 84_000) if number % 2 else (84_513, 0)
        balance += charged - paid
        day = date(2024, 1, 5) + timedelta(days=5 * number)
        what = "Платёж картой" if paid else "Начислено"
        entries.append(statement.Entry(day, what, "Электроэнергия", charged, paid, balance))
    return statement.Statement(
        samples.ACCOUNT, " ".join(samples.HOLDER), samples.ADDRESS, "2024-01", "2026-10", tuple(entries), 1_000, balance, date(2026, 11, 20)
    )  # fmt: skip


def words_of(drawn: bytes) -> str:
    """The text of all pages on one line, every kind of space a plain one."""
    return " ".join(text(one) for one in pdfium.PdfDocument(drawn))


def lines_of(drawn: bytes) -> list[str]:
    """The lines of the first page as they were drawn, spaces plain."""
    found = pdfium.PdfDocument(drawn)[0].get_textpage().get_text_range()
    return [" ".join(line.split()) for line in found.splitlines()]


def heights(drawn: bytes, *words: str) -> list[float]:
    """How high each word stands by itself on the first page."""
    found = pdfium.PdfDocument(drawn)[0].get_textpage()
    places = [found.search(word, match_whole_word=True).get_next() for word in words]
    return [found.get_charbox(place[0])[1] for place in places if place]


def text(one: pdfium.PdfPage) -> str:
    return " ".join(one.get_textpage().get_text_range().replace(THIN, " ").split())


def page(drawn: bytes, dpi: int, angle: int = 0) -> Image.Image:
    return image_of(pdfium.PdfDocument(drawn)[0], dpi, angle)


def image_of(one: pdfium.PdfPage, dpi: int, angle: int = 0) -> Image.Image:
    """A page as a scanner would give it, turned by so many degrees."""
    image = one.render(scale=dpi / 72).to_pil().convert("L")
    return image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255) if angle else image


def codes(image: Image.Image) -> set[str]:
    """What zbar reads in a picture."""
    return {one.data.decode() for one in pyzbar.decode(image, symbols=[pyzbar.ZBarSymbol.QRCODE])}


def payment_of(bill: Bill, company: Company, dpi: int, angle: int = 0) -> str:
    return next(one for one in codes(page(bills.draw(bill, company), dpi, angle)) if one.startswith("ST"))


def most_bytes(version: int) -> int:
    """As many bytes as make a code of that version and no larger."""
    length = 1
    while len(qr_code.rows(b"x" * (length + 8))) <= 17 + 4 * version:
        length += 8
        if length > 2320:
            break
    return length


def picture(rows: list[str]) -> Image.Image:
    side = len(rows) + 8
    image = Image.new("L", (side, side), 255)
    for y, row in enumerate(rows):
        for x in (found.start() for found in re.finditer("1", row)):
            image.putpixel((x + 4, y + 4), 0)
    return image.resize((side * 4, side * 4), Image.Resampling.NEAREST)


def boxes(one: pdfium.PdfPage) -> list[tuple[float, float, float, float]]:
    """Where the runs of text stand: left, bottom, right, top."""
    found = one.get_textpage()
    return [found.get_rect(number) for number in range(found.count_rects())]


def apart(one: pdfium.PdfPage) -> bool:
    """Whether no run of text stands upon another."""
    places = sorted(boxes(one))
    for number, (left, bottom, right, top) in enumerate(places):
        for other in places[number + 1 :]:
            if other[0] >= right - 0.5:
                break
            if min(top, other[3]) - max(bottom, other[1]) > 1 and min(right, other[2]) - max(left, other[0]) > 1:
                return False
    return True


def within(one: pdfium.PdfPage) -> bool:
    """Whether all text stands on the page, its margins white."""
    width, height = one.get_size()
    return all(
        left > 8 and right < width - 8 and bottom > 8 and top < height - 8 for left, bottom, right, top in boxes(one)
    )
