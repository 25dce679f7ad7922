"""Accounts: linking with the holder's secret, unlinking, the primary one, and nobody else's."""

from __future__ import annotations

from datetime import date

import pytest

from models import audit
from models.base import Refusal
from models.billing import delivery, ledger
from models.billing.ledger import New
from models.metering.accounts import Account, Holding
from models.metering.proof import proven
from tests import cast
from tests.cast import PASSWORD

NB = "\u00a0"
REFUSED = (
    "Не нашли лицевого счёта с таким номером и кодом. "
    "Проверьте номер, четыре последних знака номера счётчика или код доступа с квитанции; код доступа надёжнее."
)


def link(client, account, secret):
    return client.get("accounts.link").submit(account=account, secret=secret)


@pytest.mark.feature("S1")
@pytest.mark.parametrize("secret", ["8549", " 85 49 ", "55501122"])
def test_end_of_the_meters_number_or_the_access_code_links(home, vera, secret):
    page = link(home, vera.account.number, secret)
    assert page.location == f"/accounts/{vera.account.number}/"
    assert f"Лицевой счёт {vera.account.number} привязан." in page.follow().text


@pytest.mark.parametrize("secret", ["0000", "549", "8549 8549", cast.SECRET])
def test_wrong_secret_links_nothing(home, vera, secret):
    page = link(home, vera.account.number, secret)
    assert page.status == 422
    assert page.error("secret") == REFUSED
    assert page.value("account") == vera.account.number
    assert home.get("home.show", number=vera.account.number).status == 404


def test_account_that_is_not_there_is_refused_in_the_same_words(home):
    assert link(home, "241099999999", "0000").error("secret") == REFUSED


def test_malformed_number_is_told_what_it_should_be(home):
    page = link(home, "12", "0000")
    assert page.error("account") == "Номер лицевого счёта — это 12 цифр, вверху квитанции. Пример: 240124680135"


def test_closed_account_is_not_linked(home, vera):
    Account.update(closed=date(2026, 11, 1)).where(Account.id == vera.account.id).execute()
    assert link(home, vera.account.number, "55501122").error("secret") == REFUSED


def test_removed_meter_proves_nothing(home, vera):
    cast.hang(vera.account, "7777", installed="2010-01-01", removed="2019-01-01", final=(5,))
    assert link(home, vera.account.number, "7777").status == 422


def test_linking_twice_changes_nothing(home, anna):
    link(home, anna.account.number, cast.SECRET)
    assert Holding.select().count() == 1


@pytest.mark.company("irkutsk")
@pytest.mark.feature("S3")
def test_number_with_letters_is_linked_in_any_case(home, vera):
    assert link(home, "инзб 38100171", "55501122").status == 303


@pytest.mark.company("kaluga")
@pytest.mark.feature("S9")
def test_one_primary_and_five_additional_accounts_and_no_more(home, company):
    assert company.accounts_limit == 6
    for n in range(1, 6):
        one = cast.account(n)
        assert link(home, one.number, one.access_code).status == 303
    page = home.get("accounts.index")
    assert len(page.soup.select("main section.card")) == 6
    assert "счета прежнего снова пойдут на бумаге" in page.text
    assert "больше нельзя" in page.text
    one = cast.account(6)
    page = link(home, one.number, one.access_code)
    assert page.error("account") == f"Привязано уже 6{NB}счетов, больше нельзя. Отвяжите ненужный и попробуйте снова."


@pytest.mark.feature("S9")
def test_switcher_in_the_head_shows_every_account_and_a_plus(client, boris, anna):
    client.sign_in("boris@example.ru", PASSWORD)
    switch = client.get("settings.show").soup.select_one("details.switch")
    numbers = [mark.get_text() for mark in switch.select("li i")]
    assert numbers == [f"{boris.account.number}, основной", anna.account.number]
    assert switch.select_one("a.does").get_text() == "+ Привязать счёт"


def test_family_shares_an_account(client, boris, anna):
    for email in ("anna@example.ru", "boris@example.ru"):
        browser = client.another()
        browser.sign_in(email, PASSWORD)
        assert browser.get("home.show", number=anna.account.number).status == 200


def test_list_says_what_each_account_owes(client, boris, anna):
    ledger.post(New(anna.account.id, "electricity", ledger.CHARGE, 41445, date(2026, 10, 31), "test:1"))
    ledger.post(New(anna.account.id, "repair", ledger.PAYMENT, -50000, date(2026, 11, 1), "test:2"))
    client.sign_in("anna@example.ru", cast.PASSWORD)
    card = client.get("accounts.index").soup.select_one("main section.card").get_text(" ", strip=True)
    assert "К оплате 414,45\u00a0₽" in card


def test_unlinking_asks_first(client, boris):
    client.sign_in("boris@example.ru", PASSWORD)
    page = client.get("accounts.ask_unlink", number=boris.account.number)
    assert boris.account.number in page.h1
    assert "Остальные счета останутся." in page.text
    assert Holding.select().where(Holding.until.is_null(False)).count() == 0


def test_unlinked_account_is_gone_the_others_stay(client, boris, anna):
    client.sign_in("boris@example.ru", PASSWORD)
    page = client.get("accounts.ask_unlink", number=boris.account.number).submit(button="Отвязать")
    assert page.location == "/accounts"
    assert "основной" in page.follow().text
    assert client.get("home.show", number=boris.account.number).status == 404
    assert client.get("home.show", number=anna.account.number).status == 200


def test_last_account_may_be_unlinked(home, anna):
    page = home.get("accounts.ask_unlink", number=anna.account.number)
    assert "кабинет будет пустым" in page.text
    page.submit(button="Отвязать")
    assert "Привяжите лицевой счёт" in home.get("home.front").text


def test_unlinked_account_is_linked_again(home, anna):
    home.get("accounts.ask_unlink", number=anna.account.number).submit(button="Отвязать")
    assert link(home, anna.account.number, cast.SECRET).status == 303
    assert Holding.select().count() == 2


def test_another_account_becomes_primary(client, boris, anna, at):
    client.sign_in("boris@example.ru", PASSWORD)
    at("2026-11-20T10:01")
    page = client.get("accounts.index").submit(button=f"Сделать основным: {anna.account.address}").follow()
    assert f"Основной лицевой счёт теперь {anna.account.number}." in page.text
    assert page.soup.select_one("main section.card p").get_text(" ", strip=True) == f"{anna.account.number} основной"


def test_tries_at_one_accounts_secret_are_limited(home, vera):
    for _ in range(10):
        link(home, vera.account.number, "0000")
    page = link(home, vera.account.number, "8549")
    assert page.status == 422
    assert page.errors == ["Слишком много попыток. Подождите немного и попробуйте снова."]


@pytest.mark.feature("S1")
def test_access_code_opens_when_strangers_have_guessed_all_day(home, vera):
    for n in range(20):
        with audit.acting("guest", f"198.51.100.{n}"), pytest.raises(Refusal):
            proven(vera.account.number, "0000")
    assert link(home, vera.account.number, "8549").error("secret") == REFUSED
    assert link(home, vera.account.number, "55501122").status == 303


def test_holder_is_told_by_letter_of_one_more(home, anna, vera, mail):
    link(home, vera.account.number, "55501122")
    letter = mail("vera@example.ru")
    assert letter.letter == "one_more_holder"
    assert vera.account.number in letter.text
    assert "Анна" not in letter.text


# ---- nobody else's


def test_every_page_and_deed_of_an_account_is_closed_to_a_stranger(stranger, anna):
    assert _opened(stranger, anna.account.number) == []


def test_every_page_and_deed_is_closed_right_after_unlinking(home, anna):
    receipt = home.get("home.front").submit({f"meter-{anna.meter.id}-t1": "6440", f"meter-{anna.meter.id}-t2": "2720"})
    assert receipt.follow().status == 200
    home.get("accounts.ask_unlink", number=anna.account.number).submit(button="Отвязать")
    assert _opened(home, anna.account.number) == []
    assert home.get(receipt.location).status == 404


@pytest.mark.parametrize("number", ["241099999999", "0", "anna", "2410100000540", "%00", "' or 1=1 --", "١٢٣"])
def test_account_that_is_none_is_not_found(home, number):
    assert _opened(home, number) == []


def test_guest_is_sent_to_sign_in_by_every_page_and_deed_of_an_account(client, anna):
    for endpoint, method in _routes(client.app):
        page = _open(client, endpoint, method, anna.account.number)
        assert page.status == 303, endpoint
        assert page.location.startswith("/sign-in"), endpoint


def _routes(app):
    return [
        (rule.endpoint, "POST" if "POST" in rule.methods else "GET")
        for rule in app.url_map.iter_rules()
        if "number" in rule.arguments and not rule.rule.startswith(_OF_OTHER_NUMBERS)
    ]


# Numbers of appeals and orders are tried in their own rooms' tests, the office's pages in tests/test_doors.py.
_OF_OTHER_NUMBERS = ("/staff", "/appeals", "/orders")


def _opened(client, number):
    """The routes that answer anything but «there is no such page»."""
    answers = [(endpoint, _open(client, endpoint, method, number).status) for endpoint, method in _routes(client.app)]
    assert len(answers) > 10
    return [answer for answer in answers if answer[1] != 404]


def _open(client, endpoint, method, number):
    others = {"receipt": "2611-000001", "period": "2026-10", "slug": "electricity-block"}
    asked = {name for rule in client.app.url_map.iter_rules(endpoint) for name in rule.arguments}
    path = client.path(endpoint, number=number, **{name: others[name] for name in asked - {"number"}})
    if method == "GET":
        return client.open(path)
    page = client.get("about.contacts") if not client.signed_in else client.get("settings.show")
    mark = page.soup.select_one('input[name="csrf_token"]')
    return client.post(path, {"csrf_token": mark["value"] if mark else "", "meter-1-t1": "6440", "meter-1-t2": "2720"})


@pytest.mark.company("kaluga")
def test_another_primary_account_brings_the_old_ones_bills_back_on_paper(home, anna):
    more = cast.account(7)
    link(home, more.number, more.access_code)
    delivery.choose(anna.id, anna.account, "email", delivery.WEB)
    page = home.get("accounts.index")
    page = home.post("accounts.make_primary", {"csrf_token": page.token}, number=more.number).follow()
    assert "Счета прежнего основного снова приходят на бумаге" in page.text
    assert delivery.current(anna.account.id).way == "paper"
