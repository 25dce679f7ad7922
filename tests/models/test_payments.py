"""Payments: every legal move and no other, what the bank says counted once, whatever comes twice, late, forged or at once."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations
from time import sleep
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from peewee import Database, fn

from models import clock
from models.audit import AuditRow
from models.base import Refusal
from models.billing import acquiring, ledger, payments
from models.billing.acquiring import Word
from models.billing.ledger import PAYMENT, REFUND, Balance, Entry
from models.billing.payments import (
    DECLINED,
    DISPUTED,
    FAILED,
    MOVES,
    NEW,
    OPEN,
    PAID,
    REFUNDED,
    REGISTERED,
    Payment,
    Unfinished,
)
from models.consents import Consent
from models.outbox import Message
from tests import cast
from tests.crowd import at_once

AMOUNT = 129_900
PARTS = {"electricity": 72_000, "repair": 57_900}
STATES = tuple(MOVES)


@pytest.fixture
def anna(db: Database) -> cast.Person:
    person = cast.anna(history=False)
    person.account.services = "electricity,repair"
    person.account.save()
    return person


def begin(anna: cast.Person, key: str = "form-1", parts: dict[str, int] | None = None, **more: Any) -> Payment:
    given: dict[str, Any] = {"customer_id": anna.id, "email": "anna@example.ru", "key": key, "consented": True, **more}
    return payments.start(anna.account, PARTS if parts is None else parts, **given)


def order(anna: cast.Person, key: str = "form-1") -> Payment:
    payment = begin(anna, key)
    acquiring.registered(payment.id, f"order-{payment.id}", "https://bank.example/pay")
    return Payment.get_by_id(payment.id)


def word(payment: Payment, state: str, **facts: Any) -> Word:
    """What an honest bank says of the order."""
    told = {"registered": 0, "held": 0, "declined": 0, "unknown": 0}.get(state, payment.amount)
    back = payment.amount if state in ("refunded", "reversed") else 0
    usual = {"number": payment.number, "order_id": payment.order_id or f"order-{payment.id}", "kopecks": payment.amount}
    return Word(**{**usual, "state": state, "deposited": told, "refunded": back, **facts})


def state_of(payment: Payment) -> str:
    return Payment.get_by_id(payment.id).state


def posted() -> int:
    """Kopecks of payments less what was given back, as the ledger has it."""
    return -int(Entry.select(fn.COALESCE(fn.SUM(Entry.amount), 0)).where(Entry.kind.in_((PAYMENT, REFUND))).scalar())


# ---- the graph of states


LEARNT = {
    "paid": PAID, "declined": DECLINED, "refunded": REFUNDED, "reversed": REFUNDED, "registered": REGISTERED, "held": REGISTERED,
    "unknown": FAILED, "altered": DISPUTED,
}  # fmt: skip
# A word about an order that has not got so far changes nothing: registered and unknown speak of a new order only.
ONLY_NEW = ("registered", "held", "unknown")


def expected(state: str, told: str) -> str:
    if told in ONLY_NEW:
        return LEARNT[told] if state == NEW else state
    if told in ("refunded", "reversed"):
        return REFUNDED  # what is given back was paid first
    return LEARNT[told] if LEARNT[told] in MOVES[state] else state


@pytest.mark.feature("M13")
@pytest.mark.parametrize("state", STATES)
def test_every_move_by_every_word(anna: cast.Person, at: Any, state: str) -> None:
    for told in LEARNT:
        at("2026-11-20T10:00")
        payment, before = order(anna, told), posted()
        reach(payment, state)
        at("2026-11-20T10:05")  # a bank that knows nothing after three minutes never will
        altered = {"kopecks": payment.amount - 1} if told == "altered" else {}
        acquiring.learn(payment.id, word(payment, "paid" if altered else told, **altered))
        after = state_of(payment)
        assert after == expected(state, told), told
        assert after == state or after in MOVES[state] or (after == REFUNDED and PAID in MOVES[state])
        assert posted() - before == {PAID: AMOUNT}.get(after, 0), told
        assert posted() == -ledger.balance(anna.account.id)
        Payment.update(state=FAILED).where(Payment.state.in_(OPEN)).execute()


def reach(payment: Payment, state: str) -> None:
    """Bring an order where the case begins, by the verbs themselves where money is in it."""
    if state in (PAID, REFUNDED):
        acquiring.learn(payment.id, word(payment, "paid"))
    if state == REFUNDED:
        acquiring.learn(payment.id, word(payment, "refunded"))
    if state not in (PAID, REFUNDED):
        gone = {"order_id": None, "form_url": ""} if state == NEW else {}
        Payment.update(state=state, **gone).where(Payment.id == payment.id).execute()
    assert state_of(payment) == state


def test_unknown_order_is_given_time(anna: cast.Person) -> None:
    payment = begin(anna)
    assert acquiring.learn(payment.id, word(payment, "unknown")) == NEW


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"number": "2611-AAAAAAAA"}, "другом заказе"),
        ({"order_id": "another"}, "другом заказе"),
        ({"kopecks": AMOUNT + 1}, "другую сумму"),
        ({"kopecks": AMOUNT * 100}, "другую сумму"),
        ({"kopecks": 0}, "другую сумму"),
        ({"deposited": AMOUNT - 1}, "списал другую сумму"),
        ({"deposited": 0}, "списал другую сумму"),
        ({"currency": "840"}, "другую валюту"),
        ({"currency": "x" * 500}, "другую валюту"),
    ],
)
def test_word_that_does_not_fit_counts_nothing_and_is_disputed(
    anna: cast.Person, facts: dict[str, Any], reason: str
) -> None:
    payment = order(anna)
    assert acquiring.learn(payment.id, word(payment, "paid", **facts)) == DISPUTED
    assert reason in Payment.get_by_id(payment.id).reason and posted() == 0
    assert acquiring.learn(payment.id, word(payment, "paid")) == PAID  # the bank puts itself right
    assert posted() == AMOUNT


def test_bad_word_does_not_take_back_what_was_paid(anna: cast.Person) -> None:
    payment = order(anna)
    acquiring.learn(payment.id, word(payment, "paid"))
    assert acquiring.learn(payment.id, word(payment, "paid", kopecks=1)) == PAID
    assert posted() == AMOUNT


@pytest.mark.parametrize("reason", ["Отказ банка " * 100, "<script>&«»\u202e😀"])
def test_any_reason_of_a_bank_is_kept(anna: cast.Person, reason: str) -> None:
    payment = order(anna)
    assert acquiring.learn(payment.id, word(payment, "declined", reason=reason)) == DECLINED
    assert Payment.get_by_id(payment.id).reason == reason[:200]


def test_each_move_leaves_a_trace_in_the_audit(anna: cast.Person) -> None:
    payment = order(anna)
    for told in ("declined", "paid", "paid", "refunded", "refunded"):
        acquiring.learn(payment.id, word(payment, told))
    deeds = [
        row.deed
        for row in AuditRow.select().where(AuditRow.subject == f"payment:{payment.number}").order_by(AuditRow.id)
    ]
    assert deeds == [f"payment.{deed}" for deed in ("started", "registered", "declined", "paid", "refunded")]


# ---- once, whatever happens


@pytest.mark.feature("M13")
def test_fifty_words_at_once_credit_once(anna: cast.Person) -> None:
    payment = order(anna)
    done = at_once(25, lambda _: [acquiring.learn(payment.id, word(payment, "paid")) for _ in range(2)])
    assert done == [[PAID, PAID]] * 25
    assert posted() == AMOUNT == -Balance.select(fn.SUM(Balance.amount)).scalar()
    assert Entry.select().count() == len(PARTS)


@pytest.mark.feature("M13")
def test_without_lock_and_move_they_would_credit_many_times(anna: cast.Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above is worth something: a read, a look and a write, as one would write it first, count several times."""
    payment = order(anna)
    monkeypatch.setattr(acquiring, "learn", _naively)
    at_once(25, lambda i: acquiring.learn(payment.id, i))
    assert posted() > AMOUNT


def _naively(payment_id: int, i: int) -> None:
    payment = Payment.get_by_id(payment_id)
    if payment.state == PAID:
        return
    sleep(0.02)  # asks the bank meanwhile
    payment.state = PAID
    payment.save()
    for service, part in payment.parts.items():
        ledger.post(ledger.New(payment.account_id, service, PAYMENT, -part, clock.today(), f"naive:{i}:{service}"))


@pytest.mark.feature("M13")
def test_refunds_at_once_give_back_once(anna: cast.Person) -> None:
    payment = order(anna)
    acquiring.learn(payment.id, word(payment, "paid"))
    cuts = [10_000, 50_000, AMOUNT]
    at_once(30, lambda i: acquiring.learn(payment.id, word(payment, "refunded", refunded=cuts[i % 3])))
    assert (state_of(payment), posted()) == (REFUNDED, 0)


MESSAGES = ("registered", "held", "declined", "paid", "part", "refunded", "altered", "unknown")


@pytest.mark.feature("M13")
@pytest.mark.parametrize("last", ["paid", "refunded", "declined", "part"])
def test_any_order_of_up_to_five_words_ends_right(anna: cast.Person, last: str) -> None:
    """Late, repeated and reordered words: money taken is counted once, money given back too, a late «declined» loses nothing."""
    mixes = [
        ("registered", "declined", last),
        ("altered", last, "unknown", last),
        ("registered", "held", "declined", last, last),
    ]
    seen: set[tuple[str, ...]] = set()
    for n, told in enumerate({one for mix in mixes for one in permutations(mix)}):
        payment = order(anna, f"form-{last}-{n}")
        for one in told:
            acquiring.learn(payment.id, _said(payment, one))
        counted = {"paid": AMOUNT, "part": AMOUNT - 30_000}.get(last, 0)
        wanted = {"paid": PAID, "part": PAID, "refunded": REFUNDED, "declined": state_of(payment)}[last]
        own = -sum(one.amount for one in Entry.select().where(Entry.source.contains(f":{payment.id}:")))
        assert (state_of(payment), own) == (wanted, counted), told
        fresh = Payment.get_by_id(payment.id)
        assert own == (fresh.amount - fresh.refunded if fresh.state in (PAID, REFUNDED) else 0)
        Payment.update(state=FAILED).where(Payment.state.in_(OPEN)).execute()
        seen.add(told)
    assert len(seen) > 30


def _said(payment: Payment, told: str) -> Word:
    if told == "altered":
        return word(payment, "paid", kopecks=payment.amount + 1)
    if told == "part":
        return word(payment, "refunded", refunded=30_000)
    return word(payment, told)


@pytest.mark.feature("M13")
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(st.sampled_from(MESSAGES), max_size=5))
def test_ledger_is_what_was_captured_less_what_was_given_back(anna: cast.Person, told: list[str]) -> None:
    payment = order(anna, f"form-{Payment.select().count()}")
    before = posted()
    for one in told:
        acquiring.learn(payment.id, _said(payment, one))
    fresh = Payment.get_by_id(payment.id)
    captured = any(one in ("paid", "part", "refunded") for one in told)
    back = AMOUNT if "refunded" in told else 30_000 if "part" in told else 0
    assert posted() - before == (AMOUNT - back if captured else 0)
    assert fresh.refunded == (back if captured else 0)
    Payment.update(state=FAILED).where(Payment.state.in_(OPEN)).execute()


CUTS = st.lists(st.integers(1, 1000), min_size=1, max_size=6)


@pytest.mark.feature("M13")
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.integers(1, 1000), min_size=2, max_size=2), cuts=CUTS)
def test_refund_in_any_cut_adds_up_for_each_service(anna: cast.Person, parts: list[int], cuts: list[int]) -> None:
    own = dict(zip(PARTS, [100 + part for part in parts], strict=True))
    payment = begin(anna, f"form-{Payment.select().count()}", own)
    acquiring.learn(payment.id, word(payment, "paid"))
    before = posted()
    given_back = 0
    for cut in cuts:
        given_back = min(payment.amount, given_back + cut)
        acquiring.learn(payment.id, word(payment, "refunded", refunded=given_back))
        assert before - posted() == given_back == Payment.get_by_id(payment.id).refunded
    back = Entry.select().where(Entry.kind == REFUND, Entry.source.startswith(f"refund:{payment.id}:"))
    assert all(entry.amount > 0 for entry in back)
    for service, part in own.items():
        assert 0 <= sum(entry.amount for entry in back if entry.service == service) <= part
    if given_back == payment.amount:
        assert state_of(payment) == REFUNDED


@given(st.lists(st.integers(1, 12), min_size=1, max_size=4))
@example([5, 2, 3])
def test_share_of_a_refund_is_never_more_than_is_left(parts: list[int]) -> None:
    """Kopeck after kopeck given back: no service gets back more than was paid for it."""
    left = {f"s{i}": part for i, part in enumerate(parts)}
    for _ in range(sum(parts)):
        share = ledger.in_proportion(1, {code: part for code, part in left.items() if part})
        left = {code: part - share.get(code, 0) for code, part in left.items()}
        assert min(left.values()) >= 0
    assert not any(left.values())


@pytest.mark.parametrize("cut", [3, 7, 33])
def test_share_of_a_refund_never_shrinks(anna: cast.Person, cut: int) -> None:
    """Given back by a few kopecks at a time, no service is ever charged a kopeck by a refund."""
    anna.account.services = "electricity,repair,heat"
    payment = begin(anna, parts={"electricity": 50, "repair": 20, "heat": 30})
    for back in (*range(cut, 100, cut), 100):
        acquiring.learn(payment.id, word(payment, "refunded", refunded=back))
    given_back = list(Entry.select().where(Entry.kind == REFUND))
    assert min(entry.amount for entry in given_back) > 0
    shares = {code: sum(one.amount for one in given_back if one.service == code) for code in payment.parts}
    assert (shares, state_of(payment)) == (payment.parts, REFUNDED)


# ---- starting


@pytest.mark.feature("S15")
def test_start_writes_the_order_and_the_consent(anna: cast.Person) -> None:
    payment = begin(anna)
    assert (payment.state, payment.amount, payment.parts, payment.channel) == (NEW, AMOUNT, PARTS, "web")
    assert payment.expires_at == clock.now() + payments.LIVES
    consents = Consent.select().where(Consent.account == anna.account.number, Consent.kind == "payment")
    assert [one.subject for one in consents] == [f"customer:{anna.id}"]
    assert posted() == 0


@pytest.mark.parametrize(
    ("parts", "facts", "rule"),
    [
        ({}, {}, "payment.least"),
        ({"electricity": 0}, {}, "payment.least"),
        ({"electricity": 99}, {}, "payment.least"),
        ({"electricity": 10_000_001}, {}, "payment.most"),
        ({"electricity": 5_000_000, "repair": 5_000_001}, {}, "payment.most"),
        ({"electricity": 20_000, "repair": -10_000}, {}, "payment.parts"),
        ({"heat": 20_000}, {}, "payment.parts"),
        ({"electricity": 20_000}, {"consented": False}, "payment.consent"),
    ],
)
def test_start_refused(anna: cast.Person, parts: dict[str, int], facts: dict[str, Any], rule: str) -> None:
    with pytest.raises(Refusal) as refusal:
        begin(anna, parts=parts, **facts)
    assert [problem.rule for problem in refusal.value.problems] == [rule]
    assert Payment.select().count() == 0


@pytest.mark.feature("M13")
def test_same_form_is_the_same_payment(anna: cast.Person) -> None:
    first = begin(anna)
    assert begin(anna).id == first.id
    with pytest.raises(Unfinished):  # the same form after Back with another sum is another payment
        begin(anna, parts={"electricity": 100})
    acquiring.learn(first.id, word(first, "paid"))
    assert begin(anna).id == first.id  # after Back, too


@pytest.mark.feature("M13")
def test_two_tabs_cannot_both_pay(anna: cast.Person) -> None:
    first = order(anna, "tab-1")
    with pytest.raises(Unfinished) as refusal:
        begin(anna, "tab-2")
    assert refusal.value.number == first.number
    acquiring.learn(first.id, word(first, "declined"))
    assert begin(anna, "tab-2").id != first.id


@pytest.mark.feature("M13")
@pytest.mark.parametrize("keys", [1, 20])
def test_one_order_is_open_whoever_races(anna: cast.Person, keys: int) -> None:
    done = at_once(20, lambda i: begin(anna, f"tab-{i % keys}").id)
    started = {one for one in done if isinstance(one, int)}
    assert len(started) == 1 == Payment.select().count()
    assert all(isinstance(one, (int, Unfinished)) for one in done), done
    assert keys > 1 or not any(isinstance(one, Unfinished) for one in done)


def test_same_key_for_another_account_is_another_payment(anna: cast.Person) -> None:
    vera = cast.vera()
    one = begin(anna)
    other = payments.start(
        vera.account, {"electricity": 100}, customer_id=vera.id, email="", key="form-1", consented=True
    )
    assert one.id != other.id


def test_late_registration_does_not_open_a_second_order(anna: cast.Person) -> None:
    """The bank did not answer, the customer began anew, and then the first answer comes."""
    first = begin(anna, "tab-1")
    acquiring.refused(first.id, "нет ответа")
    second = order(anna, "tab-2")
    acquiring.registered(first.id, "order-late", "https://bank.example")
    assert [one.id for one in Payment.select().where(Payment.state.in_(OPEN))] == [second.id]


def test_word_paid_after_a_failed_registration_counts(anna: cast.Person) -> None:
    first = begin(anna, "tab-1")
    acquiring.refused(first.id, "нет ответа")
    second = order(anna, "tab-2")
    assert acquiring.learn(first.id, word(first, "paid", order_id="order-late")) == PAID
    assert acquiring.learn(second.id, word(second, "paid")) == PAID
    assert posted() == 2 * AMOUNT


def test_refused_leaves_what_is_registered_alone(anna: cast.Person) -> None:
    payment = order(anna)
    acquiring.refused(payment.id, "поздно")
    assert state_of(payment) == REGISTERED


# ---- money that others report


def report(anna: cast.Person, amount: int = 50_000, **more: Any) -> Payment | None:
    given: dict[str, Any] = {"channel": "sberbank", "document": "261100017", "day": date(2026, 11, 10), **more}
    return payments.take_external(anna.account.id, amount, **given)


def test_reported_money_counts_once(anna: cast.Person) -> None:
    assert report(anna) is not None
    assert report(anna) is None
    assert report(anna, channel="bank") is not None  # a number of somebody else's
    assert posted() == 100_000


@pytest.mark.parametrize("amount", [0, -100])
def test_nothing_is_not_a_payment(anna: cast.Person, amount: int) -> None:
    with pytest.raises(Refusal, match="больше нуля"):
        report(anna, amount)


def test_reported_money_with_another_sum_or_account_is_refused(anna: cast.Person) -> None:
    report(anna)
    with pytest.raises(Refusal, match="другой суммой"):
        report(anna, 50_001)
    with pytest.raises(Refusal, match="счётом"):
        payments.take_external(
            cast.vera().account.id, 50_000, channel="sberbank", document="261100017", day=date(2026, 11, 10)
        )
    assert posted() == 50_000


def test_service_the_account_does_not_have(anna: cast.Person) -> None:
    with pytest.raises(Refusal, match="heat"):
        report(anna, service="heat")
    assert (Payment.select().count(), posted()) == (0, 0)


def test_reported_money_goes_to_what_is_owed(anna: cast.Person) -> None:
    for service, amount in (("electricity", 60_000), ("repair", 40_000)):
        ledger.post(
            ledger.New(anna.account.id, service, ledger.CHARGE, amount, date(2026, 10, 31), f"c:{service}", "2026-10")
        )
    report(anna)
    assert ledger.by_service(anna.account.id) == {"electricity": 30_000, "repair": 20_000}
    report(anna, document="2", service="repair")
    assert ledger.by_service(anna.account.id) == {"electricity": 30_000, "repair": -30_000}


@pytest.mark.feature("M13")
def test_same_document_at_once_counts_once(anna: cast.Person) -> None:
    done = at_once(20, lambda _: report(anna))
    assert sum(isinstance(one, Payment) for one in done) == 1 and not any(isinstance(one, Exception) for one in done)
    assert posted() == 50_000


def test_same_document_for_two_accounts_at_once_counts_for_one(anna: cast.Person) -> None:
    both = [anna.account.id, cast.vera().account.id]

    def one(i: int) -> Any:
        return payments.take_external(both[i % 2], 50_000, channel="bank", document="7", day=date(2026, 11, 10))

    done = at_once(20, one)
    assert posted() == 50_000
    assert all(one is None or isinstance(one, (Payment, Refusal)) for one in done), done


@pytest.mark.parametrize("order_", list(permutations([10_000, 45_000, 90_000])))
def test_order_in_which_money_becomes_known_does_not_matter(anna: cast.Person, order_: tuple[int, ...]) -> None:
    for service, amount in (("electricity", 60_000), ("repair", 40_000)):
        ledger.post(
            ledger.New(anna.account.id, service, ledger.CHARGE, amount, date(2026, 10, 31), f"c:{service}", "2026-10")
        )
    for amount in order_:
        report(anna, amount, document=str(amount))
    assert ledger.balance(anna.account.id) == 100_000 - 145_000


# ---- asking the bank


def due(payment: Payment) -> bool:
    return payment.id in acquiring.due_for_check()


def test_one_of_many_claims_a_check(anna: cast.Person, at: Any) -> None:
    payment = order(anna)
    at("2026-11-20T10:02")
    done = at_once(20, lambda _: acquiring.claim(payment.id))
    assert sum(isinstance(one, Payment) for one in done) == 1
    assert not due(payment)


def test_claim_of_a_killed_worker_runs_out(anna: cast.Person, at: Any) -> None:
    payment = order(anna)
    moment = at("2026-11-20T10:02")
    assert acquiring.claim(payment.id) is not None
    clock.freeze(moment + acquiring.LEASE - timedelta(seconds=1))
    assert acquiring.claim(payment.id) is None
    clock.freeze(moment + acquiring.LEASE)
    assert due(payment) and acquiring.claim(payment.id) is not None


def test_callback_does_not_wait_for_the_poller_but_for_whoever_asks_now(anna: cast.Person) -> None:
    payment = order(anna)
    assert acquiring.claim(payment.id) is None  # a minute has not passed
    assert acquiring.claim(payment.id, now=True) is not None
    assert acquiring.claim(payment.id, now=True) is None  # somebody asks at this moment
    clock.freeze(clock.now() + acquiring.IMPATIENCE)
    assert acquiring.claim(payment.id, now=True) is not None
    clock.freeze(clock.now() + acquiring.IMPATIENCE)
    acquiring.learn(payment.id, word(payment, "paid"))
    assert acquiring.claim(payment.id, now=True) is None  # all is known


def test_checks_grow_rare_and_end(anna: cast.Person, at: Any) -> None:
    payment = order(anna)
    gaps = []
    for hours in (0, 1, 12, 47):
        moment = at("2026-11-20T10:00") + timedelta(hours=hours)
        clock.freeze(moment)
        acquiring.schedule(payment.id)
        gaps.append((Payment.get_by_id(payment.id).next_check_at - moment).total_seconds())
    assert gaps == sorted(gaps) and gaps[0] == 20 and gaps[-1] == 7200
    clock.freeze(at("2026-11-20T10:00") + timedelta(days=30))
    acquiring.schedule(payment.id)
    assert Payment.get_by_id(payment.id).next_check_at is not None, "nobody knows yet how it ends"
    acquiring.learn(payment.id, word(payment, "declined"))
    acquiring.schedule(payment.id)
    assert Payment.get_by_id(payment.id).next_check_at is None


def test_paid_order_is_asked_until_its_cheque_is_there(anna: cast.Person) -> None:
    payment = order(anna)
    acquiring.learn(payment.id, word(payment, "paid"))
    acquiring.schedule(payment.id)
    assert Payment.get_by_id(payment.id).next_check_at is not None
    done = at_once(10, lambda _: acquiring.keep_cheque(payment.id, {"fn": "9999078900004312", "fd": "12", "fp": "345"}))
    assert not any(isinstance(one, Exception) for one in done)
    acquiring.schedule(payment.id)
    assert Payment.get_by_id(payment.id).next_check_at is None
    assert Message.select().where(Message.letter == "cheque").count() == 1


def test_payment_of_others_does_not_exist(anna: cast.Person) -> None:
    payment = order(anna)
    vera = cast.vera()
    assert payments.find(anna.id, payment.number).id == payment.id
    assert payments.find(vera.id, payment.number) is None
    assert payments.find(anna.id, payment.number.lower()) is None
    assert payments.find(anna.id, "2611-" + "A" * 5000) is None


def test_relative_sees_the_payment(anna: cast.Person) -> None:
    payment = order(anna)
    assert payments.find(cast.boris(anna).id, payment.number).id == payment.id
