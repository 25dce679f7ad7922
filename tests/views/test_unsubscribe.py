"""The way out of letters: a page that asks, one POST that acts (RFC 8058), and the way back."""

from __future__ import annotations

import pytest

from models import clock
from models.billing import delivery, run
from models.billing.delivery import EMAIL, PAPER, WEB
from models.contact import unsubscribing
from models.outbox import Message, kinds
from models.people import wishes
from tests import prices

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def receipts(anna):
    """The path of the link in Anna's e-receipt, as the letter carries it."""
    prices.load()
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    run.bill("2026-10")
    link = unsubscribing.link(Message.get(Message.letter == "e_receipt"), "https://lk.example.ru")
    return link.removeprefix("https://lk.example.ru")


@pytest.fixture
def news(anna):
    return "/unsubscribe/" + unsubscribing.token(anna.id, kinds.NEWS)


def way(anna):
    return delivery.current(anna.account.id).way


@pytest.mark.feature("S31", "B5")
def test_the_link_asks_and_changes_nothing(client, anna, receipts):
    page = client.get(receipts)
    assert page.h1 == "Счета по почте"
    assert "Вместо них снова будет приходить бумажная квитанция." in page.text
    assert way(anna) == EMAIL
    assert "anna@example.ru" not in page.text and "Иванова" not in page.text


@pytest.mark.feature("S31")
def test_the_button_brings_paper_back_and_offers_the_way_back(client, anna, receipts):
    page = client.get(receipts).submit(button="Отписаться и вернуть бумагу")
    assert page.status == 200 and "Бумажная квитанция приходит снова" in page.text
    assert way(anna) == PAPER
    page = page.submit(button="Вернуть письма")
    assert page.status == 303
    assert "Вернули" in page.follow().text and way(anna) == EMAIL


@pytest.mark.parametrize("encoding", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_mail_program_needs_one_post_without_cookie_or_token(bare, anna, receipts, encoding):
    for _ in range(3):
        answer = bare.open(receipts, method="POST", data=ONE_CLICK, content_type=encoding)
        assert answer.status == 200
        assert way(anna) == PAPER
    assert delivery.DeliveryChoice.select().count() == 2


def test_a_post_that_is_no_one_click_only_asks(client, anna, receipts):
    page = client.post(receipts, {"anything": "else"})
    assert page.status == 400 and way(anna) == EMAIL


@pytest.mark.parametrize(
    "spoil", [lambda path: path + "0", lambda path: path[:-4] + "zzzz", lambda _: "/unsubscribe/x"]
)
def test_a_wrong_link_is_no_page_and_acts_on_nothing(client, anna, receipts, spoil):
    assert client.get(spoil(receipts)).status == 404
    assert client.post(spoil(receipts), ONE_CLICK).status == 404
    assert way(anna) == EMAIL


def test_guessing_is_limited_by_address_and_the_right_link_still_works(client, anna, receipts):
    statuses = {client.get("/unsubscribe/x").status for _ in range(62)}
    assert statuses == {404, 422}
    assert client.get(receipts).status == 200


def test_the_link_works_as_long_as_the_letter_lies_in_the_box(client, anna, receipts, at):
    at("2029-11-20T10:00")
    assert client.post(receipts, ONE_CLICK).status == 200
    assert way(anna) == PAPER and clock.today().year == 2029


def test_leaving_news_and_coming_back(client, anna, news):
    page = client.get(news)
    assert page.h1 == "Новости компании"
    page = page.submit(button="Отписаться")
    assert wishes.unwanted([anna.id], wishes.NEWS) == {anna.id}
    page.submit(button="Вернуть письма")
    assert wishes.unwanted([anna.id], wishes.NEWS) == set()


def test_after_a_choice_in_the_cabinet_the_old_link_offers_no_way_back(client, anna, receipts):
    client.post(receipts, ONE_CLICK)
    asked = client.get(receipts)
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    delivery.choose(anna.id, anna.account, PAPER, WEB)
    assert "Вернуть письма" not in client.get(receipts).text
    page = asked.submit(button="Вернуть письма").follow()
    assert "выбрали заново" in page.text and way(anna) == PAPER


@pytest.mark.company("kaluga")
def test_who_has_both_is_told_that_paper_stays(client, anna):
    delivery.choose(anna.id, anna.account, delivery.BOTH, WEB)
    page = client.get("/unsubscribe/" + unsubscribing.token(anna.id, kinds.RECEIPT, anna.account.number))
    assert "Бумажная квитанция приходит и будет приходить." in page.text
    page.submit(button="Отписаться")
    assert way(anna) == PAPER


def test_there_and_back_is_limited(client, anna, news):
    page = client.get(news).submit(button="Отписаться")
    statuses = {page.submit(button="Вернуть письма").status for _ in range(22)}
    assert statuses == {303, 422}
