"""Mailings in tests: people with a flat each, drafts, what is written of a started one, debts, consents."""

from __future__ import annotations

from datetime import date
from typing import Any

from models import company, consents
from models.base import Refusal
from models.billing.bills import Bill
from models.billing.ledger import Balance
from models.mailings import (
    control,
    expansion,
    mailings,
    texts,
)
from models.mailings.audiences import Filters
from models.mailings.mailings import Mailing
from models.metering.accounts import Account
from models.outbox import Message
from models.people.customers import Customer
from models.people.staff import Employee
from tests import cast

NEWS = {"title": "Плановые работы", "text": "В субботу света не будет.\n\nПриносим извинения."}


def people(count: int, first: int = 1000) -> list[Customer]:
    """Customers with a flat each."""
    return [cast.customer(f"p{n}@example.ru", f"Жилец {n}", cast.account(n)) for n in range(first, first + count)]


def drafted(oleg: Employee, letter: str = texts.NEWS, data: Any = None, **facts: Any) -> Mailing:
    filters = facts.pop("filters", Filters())
    return mailings.draft(oleg.id, letter, "Проба", NEWS if data is None else data, filters, **facts)


def started(oleg: Employee, *args: Any, **facts: Any) -> Mailing:
    made = control.start(drafted(oleg, *args, **facts).id)
    assert mailings.begin(made.id)
    return made


def written(mailing: Mailing) -> list[Message]:
    """The mailing's messages, once all of its parts are."""
    while expansion.expand(mailing.id):
        pass
    return list(Message.select().where(Message.mailing == mailing.id).order_by(Message.id))


def now(mailing: Mailing) -> Mailing:
    return Mailing.get_by_id(mailing.id)


def refused(rule: str) -> Any:
    class Caught:
        def __enter__(self) -> None: ...

        def __exit__(self, kind: Any, error: Any, _: Any) -> bool:
            assert isinstance(error, Refusal), f"nothing was refused, {rule} was expected"
            assert error.problems[0].rule == rule
            return True

    return Caught()


def owes(account: Account, *months_owed: int, due: str = "2026-11-15") -> None:
    """Issued bills of the last months, the newest last, none of them paid."""
    for back, kopecks in enumerate(reversed(months_owed)):
        period = f"2026-{10 - back:02}"
        Bill.create(
            account=account.id, period=period, number=f"{period}-{account.number}", state="issued", total=kopecks, charged=kopecks,
            due_on=date.fromisoformat(due) if not back else date(2026, 11 - back, 15),
        )  # fmt: skip
    Balance.create(account=account.id, service="electricity", amount=sum(months_owed))


def signs(customer: Customer, account: Account, **contact: str) -> None:
    """A consent to official papers."""
    document = company.current().consents["official-papers"]
    consents.give(customer.subject, document, channel="office", account=account.number, contact=contact)


def states() -> dict[str, int]:
    return {
        state: Message.select().where(Message.state == state).count()
        for state in {one.state for one in Message.select()}
    }
