"""History: readings and consumption as pages, as parts and as files."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from models.metering import hanging, readings, replacing
from models.metering.orders import placing
from tests import cast, prices

NB, THIN = "\u00a0", "\u202f"
PAGES = ("history.readings", "history.consumption")
PARTS = ("history.readings_part", "history.consumption_part")
FILES = ("history.readings_file", "history.consumption_file")


def open_(client, anna, endpoint, **query):
    return client.get(endpoint, number=anna.account.number, **query)


@pytest.mark.feature("S24")
def test_readings_of_the_last_year_with_their_state(home, anna):
    page = open_(home, anna, "history.readings")
    assert len(page.rows) == 11  # December 2025 to October 2026: none in November yet
    assert page.rows[0] == [
        f"20{NB}октября{NB}2026",
        "личный кабинет",
        f"день{NB}6{THIN}320, ночь{NB}2{THIN}660",
        f"180{NB}кВт⋅ч",
        "принято к расчёту",
    ]


@pytest.mark.feature("S24")
def test_reading_that_was_not_accepted_says_why(home, anna):
    cast.read(anna.meter, "2026-11-10", 1, 1, state="rejected", reason="Цифры с другого счётчика.")
    row = open_(home, anna, "history.readings").rows[0]
    assert row[-2:] == ["—", "не принято Цифры с другого счётчика."]


@pytest.mark.feature("S24")
def test_span_of_months_is_what_was_asked(home, anna):
    page = open_(home, anna, "history.readings", **{"from": "2026-03", "to": "2026-04"})
    assert [row[0] for row in page.rows] == [f"20{NB}апреля{NB}2026", f"20{NB}марта{NB}2026"]
    assert page.value("from") == "2026-03"


@pytest.mark.parametrize("endpoint", [*PAGES, *PARTS, *FILES])
@pytest.mark.parametrize(
    "query",
    [
        {"from": "", "to": ""},
        {"from": "2026-13"},
        {"from": "0000-00", "to": "9999-99"},
        {"to": "1999-01"},
        {"from": "2099-12"},
        {"from": "٢٠٢٦-٠١"},
        {"from": "2026-05", "to": "2026-01"},
        {"from": "x" * 10_000},
        {"from": "\0"},
        {"service": "repair"},
        {"service": "<script>"},
        {"to": "2000-01"},
    ],
)
def test_nonsense_in_the_query_is_answered_with_what_there_is(home, anna, endpoint, query):
    assert open_(home, anna, endpoint, **query).status == 200


def test_years_lead_to_their_months(home, anna):
    page = open_(home, anna, "history.readings").click("2025")
    assert len(page.rows) == 2


def test_consumption_by_zone_with_the_same_numbers_as_the_chart(home, anna):
    page = open_(home, anna, "history.consumption")
    assert page.rows[0][1:4] == ["120", "60", "180"]
    total = sum(int(row[3]) for row in page.rows)
    label = page.soup.select_one("figure.bars svg[role=img]")["aria-label"]
    assert f"всего {total:,}".replace(",", THIN) in label


def test_year_stands_against_year(home, anna):
    for month in range(5, 11):
        cast.read(anna.meter, f"2025-{month:02d}-20", 4000 + month * 50, 1800 + month * 10)
    page = open_(home, anna, "history.consumption")
    assert page.rows[0][0] == f"окт{NB}2026"
    assert page.rows[0][4] == "60"


@pytest.mark.feature("S20")
def test_estimates_norms_and_recalculation_are_marked(home, anna):
    readings.Reading.delete().where(readings.Reading.period.between("2026-05", "2026-09")).execute()
    page = open_(home, anna, "history.consumption", **{"from": "2026-04", "to": "2026-10"})
    marks = [row[0].replace(NB, " ").partition("2026")[2].strip() for row in reversed(page.rows)]
    assert marks == ["", "по среднему", "по среднему", "по среднему", "по нормативу", "по нормативу", "перерасчёт"]


@pytest.mark.parametrize(("part", "page"), [*zip(PARTS, PAGES, strict=True)])
def test_part_is_what_the_page_includes(home, anna, part, page):
    query = {"from": "2026-02", "to": "2026-06"}
    alone = open_(home, anna, part, **query)
    whole = open_(home, anna, page, **query)
    assert not alone.is_whole
    assert alone.text in whole.text
    assert whole.soup.find("form", class_="filter")["hx-get"] == alone.path.partition("?")[0]


def test_readings_file_has_the_rows_of_the_page(home, anna):
    page = open_(home, anna, "history.readings_file", **{"from": "2026-03", "to": "2026-04"})
    assert page.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert page.headers["Content-Disposition"] == f"attachment; filename=readings-{anna.account.number}.csv"
    assert page.answer.data.startswith(b"\xef\xbb\xbf")
    rows = _rows(page)
    assert rows[0][:2] == ["Дата", "Счётчик"]
    assert rows[1] == ["2026-04-20", "87749621", "личный кабинет", "5600", "2300", "", "180", "принято к расчёту", ""]


def test_consumption_file_has_the_rows_of_the_page(home, anna):
    rows = _rows(open_(home, anna, "history.consumption_file", **{"from": "2026-03", "to": "2026-04"}))
    assert rows[1][:5] == ["2026-03", "120", "60", "0", "180"]


def test_formula_in_a_reason_is_harmless_in_a_spreadsheet(home, anna):
    cast.read(anna.meter, "2026-11-10", 1, 1, state="rejected", reason="=HYPERLINK(1)")
    assert _rows(open_(home, anna, "history.readings_file"))[1][-1] == "'=HYPERLINK(1)"


def test_account_without_a_meter_has_a_history_of_norms(client, boris):
    client.sign_in("boris@example.ru", cast.PASSWORD)
    for endpoint in (*PAGES, *PARTS, *FILES):
        assert open_(client, boris, endpoint).status == 200


@pytest.mark.feature("S20")
def test_consumption_of_an_account_without_a_meter_is_its_norm(client, boris):
    """Three persons in a town: 75 kWh each until June 2025, 80 from July on."""
    prices.norms()
    client.sign_in("boris@example.ru", cast.PASSWORD)
    rows = open_(client, boris, "history.consumption").rows
    months = ("окт", "сен", "авг", "июл", "июн", "май", "апр", "мар", "фев", "янв")
    assert rows[:10] == [
        [f"{month}{NB}2026 по нормативу", "240", "240" if i < 4 else "225"] for i, month in enumerate(months)
    ]
    assert [row[0].partition(" ")[0] for row in rows[10:]] == [f"дек{NB}2025", f"ноя{NB}2025"]


def test_years_of_an_account_without_a_meter_lead_to_their_norms(client, boris):
    prices.norms()
    client.sign_in("boris@example.ru", cast.PASSWORD)
    page = open_(client, boris, "history.consumption").click("2023")
    assert [row[1] for row in page.rows] == ["225", "225"]


@pytest.mark.company("koryak")
def test_each_metered_service_has_its_consumption(home, anna):
    heat = cast.hang(anna.account, "12345", service="heat", initial=(10,), installed="2025-10-21")
    cast.read(heat, "2026-09-20", 14)
    cast.read(heat, "2026-10-20", 16)
    page = open_(home, anna, "history.consumption", service="heat", **{"from": "2026-10", "to": "2026-10"})
    assert "Гкал" in page.soup.caption.get_text()
    assert page.value("service") == "heat"


def _rows(page):
    return list(csv.reader(io.StringIO(page.answer.data.decode("utf-8-sig")), delimiter=";"))


def test_a_replacement_is_told_with_both_dials(home, anna):
    order = placing.place(
        anna.account, placing.Wish(f"replacement-{anna.meter.id}", phone="89135550123"), key="k", customer_id=anna.id
    )
    new = hanging.NewMeter("5000111", "Меркурий 200.02", "2", "5", "1", ("10", "5", ""))
    replacing.replace(order.id, replacing.Visit(date(2026, 11, 18)), ("6400", "2700"), new)
    told = [
        one.get_text() for one in open_(home, anna, "history.readings").soup.select("#history li") if "№" in one.text
    ]
    assert told == [
        f"18{NB}ноября{NB}2026: снят счётчик №{NB}87749621, показание: день{NB}6{THIN}400, ночь{NB}2{THIN}700",
        f"18{NB}ноября{NB}2026: установлен счётчик №{NB}5000111, показание: день{NB}10, ночь{NB}5",
    ]
    earlier = open_(home, anna, "history.readings", **{"from": "2026-03", "to": "2026-04"})
    assert "установлен счётчик" not in earlier.text
    assert f"день{NB}6{THIN}400" in home.get("information.show", number=anna.account.number).text


def test_the_first_meter_is_no_change(home, anna):
    assert "установлен счётчик" not in open_(home, anna, "history.readings", **{"from": "2000-01"}).text
