"""E-receipts: a letter for each bill that goes by e-mail, in the transaction that issues it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from models import base
from models.billing import delivery, e_receipts, run
from models.billing.bills import HELD, Bill
from models.billing.delivery import BOTH, EMAIL, PAPER, WEB
from models.billing.shown import Line
from models.outbox import WAITING, Message
from tests import cast, prices

OCTOBER = "2026-10"


@pytest.fixture
def anna(db: Any, company: Any) -> cast.Person:
    prices.load()
    return cast.anna()


def receipts() -> list[Message]:
    return list(Message.select().where(Message.letter == "e_receipt").order_by(Message.id))


def subscribe(person: cast.Person, way: str = EMAIL) -> None:
    delivery.choose(person.id, person.account, way, WEB)


@pytest.mark.feature("S32", "B5")
def test_a_bill_that_goes_by_e_mail_is_followed_by_a_letter(anna: cast.Person) -> None:
    subscribe(anna)
    run.bill(OCTOBER)
    (letter,) = receipts()
    bill = Bill.get(Bill.account == anna.account, Bill.period == OCTOBER)
    assert (letter.to, letter.subject, letter.account) == (
        "anna@example.ru",
        f"customer:{anna.id}",
        anna.account.number,
    )
    assert letter.data == {
        "account": anna.account.number,
        "period": OCTOBER,
        "kopecks": bill.total,
        "due": bill.due_on.isoformat(),
    }
    assert (letter.key, letter.state, letter.domain) == (f"e-receipt:{bill.id}", WAITING, "example.ru")
    assert letter.expires_at is not None and letter.created_at < letter.expires_at, "moments read back as such"


def test_on_paper_no_letter(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    subscribe(anna)
    delivery.choose(anna.id, anna.account, PAPER, WEB)
    run.bill(OCTOBER)
    assert receipts() == [] and boris


@pytest.mark.company("kaluga")
def test_both_means_a_letter_too(anna: cast.Person) -> None:
    subscribe(anna, BOTH)
    run.bill(OCTOBER)
    assert len(receipts()) == 1


def test_a_second_run_sends_nothing_more(anna: cast.Person) -> None:
    subscribe(anna)
    run.bill(OCTOBER)
    run.bill(OCTOBER)
    assert len(receipts()) == 1


def test_a_history_loaded_at_once_sends_nothing(anna: cast.Person) -> None:
    subscribe(anna)
    run.bill(OCTOBER, issued_on=date(2026, 11, 3))
    assert receipts() == []


def test_a_held_bill_is_sent_when_it_is_issued(anna: cast.Person) -> None:
    subscribe(anna)
    run.bill(OCTOBER)
    Message.delete().execute()
    Bill.update(state=HELD, issued_on=None).execute()
    base.database.execute_sql("DELETE FROM entry")
    assert run.issue_held(OCTOBER) == 1
    assert len(receipts()) == 1
    assert run.issue_held(OCTOBER) == 0
    assert len(receipts()) == 1


def test_a_chunk_that_breaks_off_leaves_no_letter(anna: cast.Person, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(anna)
    post = e_receipts.post

    def broken(*given: Any) -> int:
        post(*given)
        raise RuntimeError("the power went")

    monkeypatch.setattr(e_receipts, "post", broken)
    with pytest.raises(RuntimeError):
        run.bill(OCTOBER)
    assert receipts() == [] and Bill.select().count() == 0


@pytest.mark.company("koryak")
@pytest.mark.parametrize(("period", "count"), [(OCTOBER, 1), ("2026-08", 0)])
def test_imported_bills_are_sent_unless_they_are_an_old_history(db: Any, company: Any, period: str, count: int) -> None:
    anna = cast.anna(history=False)
    subscribe(anna)
    line = Line("electricity", "use", "reading", 1_000_000, 52_400, 52_400, 22)
    with base.database.atomic():
        run.take_imported(anna.account.id, period, [line])
    assert len(receipts()) == count


def test_a_chunk_costs_a_query_or_two_however_many_get_letters(db: Any, company: Any) -> None:
    people = []
    for i in range(30):
        account = cast.account(200 + i)
        customer = cast.customer(f"x{i}@example.ru", "Некто", account)
        delivery.choose(customer.id, account, EMAIL, WEB)
        people.append(e_receipts.Issued(i + 1, account.id, 100, date(2026, 11, 16)))
    spent = _queries(db, lambda: e_receipts.post(OCTOBER, people))
    assert len(receipts()) == 30 and spent <= 4
    delivery.DeliveryChoice.delete().execute()
    assert _queries(db, lambda: e_receipts.post(OCTOBER, people)) <= 1, "where nobody subscribed"


def _queries(db: Any, work: Any) -> int:
    count = 0

    def hook(_event: Any) -> None:
        nonlocal count
        count += 1

    db.query_hooks.append(hook)
    try:
        work()
    finally:
        db.query_hooks.remove(hook)
    return count
