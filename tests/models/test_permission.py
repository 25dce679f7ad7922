"""Whether a message may go, asked when it is handed over."""

from __future__ import annotations

from typing import Any

import pytest

from models import clock, consents, outbox
from models.billing import delivery
from models.billing.delivery import EMAIL, PAPER, WEB
from models.contact import permission
from models.entrance import agreeing, linking
from models.entrance.agreeing import Agreement
from models.metering.accounts import Holding
from models.outbox import Message, addresses
from models.people import wishes
from models.people.customers import Customer
from tests import cast


@pytest.fixture
def anna(db: Any, company: Any) -> cast.Person:
    return cast.anna(history=False)


def message(person: cast.Person, letter: str, **more: Any) -> Message:
    given = {"subject": person.customer.subject, "account": person.account.number, **more}
    to = given.pop("to", person.customer.email)
    outbox.post(letter, to, {}, **given)
    found = Message.select().order_by(Message.id.desc()).first()
    assert isinstance(found, Message)
    return found


def reason(one: Message) -> str:
    return permission.withheld([one]).get(one.id, "")


def test_nothing_to_judge_is_nothing(db: Any, company: Any) -> None:
    assert permission.withheld([]) == {}


def test_what_was_asked_for_goes_to_any_address(anna: cast.Person) -> None:
    addresses.suspend(anna.customer.email, "no such user")
    Customer.update(closes_at=clock.now()).execute()
    assert reason(message(anna, "recover")) == ""
    assert reason(message(anna, "password_changed")) == permission.NO_MAIL


def test_what_must_be_told_goes_also_to_who_is_leaving_or_holds_the_account_no_more(anna: cast.Person) -> None:
    told = message(anna, "unlinked")
    linking.unlink(anna.id, anna.account)
    Customer.update(closes_at=clock.now()).execute()
    assert reason(told) == ""


@pytest.mark.parametrize(
    ("letter", "expected"),
    [
        *((each, permission.MOVED) for each in ("cheque", "reading_rejected", "window_closing", "news")),
        *((each, "") for each in ("email_changed", "password_changed", "recover")),
    ],
)
def test_nothing_goes_to_an_address_that_was_left_but_warnings(anna: cast.Person, letter: str, expected: str) -> None:
    one = message(anna, letter)
    assert reason(one) == ""
    Customer.update(email="anna.new@example.ru").where(Customer.id == anna.id).execute()
    assert reason(one) == expected


def test_what_is_told_to_nobody_known_goes_where_it_was_written_to(anna: cast.Person) -> None:
    assert reason(message(anna, "consent_given", to="other@example.ru", subject="")) == ""
    assert reason(message(anna, "cheque", subject="customer:999")) == ""


@pytest.mark.feature("S32")
def test_an_e_receipt_goes_only_while_the_bills_go_by_e_mail(anna: cast.Person) -> None:
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    receipt = message(anna, "e_receipt")
    assert reason(receipt) == ""
    delivery.choose(anna.id, anna.account, PAPER, WEB)
    assert reason(receipt) == permission.ON_PAPER


def test_an_e_receipt_does_not_go_where_somebody_else_gets_them_now(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    receipt = message(anna, "e_receipt")
    delivery.choose(boris.id, anna.account, EMAIL, WEB)
    assert reason(receipt) == permission.ON_PAPER


def test_an_e_receipt_does_not_go_to_an_address_that_was_left(anna: cast.Person) -> None:
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    receipt = message(anna, "e_receipt")
    Customer.update(email="anna.new@example.ru").where(Customer.id == anna.id).execute()
    assert reason(receipt) == permission.MOVED


@pytest.mark.parametrize(
    ("letter", "topic"), [("window_closing", wishes.REMINDERS), ("news", wishes.NEWS)], ids=["reminder", "news"]
)
def test_what_a_customer_does_not_want_is_withheld(anna: cast.Person, letter: str, topic: str) -> None:
    one = message(anna, letter)
    assert reason(one) == ""
    wishes.wish(anna.id, topic, False, WEB)
    assert reason(one) == permission.UNWANTED


def test_a_reminder_about_an_account_that_is_held_no_more_is_withheld(anna: cast.Person) -> None:
    one = message(anna, "window_closing")
    linking.unlink(anna.id, anna.account)
    assert reason(one) == permission.NOT_HELD


def test_who_is_leaving_gets_no_reminders(anna: cast.Person) -> None:
    one = message(anna, "window_closing")
    Customer.update(closes_at=clock.now()).where(Customer.id == anna.id).execute()
    assert reason(one) == permission.LEAVING


# ---- official papers


def sign(person: cast.Person, company: Any, **contact: str) -> consents.Consent:
    document = company.consents["official-papers"]
    account = person.account.number
    return consents.give(f"account:{account}", document, channel="office", account=account, contact=contact)


@pytest.mark.feature("S33")
@pytest.mark.parametrize("letter", ["debt_notice", "verification_notice"])
def test_official_papers_need_a_signed_form_that_names_the_address(
    anna: cast.Person, company: Any, letter: str
) -> None:
    one = message(anna, letter, to="papers@example.ru")
    assert reason(one) == permission.NO_CONSENT
    consent = sign(anna, company, way="email", email="papers@example.ru")
    assert reason(one) == ""
    assert reason(message(anna, letter)) == permission.NO_CONSENT, "another address than the form names"
    assert reason(message(anna, letter, kind="sms", to="+79135550123")) == permission.NO_CONSENT
    consents.withdraw(consent.id, channel="web", by=anna.customer.subject)
    assert reason(one) == permission.NO_CONSENT


def test_official_papers_follow_the_customer_who_agreed_in_the_cabinet(anna: cast.Person) -> None:
    number = anna.account.number
    agreeing.agree(anna.id, "official-papers", Agreement(ticked=True, account=number, way="email"), key="1")
    before = message(anna, "verification_notice")
    assert reason(before) == ""
    Customer.update(email="anna.new@example.ru", phone="+79135550999").where(Customer.id == anna.id).execute()
    assert reason(before) == permission.NO_CONSENT
    assert reason(message(anna, "verification_notice", to="anna.new@example.ru")) == ""
    agreeing.agree(anna.id, "official-papers", Agreement(ticked=True, account=number, way="sms"), key="2")
    Customer.update(phone="+79135550111").where(Customer.id == anna.id).execute()
    assert reason(message(anna, "verification_notice", to="+79135550111", kind="sms")) == ""
    assert reason(message(anna, "verification_notice", to="+79135550999", kind="sms")) == permission.NO_CONSENT


def test_official_papers_by_sms_go_to_the_named_number(anna: cast.Person, company: Any) -> None:
    sign(anna, company, way="sms", phone="+79135550123")
    assert reason(message(anna, "debt_notice", kind="sms", to="+79135550123")) == ""
    assert reason(message(anna, "debt_notice", kind="sms", to="+79135550124")) == permission.NO_CONSENT
    assert reason(message(anna, "debt_notice", to="")) == permission.NO_CONSENT


def test_own_consent_to_official_papers_ends_with_holding_the_account(anna: cast.Person, company: Any) -> None:
    agreeing.agree(anna.id, "official-papers", Agreement(True, anna.account.number, "email"), key="1")
    one = message(anna, "debt_notice")
    assert reason(one) == ""
    Holding.update(until=clock.now()).where(
        Holding.customer == anna.id
    ).execute()  # whatever ended it: the consent stands still
    assert reason(one) == permission.NO_CONSENT


def test_papers_consent_to_official_papers_is_the_accounts_whoever_holds_it(anna: cast.Person, company: Any) -> None:
    number = anna.account.number
    contact = {"way": "email", "email": anna.customer.email}
    document = company.consents["official-papers"]
    consents.give(f"account:{number}", document, channel="office", account=number, contact=contact)
    Holding.update(until=clock.now()).where(Holding.customer == anna.id).execute()
    assert reason(message(anna, "debt_notice")) == ""


@pytest.mark.company("koryak")
def test_news_of_charges_cover_a_debt_but_no_verification(anna: cast.Person, company: Any) -> None:
    consents.give(anna.customer.subject, company.consents["charges-news"], channel="web")
    debt = message(anna, "debt_notice")
    assert reason(debt) == ""
    assert reason(message(anna, "verification_notice")) == permission.NO_CONSENT
    assert reason(message(anna, "debt_notice", to="other@example.ru")) == permission.NO_CONSENT
    linking.unlink(anna.id, anna.account)
    assert reason(debt) == permission.NO_CONSENT


@pytest.mark.company("koryak")
def test_news_of_charges_agreed_to_on_paper_cover_a_debt_of_the_account(anna: cast.Person, company: Any) -> None:
    number = anna.account.number
    consents.give(f"account:{number}", company.consents["charges-news"], channel="office", account=number)
    assert reason(message(anna, "debt_notice")) == ""
    assert reason(message(cast.vera(), "debt_notice")) == permission.NO_CONSENT


def test_a_test_letter_to_an_employee_needs_a_live_address_alone(anna: cast.Person) -> None:
    letters = ("e_receipt", "debt_notice", "news", "window_closing")
    mine = [message(anna, letter, subject="staff:3", to="irina@example.ru") for letter in letters]
    assert permission.withheld(mine) == {}
    addresses.suspend("irina@example.ru", "full")
    assert set(permission.withheld(mine).values()) == {permission.NO_MAIL}


def test_a_batch_costs_the_same_whatever_its_size(anna: cast.Person, company: Any, db: Any) -> None:
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    letters = ("e_receipt", "debt_notice", "news", "window_closing", "password_changed")
    count = 0

    def hook(_event: Any) -> None:
        nonlocal count
        count += 1

    few = [message(anna, letter) for letter in letters]
    many = few + [message(anna, letter) for letter in letters * 10]
    db.query_hooks.append(hook)
    permission.withheld(few)
    spent, count = count, 0
    permission.withheld(many)
    db.query_hooks.remove(hook)
    assert spent == count <= 14


def test_papers_go_to_each_who_agreed(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    for person in (anna, boris):
        agreeing.agree(person.id, "official-papers", Agreement(True, anna.account.number, "email"), key=str(person.id))
    assert reason(message(anna, "debt_notice")) == ""
    assert reason(message(boris, "debt_notice", account=anna.account.number)) == ""
