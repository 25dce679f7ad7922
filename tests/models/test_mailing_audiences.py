"""Whom a mailing is for: filters over accounts, walked in parts and counted; who gets its letter and who does not, and why."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from peewee import Database

from models import clock, company, consents
from models.billing import delivery
from models.billing.ledger import Balance
from models.mailings import (
    addressing,
    audiences,
    control,
    debts,
    expansion,
    progress,
    recipients,
)
from models.mailings.audiences import Filters
from models.mailings.mailings import Recipient
from models.metering import accounts
from models.metering.accounts import Account, Office
from models.outbox import addresses
from models.outbox.messages import EMAIL, SMS
from models.people import wishes
from models.people.customers import Customer
from models.people.staff import Employee
from tests import cast
from tests.mailing import NEWS, drafted, now, owes, people, refused, signs, started, written

pytestmark = pytest.mark.feature("B5")


@pytest.fixture
def oleg(db: Database) -> Employee:
    return cast.employee("operator", email="oleg@example.ru")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of three accounts: a mailing to ten has four."""
    monkeypatch.setattr(expansion, "CHUNK", 3)


# ---- the audience


def meant(**filters: Any) -> list[int]:
    return [one.id for one in audiences.part(Filters(**filters).checked(), 0, 100).accounts]


def test_filters_of_place_dwelling_and_service(db):
    office = Office.create(code="N", name="Норильский", settlement="г. Норильск", address="ул. Мира, 1")
    one = cast.account(1, office=office, settlement="г. Норильск", dwelling="rural", services="electricity,heat")
    two = cast.account(2, services="heat")
    closed = cast.account(3, closed=date(2026, 1, 1))
    assert meant() == [one.id, two.id] and closed.id not in meant()
    assert meant(office="N") == meant(settlement="г. Норильск") == meant(dwelling="rural") == [one.id]
    assert meant(service="electricity") == [one.id]
    if "heat" in company.current().services:
        assert meant(service="heat") == [one.id, two.id]


def test_filter_of_debt_counts_what_is_owed_in_all(db):
    one, two = cast.account(1), cast.account(2)
    for account, service, amount in (
        (one, "electricity", 60_000),
        (one, "repair", 40_000),
        (two, "electricity", 90_000),
    ):
        Balance.create(account=account.id, service=service, amount=amount)
    Balance.create(account=two.id, service="repair", amount=-50_000)
    assert meant(debt_from=100_000) == [one.id]
    assert meant(debt_from=90_000) == [one.id, two.id]


def test_filter_without_a_reading_counts_a_held_one_as_passed(db):
    passed, held, rejected, silent, bare = (cast.account(n) for n in range(1, 6))
    for n, account in enumerate((passed, held, rejected, silent)):
        cast.hang(account, f"S{n}")
    for account, state in ((passed, "accepted"), (held, "held"), (rejected, "rejected")):
        cast.read(account.meters.get(), "2026-11-10", 100, state=state)
    cast.hang(bare, "S9", removed="2026-01-01", final=(5,))
    assert meant(without_reading=True) == [rejected.id, silent.id]


def test_filter_of_delivery_and_consent_goes_by_what_holds_now(db, company):
    anna, vera = cast.anna(), cast.vera()
    delivery.choose(anna.id, anna.account, "email", "web")
    delivery.choose(vera.id, vera.account, "email", "web")
    delivery.choose(vera.id, vera.account, "paper", "web")
    assert meant(delivery="email") == [anna.account.id]
    assert vera.account.id in meant(delivery="paper")
    signs(vera.customer, vera.account, way="email", email="vera@example.ru")
    assert meant(consent="official-papers") == [vera.account.id]


@pytest.mark.company("koryak")
def test_a_consent_of_a_person_counts_for_the_accounts_they_hold(db):
    agreed, _ = people(2)
    consents.give(agreed.subject, company.current().consents["charges-news"], channel="web")
    assert meant(consent="charges-news") == [Account.of(agreed.id).get().id]


def test_an_audience_is_walked_over_gaps_between_ids(db, monkeypatch):
    monkeypatch.setattr(audiences, "SPAN", 4)
    ids = [cast.account(n, id=n).id for n in (1, 2, 5, 6, 50, 51, 90_000)]
    found, after = [], 0
    while not (part := audiences.part(Filters(), after, 2)).is_last:
        found += [one.id for one in part.accounts]
        assert part.upto > after
        after = part.upto
    assert found == ids


def test_a_count_in_no_time_says_at_least_so_many(oleg, monkeypatch):
    monkeypatch.setattr(recipients, "CHUNK", 2)
    people(5)
    assert recipients.count("news", NEWS, Filters()) == recipients.Count(5, {}, True)
    hasty = recipients.count("news", NEWS, Filters(), seconds=0)
    assert (hasty.letters, hasty.is_exact) == (2, False)


def test_filters_survive_json_and_are_told(db):
    filters = Filters(dwelling="rural", debt_from=50_000, without_reading=True, verification_months=2)
    assert Filters.of(filters.packed()) == filters
    assert dict(filters.told())["Долг"] == "от 500,00\u00a0₽"
    assert Filters().told() == [("Кому", "все лицевые счета")]


# ---- the letters


def test_news_go_to_a_customer_once_however_many_accounts_they_hold(oleg, few):
    first, *_ = people(4)
    for n in range(2000, 2005):
        accounts.link(first.id, cast.account(n))
    mailing = started(oleg)
    assert [one.to for one in written(mailing)] == [f"p{n}@example.ru" for n in range(1000, 1004)]
    assert now(mailing).posted == 4


def test_letters_about_an_account_go_to_each_of_its_holders(oleg):
    anna = cast.anna()
    cast.boris(anna)
    mailing = started(oleg, "window_closing", {})
    found = [(one.to, one.account, one.data["last_day"]) for one in written(mailing)]
    assert found == [
        ("anna@example.ru", anna.account.number, "2026-11-29"),
        ("boris@example.ru", anna.account.number, "2026-11-29"),
    ]


def test_who_is_left_out_is_counted_and_listed_with_the_reason(oleg):
    first, second, third, fourth = people(4)
    cast.account(77)
    wishes.wish(first.id, "news", False, "web")
    addresses.suspend(second.email, "550 no such user")
    Customer.update(closes_at=clock.now()).where(Customer.id == third.id).execute()
    mailing = started(oleg)
    assert [one.to for one in written(mailing)] == [fourth.email]
    assert progress.of(now(mailing)).left_out == {
        addressing.UNWANTED: 1, addressing.SUSPENDED: 1, addressing.LEAVING: 1, addressing.NOBODY: 1,
    }  # fmt: skip
    rows = progress.recipients(mailing.id, "excluded")
    assert [(row.address, row.said) for row in rows] == [
        (first.email, "отказ от таких писем"),
        (second.email, "адрес не принимает писем"),
        (third.email, "клиент отозвал согласие на обработку персональных данных"),
        ("", "нет кабинета"),
    ]
    assert [row.address for row in progress.recipients(mailing.id, addressing.SUSPENDED)] == [second.email]


@pytest.mark.feature("S33")
def test_official_letters_go_where_the_consent_says_and_nowhere_else(oleg):
    by_mail, by_phone, without = people(3)
    for customer in (by_mail, by_phone, without):
        owes(accounts.Account.of(customer.id).get(), 80_000)
    signs(by_mail, Account.of(by_mail.id).get(), way="email", email="papers@example.ru")
    signs(by_phone, Account.of(by_phone.id).get(), way="sms", phone="+79135550199")
    mailing = started(oleg, "debt_notice", {})
    found = [(one.kind, one.to, one.subject, one.data["kopecks"], one.data["months"]) for one in written(mailing)]
    assert found == [
        (EMAIL, "papers@example.ru", by_mail.subject, 80_000, 1),
        (SMS, "+79135550199", by_phone.subject, 80_000, 1),
    ]
    assert now(mailing).left_out == {addressing.NO_CONSENT: 1}


def test_official_letters_go_to_each_place_that_a_consent_names_once(oleg):
    first, second = people(2)
    account = Account.of(first.id).get()
    accounts.link(second.id, account)
    owes(account, 80_000)
    document = company.current().consents["official-papers"]
    for one in (first, second):
        contact = {"way": "email", "email": one.email}
        consents.give(one.subject, document, channel="web", account=account.number, contact=contact)
    consents.give(
        f"account:{account.number}", document, channel="office", account=account.number,
        contact={"way": "email", "email": second.email},
    )  # fmt: skip
    assert sorted(one.to for one in written(started(oleg, "debt_notice", {}))) == sorted([first.email, second.email])


@pytest.mark.feature("S33")
def test_a_withdrawn_consent_ends_the_official_letters(oleg):
    (customer,) = people(1)
    account = Account.of(customer.id).get()
    owes(account, 80_000)
    signs(customer, account, way="email", email="papers@example.ru")
    (consent,) = consents.standing("official-papers", [account.number]).values()
    consents.withdraw(consent.id, channel="web", by=customer.subject)
    with refused("mailing.empty"):
        control.start(drafted(oleg, "debt_notice", {}).id)


@pytest.mark.company("koryak")
@pytest.mark.feature("S33")
def test_in_koryak_a_consent_to_news_of_charges_will_do_for_a_debt(oleg):
    agreed, silent = people(2)
    for customer in (agreed, silent):
        owes(Account.of(customer.id).get(), 80_000)
    consents.give(agreed.subject, company.current().consents["charges-news"], channel="web")
    assert [one.to for one in written(started(oleg, "debt_notice", {}))] == [agreed.email]


def test_a_debt_is_what_is_past_its_day(db):
    late, early, small, paid = (cast.account(n) for n in range(1, 5))
    owes(late, 10_000, 20_000, 30_000)
    owes(early, 20_000, 70_000, due="2026-11-25")
    owes(small, 4_000)
    owes(paid, 30_000)
    Balance.update(amount=0).where(Balance.account == paid.id).execute()
    Balance.update(amount=45_000).where(Balance.account == late.id).execute()
    found = debts.past_due([one.id for one in (late, early, small, paid)], date(2026, 11, 20))
    assert found == {late.id: (45_000, 2), early.id: (20_000, 1), small.id: (4_000, 1)}


def test_a_notice_of_verification_is_one_letter_a_meter(oleg):
    (customer,) = people(1)
    account = Account.of(customer.id).get()
    for serial, due in (("A", "2027-01-20"), ("B", "2027-02-10"), ("C", "2027-12-01"), ("D", "2026-11-01")):
        cast.hang(account, serial, verification_due=date.fromisoformat(due))
    cast.hang(account, "E", removed="2026-02-01", final=(1,), verification_due=date(2027, 1, 20))
    signs(customer, account, way="email", email=customer.email)
    found = [
        (one.data["serial"], one.data["until"], one.data["months"])
        for one in written(started(oleg, "verification_notice", {}))
    ]
    assert found == [("A", "2027-01-20", 2), ("B", "2027-02-10", 2)]
    assert {row.about for row in Recipient.select()} == {"A", "B"}


def test_bills_go_to_whose_bills_come_by_mail_and_once_unless_asked_anew(oleg):
    anna, vera = cast.anna(), cast.vera()
    for person in (anna, vera):
        owes(person.account, 50_000)
    delivery.choose(anna.id, anna.account, "email", "web")
    data = {"period": "2026-10"}
    first = started(oleg, "e_receipt", data)
    assert [(one.to, one.data["kopecks"], one.data["due"]) for one in written(first)] == [
        ("anna@example.ru", 50_000, "2026-11-15")
    ]
    assert now(first).left_out == {addressing.PAPER: 1}
    with refused("mailing.empty"):
        control.start(drafted(oleg, "e_receipt", data).id)
    assert len(written(started(oleg, "e_receipt", {**data, "again": True}))) == 1
