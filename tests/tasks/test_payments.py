"""Paying by card against a real bank on loopback: every kopeck counts once, whatever the network does."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peewee import Database

from models.audit import AuditRow
from models.base import Refusal, database
from models.billing import acquiring, ledger, payments
from models.billing.acquiring import Word
from models.billing.ledger import Entry
from models.billing.payments import Payment
from models.company import Company
from models.outbox import Message
from tasks import cheques, letters, queue
from tasks import payments as work
from tasks.gateways.acquirer import Acquirer, Unreachable
from tests import cast, crowd, paying
from tests.cast import Person
from tests.paying import DEBT, again, credited, ordered
from tests.standins import StandIn


@pytest.fixture
def anna(db: Database) -> Person:
    person = cast.anna(history=False)
    paying.owe(person.account)
    return person


@pytest.fixture(params=["form", "json"])
def style(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bank(anna: Person, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with paying.open_desk(monkeypatch, timeout=1) as standing:
        yield standing


def paid(person: Person, bank: StandIn, kopecks: int = DEBT, card: str = "approve") -> Payment:
    """An order paid at the bank; nobody has told the portal."""
    payment = ordered(person, kopecks)
    bank.pay(payment.form_url, card)
    return payment


# ---- the order


def test_order_is_told_with_its_cart(anna: Person, monkeypatch: pytest.MonkeyPatch, style: str) -> None:
    with paying.open_desk(monkeypatch, style=style) as bank:
        payment = ordered(anna)
        (order,) = bank.orders()
    assert payment.state == "registered" and payment.form_url
    assert (order["number"], order["amount"], order["email"]) == (payment.number, DEBT, "anna@example.ru")
    assert order["return_url"] == f"{paying.PORTAL}/payments/{payment.number}?back=1"
    assert order["description"] == "Л/с 241010000054, ноябрь 2026"
    assert 0 < order["expires"] - order["created"] <= 20 * 60
    assert '"name": "Электроэнергия, л/с 241010000054, 11.2026"' in order["bundle"]


def test_cart_has_a_line_for_each_service_with_its_own_tax(anna: Person, bank: StandIn) -> None:
    anna.account.services = "electricity,repair"
    anna.account.save()
    from tests import prices

    prices.load(vat=22)
    payment = ordered(anna, electricity=200_000, repair=50_000)
    assert payment.state == "registered"
    lines = cheques.items(payment, "241010000054", "2026-10")
    assert [(line.kopecks, line.tax_code) for line in lines] == [(200_000, 12), (50_000, 0)]


def test_order_is_told_once_however_often_it_is_asked_for(anna: Person, bank: StandIn) -> None:
    payment = ordered(anna)
    assert work.register(payment.id) == payment.form_url
    assert len(bank.orders()) == 1


def test_tax_without_a_code_is_refused_before_the_bank_hears_of_it(
    anna: Person, bank: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cheques, "vat_of", lambda account, service: 17)
    assert ordered(anna).state == "failed"
    assert bank.orders() == []


def test_refused_order_fails_and_another_may_follow(
    anna: Person, bank: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work._desk.bank, "_credentials", {"userName": "x", "password": "y"})  # type: ignore[union-attr]
    assert ordered(anna).state == "failed"
    monkeypatch.undo()
    assert payments.unsettled(account=anna.account.id) == []


def test_without_an_acquirer_nothing_is_asked(anna: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "_desk", None)
    payment = ordered(anna)
    work.check(payment.id)
    assert work.check_all() == 0 and again(payment).state == "new"


# ---- the bank's word


@pytest.mark.feature("S28")
def test_paid_order_is_credited_once(anna: Person, monkeypatch: pytest.MonkeyPatch, style: str) -> None:
    with paying.open_desk(monkeypatch, style=style) as bank:
        payment = paid(anna, bank)
        for _ in range(3):
            work.check(payment.id)
        taken = bank.captured()
    assert again(payment).state == "paid" and again(payment).card.endswith("2424")
    assert credited(anna.account) == taken == DEBT
    assert ledger.balance(anna.account.id) == 0


@pytest.mark.feature("S28")
def test_cheque_is_kept_and_sent_once(anna: Person, bank: StandIn) -> None:
    payment = paid(anna, bank)
    work.check(payment.id)
    work.check(payment.id)
    (message,) = Message.select().where(Message.letter == "cheque")
    assert message.to == "anna@example.ru" and message.data["kopecks"] == DEBT
    kept = again(payment).cheque
    assert set(kept) == set(paying.FISCAL)
    assert kept["qr"].startswith("t=20") and kept["lines"][0]["vat"] == 22


def test_letter_has_all_that_a_cheque_must(anna: Person, bank: StandIn) -> None:
    """54-ФЗ ст. 4.7; the tax office's address is text, so that the letter links to nobody but us."""
    payment = paid(anna, bank)
    work.check(payment.id)
    kept = again(payment).cheque
    letter = letters.put_together(Message.select().where(Message.letter == "cheque").get(), "https://lk.example.ru")
    facts = [kept[name] for name in ("register", "fn", "fd", "fpd", "qr", "place")]
    for fact in (*facts, "ИНН 2499000012", "ОСН", "НДС 22 %", "безналичными", "Приход", "www.nalog.gov.ru"):
        assert fact in letter.text
    assert (
        letter.html.count("<a href=") == 1 and f'href="https://lk.example.ru/payments/{payment.number}"' in letter.html
    )


def test_cheque_that_is_not_printed_yet_is_asked_for_later(
    anna: Person, bank: StandIn, at: Callable[[str], datetime]
) -> None:
    bank.fault(receipt_takes=3600)
    payment = paid(anna, bank)
    work.check(payment.id)
    assert again(payment).state == "paid" and not again(payment).cheque
    assert again(payment).next_check_at is not None


def test_cheque_as_a_paper(anna: Person, bank: StandIn) -> None:
    import pypdfium2

    payment = paid(anna, bank)
    work.check(payment.id)
    paper = pypdfium2.PdfDocument(cheques.drawn(again(payment)))[0].get_textpage().get_text_bounded()
    kept = again(payment).cheque
    for fact in ("Кассовый чек", "2499000012", kept["fn"], kept["fpd"], "НДС 22", "anna@example.ru"):
        assert fact in paper.replace("\u00a0", " ")


def test_declined_order_says_why(anna: Person, bank: StandIn) -> None:
    payment = ordered(anna)
    for _ in range(3):
        bank.pay(payment.form_url, "blocked")
    work.check(payment.id)
    assert (again(payment).state, again(payment).reason) == ("declined", "исчерпаны попытки ввести карту")
    assert credited(anna.account) == 0


def test_time_that_ran_out_is_a_decline(anna: Person, bank: StandIn) -> None:
    payment = ordered(anna)
    bank.put(payment.order_id, expires=1)
    work.check(payment.id)
    assert (again(payment).state, again(payment).reason) == ("declined", "время на оплату истекло")


def test_card_let_through_after_a_decline_is_counted(
    anna: Person, bank: StandIn, at: Callable[[str], datetime]
) -> None:
    payment = ordered(anna)
    bank.put(payment.order_id, state=6, action=116)
    work.check(payment.id)
    assert again(payment).state == "declined"
    at("2026-11-20T10:05")
    bank.put(payment.order_id, state=2, action=0, paid=1_795_000_000)
    work.check(payment.id)
    assert again(payment).state == "paid" and credited(anna.account) == DEBT


@pytest.mark.parametrize("wrong", [{"amount": DEBT - 1}, {"number": "2611-ZZZZZZZZ"}])
def test_word_about_something_else_credits_nothing(anna: Person, bank: StandIn, wrong: dict[str, Any]) -> None:
    payment = paid(anna, bank)
    bank.put(payment.order_id, **wrong)
    work.check(payment.id)
    assert again(payment).state == "disputed" and credited(anna.account) == 0


# ---- the network


def test_lost_registration_is_found_by_its_number(anna: Person, bank: StandIn, at: Callable[[str], datetime]) -> None:
    bank.fault(drops=1)
    payment = ordered(anna)
    assert (payment.state, payment.order_id) == ("new", None)
    at("2026-11-20T10:02")
    assert work.check_all() == 1
    assert again(payment).state == "registered" and again(payment).order_id == bank.orders()[0]["id"]


def test_registration_that_never_came_fails_and_frees_the_account(
    anna: Person, bank: StandIn, at: Callable[[str], datetime]
) -> None:
    bank.fault(errors=1)
    payment = ordered(anna)
    at("2026-11-20T10:02")
    work.check_all()
    assert again(payment).state == "new"
    at("2026-11-20T10:04")
    work.check_all()
    assert again(payment).state == "failed"
    assert ordered(anna, key="another").state == "registered"


def test_bank_that_charges_and_falls_silent_is_asked_until_it_answers(
    anna: Person, bank: StandIn, at: Callable[[str], datetime]
) -> None:
    """Fault 11: the ledger has the money within five minutes of the bank's return, and no second order is open meanwhile."""
    payment = paid(anna, bank, card="silent")
    bank.fault(delay=1.5)
    work.check(payment.id)  # no answer in time
    assert again(payment).state == "registered" and credited(anna.account) == 0
    with pytest.raises(payments.Unfinished):
        ordered(anna, key="another")
    bank.fault(delay=0)
    at("2026-11-20T10:05")
    work.check_all()
    assert again(payment).state == "paid" and credited(anna.account) == bank.captured() == DEBT


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"[1]", b'{"orderStatus": "paid"}', b'{"errorCode": 7}', b"\xff" * 100]
)
def test_garbage_changes_nothing_and_is_asked_again(
    anna: Person, bank: StandIn, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    payment = ordered(anna)
    with _server(answer) as url:
        monkeypatch.setattr(work, "_desk", work.Desk(Acquirer(url, "u", "p", "form", 1), paying.PORTAL))
        work.check(payment.id)
    assert again(payment).state in ("registered", "disputed") and credited(anna.account) == 0


def test_bank_that_is_down_is_left_alone_after_a_few_orders(
    anna: Person, bank: StandIn, monkeypatch: pytest.MonkeyPatch, at: Callable[[str], datetime]
) -> None:
    flats = [cast.account(200 + i) for i in range(6)]
    for i, flat in enumerate(flats):
        ordered(Person(anna.customer, flat), 10_000, key=f"flat {i}")
    at("2026-11-20T10:05")
    monkeypatch.setattr(work, "_desk", work.Desk(Acquirer("http://127.0.0.1:9", "u", "p", "form", 1), paying.PORTAL))
    assert work.check_all() == work.GIVES_UP
    assert len(acquiring.due_for_check()) == 3


def test_one_broken_payment_does_not_keep_the_others_waiting(
    anna: Person, bank: StandIn, monkeypatch: pytest.MonkeyPatch, at: Callable[[str], datetime]
) -> None:
    first = paid(anna, bank)
    other = Person(anna.customer, cast.account(300))
    second = ordered(other, 10_000, key="other")
    bank.pay(second.form_url)
    learn = acquiring.learn

    def broken(payment_id: int, word: Word) -> str:
        if payment_id == first.id:
            raise RuntimeError("a mistake of ours")
        return learn(payment_id, word)

    monkeypatch.setattr(acquiring, "learn", broken)
    at("2026-11-20T10:05")
    assert work.check_all() == 2
    assert again(second).state == "paid"


def _server(answer: bytes) -> Any:
    """A server that answers everything with these bytes."""
    import threading
    from contextlib import contextmanager

    from werkzeug.serving import make_server
    from werkzeug.wrappers import Response

    @contextmanager
    def running() -> Iterator[str]:
        server = make_server("127.0.0.1", 0, Response(answer, content_type="application/json"))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()

    return running()


# ---- cancelling, giving back


def test_cancelled_order_cannot_be_paid(anna: Person, bank: StandIn) -> None:
    payment = ordered(anna)
    assert work.cancel(payment.id) == "declined"
    assert again(payment).reason == work.CANCELLED
    bank.pay(payment.form_url)
    assert bank.captured() == 0


def test_cancelling_what_was_paid_meanwhile_counts_the_money(anna: Person, bank: StandIn) -> None:
    payment = paid(anna, bank)
    assert work.cancel(payment.id) == "paid"
    assert credited(anna.account) == DEBT


def test_cancelling_while_the_bank_is_silent_changes_nothing(anna: Person, bank: StandIn) -> None:
    payment = ordered(anna)
    bank.fault(errors=2)
    assert work.cancel(payment.id) == "registered"


@pytest.mark.feature("M13")
def test_parts_given_back_one_by_one(anna: Person, monkeypatch: pytest.MonkeyPatch, style: str) -> None:
    with paying.open_desk(monkeypatch, style=style) as bank:
        payment = paid(anna, bank)
        work.check(payment.id)
        assert work.refund(payment.id, 100_000) == "paid"
        assert (again(payment).refunded, credited(anna.account)) == (100_000, DEBT - 100_000)
        assert work.refund(payment.id) == "refunded"
        assert credited(anna.account) == bank.captured() == 0
    assert AuditRow.select().where(AuditRow.deed == "payment.refund_asked").count() == 2
    told = Message.select().where(Message.letter == "payment_refunded").order_by(Message.id)
    assert [message.data["kopecks"] for message in told] == [100_000, DEBT - 100_000]


@pytest.mark.parametrize("kopecks", [0, -1, DEBT + 1])
def test_no_more_is_given_back_than_was_paid(anna: Person, bank: StandIn, kopecks: int) -> None:
    payment = paid(anna, bank)
    work.check(payment.id)
    with pytest.raises(Refusal, match="Вернуть можно"):
        work.refund(payment.id, kopecks)


def test_refund_whose_answer_was_lost_is_not_given_twice(anna: Person, bank: StandIn) -> None:
    payment = paid(anna, bank)
    work.check(payment.id)
    bank.fault(delay=1.5)
    with pytest.raises(Unreachable):
        work.refund(payment.id, 100_000)
    bank.fault(delay=0)
    work.refund(payment.id, 100_000)
    assert bank.captured() == credited(anna.account) == DEBT - 100_000


def test_refund_told_by_a_callback_is_not_asked_again(anna: Person, bank: StandIn) -> None:
    """No answer, but the bank did it and its callback came: who repeats the command is told so, and nothing goes out twice."""
    payment = paid(anna, bank)
    work.check(payment.id)
    bank.fault(delay=1.5)
    with pytest.raises(Unreachable):
        work.refund(payment.id, 100_000)
    bank.fault(delay=0)
    work.check(payment.id)
    assert again(payment).refunded == 100_000
    work.refund(payment.id, 100_000)
    assert bank.captured() == credited(anna.account) == DEBT - 100_000
    work.refund(payment.id, 50_000)  # another one, once the first is known to be done
    assert bank.captured() == credited(anna.account) == DEBT - 150_000


def test_refund_without_an_answer_is_asked_about_by_the_poller(anna: Person, bank: StandIn) -> None:
    payment = paid(anna, bank)
    work.check(payment.id)
    bank.fault(delay=1.5)
    with pytest.raises(Unreachable):
        work.refund(payment.id, 100_000)
    assert again(payment).next_check_at is not None


def test_refund_of_an_old_payment_whose_state_was_not_answered_is_asked_about_until_it_is_counted(
    anna: Person, bank: StandIn, at: Callable[[str], datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = paid(anna, bank)
    work.check(payment.id)
    at("2026-11-27T10:00")

    def silent(*_: Any) -> Any:
        raise Unreachable("the line was cut after the refund")

    with monkeypatch.context() as cut:
        cut.setattr(work, "_status", silent)
        work.refund(payment.id, 100_000)
    assert (bank.captured(), credited(anna.account)) == (DEBT - 100_000, DEBT)
    at("2026-11-27T14:00")
    work.check_all()
    assert credited(anna.account) == DEBT - 100_000


def test_refund_made_at_the_bank_is_learnt_from_its_callback(anna: Person, bank: StandIn) -> None:
    payment = paid(anna, bank)
    work.check(payment.id)
    assert again(payment).next_check_at is None  # the poller has nothing to ask any more
    Acquirer(bank.url("form"), bank.user, bank.password, "form").refund(payment.order_id, DEBT)
    work.check(payment.id)
    assert again(payment).state == "refunded" and credited(anna.account) == 0


def test_callback_names_number_and_order_together(anna: Person, bank: StandIn) -> None:
    mine = ordered(anna)
    other = ordered(Person(anna.customer, cast.account(300)), 10_000, key="other")
    assert work.called(mine.number, mine.order_id) == mine.id
    assert work.called(mine.number, other.order_id) is None
    assert work.called("2611-NONESUCH", mine.order_id) is None
    assert work.called("\0' OR 1=1", "\ud800") is None


# ---- many at once, in any order


def _race(bank: StandIn, person: Person) -> int:
    payment = paid(person, bank)
    crowd.at_once(50, lambda _: work.check(payment.id))
    return credited(person.account)


@pytest.mark.postgres
@pytest.mark.feature("M13")
def test_fifty_callbacks_at_once_credit_once(anna: Person, bank: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    database.obj._max_connections = 64
    monkeypatch.setattr(acquiring, "claim", lambda payment_id, now=False: Payment.get_by_id(payment_id))
    assert _race(bank, anna) == DEBT
    assert ledger.balance(anna.account.id) == 0


@pytest.mark.postgres
def test_without_the_locks_they_would_credit_many_times(
    anna: Person, bank: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a payment read, compared and saved, and an entry that does not know its source."""
    import time

    from models.billing.ledger import New

    serial = itertools.count()

    def careless(payment_id: int, word: Word) -> str:
        payment = Payment.get_by_id(payment_id)
        if word.state == "paid" and payment.state != "paid":
            time.sleep(0.05)
            Payment.update(state="paid").where(Payment.id == payment_id).execute()
            source = f"careless:{payment_id}:{next(serial)}"
            ledger.post(
                New(
                    payment.account_id,
                    "electricity",
                    ledger.PAYMENT,
                    -payment.amount,
                    payment.created_at.date(),
                    source,
                )
            )
        return "paid"

    database.obj._max_connections = 64
    monkeypatch.setattr(acquiring, "claim", lambda payment_id, now=False: Payment.get_by_id(payment_id))
    monkeypatch.setattr(acquiring, "learn", careless)
    assert _race(bank, anna) > DEBT


WORDS = {
    "registered": ("registered", 0, 0),
    "unknown": ("unknown", 0, 0),
    "declined": ("declined", 0, 0),
    "paid": ("paid", DEBT, 0),
    "part back": ("refunded", DEBT, 100_000),
    "all back": ("refunded", DEBT, DEBT),
    "reversed": ("reversed", DEBT, 0),
}
BACK = {"part back": 100_000, "all back": DEBT, "reversed": DEBT}


@pytest.mark.feature("M13")
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=5))
def test_words_in_any_order_end_where_the_truth_is(anna: Person, order: list[str]) -> None:
    """However late, repeated or reordered: what was taken and not given back is what the ledger has."""
    _forget()
    payment = payments.start(
        anna.account, {"electricity": DEBT}, customer_id=anna.id, email="", key="one", consented=True
    )
    acquiring.registered(payment.id, "order", "http://bank.example/pay")
    for name in order:
        state, deposited, refunded = WORDS[name]
        acquiring.learn(payment.id, Word(payment.number, "order", state, DEBT, "643", deposited, refunded))
    taken = DEBT if {"paid", *BACK} & set(order) else 0
    back = max((BACK[name] for name in order if name in BACK), default=0)
    assert credited(anna.account) == taken - back
    assert ledger.balance(anna.account.id) == DEBT - (taken - back)
    assert again(payment).refunded == back
    expected = "refunded" if back == DEBT else "paid" if taken else "declined" if "declined" in order else "registered"
    assert again(payment).state == expected


def _forget() -> None:
    """The account as before the last example."""
    Payment.delete().execute()
    paid_entries = Entry.kind.in_((ledger.PAYMENT, ledger.REFUND))
    Entry.delete().where(paid_entries).execute()
    ledger.Balance.update(amount=DEBT).execute()


def test_bell_checks_the_payment(anna: Person, bank: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.timetable import BELLS

    payment = paid(anna, bank)
    monkeypatch.setitem(queue._bells, "check_payment", BELLS["check_payment"])
    assert queue.ring("check_payment", payment.id)
    assert again(payment).state == "paid"


@pytest.mark.company("kaluga")
def test_service_paid_for_the_first_time_has_the_usual_tax(db: Database, company: Company) -> None:
    assert cheques.vat_of(cast.account(1).id, "electricity") == 22
