"""The rules of the house for the rooms of the office: every page opens, changes nothing by being looked at, and asks little."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from models import audit, clock, files, outbox
from models.audit import AuditRow
from models.billing import payments
from models.consents import Consent
from models.contact import contact_demo
from models.contact.appeals import answering, drafts, registering
from models.contact.callbacks import Callback
from models.contact.news import NewsItem
from models.contact.outages.rows import Outage
from models.exchange import handling, transfers
from models.mailings import mailings
from models.mailings.audiences import Filters
from models.metering import held, scans, slots
from models.metering.accounts import Account
from models.metering.orders import placing as orders
from models.metering.paperforms import batches, entry, second_look
from models.metering.readings import HELD, Reading
from models.office import access_kinds, approvals, cards
from models.office.inbox import answer_templates, openings, opinions
from models.outbox import Message
from models.people.customers import Customer
from models.people.staff import Employee
from tests import cast
from tests.page import Client
from tests.test_house import ANNA, _changed, _dump, _queries, _table, rules
from tests.views.conftest import town, towns  # noqa: F401  fixtures

MOST_QUERIES = 22
LARGEST = 72_000  # bytes of a page before it is packed
WITHOUT_NUMBER = {"/staff/sign-in", "/staff/sign-in/code", "/staff/sign-in/second-factor", "/staff/sign-out"}


@pytest.fixture
def desk(client: Client, town: Any) -> Client:  # noqa: F811
    """The administrator's browser in the demo company, with something in every room."""
    assert client.enter_office("irina@example.ru", cast.PASSWORD).status == 303
    return client


@pytest.fixture
def paths(desk: Client) -> dict[str, str]:
    """A path for every GET route of the office, of things that are there."""
    irina, galina = (Employee.by_email(f"{name}@example.ru") for name in ("irina", "galina"))
    account = Account.get(Account.number == ANNA)
    reading = Reading.get(Reading.state == HELD)
    held.take(reading.id, irina.id)
    cards.open_card(irina.id, ANNA, "call")
    batch, look = _batch(account, galina, irina)
    proposed = access_kinds.to_change(galina, "administrator", "Галина Петрова", "")
    values = {
        "number": ANNA,
        "token": "x" * 43,
        "kind": "readings",
        "employee_id": galina.id,
        "customer_id": Customer.by_email("anna@example.ru").id,
        "reading_id": reading.id,
        "batch_id": batch.id,
        "look_id": look.id,
        "file_id": _scan(batch.id),
        "transfer_id": _transfer(irina),
        "template_id": answer_templates.save(
            None, "Пересчитали", "", "По обращению {номер}: пересчитали.", irina.id
        ).id,
        "consent_id": Consent.get(Consent.subject == Customer.by_email("anna@example.ru").subject).id,
        "message_id": _message(),
        "letter": "news",
        "section": "questions",
        "slug": "pass-reading",
        "version": 0,
        "mailing_id": _mailing(irina),
        **_contact(),
        "proposal_id": approvals.propose(access_kinds.ACCESS, *proposed, "Отпуск", irina.id).id,
    }
    own = {"approvals.payment": {"number": _payment(account)}, "staff_bills.show": {"number": _bill(desk)}}
    appeal = {"number": _appeal(irina)}
    own |= {"staff_appeals.show": appeal, "staff_appeal_work.meanwhile": appeal}
    order = {"number": _order(account)}
    own |= {"staff_orders.show": order, "visits.form": order}
    found = {}
    for rule in rules(desk.app, "GET"):
        if rule.rule.startswith("/staff") and rule.rule not in WITHOUT_NUMBER:
            given = {**values, **own.get(rule.endpoint, {})}
            found[rule.endpoint] = desk.path(rule.endpoint, **{name: given[name] for name in rule.arguments})
    return found


def _batch(account: Account, galina: Employee, irina: Employee) -> tuple[Any, Any]:
    """A batch with an accepted form, a doubt that a second employee read otherwise, and one of no account."""
    batch = batches.start(account.office_id, clock.today(), "staff", key="office", employee_id=galina.id)
    entry.enter(batch.id, ANNA, ["10999", "5123"], key="1", employee_id=galina.id)
    entry.enter(batch.id, "0000", ["1"], key="2", employee_id=galina.id)
    odd = entry.enter(batch.id, "241010000100", ["99999"], key="3", employee_id=galina.id)
    assert odd.state == "doubt"
    return batch, second_look.check(odd.id, ["15500"], irina.id)


def _scan(batch_id: int) -> int:
    (stored,) = scans.add(batch_id, [files.put(io.BytesIO(b"%PDF-1.4\n%%EOF\n"), "пачка.pdf")])
    return stored.id


def _transfer(irina: Employee) -> int:
    body = io.BytesIO(b"account;serial;taken;channel;t1;state\n1;2;3;4;5;6\n")
    transfer = transfers.receive(body, "показания.csv", kind="readings", employee_id=irina.id)
    handling.step(transfer.id)
    return transfer.id


def _mailing(irina: Employee) -> int:
    words = {"title": "Работы", "text": "В субботу света не будет."}
    return mailings.draft(irina.id, "news", "Работы", words, Filters()).id


def _appeal(irina: Employee) -> str:
    """Anna's appeal with a note in it and a colleague asked, open to the administrator, who is writing an answer."""
    customer, galina = Customer.by_email("anna@example.ru"), Employee.by_email("galina@example.ru")
    appeal = registering.register(
        registering.of_customer(customer.id, ANNA), "charges", "Не сходится счёт.", key="office"
    )
    with audit.acting(irina.subject):
        openings.open(irina.id, appeal.id)
    answering.note(appeal.id, irina.id, "Звонила вчера.", key="1")
    opinions.ask(appeal.id, galina.id, [irina.id], "Видели такое?", key="2")
    opinions.ask(appeal.id, irina.id, [galina.id], "А вы?", key="3")
    drafts.keep(irina.subject, {"text": "Здравствуйте!"}, appeal.id)
    return str(appeal.number)


def _contact() -> dict[str, int]:
    """A callback, news and an outage."""
    contact_demo.fill_demo()
    return {"callback_id": Callback.get().id, "news_id": NewsItem.get().id, "outage_id": Outage.get().id}


def _order(account: Account) -> str:
    """The replacement of Anna's meter, its visit appointed."""
    offer = orders.offers(account)[0]
    slot = (slots.offered(account.office_id)[0].day, slots.spans()[0])
    return orders.place(
        account, orders.Wish(offer.code, phone="89135550123", slot=slot), key="office", customer_id=None
    ).number


def _message() -> int:
    """A letter about Anna's account, whose card is open."""
    outbox.post(
        "e_receipt", "anna@example.ru", {"account": ANNA, "period": "2026-10", "kopecks": 1, "due": "2026-11-15"}
    )
    return int(Message.newest(1).get().id)


def _payment(account: Account) -> str:
    customer = Customer.by_email("anna@example.ru")
    made = payments.start(
        account, {"electricity": 100}, customer_id=customer.id, email=customer.email, key="office", consented=True
    )
    return str(made.number)


def _bill(desk: Client) -> str:
    from models.billing.bills import Bill, number_of

    bill = Bill.select(Bill, Account).join(Account).order_by(Bill.id.desc()).first()
    return str(number_of(bill.account.number, bill.period))


def test_every_page_of_the_office_opens(desk: Client, paths: dict[str, str]) -> None:
    statuses = {endpoint: desk.get(path).status for endpoint, path in paths.items()}
    assert {endpoint: status for endpoint, status in statuses.items() if status not in (200, 204)} == {
        "approvals.find": 303
    }
    assert len(statuses) > 25


def test_looking_changes_nothing(desk: Client, paths: dict[str, str]) -> None:
    before, seen = _dump(), AuditRow.select().count()
    for path in paths.values():
        desk.get(path)
    assert _changed(before, _dump()) <= {"hit", "audit"}  # searches and papers are counted
    noted = {row.deed for row in AuditRow.select().order_by(AuditRow.id).offset(seen)}
    assert noted <= {"order.opened", "visits.opened", "appeals.searched"}  # whose personal data were read


def test_head_is_answered_like_get(desk: Client, paths: dict[str, str]) -> None:
    for endpoint, path in paths.items():
        assert desk.open(path, method="HEAD").status == desk.get(path).status, endpoint


def test_pages_ask_little_of_the_database_and_send_little(desk: Client, db: Any, paths: dict[str, str]) -> None:
    spent = {endpoint: _queries(desk, db, path) for endpoint, path in paths.items()}
    assert max(spent.values()) <= MOST_QUERIES, _table(spent)
    sizes = {endpoint: len(page.answer.data) for endpoint, path in paths.items() if (page := desk.get(path)).is_whole}
    assert max(sizes.values()) <= LARGEST, _table(sizes)


def test_personal_pages_are_kept_by_no_cache(desk: Client, paths: dict[str, str]) -> None:
    for endpoint, path in paths.items():
        assert "no-store" in desk.get(path).answer.headers["Cache-Control"], endpoint


NASTY = (
    "", " ", "\0", "a\0b", "\u202eabc", "<b>&'\"", "-1", "0", "１２３", "1e9", "NaN", "9" * 30, "х" * 3000, "2026-13-45", "0001-01-01",
    "9999-12-31", "%", "'; --", "=1+1",
)  # fmt: skip
_LEFT_ALONE = {"csrf_token", "key"}


@pytest.mark.both
@pytest.mark.parametrize("values", [NASTY[:7], NASTY[7:13], NASTY[13:]], ids=["signs", "numbers", "texts"])
def test_nothing_typed_into_any_form_breaks_it(desk: Client, paths: dict[str, str], values: tuple[str, ...]) -> None:
    """Each form of each page with the same strange value in all its fields: an answer in words, never a fault of ours."""
    broken = [fault for value in values for path in paths.values() for fault in _typed(desk, path, value)]
    assert not broken, "\n".join(broken)


def _typed(desk: Client, path: str, value: str) -> Iterator[str]:
    page = desk.get(path)
    for form in page.soup.select("main form") if page.is_whole else ():
        own = {str(one["name"]): str(one.get("value", "")) for one in form.select("[name]")}
        data = {name: own[name] if name in _LEFT_ALONE else value for name in own}
        action, method = str(form.get("action") or path), str(form.get("method", "get")).upper()
        sent = {"query_string": data} if method == "GET" else {"data": data}
        answer = desk.browser.open(action, base_url=desk.base, method=method, **sent)
        if answer.status_code >= 500:
            yield f"{method} {action} {value[:20]!r}: {answer.status_code}"
