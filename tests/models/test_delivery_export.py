"""What the print house is given: every account with the way its bills come; and which bills are printed."""

from __future__ import annotations

import csv
from datetime import date
from typing import Any

import pytest

from models import clock
from models.billing import delivery, print_run, run
from models.billing.bills import Bill
from models.billing.delivery import EMAIL, PAPER, WEB
from models.exchange import handling, outgoing, transfers
from models.metering.accounts import Account
from models.outbox import BOUNCED, Message
from tests import cast, prices


@pytest.fixture
def anna(db: Any, company: Any) -> cast.Person:
    prices.load()
    return cast.anna()


def exported(since: date | None = None) -> list[dict[str, str]]:
    made = outgoing.order("delivery", "csv", since=since)
    handling.step(made.id)
    found = transfers.find(made.id)
    assert found is not None
    return list(csv.DictReader(transfers.taken(found).read_text("utf-8-sig").splitlines(), delimiter=";"))


@pytest.mark.feature("S32")
def test_every_open_account_is_told_with_its_way_and_no_address_of_mail(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    gone = cast.account(300, closed=date(2026, 1, 1))
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    rows = exported()
    assert [(row["account"], row["way"], row["since"]) for row in rows] == [
        (anna.account.number, EMAIL, "2026-11-20 10:00"),
        (boris.account.number, PAPER, ""),
    ]
    assert (rows[0]["holder"], rows[0]["settlement"], rows[0]["address"]) == (
        "Иванова Анна Сергеевна",
        "г. Красноярск",
        "ул. Садовая, 33, 91",
    )
    assert gone and not any("@" in cell for row in rows for cell in row.values())


def test_only_the_newest_choice_of_an_account_is_told(anna: cast.Person, at: Any) -> None:
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    at("2026-11-24T09:00")
    delivery.choose(anna.id, anna.account, PAPER, WEB)
    assert [(row["way"], row["since"]) for row in exported()] == [(PAPER, "2026-11-24 09:00")]


def test_since_a_day_only_what_was_chosen_since(anna: cast.Person, at: Any) -> None:
    boris = cast.boris(anna)
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    at("2026-11-24T09:00")
    delivery.choose(boris.id, boris.account, EMAIL, WEB)
    assert [row["account"] for row in exported(date(2026, 11, 24))] == [boris.account.number]
    assert len(exported(date(2026, 11, 20))) == 2


# ---- mass printing


def printed() -> set[int]:
    return {bill for ids in print_run.routes("2026-10").values() for bill in ids}


def test_a_bill_that_went_by_e_mail_is_not_printed(anna: cast.Person) -> None:
    cast.boris(anna)
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    run.bill("2026-10")
    assert len(printed()) == Account.select().count() - 1
    delivery.choose(anna.id, anna.account, PAPER, WEB)
    assert len(printed()) == Account.select().count(), "paper was chosen again before the printing"


@pytest.mark.company("kaluga")
def test_a_bill_that_goes_both_ways_is_printed(anna: cast.Person) -> None:
    delivery.choose(anna.id, anna.account, delivery.BOTH, WEB)
    run.bill("2026-10")
    assert len(printed()) == 1


def test_a_bill_issued_before_e_mail_was_chosen_is_printed(anna: cast.Person) -> None:
    cast.boris(anna)
    run.bill("2026-10")
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    assert len(printed()) == Account.select().count()


def test_a_bill_whose_letter_came_back_is_printed(anna: cast.Person) -> None:
    cast.boris(anna)
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    run.bill("2026-10")
    Message.update(state=BOUNCED).execute()
    assert len(printed()) == Account.select().count()


@pytest.mark.feature("S32")
def test_a_bill_whose_letter_failed_after_the_printing_is_left_over_until_it_is_printed(
    anna: cast.Person, at: Any
) -> None:
    cast.boris(anna)
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    run.bill("2026-10")
    at("2026-11-20T11:00")
    print_run.record("2026-10", len(printed()), 1)
    assert print_run.left_over() is None and print_run.routes("2026-10", left_over=True) == {}
    at("2026-11-22T11:00")
    Message.update(state=BOUNCED, ended_at=clock.now()).where(Message.letter == "e_receipt").execute()
    delivery.all_to_paper(anna.id, "письма не доходят", delivery.BOUNCED)
    assert print_run.left_over() == ("2026-10", 1)
    (ids,) = print_run.routes("2026-10", left_over=True).values()
    (bill,) = Bill.select().where(Bill.id.in_(list(ids)))
    assert bill.account_id == anna.account.id
    at("2026-11-22T12:00")
    print_run.record("2026-10", 1, 1)
    assert print_run.left_over() is None


def test_a_bill_that_came_on_paper_as_well_is_never_left_over(anna: cast.Person, at: Any) -> None:
    delivery.choose(anna.id, anna.account, EMAIL, WEB)
    run.bill("2026-10")
    delivery.choose(anna.id, anna.account, PAPER, WEB)
    at("2026-11-20T11:00")
    print_run.record("2026-10", len(printed()), 1)
    at("2026-11-22T11:00")
    Message.update(state=BOUNCED, ended_at=clock.now()).where(Message.letter == "e_receipt").execute()
    assert print_run.left_over() is None
