"""Mailings: who is meant, who gets a letter and who does not and why, parts that lose and double nothing, pace, pause, two people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from time import sleep
from typing import Any

import pytest
from peewee import Database

from models import clock, company, consents, outbox
from models.audit import AuditRow
from models.base import Refusal, insert_rows
from models.billing import delivery
from models.billing.bills import Bill
from models.billing.ledger import Balance
from models.mailings import (
    addressing,
    audiences,
    control,
    debts,
    expansion,
    mailings,
    months,
    progress,
    recipients,
    regular,
    texts,
)
from models.mailings.audiences import Filters
from models.mailings.mailings import DONE, DRAFT, PAUSED, PLANNED, RUNNING, STOPPED, Mailing, Recipient
from models.metering import accounts
from models.metering.accounts import Account, Office
from models.office import approvals, mailing_kinds, proposals
from models.outbox import Message, addresses, sending
from models.outbox.messages import EMAIL, SMS
from models.people import wishes
from models.people.customers import Customer
from models.people.staff import Employee
from tests import cast
from tests.crowd import at_once

pytestmark = pytest.mark.feature("B5")
NEWS = {"title": "Плановые работы", "text": "В субботу света не будет.\n\nПриносим извинения."}
At = Callable[[str], datetime]


@pytest.fixture
def oleg(db: Database) -> Employee:
    return cast.employee("operator", email="oleg@example.ru")


@pytest.fixture
def irina(db: Database) -> Employee:
    return cast.employee("administrator", email="irina@example.ru")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of three accounts: a mailing to ten has four."""
    monkeypatch.setattr(expansion, "CHUNK", 3)


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
    consents.give(customer.subject, document, channel="web", account=account.number, contact=contact)


# ---- drafts


def test_the_same_form_makes_one_draft(oleg):
    first, second = drafted(oleg, key="k"), drafted(oleg, key="k")
    assert first.id == second.id
    assert Mailing.select().count() == 1
    assert [row.deed for row in AuditRow.select()] == ["mailing.drafted"]


@pytest.mark.parametrize(
    ("letter", "data", "facts", "rule"),
    [
        ("activate", {}, {}, "mailing.letter"),
        ("news", {"title": "", "text": "т"}, {}, "mailing.title"),
        ("news", {"title": "т", "text": " \n "}, {}, "mailing.text"),
        ("news", {"title": "т", "text": "а" * 5001}, {}, "mailing.text"),
        ("news", {"title": "т", "text": "<b>Скидки</b>"}, {}, "mailing.tags"),
        ("news", {"title": "т\u202eтевирп", "text": "т"}, {}, "mailing.hidden"),
        ("news", {"title": "т", "text": "\0"}, {}, "mailing.hidden"),
        ("e_receipt", {"period": "2026-13"}, {}, "mailing.period"),
        ("e_receipt", {"period": "2026-10"}, {}, "mailing.period"),
        ("news", NEWS, {"per_minute": 0}, "mailing.pace"),
        ("news", NEWS, {"planned_at": datetime(2026, 11, 19)}, "mailing.time"),
        ("news", NEWS, {"planned_at": datetime(2028, 1, 1)}, "mailing.time"),
        ("news", NEWS, {"filters": Filters(office="x")}, "audience.office"),
        ("news", NEWS, {"filters": Filters(settlement="\0")}, "audience.settlement"),
        ("news", NEWS, {"filters": Filters(service="gas")}, "audience.service"),
        ("news", NEWS, {"filters": Filters(debt_from=-1)}, "audience.debt"),
        ("news", NEWS, {"filters": Filters(verification_months=25)}, "audience.months"),
    ],
)
def test_what_a_draft_may_not_be(oleg, letter, data, facts, rule):
    with refused(rule):
        drafted(oleg, letter, data, **facts)


def test_words_keep_their_lines_and_no_break_spaces(oleg):
    made = drafted(oleg, data={"title": "  Работы  28\u00a0ноября ", "text": "Первая.\r\n\r\nВторая 5\u00a0кВ. \r\n"})
    assert made.data == {"title": "Работы 28 ноября", "text": "Первая.\n\nВторая 5\u00a0кВ."}


def test_a_started_mailing_is_not_changed_nor_dropped(oleg):
    people(1)
    made = started(oleg)
    with refused("mailing.state"):
        mailings.change(made.id, "news", "Другая", NEWS, Filters())
    with refused("mailing.state"):
        mailings.drop(made.id)
    assert now(made).name == "Проба"


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


# ---- parts


def test_a_mailing_stopped_anywhere_goes_on_there(oleg, few):
    people(10)
    mailing = started(oleg)
    assert expansion.expand(mailing.id)
    assert expansion.expand(mailing.id)
    assert Message.select().count() == 6
    assert len(written(mailing)) == 10
    assert not expansion.expand(mailing.id)
    assert now(mailing).expanded_at is not None


@pytest.mark.feature("M14")
def test_a_part_that_fails_leaves_nothing_of_itself(oleg, few, monkeypatch):
    people(5)
    mailing = started(oleg)
    expansion.expand(mailing.id)

    def fails(table: Any, rows: Any) -> None:
        insert_rows(table, rows)
        if table is Recipient:
            raise RuntimeError("the machine is gone")

    with monkeypatch.context() as patch:
        patch.setattr("models.mailings.expansion.insert_rows", fails)
        with pytest.raises(RuntimeError):
            expansion.expand(mailing.id)
    assert (Message.select().count(), Recipient.select().count(), now(mailing).posted) == (3, 3, 3)
    assert len(written(mailing)) == 5


@pytest.mark.feature("M14")
def test_two_workers_at_once_write_to_each_once(oleg, few):
    people(40)
    mailing = started(oleg)

    def work(_: int) -> None:
        while expansion.expand(mailing.id):
            pass

    assert at_once(4, work) == [None] * 4
    to = [one.to for one in Message.select()]
    assert len(to) == len(set(to)) == 40
    assert (now(mailing).posted, Recipient.select().count()) == (40, 40)


def test_letters_are_due_at_the_mailings_pace_over_all_parts(oleg, few):
    people(7)
    mailing = started(oleg, per_minute=30)
    begun = clock.now()
    due = [one.due_at for one in written(mailing)]
    assert due == [begun + timedelta(seconds=2 * i) for i in range(7)]
    assert all(one.expires_at == one.due_at + timedelta(hours=240) for one in Message.select())


def test_it_begins_at_its_time(oleg, at):
    people(2)
    mailing = control.start(drafted(oleg, planned_at=clock.now() + timedelta(hours=1)).id)
    assert mailing.state == PLANNED and control.due() == [] and not mailings.begin(mailing.id)
    at("2026-11-20T11:01")
    assert control.due() == [mailing.id] and mailings.begin(mailing.id)
    assert now(mailing).state == RUNNING


# ---- pause, resume, stop, done


def states() -> dict[str, int]:
    return {
        state: Message.select().where(Message.state == state).count()
        for state in {one.state for one in Message.select()}
    }


def test_pause_holds_back_what_waits_and_resume_spreads_it_anew(oleg, few, at):
    people(7)
    mailing = started(oleg, per_minute=60)
    expansion.expand(mailing.id)
    Message.update(state=outbox.SENT).where(Message.to == "p1000@example.ru").execute()
    Message.update(state=outbox.SENDING).where(Message.to == "p1001@example.ru").execute()
    control.pause(mailing.id)
    assert not expansion.expand(mailing.id)
    assert states() == {"sent": 1, "sending": 1, "paused": 1}
    Message.update(state=outbox.WAITING).where(Message.state == outbox.SENDING).execute()
    control.settle(mailing.id)
    assert states() == {"sent": 1, "paused": 2}
    at("2026-11-20T15:00")
    control.resume(mailing.id)
    assert len(written(mailing)) == 7
    waiting = list(Message.select().where(Message.state == outbox.WAITING).order_by(Message.id))
    assert len(waiting) == 6 and all(one.due_at >= clock.now() for one in waiting)
    assert waiting[0].expires_at == clock.now() + timedelta(hours=240)
    assert waiting[-1].due_at == clock.now() + timedelta(seconds=5)


def test_a_pause_among_senders_at_work_leaves_each_letter_sent_or_held_back(oleg, at):
    people(60)
    mailing = started(oleg, per_minute=100_000)
    written(mailing)
    at("2026-11-20T10:01")

    def work(place: int) -> int:
        if place == 0:
            sleep(0.02)
            control.pause(mailing.id)
            return 0
        return sum(sending.sent(one, "test") for _ in range(12) for one in sending.claim(5))

    _, first, second = at_once(3, work)
    control.settle(mailing.id)
    found = states()
    assert found["sent"] == first + second
    assert sum(found.values()) == 60 and set(found) <= {"sent", "paused"}
    control.resume(mailing.id)
    at("2026-11-20T10:02")
    while claimed := sending.claim():
        assert all(sending.sent(one, "test") for one in claimed)
    assert states() == {"sent": 60}


def test_stop_cancels_what_has_not_gone(oleg):
    people(3)
    mailing = started(oleg)
    written(mailing)
    Message.update(state=outbox.SENT).where(Message.to == "p1000@example.ru").execute()
    control.stop(mailing.id)
    assert states() == {"sent": 1, "cancelled": 2}
    assert now(mailing).state == STOPPED
    with refused("mailing.state"):
        control.resume(mailing.id)


def test_what_staff_send_again_of_a_stopped_mailing_goes_out(oleg, at):
    people(2)
    mailing = started(oleg)
    written(mailing)
    Message.update(state=outbox.SENDING).where(Message.to == "p1000@example.ru").execute()
    control.stop(mailing.id)
    Message.update(state=outbox.WAITING).where(Message.state == outbox.SENDING).execute()
    assert control.unsettled() == [mailing.id]
    control.settle(mailing.id)
    assert states() == {"cancelled": 2}
    at("2026-11-20T10:20")
    assert control.unsettled() == []


def test_moves_that_are_none_are_refused(oleg):
    people(1)
    draft = drafted(oleg)
    for deed in (control.pause, control.resume, control.stop):
        with refused("mailing.state"):
            deed(draft.id)
        with refused("mailing.unknown"):
            deed(999)
    control.start(draft.id)
    with refused("mailing.state"):
        control.start(draft.id)


def test_two_who_start_at_once_start_it_once(oleg):
    people(1)
    draft = drafted(oleg)
    done = at_once(3, lambda _: control.start(draft.id))
    assert sum(isinstance(one, Mailing) for one in done) == 1
    assert sum(isinstance(one, Refusal) for one in done) == 2


def test_it_is_done_when_nothing_waits_any_more(oleg):
    people(2)
    mailing = started(oleg)
    written(mailing)
    control.settle(mailing.id)
    assert now(mailing).state == RUNNING
    Message.update(state=outbox.SENT).execute()
    control.settle(mailing.id)
    assert now(mailing).state == DONE and mailing.id not in control.unsettled()


# ---- a letter to oneself


def test_a_test_letter_goes_to_the_employees_own_address_alone(oleg):
    people(2)
    assert control.try_out(drafted(oleg).id, oleg.id) == "oleg@example.ru"
    (message,) = Message.select()
    assert (message.to, message.subject, message.mailing, message.data) == ("oleg@example.ru", oleg.subject, None, NEWS)
    assert Recipient.select().count() == 0


# ---- two people


@pytest.fixture
def strict(company, monkeypatch):
    """A mailing to five or more needs two."""
    monkeypatch.setattr("models.company._current", replace(company, letters=replace(company.letters, two_from=5)))


def proposed(oleg: Employee, mailing: Mailing) -> proposals.Proposal:
    return approvals.propose(mailing_kinds.SEND, *mailing_kinds.to_send(mailing), "Так решили", oleg.id)


def test_a_small_mailing_needs_one_a_big_one_two(oleg, irina, strict):
    people(4)
    control.start(drafted(oleg).id)
    people(1, first=2000)
    mailing = drafted(oleg)
    with refused("mailing.two"):
        control.start(mailing.id)
    asked = proposed(oleg, mailing)
    assert now(mailing).state == DRAFT
    approvals.approve(asked.id, irina.id)
    assert now(mailing).state == PLANNED and now(mailing).approved_at
    mailings.begin(mailing.id)
    assert len(written(mailing)) == 5


def test_nobody_approves_a_mailing_of_their_own(irina, strict):
    people(5)
    asked = proposed(irina, mailings.draft(irina.id, "news", "Проба", NEWS, Filters()))
    with refused("proposal.own"):
        approvals.approve(asked.id, irina.id)


def test_an_operator_may_not_approve(oleg, irina, strict):
    people(5)
    asked = proposed(irina, mailings.draft(irina.id, "news", "Проба", NEWS, Filters()))
    with refused("proposal.right"):
        approvals.approve(asked.id, oleg.id)


def test_a_draft_that_was_changed_is_not_what_was_proposed(oleg, irina, strict):
    people(5)
    mailing = drafted(oleg)
    asked = proposed(oleg, mailing)
    assert approvals.stands(asked) == ""
    mailings.change(mailing.id, "news", "Проба", {**NEWS, "text": "Другое."}, Filters())
    with refused("proposal.stale"):
        approvals.approve(asked.id, irina.id)
    assert now(mailing).state == DRAFT


def test_an_audience_that_has_outgrown_its_count_is_not_what_was_proposed(oleg, irina, strict):
    people(10)
    asked = proposed(oleg, drafted(oleg))
    people(2, first=2000)
    assert approvals.stands(asked) == ""
    people(1, first=3000)
    with refused("proposal.stale"):
        approvals.approve(asked.id, irina.id)


def test_a_proposal_tells_words_audience_and_count(oleg, strict):
    people(5)
    asked = proposed(oleg, drafted(oleg, filters=Filters(dwelling="urban")))
    kind = approvals.KINDS[mailing_kinds.SEND]
    told = dict(kind.describe(asked.data, asked.facts))
    assert told["Писем"] == "5" and told["Жильё"] == "городские квартиры" and told["Текст"] == NEWS["text"]
    assert kind.brief(asked.data, asked.facts) == "Проба, писем: 5"


def test_nobody_to_write_to_is_nothing_to_propose(oleg, strict):
    with refused("mailing.empty"):
        proposed(oleg, drafted(oleg))


def test_one_employees_mailing_that_outgrows_them_is_stopped(oleg, strict, few):
    people(4)
    mailing = started(oleg)
    people(3, first=2000)
    written(mailing)
    assert now(mailing).state == STOPPED and "второй сотрудник" in now(mailing).note
    assert states() == {"cancelled": 3}


# ---- regular ones


def test_a_reminder_goes_out_three_days_before_the_window_closes_once(db, at):
    anna, vera = cast.anna(), cast.vera()
    wishes.wish(vera.id, "reminders", False, "web")
    at("2026-11-25T10:00")
    assert regular.make() == []
    at("2026-11-26T08:59")
    assert regular.make() == []
    at("2026-11-26T09:07")
    (made,) = regular.make()
    assert (made.key, made.is_regular) == ("window:2026-11", True)
    assert regular.make() == []
    at("2026-11-27T09:07")
    assert regular.make() == []
    assert mailings.begin(made.id)
    assert [one.to for one in written(made)] == ["anna@example.ru"]
    assert now(made).left_out == {addressing.UNWANTED: 1}
    assert anna.account.number == Message.get().account


def test_a_day_without_the_portal_is_made_up_for(db, at):
    at("2026-11-28T12:07")
    assert [made.key for made in regular.make()] == ["window:2026-11"]
    at("2026-11-30T12:07")
    assert regular.make() == []


@pytest.mark.feature("S33")
def test_debtors_are_written_to_on_the_companys_day(db, at):
    (customer,) = people(1)
    account = Account.of(customer.id).get()
    owes(account, 80_000)
    signs(customer, account, way="email", email=customer.email)
    at("2026-11-19T10:07")
    assert regular.make() == []
    at("2026-11-20T10:07")
    (made,) = regular.make()
    assert made.key == "debt:2026-11"
    mailings.begin(made.id)
    assert [one.data["day"] for one in written(made)] == ["2026-11-20"]
    at("2026-12-20T10:07")
    assert "debt:2026-12" in [made.key for made in regular.make()]


@pytest.mark.feature("S33")
def test_a_meters_owner_is_written_to_once_a_mark(db, at):
    (customer,) = people(1)
    account = Account.of(customer.id).get()
    cast.hang(account, "A", verification_due=date(2027, 5, 31))
    signs(customer, account, way="email", email=customer.email)
    day = date(2026, 11, 1)
    found = []
    while day <= date(2027, 6, 2):
        at(f"{day}T10:07")
        for made in regular.make():
            if made.letter == texts.VERIFICATION:
                mailings.begin(made.id)
                found += [(day.isoformat(), one.data["months"]) for one in written(made)]
        day += timedelta(days=2)
    assert found == [("2026-12-01", 6), ("2027-03-01", 3), ("2027-04-30", 1)]


def test_a_regular_mailing_is_paused_and_stopped_like_any_other(db, at):
    cast.anna()
    at("2026-11-26T10:07")
    (made,) = regular.make()
    mailings.begin(made.id)
    written(made)
    control.pause(made.id)
    assert now(made).state == PAUSED and states() == {"paused": 1}
    control.stop(made.id)
    assert states() == {"cancelled": 1}
    assert regular.make() == []


def test_days_some_months_away_are_the_same_of_the_month_or_its_last():
    assert months.later(date(2027, 8, 31), -6) == date(2027, 2, 28)
    assert months.later(date(2026, 11, 20), 3) == date(2027, 2, 20)


# ---- the lists


def test_the_list_tells_who_made_each(oleg, at):
    cast.anna()
    drafted(oleg)
    at("2026-11-26T10:07")
    regular.make()
    assert [(one.letter, one.author_name) for one in progress.listed()] == [
        ("window_closing", None),
        ("news", oleg.name),
    ]
    newest = progress.listed(most=1)[0]
    assert [one.letter for one in progress.listed(before=newest.id)] == ["news"]


def test_recipients_are_paged_and_filtered_by_state(oleg, few):
    people(7)
    mailing = started(oleg)
    messages = written(mailing)
    Message.update(state=outbox.FAILED, error="550 нет такого").where(Message.id == messages[2].id).execute()
    first = progress.recipients(mailing.id, most=5)
    rest = progress.recipients(mailing.id, after=first[-1].place, most=5)
    assert [row.address for row in first + rest] == [f"p{n}@example.ru" for n in range(1000, 1007)]
    (bad,) = progress.recipients(mailing.id, "failed")
    assert (bad.address, bad.said, bad.account) == ("p1002@example.ru", "550 нет такого", cast.number(1002))
    assert progress.percents(progress.listed()) == {mailing.id: 14}
    found = progress.of(now(mailing))
    assert (found.by_state, found.letters, found.ended, found.percent) == ({"waiting": 6, "failed": 1}, 7, 1, 14)
