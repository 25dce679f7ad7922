"""How bills come: the page of an account, the part for htmx, the wishes for other letters."""

from __future__ import annotations

from typing import Any

import pytest

from models import clock
from models.billing import delivery
from models.billing.delivery import EMAIL, PAPER, WEB, DeliveryChoice
from models.outbox import Message, addresses
from models.people import wishes
from models.people.customers import Customer
from tests.views.conftest import enter


def chosen(account: Any) -> str:
    return delivery.current(account.id).way


def open_page(client: Any, account: Any) -> Any:
    return client.get("delivery.show", number=account.number)


def labels(page: Any) -> list[str]:
    return [label.get_text(" ", strip=True) for label in page.soup.select("#way label")]


@pytest.mark.feature("S31", "S32")
def test_the_page_says_what_holds_and_that_e_mail_means_no_paper(home, anna):
    page = open_page(home, anna.account)
    assert page.h1 == "Как приходят счета"
    assert "На бумаге, в почтовый ящик" in page.text
    assert labels(page) == ["На бумаге", "На почту anna@example.ru — от бумажной квитанции отказываюсь"]
    assert "вы отказываетесь от бумажной" in page.text
    assert "Пока ничего не выбирали" in page.text


@pytest.mark.feature("S31", "S32")
def test_choosing_e_mail_and_paper_again(home, anna):
    page = open_page(home, anna.account).submit(way="email", button="Сохранить")
    assert (page.status, page.location) == (303, f"/accounts/{anna.account.number}/delivery")
    page = page.follow()
    assert "Сохранено: счета будут приходить" in page.text
    assert "На почту, без бумажной квитанции" in page.text and "Письма идут на anna@example.ru" in page.text
    page.submit(way="paper", button="Сохранить")
    page = open_page(home, anna.account)
    rows = [[cell.get_text(" ", strip=True) for cell in row.select("th, td")] for row in page.soup.select("tbody tr")]
    assert [row[1:] for row in rows] == [["на бумаге", "вы, в кабинете"], ["на почту, без бумаги", "вы, в кабинете"]]


def test_double_submission_makes_one_row(home, anna):
    page = open_page(home, anna.account)
    for _ in range(2):
        assert page.submit(way="email", button="Сохранить").status == 303
    assert DeliveryChoice.select().count() == 1


def test_a_stale_form_from_another_tab_repeats_nothing(home, anna):
    old = open_page(home, anna.account)
    old.submit(way="email", button="Сохранить")
    open_page(home, anna.account).submit(way="paper", button="Сохранить")
    page = old.submit(way="email", button="Сохранить").follow()
    assert chosen(anna.account) == PAPER and "ничего не изменилось" in page.text


@pytest.mark.parametrize("way", ["both", "pigeon", ""])
def test_what_the_company_does_not_have_is_refused_beside_the_choice(home, anna, way):
    page = open_page(home, anna.account)
    page = home.post("delivery.choose", {"csrf_token": page.token, "way": way, "key": "k"}, number=anna.account.number)
    assert page.status == 422 and "Выберите, как получать счета." in page.text
    assert chosen(anna.account) == PAPER


@pytest.mark.company("kaluga")
@pytest.mark.feature("S31")
def test_in_kaluga_an_additional_account_is_sent_to_the_primary_one(client, boris, anna):
    page = open_page(enter(client, boris), anna.account)
    assert "выбирают для основного лицевого счёта" in page.text
    assert page.soup.select("#way") == []
    assert page.soup.select_one(f'main a[href="/accounts/{boris.account.number}/delivery"]')
    assert labels(open_page(client, boris.account))[2] == "И на почту boris@example.ru, и на бумаге"


def test_a_suspended_address_is_told_and_refused(home, anna):
    addresses.suspend("anna@example.ru", "no such user")
    page = open_page(home, anna.account)
    assert "не доходят" in page.text
    page = page.submit(way="email", button="Сохранить")
    assert page.status == 422 and "Укажите в настройках другую почту" in page.text


@pytest.mark.feature("S31")
def test_a_relative_sees_that_somebody_else_gets_the_bills_but_not_who(client, boris, anna):
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    page = open_page(enter(client, boris), anna.account)
    assert "на почту другого человека" in page.text and "anna@example.ru" not in page.text
    assert not page.soup.select("#way input[checked]")
    page.submit(way="email", button="Сохранить")
    assert delivery.current(anna.account.id).customer_id == boris.id
    assert Message.select().where(Message.letter == "delivery_changed", Message.to == "anna@example.ru").exists()


def test_somebody_elses_account_has_no_page(stranger, anna):
    assert open_page(stranger, anna.account).status == 404
    for endpoint in ("delivery.choose", "delivery.choose_part"):
        page = stranger.get("delivery.wishes")
        answer = stranger.post(endpoint, {"csrf_token": page.token, "way": "email"}, number=anna.account.number)
        assert answer.status == 404
    assert chosen(anna.account) == PAPER


@pytest.mark.feature("B4")
def test_the_part_saves_and_comes_back_with_the_history(home, anna):
    page = open_page(home, anna.account)
    part = home.post(
        "delivery.choose_part", {"csrf_token": page.token, "way": "email", "key": "k"}, number=anna.account.number
    )
    assert part.status == 200 and not part.is_whole
    assert "Сохранено" in part.text and "на почту, без бумаги" in part.text
    part = home.post(
        "delivery.choose_part", {"csrf_token": page.token, "way": "no", "key": "k"}, number=anna.account.number
    )
    assert part.status == 422 and "Выберите, как получать счета." in part.text


def test_the_part_gives_a_new_key_so_that_the_next_choice_counts(home, anna):
    page = open_page(home, anna.account)
    part = home.post(
        "delivery.choose_part", {"csrf_token": page.token, "way": "email", "key": "k"}, number=anna.account.number
    )
    assert part.soup.select_one('input[name="key"]')["value"] not in ("", "k")
    assert part.soup.select_one("input[checked]")["value"] == "email"


def test_unlinking_in_the_cabinet_brings_paper_back(home, anna):
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    home.get("accounts.ask_unlink", number=anna.account.number).submit(button="Отвязать")
    assert chosen(anna.account) == PAPER


# ---- other letters


def test_wishes_begin_with_yes_and_are_kept(home, anna):
    page = home.get("delivery.wishes")
    assert {name for name in ("reminders", "news") if page.field(name).has_attr("checked")} == {"reminders", "news"}
    page = home.post("delivery.wish", {"csrf_token": page.token, "reminders": "y"}).follow()
    assert "Сохранено." in page.text
    assert wishes.of(anna.id) == {"reminders": True, "news": False}
    assert not page.field("news").has_attr("checked")


def test_wishes_show_how_each_account_gets_its_bills(client, boris, anna):
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    page = enter(client, boris).get("delivery.wishes")
    facts = [one.get_text(" ", strip=True) for one in page.soup.select(".facts dd")]
    assert sorted(fact.split(" Изменить")[0] for fact in facts) == ["На бумаге", "На почту, без бумаги"]


def test_guests_sign_in_first(client, anna):
    assert open_page(client, anna.account).location.startswith("/sign-in?next=")
    assert client.get("delivery.wishes").location.startswith("/sign-in?next=")


@pytest.mark.parametrize("endpoint", ["settings.show", "accounts.index", "bills.index"])
def test_the_pages_around_lead_here(home, anna, endpoint):
    values = {"number": anna.account.number} if endpoint == "bills.index" else {}
    page = home.get(endpoint, **values)
    wanted = ["/settings/letters"] if endpoint == "settings.show" else [f"/accounts/{anna.account.number}/delivery"]
    assert all(page.soup.select_one(f'main a[href="{path}"]') for path in wanted)


def test_what_was_saved_says_where_to_and_from_which_bill(home, anna):
    page = open_page(home, anna.account).submit(way="email", button="Сохранить").follow()
    said = "счета будут приходить на anna@example.ru, на бумаге — больше нет. Первый — за ноябрь\u00a02026."
    assert said in page.text


def test_while_the_cabinet_closes_there_is_nothing_to_choose(home, anna):
    Customer.update(closes_at=clock.now()).where(Customer.id == anna.id).execute()
    page = open_page(home, anna.account)
    assert "Кабинет закроется" in page.text and page.soup.select_one('input[name="way"]') is None
