"""The front page: what guests see, and the state of the account now."""

from __future__ import annotations

from datetime import date

import pytest

from models.billing import ledger, payments, run
from models.billing.ledger import New
from models.metering.meters import Meter
from models.metering.readings import Reading
from tests import cast, prices

NB, THIN = "\u00a0", "\u202f"


def test_guest_learns_what_the_portal_is_for(client):
    page = client.get("home.front")
    assert page.h1 == "Личный кабинет"
    assert "передать показания" in page.text
    assert "Приём открыт до 29\u00a0ноября." in page.text


def test_guest_signs_in_from_the_front_page(client, anna):
    page = client.get("home.front").submit(login="anna@example.ru", password=cast.PASSWORD)
    assert page.location == "/"
    assert page.follow().h1 == "Здравствуйте, Анна Сергеевна"


def test_guest_asking_for_an_account_signs_in_first(client, anna):
    page = client.get("home.show", number=anna.account.number)
    assert page.location == f"/sign-in?next=/accounts/{anna.account.number}/"


def test_customer_without_accounts_is_told_to_link_one(client, app):
    cast.customer("pusto@example.ru", "Глеб")
    client.sign_in("pusto@example.ru", cast.PASSWORD)
    page = client.get("home.front")
    assert "Привяжите лицевой счёт" in page.text
    assert page.click("Привязать счёт").h1 == "Привязать лицевой счёт"


@pytest.mark.feature("S25")
def test_home_shows_the_state_of_the_account_now(home):
    page = home.get("home.front")
    assert "Показания за ноябрь\u00a02026" in page.text
    assert "ещё не переданы" in page.text
    assert "Приём открыт до 29\u00a0ноября." in page.text
    assert page.rows[0][:3] == [
        "20\u00a0октября\u00a02026",
        "личный кабинет",
        "день\u00a06\u202f320, ночь\u00a02\u202f660",
    ]
    assert page.soup.select_one("figure.bars svg[role=img]") is not None


def test_reading_is_passed_from_the_home_page(home, anna):
    page = home.get("home.front").submit(_usual(anna))
    assert page.follow().h1 == "Показания переданы"
    assert "принято к расчёту" in home.get("home.front").text


def test_held_reading_is_shown_as_held(home, anna):
    cast.read(anna.meter, "2026-11-19", 9999, 2700, state="held")
    assert "на проверке" in home.get("home.front").text


def test_account_chosen_is_the_one_shown_next(client, boris, anna):
    client.sign_in("boris@example.ru", cast.PASSWORD)
    assert client.get("home.front").title.startswith("ул. Садовая, 33")
    client.get("home.show", number=anna.account.number)
    assert _shown(client.get("home.front")) == anna.account.number


def test_account_chosen_and_unlinked_is_shown_no_more(client, boris, anna):
    client.sign_in("boris@example.ru", cast.PASSWORD)
    client.get("home.show", number=anna.account.number)
    client.get("accounts.ask_unlink", number=anna.account.number).submit(button="Отвязать")
    assert _shown(client.get("home.front")) == boris.account.number


def test_account_without_a_meter_pays_by_the_norm(client, boris):
    client.sign_in("boris@example.ru", cast.PASSWORD)
    page = client.get("home.show", number=boris.account.number)
    assert "нет действующего счётчика, плата начисляется по нормативу" in page.text


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2027-03-01", "Поверка счётчика № 87749621 — до 1\u00a0марта\u00a02027."),
        ("2026-11-19", "Срок поверки счётчика № 87749621 истёк 19\u00a0ноября\u00a02026."),
    ],
)
def test_verification_that_nears_or_passed_is_a_warning(home, anna, due, said):
    Meter.update(verification_due=due).execute()
    assert said in home.get("home.front").text


def test_verification_far_away_is_no_warning(home, anna):
    Meter.update(verification_due="2027-11-19").execute()
    assert "оверк" not in home.get("home.front").text


def test_account_without_a_reading_opens(home, anna):
    Reading.delete().execute()
    assert "Показаний за последний год нет." in home.get("home.front").text


# ---- what is owed


@pytest.fixture
def owing(anna):
    """720,00 ₽ for each of two months, the second 780,00 ₽ after a tariff that grew."""
    prices.load()
    for zone, kopecks in (("t1", 500), ("t2", 300)):
        prices.tariff("electricity", kopecks, date(2026, 10, 1), plan=2, zone=zone)
    for period in ("2026-09", "2026-10"):
        run.bill(period, issued_on=date(2026, 11, 3))
    return anna


def _pay(person, kopecks):
    payments.take_external(person.account.id, kopecks, channel="bank", document="1", day=date(2026, 11, 12))


def _card(page):
    return page.soup.select_one("main section.card")


def _said(page):
    return _card(page).get_text(" ", strip=True).replace(NB, " ").replace(THIN, " ")


@pytest.mark.feature("S25", "S26")
def test_home_begins_with_what_is_owed_and_until_when(home, owing, at):
    at("2026-11-10T10:00")
    page = home.get("home.front")
    said = _said(page)
    assert said.startswith(
        "К оплате, вместе с долгом за прошлые месяцы 1 500,00 ₽ "
        "долг за прошлые месяцы 720,00 ₽ за октябрь 2026 780,00 ₽ "
        "Счёт за октябрь 2026, до 16 ноября осталось 6 дней На просроченный долг начисляются пени."
    )
    links = {link.get_text(): link["href"] for link in _card(page).select("a")}
    number = owing.account.number
    assert links == {
        "Почему столько": f"/accounts/{number}/bills/2026-10#why",
        "Оплатить": f"/accounts/{number}/pay",
        "Счёт, PDF": f"/accounts/{number}/bills/2026-10.pdf",
    }


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-11-15", "осталось 1 день"),
        ("2026-11-16", "сегодня последний день"),
        ("2026-11-18", "срок прошёл 2 дня назад"),
    ],
)
def test_days_left_to_pay(home, owing, at, day, said):
    at(f"{day}T10:00")
    assert said in _said(home.get("home.front"))


def test_difference_to_the_month_before_in_one_line(home, owing):
    assert "Начислено за октябрь 2026 на 60 ₽ больше, чем месяцем раньше. Почему столько" in _said(
        home.get("home.front")
    )


def test_month_alone_is_called_by_its_month(home, owing):
    _pay(owing, 72000)
    said = _said(home.get("home.front"))
    assert said.startswith("К оплате 780,00 ₽ за октябрь 2026, до 16 ноября")
    assert "пени" not in said


def test_paid_in_full(home, owing):
    _pay(owing, 150000)
    page = home.get("home.front")
    assert _said(page).startswith("Всё оплачено Долга нет. Последний счёт — за октябрь 2026.")
    assert "Оплатить" not in [link.get_text() for link in _card(page).select("a")]


def test_paid_in_advance(home, owing):
    _pay(owing, 160000)
    assert _said(home.get("home.front")).startswith("Переплата 100,00 ₽ Платить сейчас не нужно")


def test_debt_for_one_service_beside_an_advance_for_another(home, owing):
    ledger.post(New(owing.account.id, "repair", ledger.PAYMENT, -200000, date(2026, 11, 1), "test:1"))
    page = home.get("home.front")
    said = _said(page)
    assert said.startswith("К оплате 1 500,00 ₽ за октябрь 2026")
    assert "Переплата за другую услугу (капитальный ремонт 2 000,00 ₽) сама этот долг не закроет." in said
    assert "Оплатить" in [link.get_text() for link in _card(page).select("a")]


def test_payment_under_way_is_not_offered_again(home, owing):
    payment = payments.start(
        owing.account, {"electricity": 150000}, customer_id=owing.id, email="anna@example.ru", key="1", consented=True
    )
    page = home.get("home.front")
    links = {link.get_text(): link["href"] for link in _card(page).select("a")}
    assert links["Посмотреть, закончить или отменить"] == f"/payments/{payment.number}"
    assert "Оплатить" not in links


def test_no_bill_yet(home):
    assert "Счетов пока нет." in _said(home.get("home.front"))


def _usual(person):
    return {f"meter-{person.meter.id}-t{i}": str(value) for i, value in enumerate(cast.USUAL, 1)}


def _shown(page):
    return page.soup.select_one("details.switch summary i").get_text()
