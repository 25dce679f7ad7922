"""Bills: the list, the page that explains itself, the paper, charges by month, what is owed now, which tariff pays."""

from __future__ import annotations

import csv
import io
from datetime import date

import pypdfium2
import pytest

from models import periods
from models.billing import ledger, payments, run
from models.billing.bills import Bill
from models.billing.ledger import New
from models.billing.penalties import PenaltyRule
from models.billing.tariffs import Tariff
from models.metering.accounts import Account
from models.metering.readings import Reading
from tests import cast, paying, prices
from views import papers

NB, THIN, MINUS = "\u00a0", "\u202f", "\u2212"
OCTOBER, SEPTEMBER = "2026-10", "2026-09"
GROWN = {"t1": 500, "t2": 300}  # kopecks from October on, instead of 460 and 280
PAGES = ("bills.index", "bills.charges", "bills.charges_part", "bills.charges_file")


@pytest.fixture
def billed(anna):
    """September and October billed: 720,00 ₽, and 780,00 ₽ after the tariff grew on 1 October."""
    prices.load()
    for zone, kopecks in GROWN.items():
        prices.tariff("electricity", kopecks, date(2026, 10, 1), plan=2, zone=zone)
    bill(SEPTEMBER, OCTOBER)
    return anna


def bill(*months):
    for period in months:
        run.bill(period, issued_on=date(2026, 11, 3))


def pay(person, kopecks, day="2026-11-12", channel="sberbank"):
    payments.take_external(
        person.account.id, kopecks, channel=channel, document=f"{day}-{kopecks}", day=date.fromisoformat(day)
    )


def open_(client, person, endpoint, **more):
    return client.get(endpoint, number=person.account.number, **more)


def bill_page(client, person, period=OCTOBER):
    return open_(client, person, "bills.show", period=period)


def plain(text):
    return text.replace(NB, " ").replace(THIN, " ")


def kopecks(text):
    """«+1 234,50 ₽» as −/+ kopecks."""
    return int(plain(text).replace(MINUS, "-").replace("₽", "").replace(" ", "").replace(",", "").replace("+", ""))


def causes(page, n=0):
    """The rows of the n-th comparison: sentence and kopecks; and the sum line."""
    table = page.soup.select("#why table")[n]
    cells = [[plain(cell.get_text(" ", strip=True)) for cell in row.select("th, td")] for row in table.select("tr")]
    rows = [(row[0], kopecks(row[1])) for row in cells[1:]]
    return rows[:-1], rows[-1][1]


def words_of_pdf(body):
    pages = pypdfium2.PdfDocument(body)
    return " ".join(plain(page.get_textpage().get_text_range()) for page in pages)


# ---- the list


def test_list_of_bills_the_newest_first(home, billed):
    page = open_(home, billed, "bills.index")
    assert page.h1 == "Счета"
    assert [[plain(cell) for cell in row[:4]] for row in page.rows] == [
        ["октябрь 2026", "780,00 ₽", "1 500,00 ₽", "16 ноября 2026"],
        ["сентябрь 2026", "720,00 ₽", "720,00 ₽", "15 октября 2026"],
    ]
    assert page.click(f"октябрь{NB}2026").h1 == f"Счёт за октябрь{NB}2026"


@pytest.mark.feature("S26")
def test_list_begins_with_what_is_owed_now(home, billed):
    pay(billed, 72000)
    page = open_(home, billed, "bills.index")
    assert plain(page.soup.select_one(".sum").get_text()) == "780,00 ₽"
    assert page.soup.find("a", string="Оплатить")["href"].endswith(f"/accounts/{billed.account.number}/pay")


def test_list_of_one_year(home, billed):
    page = open_(home, billed, "bills.index", **{"from": SEPTEMBER, "to": SEPTEMBER})
    assert [row[0] for row in page.rows] == [f"сентябрь{NB}2026"]


def test_account_without_a_bill(home, anna):
    page = open_(home, anna, "bills.index")
    assert "Счетов пока нет. Счёт за месяц выставляем до 5-го числа следующего." in page.text
    assert page.soup.find("a", string="Оплатить") is None


# ---- whose bill, which bill


@pytest.mark.parametrize(
    "period", ["2026-11", "2026-08", "2026-13", "0000-00", "октябрь", "2026-10-01", "%00", "x" * 300]
)
@pytest.mark.parametrize("endpoint", ["bills.show", "bills.paper"])
def test_bill_that_is_not_there(home, billed, endpoint, period):
    assert open_(home, billed, endpoint, period=period).status == 404


@pytest.mark.parametrize("endpoint", ["bills.show", "bills.paper"])
def test_bill_held_for_a_decision_is_not_shown(home, billed, endpoint):
    Bill.update(state="held").where(Bill.period == OCTOBER).execute()
    assert open_(home, billed, endpoint, period=OCTOBER).status == 404
    assert [row[0] for row in open_(home, billed, "bills.index").rows] == [f"сентябрь{NB}2026"]


@pytest.mark.parametrize(
    ("endpoint", "more"),
    [
        ("bills.index", {}), ("bills.show", {"period": OCTOBER}), ("bills.paper", {"period": OCTOBER}), ("bills.charges", {}),
        ("bills.charges_file", {}), ("bills.statement", {}), ("bills.statement_paper", {}), ("bills.tariff", {}),
    ],
)  # fmt: skip
def test_strangers_bills_do_not_exist(stranger, billed, endpoint, more):
    assert open_(stranger, billed, endpoint, **more).status == 404


# ---- the page of a bill


@pytest.mark.feature("M4")
def test_causes_of_the_difference_add_up_to_it(home, billed):
    rows, total = causes(bill_page(home, billed))
    assert total == 6000 == sum(amount for _, amount in rows)
    assert rows[-1] == (
        "Тариф вырос с 1 октября: день 5,00 ₽ вместо 4,60 ₽, ночь 3,00 ₽ вместо 2,80 ₽ за кВт⋅ч",
        6000,
    )
    assert rows[0][0] == "Между показаниями 30 дней вместо 31"
    assert rows[1] == ("В день уходило 6,0 кВт⋅ч вместо 5,8", -rows[0][1])


@pytest.mark.feature("M4")
def test_bill_is_compared_with_the_same_month_a_year_before(home, anna):
    prices.load()
    PenaltyRule.delete().execute()
    for i, period in enumerate(periods.span("2024-10", "2025-10")):
        cast.read(anna.meter, f"{period}-20", 3440 + 120 * i, 1220 + 60 * i)
    anna.meter.initial_t1, anna.meter.initial_t2, anna.meter.installed = 3320, 1160, date(2024, 9, 20)
    anna.meter.save()
    Reading.update(t1=6400).where(Reading.period == OCTOBER).execute()  # 200 kWh by day, not 120
    bill(*periods.span("2025-10", OCTOBER))
    page = bill_page(home, anna)
    captions = [plain(table.caption.get_text(" ", strip=True)) for table in page.soup.select("#why table")]
    assert captions[0].startswith("На 368,00 ₽ больше, чем в сентябре 2026")
    assert captions[1].startswith("На 368,00 ₽ больше, чем в октябре 2025")
    for n in (0, 1):
        rows, total = causes(page, n)
        assert sum(amount for _, amount in rows) == total == 36800
    assert ("На ночь пришлось 23 % расхода вместо 33 %") in [text for text, _ in causes(page, 1)[0]]


def test_first_bill_has_nothing_to_be_compared_with(home, billed):
    assert "Сравнить не с чем" in bill_page(home, billed, SEPTEMBER).text


def test_each_line_says_how_it_was_worked_out(home, billed):
    page = bill_page(home, billed)
    steps = [plain(step.get_text()) for step in page.soup.select("details li")]
    assert "Счётчик № 87749621: было 6 200 (20 сентября), стало 6 320 (20 октября). Расход 120 кВт⋅ч." in steps
    assert "120 кВт⋅ч × 5,00 ₽ = 600,00 ₽, в том числе НДС 22 % — 108,20 ₽." in steps
    assert "60 кВт⋅ч × 3,00 ₽ = 180,00 ₽, в том числе НДС 22 % — 32,46 ₽." in steps


def test_sum_is_what_was_owed_less_what_was_paid_and_what_was_charged(home, billed):
    table = bill_page(home, billed).soup.find("caption", string="Как сложилась сумма счёта").parent
    rows = {row.th.get_text(): kopecks(row.td.get_text()) for row in table.select("tr") if row.td}
    assert rows == {"Долг на начало месяца": 72000, "Оплачено за месяц": 0, "Начислено": 78000, "К оплате": 150000}


def test_bill_says_until_when_to_pay(home, billed):
    page = bill_page(home, billed)
    assert plain(page.soup.select_one(".sum").get_text()) == "1 500,00 ₽"
    assert f"до 16{NB}ноября{NB}2026" in page.text
    assert page.soup.find("a", string="Счёт, PDF")["href"].endswith("/bills/2026-10.pdf")


@pytest.mark.feature("S26")
def test_bill_paid_meanwhile_says_so(home, billed):
    pay(billed, 150000)
    page = bill_page(home, billed)
    assert page.soup.select_one("main h2").get_text(" ", strip=True) == "Сумма счёта оплачен"
    assert "до 16" not in page.soup.select_one("main section.card").get_text()
    assert page.soup.find("a", string="Оплатить") is None


def test_earlier_bill_leads_to_the_last_one(home, billed):
    page = bill_page(home, billed, SEPTEMBER)
    assert page.soup.find("a", string="Оплатить") is None
    assert page.click(f"Последний счёт, за октябрь{NB}2026").h1 == f"Счёт за октябрь{NB}2026"


@pytest.mark.feature("S48")
def test_bill_names_the_company_the_rules_and_the_norm(home, billed, company):
    text = bill_page(home, billed).text
    assert company.legal_name in text
    assert company.bank.account in text
    assert "постановление Правительства РФ от 06.05.2011 № 354" in text
    assert "электроэнергия возврату и обмену не подлежит" in text
    assert f"80{NB}кВт⋅ч на человека в месяц" in text
    assert billed.account.access_code in text


def test_estimates_and_recalculation_are_explained(home, anna):
    """September without a reading: 180 kWh by the average; October shows 290 for both, 145 a month."""
    prices.load()
    Reading.delete().where(Reading.period == SEPTEMBER).execute()
    Reading.update(t1=6080 + 190, t2=2540 + 100).where(Reading.period == OCTOBER).execute()
    bill(SEPTEMBER, OCTOBER)
    estimate = plain(bill_page(home, anna, SEPTEMBER).text)
    assert "Показаний за месяц не было, взят средний расход за 10 месяцев" in estimate
    assert "показаний не было" in estimate
    page = bill_page(home, anna)
    text = plain(page.text)
    assert "Перерасчёт за сентябрь 2026" in text
    assert "Сентябрь 2026: по среднему было 162 кВт⋅ч, по показаниям 145 кВт⋅ч." in text
    rows, total = causes(page)
    assert sum(amount for _, amount in rows) == total


def test_month_by_the_norm_is_explained(client, boris):
    prices.load()
    bill(OCTOBER)
    client.sign_in("boris@example.ru", cast.PASSWORD)
    text = plain(bill_page(client, boris).text)
    assert "взят норматив: 80 кВт⋅ч на человека × 3 чел. = 240 кВт⋅ч за месяц" in text


def test_penalty_is_shown_with_each_piece(home, anna, at):
    """720 ₽ for July, due on 17 August: from the 31st day 720 × 9,5 % / 300 a day."""
    prices.load()
    at("2026-11-03T10:00")
    for period in ("2026-07", "2026-08", SEPTEMBER):
        run.bill(period)
    text = plain(bill_page(home, anna, SEPTEMBER).text)
    assert "720,00 ₽ за июль 2026 × 14 дней (17–30 сентября) × 9,5 % / 300 = 3,19 ₽." in text
    run.bill(OCTOBER)
    page = bill_page(home, anna)
    assert "в том числе пени " in page.soup.select_one("main section.card").get_text()
    assert "за прошлые месяцы 3,19 ₽" in plain(page.text)
    assert "Начислено за год, без пеней" in page.text
    rows, total = causes(page)
    assert any(sentence.startswith("Пени") for sentence, _ in rows)
    assert sum(amount for _, amount in rows) == total


def test_chart_shows_what_the_months_cost(home, billed):
    svg = bill_page(home, billed).soup.select_one("figure.bars svg[role=img]")
    assert f"всего 1{THIN}500 ₽" in svg["aria-label"]


def test_name_that_looks_like_markup_is_a_name(home, billed):
    Account.update(last_name='<b>"&', street="<script>alert(1)</script>").where(
        Account.id == billed.account.id
    ).execute()
    bill_of_november = plain(bill_page(home, billed).text)
    assert "Иванова" not in bill_of_november  # as issued, and masked
    assert open_(home, billed, "bills.index").status == 200
    assert open_(home, billed, "bills.statement_paper").status == 200


# ---- the paper


@pytest.mark.feature("S30", "S26")
def test_bill_is_a_pdf_that_the_browser_shows(home, billed):
    page = open_(home, billed, "bills.paper", period=OCTOBER)
    assert page.headers["Content-Type"] == "application/pdf"
    assert page.headers["Content-Disposition"] == f"inline; filename=bill-2026-10-{billed.account.number}.pdf"
    text = words_of_pdf(page.answer.data)
    assert billed.account.number in text
    assert "1 500,00" in text


def test_same_bill_is_the_same_file(home, billed):
    first, second = (open_(home, billed, "bills.paper", period=OCTOBER).answer.data for _ in range(2))
    assert first == second


def test_so_many_papers_an_hour(home, billed, monkeypatch):
    monkeypatch.setattr(papers, "MOST", 2)
    answers = [open_(home, billed, "bills.paper", period=OCTOBER) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 422]
    assert "Слишком много файлов за час." in answers[-1].text


# ---- charges by month


@pytest.mark.feature("S27")
def test_months_with_charges_payments_and_what_was_owed_after(home, billed):
    pay(billed, 50000)
    page = open_(home, billed, "bills.charges")
    assert [[plain(cell) for cell in row] for row in page.rows] == [
        ["ноя 2026", "ещё не начислено", "500,00 ₽", "1 000,00 ₽"],
        ["окт 2026", "780,00 ₽", "0,00 ₽", "1 500,00 ₽"],
        ["сен 2026", "720,00 ₽", "0,00 ₽", "720,00 ₽"],
    ]


@pytest.mark.feature("S27")
def test_chart_of_charges_against_payments(home, billed):
    pay(billed, 50000)
    svg = open_(home, billed, "bills.charges").soup.select_one("figure.bars svg[role=img]")
    assert svg["aria-label"] == f"Начислено и оплачено: всего начислено 1{THIN}500 ₽, оплачено 500 ₽"


def test_part_of_charges_is_what_the_page_includes(home, billed):
    query = {"from": OCTOBER, "to": OCTOBER}
    alone, whole = (open_(home, billed, endpoint, **query) for endpoint in ("bills.charges_part", "bills.charges"))
    assert not alone.is_whole
    assert alone.text in whole.text
    assert alone.headers["HX-Replace-Url"] == whole.path


def test_charges_as_a_file(home, billed):
    page = open_(home, billed, "bills.charges_file", **{"from": OCTOBER, "to": OCTOBER})
    rows = list(csv.reader(io.StringIO(page.answer.data.decode("utf-8-sig")), delimiter=";"))
    assert rows[1] == [OCTOBER, "780,00", "0,00", "0,00", "0,00", "0,00", "1500,00"]


@pytest.mark.parametrize("endpoint", PAGES)
@pytest.mark.parametrize(
    "query", [{"from": "x"}, {"from": "9999-99"}, {"to": "1999-01"}, {"from": OCTOBER, "to": SEPTEMBER}, {"to": "\0"}]
)
def test_nonsense_in_the_query_is_answered_with_what_there_is(home, billed, endpoint, query):
    assert open_(home, billed, endpoint, **query).status == 200


@pytest.mark.parametrize(
    "endpoint", [*PAGES, "bills.statement", "bills.statement_file", "bills.statement_paper", "bills.tariff"]
)
def test_pages_of_an_account_where_nothing_has_happened(home, anna, endpoint):
    assert open_(home, anna, endpoint).status == 200


# ---- which tariff pays


@pytest.mark.feature("M5")
def test_plans_side_by_side_on_the_customers_own_months(home, billed):
    """Twelve months, eleven of them with 120 kWh by day and 60 by night: nothing was used in the first."""
    page = open_(home, billed, "bills.tariff")
    rows = [[plain(cell) for cell in row] for row in page.rows if "зон" in row[0].lower()]
    assert rows[0][1:] == ["7 920,00 ₽", "дешевле на 660 ₽"]  # 11 × 180 × 4,00
    assert rows[1][1:] == ["8 580,00 ₽", "—"]  # 11 × (120 × 5,00 + 60 × 3,00)
    assert rows[2][1].startswith("≈ ")
    assert "Ваш расход за 12 месяцев с показаниями" in plain(page.text)


@pytest.mark.feature("M5")
def test_night_share_from_which_two_zones_pay(home, billed):
    """(5,00 − 4,00) / (5,00 − 3,00)"""
    text = plain(open_(home, billed, "bills.tariff").text)
    assert "приходится больше 50 % расхода. У вас 33 %." in text


@pytest.mark.feature("M5")
def test_way_to_the_next_band(home, billed):
    text = plain(open_(home, billed, "bills.tariff").text)
    assert (
        "До второго диапазона 3 900 кВт⋅ч: скорее всего, не дойдёте (обычный расход этого месяца — 165 кВт⋅ч)." in text
    )
    cast.read(billed.meter, "2026-11-18", 6320 + 3500, 2660 + 300)
    text = plain(open_(home, billed, "bills.tariff").text)
    assert "В этом месяце по показаниям 3 800 кВт⋅ч. До второго диапазона 100 кВт⋅ч" in text


def test_todays_prices_with_the_day_they_began(home, billed):
    rows = [[plain(cell) for cell in row] for row in open_(home, billed, "bills.tariff").rows[:2]]
    assert rows == [
        ["День с 1 октября 2026", "5,00 ₽", "9,20 ₽", "13,80 ₽"],
        ["Ночь с 1 октября 2026", "3,00 ₽", "5,60 ₽", "8,40 ₽"],
    ]


def test_tariff_that_is_missing_is_said_kindly(home, billed):
    Tariff.update(until=date(2026, 11, 1)).execute()
    page = open_(home, billed, "bills.tariff")
    assert page.status == 200
    assert f"Тариф на сегодня (20{NB}ноября{NB}2026) для вашего счёта ещё не внесён" in page.text


def test_tariff_of_an_account_without_a_meter(client, boris):
    prices.load()
    client.sign_in("boris@example.ru", cast.PASSWORD)
    page = open_(client, boris, "bills.tariff")
    assert [plain(cell) for cell in page.rows[0]] == ["Цена", "4,00 ₽", "8,00 ₽", "12,00 ₽"]
    assert "Сравнить зоны суток можно, когда" in page.text


@pytest.mark.company("irkutsk")
def test_bill_of_two_services_stands_in_columns(client, app):
    flat = cast.account(54, services="electricity,heat", access_code="16359559")
    person = cast.Person(cast.customer("two@example.ru", "Анна", flat), flat)
    prices.load()
    bill(OCTOBER)
    client.sign_in("two@example.ru", cast.PASSWORD)
    page = bill_page(client, person)
    assert {"Электроэнергия", "Отопление"} <= {heading.get_text() for heading in page.soup.select("h2")}
    ledger.post(New(flat.id, "heat", ledger.PAYMENT, -1000, date(2026, 11, 1), "test:1"))
    text = plain(bill_page(client, person).text)
    assert "С 1 ноября поступило 10,00 ₽." in text
    ledger.post(New(flat.id, "heat", ledger.PAYMENT, -9_000_000, date(2026, 11, 1), "test:2"))
    page = bill_page(client, person)
    owed_for_power = ledger.by_service(flat.id)["electricity"]
    assert kopecks(page.soup.select_one(".sum").get_text()) == owed_for_power > 0
    assert "сама этот долг не закроет" in page.text
    assert page.soup.find("a", string="Оплатить") is not None


@pytest.fixture
def acquirer(monkeypatch):
    with paying.open_desk(monkeypatch) as standing:
        yield standing


@pytest.mark.feature("S26")
def test_pay_form_asks_for_the_debts_and_names_the_advance(home, billed, acquirer):
    ledger.post(New(billed.account.id, "repair", ledger.PAYMENT, -200_000, date(2026, 11, 1), "test:1"))
    Account.update(services="electricity,repair").execute()
    page = open_(home, billed, "payments.form")
    text = plain(page.text)
    assert "К оплате сейчас 1 500,00 ₽." in text
    assert "Переплата за другую услугу (2 000,00 ₽) сама этот долг не закроет." in text
    assert plain(page.soup.select_one("form .apart").get_text(" ", strip=True)) == "Всего 1 500,00 ₽"
    page = page.submit({"amount-electricity": "100", "amount-repair": "20,50"})
    assert plain(page.soup.select_one("form .apart").get_text(" ", strip=True)) == "Всего 120,50 ₽"


# ---- a reading's cost before it is billed


def test_use_that_is_looked_at_before_sending_has_its_cost(home, billed):
    values = {f"meter-{billed.meter.id}-t{i}": str(value) for i, value in enumerate(cast.USUAL, 1)}
    page = open_(home, billed, "readings.form").submit(values, button="Проверить")
    assert "Расход 180 кВт⋅ч, примерно 780 ₽" in plain(page.text)


def test_use_has_no_cost_where_there_is_no_tariff(home, anna):
    values = {f"meter-{anna.meter.id}-t{i}": str(value) for i, value in enumerate(cast.USUAL, 1)}
    page = open_(home, anna, "readings.form").submit(values, button="Проверить")
    assert "Расход 180 кВт⋅ч" in plain(page.text)
    assert "примерно" not in page.text


# ---- what it costs


@pytest.mark.parametrize(
    ("endpoint", "more"),
    [
        ("home.show", {}), ("bills.index", {}), ("bills.show", {"period": OCTOBER}), ("bills.paper", {"period": OCTOBER}),
        ("bills.charges", {}), ("bills.statement", {}), ("bills.statement_paper", {}), ("bills.tariff", {}), ("information.show", {}),
    ],
)  # fmt: skip
def test_queries_of_a_page_stay_few(home, billed, db, endpoint, more):
    count = []
    db.query_hooks.append(count.append)
    try:
        assert open_(home, billed, endpoint, **more).status == 200
    finally:
        db.query_hooks.remove(count.append)
    assert len(count) <= 8
