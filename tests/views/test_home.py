"""The front page: what guests see, and the state of the account now."""

from __future__ import annotations

import pytest

from models.metering.meters import Meter
from models.metering.readings import Reading
from tests import cast


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


def _usual(person):
    return {f"meter-{person.meter.id}-t{i}": str(value) for i, value in enumerate(cast.USUAL, 1)}


def _shown(page):
    return page.soup.select_one("details.switch summary i").get_text()
