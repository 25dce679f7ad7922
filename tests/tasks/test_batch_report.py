"""The report of a batch on paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pypdfium2 as pdfium
import pytest

from models.company import Company
from models.metering.batch_reports import Dial, Report, Row, Zone
from tasks.papers import batch_report
from tests.tasks.test_papers import apart, lines_of, within, words_of

AT = datetime(2026, 11, 20, 14, 5)
ANNA = Row(
    1, "241010000054", "г. Красноярск, ул. Мира, 23, кв. 32", "Иванова Анна Сергеевна", (),
    (Dial("87749621", "кВт⋅ч", (Zone("Т1", 6320, 6440), Zone("Т2", 2660, 2720)), 180),), 180, "accepted", "", "", "Галина Петрова", AT,
)  # fmt: skip
UNKNOWN = replace(
    ANNA, line=2, account="2410 1?", address="", holder="", typed="123 / 45", dials=(), usage=None, state="refused",
    reason="Такого лицевого счёта нет.", aside="вернули абоненту",
)  # fmt: skip
REPORT = Report(
    118, "Ленинский участок", date(2026, 11, 20), "снял контролёр", "Галина Петрова", AT, "Олег Ким", AT, 60, 57, 9_160, 9_172, 180,
    {"accepted": 55, "held": 1, "refused": 1}, "бланк порван", (ANNA, UNKNOWN),
)  # fmt: skip


@pytest.mark.feature("M10")
def test_a_report_tells_the_batch_its_figures_and_its_forms(company: Company) -> None:
    said = words_of(batch_report.draw(REPORT, company))
    for fact in (
        "Отчёт по пачке 118", company.name, "Ленинский участок", "от 20 ноября 2026, снял контролёр",
        "20 ноября 2026, 14:05, Галина Петрова",
        "20 ноября 2026, 14:05, Олег Ким", "57 из 60, меньше на 3", "9 160, больше на 12", "9 172", "При закрытии: бланк порван",
        "241010000054", "г. Красноярск, ул. Мира, 23, кв. 32", "Иванова Анна Сергеевна", "№ 87749621", "6 320", "Т1 6 440", "Т2 2 720",
        "принято", "2410 1?", "123 / 45", "не принято. отложено: вернули абоненту. Такого лицевого счёта нет", "Проверил",
        "Страница 1 из 1",
    ):  # fmt: skip
        assert fact in said, fact


def test_what_agrees_says_so(company: Company) -> None:
    agreeing = replace(REPORT, expected=57, control_sum=9_172, difference="")
    said = words_of(batch_report.draw(agreeing, company))
    assert "57 из 57, сходится" in said and "9 172, сходится" in said and "не сходится" not in said


def test_what_was_not_counted_by_hand_is_not_compared(company: Company) -> None:
    said = words_of(batch_report.draw(replace(REPORT, expected=None, control_sum=None, difference=""), company))
    assert "сходится" not in said and "Контрольная" not in said and "больше" not in said


def test_an_open_batch_says_that_it_is_open(company: Company) -> None:
    said = words_of(batch_report.draw(replace(REPORT, closed_at=None, closed_by=""), company))
    assert "ещё открыта" in said and "Пачка ещё открыта" in said


def test_a_long_report_goes_over_pages_under_its_head(company: Company) -> None:
    long = replace(REPORT, rows=tuple(replace(ANNA, line=line) for line in range(1, 301)))
    drawn = batch_report.draw(long, company)
    document = pdfium.PdfDocument(drawn)
    assert len(document) > 5
    assert all("Лицевой счёт" in one.get_textpage().get_text_range() for one in document)
    assert f"Страница 2 из {len(document)}" in words_of(drawn)
    assert all(apart(one) and within(one) for one in (document[0], document[len(document) - 1]))


def test_an_empty_batch_has_a_report(company: Company) -> None:
    empty = replace(REPORT, rows=(), entered=0, total=0, usage=0, by_state={})
    assert "0 из 60, меньше на 60" in words_of(batch_report.draw(empty, company))


def test_long_names_stay_in_their_places(company: Company) -> None:
    wide = replace(
        ANNA, address="Красноярский край, Емельяновский район, пгт Емельяново, ул. 60-летия Октября, 123а, корп. 14, кв. 1024",
        holder="Константинопольская-Заболоцкая Александра Константиновна", by="Александра Константинопольская-Заболоцкая",
        reason="Расход выше обычного. " * 6,
    )  # fmt: skip
    one = pdfium.PdfDocument(batch_report.draw(replace(REPORT, rows=(wide, wide)), company))[0]
    assert apart(one) and within(one)


def test_texts_are_never_markup(company: Company) -> None:
    drawn = batch_report.draw(replace(REPORT, rows=(replace(ANNA, holder="<b>А</b> & Б"),)), company)
    assert any("<b>А</b> & Б" in line for line in lines_of(drawn))


def test_the_same_data_give_the_same_bytes(company: Company) -> None:
    assert batch_report.draw(REPORT, company) == batch_report.draw(REPORT, company)
