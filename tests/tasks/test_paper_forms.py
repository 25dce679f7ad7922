"""Reading forms on paper: what stands on them, what a scanner reads, how many pages they take."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import pypdfium2 as pdfium
import pytest
from pyzbar import pyzbar

from models.company import Company
from models.metering.routes import Dial, Stop
from tasks.papers import paper_forms
from tasks.papers.paper_forms import Heading
from tests.tasks.test_papers import apart, image_of, text, within, words_of

HEADING = Heading("2026-11", "Ленинский участок", "ул. Шёлковая, 5, пн–пт 8:00–17:00")
ZONES = {1: ("Показание",), 2: ("День, Т1", "Ночь, Т2"), 3: ("Пик, Т1", "Ночь, Т2", "Полупик, Т3")}


def dial(zones: int = 2, digits: int = 5, serial: str = "87749621", **facts: Any) -> Dial:
    made = Dial(
        serial, "Меркурий 200.02", "кВт⋅ч", digits, ZONES[zones], (6320, 2660, 14218)[:zones], date(2026, 10, 20)
    )
    return replace(made, **facts)


def stop(place: int = 12, *dials: Dial, count: int = 84, **facts: Any) -> Stop:
    address = "г. Красноярск, ул. Мира, 23, кв. 32"
    return replace(Stop(place, count, "241010000054", address, "Иванова Анна Сергеевна", dials or (dial(),)), **facts)


def draw(stops: Iterable[Stop], company: Company, **options: Any) -> bytes:
    file = io.BytesIO()
    paper_forms.write(file, stops, HEADING, company, **options)
    return file.getvalue()


def blank(count: int, company: Company, heading: Heading = HEADING) -> bytes:
    file = io.BytesIO()
    paper_forms.write_blank(file, count, heading, company)
    return file.getvalue()


def pages(drawn: bytes) -> int:
    return len(pdfium.PdfDocument(drawn))


def codes(drawn: bytes, dpi: int = 150) -> list[str]:
    """What zbar reads on each page, from the top."""
    found = []
    for one in pdfium.PdfDocument(drawn):
        read = pyzbar.decode(image_of(one, dpi), symbols=[pyzbar.ZBarSymbol.QRCODE])
        found += [each.data.decode() for each in sorted(read, key=lambda each: each.rect.top)]
    return found


def squares(drawn: bytes, page: int = 0) -> int:
    """How many boxes stand on a page for something to be written in."""
    paths = [one for one in pdfium.PdfDocument(drawn)[page].get_objects() if one.type == 2]
    sizes = [(right - left, top - bottom) for left, bottom, right, top in (one.get_bounds() for one in paths)]
    return sum(1 for width, height in sizes if 9 < width < 30 and 9 < height < 35)


@pytest.mark.feature("M10")
def test_a_form_names_account_address_and_dials(company: Company) -> None:
    said = words_of(draw([stop()], company))
    for fact in (
        company.name, "Ленинский участок", "Показания счётчиков за ноябрь 2026", "№ 12 из 84", "241010000054",
        "г. Красноярск, ул. Мира, 23, кв. 32", "№ 87749621", "Меркурий 200.02", "День, Т1", "Ночь, Т2", "6 320", "2 660",
        "20.10.2026", "кВт·ч", "Дата", "абонент", "контролёр", "Подпись", "Бланк верните: ул. Шёлковая, 5, пн–пт 8:00–17:00.",
        "Можно и без бланка: в личном кабинете на eniseisbyt.example, по телефону 8 800 000-00-24",
    ):  # fmt: skip
        assert fact in said, fact


def test_a_name_stands_on_a_form_only_when_asked_for(company: Company) -> None:
    assert "Иванова" not in words_of(draw([stop()], company))
    assert "Иванова Анна Сергеевна" in words_of(draw([stop()], company, with_names=True))


@pytest.mark.parametrize("dpi", [100, 150, 300])
def test_a_scanner_reads_the_numbers_in_the_order_of_the_route(company: Company, dpi: int) -> None:
    numbers = [f"2410100000{number:02}" for number in range(7)]
    drawn = draw([stop(place, account=number) for place, number in enumerate(numbers, 1)], company)
    assert codes(drawn, dpi) == numbers


@pytest.mark.company("irkutsk")
def test_a_number_with_letters_is_typed_by_its_digits(company: Company) -> None:
    drawn = draw([stop(account="ИНЗБ38100053")], company)
    assert codes(drawn) == ["38100053"] and "ИНЗБ38100053" in words_of(drawn)


@pytest.mark.parametrize(("zones", "digits"), [(1, 5), (2, 6), (3, 8), (1, 4)])
def test_each_zone_has_as_many_boxes_as_the_dial_has_digits(company: Company, zones: int, digits: int) -> None:
    others = 8 + 2  # the date's, and who took the reading
    assert squares(draw([stop(1, dial(zones, digits))], company)) == zones * digits + others


def test_three_forms_are_on_a_page(company: Company) -> None:
    assert [pages(draw([stop()] * count, company)) for count in (1, 3, 4, 7)] == [1, 1, 2, 3]
    assert [pages(blank(count, company)) for count in (1, 3, 4)] == [1, 1, 2]


def test_no_page_is_empty_when_there_is_nothing_to_print(company: Company) -> None:
    file = io.BytesIO()
    assert paper_forms.write(file, [], HEADING, company) == 0


def test_many_meters_go_on_over_several_forms_of_the_account(company: Company) -> None:
    meters = [dial(3, serial=f"55{number:03}") for number in range(3)]
    drawn = draw([stop(5, *meters)], company)
    said = words_of(drawn)
    assert all(meter.serial in said for meter in meters)
    assert [f"№ 5 из 84, лист {number} из 3" in said for number in (1, 2, 3)] == [True] * 3
    assert codes(drawn) == ["241010000054"] * 3


def test_nothing_stands_upon_another_or_beyond_the_page(company: Company) -> None:
    long = stop(
        1_999, dial(1, 8, "009450235068549", model="Энергомера СЕ 308 S31.746.OG.QYUVLFZ SPDS"), dial(3, 8), count=12_000,
        address="Красноярский край, Емельяновский муниципальный район, пгт Емельяново, ул. 60-летия Октября, 123а, корп. 14, кв. 1024",
        holder="Константинопольский-Заболоцкий Константин Константинович",
    )  # fmt: skip
    one = pdfium.PdfDocument(draw([long, long, long], company, with_names=True))[0]
    assert apart(one) and within(one)
    assert apart(pdfium.PdfDocument(blank(3, company))[0])


@pytest.mark.parametrize(
    "code",
    [pytest.param(code, marks=pytest.mark.company(code)) for code in ("irkutsk", "kaluga", "koryak", "krasnoyarsk")],
)
def test_every_company_has_its_blank_form(company: Company, code: str) -> None:
    drawn = blank(1, company)
    said = words_of(drawn)
    for fact in (company.name, "Лицевой счёт", "Адрес", "Фамилия", "Счётчик №", "Телефон", "Т1", "Т2", "Т3", "Подпись"):
        assert fact in said
    account = len(company.number.example.replace(" ", ""))
    assert squares(drawn) == account + 3 * 8 + 8 + 2
    assert apart(pdfium.PdfDocument(drawn)[0]) and within(pdfium.PdfDocument(drawn)[0])
    assert codes(drawn) == []


def test_a_blank_form_may_name_no_office(company: Company) -> None:
    said = words_of(blank(1, company, Heading("2026-12", "", "")))
    assert "за декабрь 2026" in said and "верните" not in said


def test_texts_are_never_markup(company: Company) -> None:
    said = words_of(draw([stop(address="<b>ул.</b> & «Мира»", holder="<i>А</i>")], company, with_names=True))
    assert "<b>ул.</b> & «Мира»" in said and "<i>А</i>" in said


def test_the_same_data_give_the_same_bytes(company: Company) -> None:
    assert draw([stop()], company) == draw([stop()], company)


def test_forms_are_written_as_they_come(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is finished before the next one is begun: memory does not grow with the route."""
    gathered = []
    begin = paper_forms._Strips.next

    def noted(strips: Any) -> None:
        begin(strips)
        gathered.append(strips.sheet.gathered)

    monkeypatch.setattr(paper_forms._Strips, "next", noted)
    drawn = draw([stop(place) for place in range(1, 10)], company)
    assert gathered == [1] * 9
    assert "№ 9 из 84" in text(pdfium.PdfDocument(drawn)[2])
