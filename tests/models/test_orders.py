"""Orders for a meter: what may be wished, that it is stored once, its steps, who is told, who sees it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from peewee import Database

from models import clock, seal
from models.audit import AuditRow
from models.base import Refusal
from models.entrance import leaving
from models.metering import accounts, slots
from models.metering.meters import Meter
from models.metering.orders import demo, listing, placing, telling
from models.metering.orders.listing import Filter
from models.metering.orders.placing import Wish
from models.metering.orders.rows import (
    APPOINTED,
    CANCELLED,
    FAILED,
    PLACED,
    STATES,
    Order,
    OrderEvent,
    hours,
    visit,
)
from models.numbers import number_of
from models.outbox import Message
from tests import cast
from tests.crowd import at_once

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
MORNING, NOON = "09:00-12:00", "12:00-15:00"
PHONE = "8 (913) 555-01-23"


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna(history=False)


def place(person: cast.Person, what: str = "", *, key: str = "", **facts: Any) -> Order:
    meter = person.meter
    code = what or f"replacement-{meter.id if meter else 0}"
    wished = Wish(code, **{"phone": PHONE, "slot": (MONDAY, MORNING), **facts})
    return placing.place(person.account, wished, key=key or seal.token(), customer_id=person.id)


def rules(error: pytest.ExceptionInfo[Refusal]) -> list[str]:
    return [problem.rule for problem in error.value.problems]


def steps(order: Order) -> list[str]:
    return [one.kind for one in OrderEvent.select().where(OrderEvent.order == order.id).order_by(OrderEvent.id)]


# ---- what may be ordered


def test_a_meter_may_be_replaced_and_verified(anna: cast.Person) -> None:
    assert [offer.title for offer in placing.offers(anna.account)] == [
        "Замена счётчика №\u00a087749621",
        "Поверка счётчика №\u00a087749621",
    ]


def test_where_no_meter_hangs_one_may_be_installed(anna: cast.Person) -> None:
    assert [offer.code for offer in placing.offers(cast.boris(anna).account)] == ["installation-electricity"]


@pytest.mark.company("kaluga")
def test_a_company_offers_its_own_kinds_alone(db: Database) -> None:
    bare = cast.account(1)
    assert placing.offers(bare) == []
    cast.hang(bare, "77")
    assert [offer.kind for offer in placing.offers(bare)] == ["replacement", "verification"]


@pytest.mark.company("koryak")
def test_a_company_without_orders_offers_nothing(db: Database) -> None:
    own = cast.account(1)
    cast.hang(own, "77")
    assert placing.offers(own) == []


def test_a_closed_account_is_offered_nothing(db: Database) -> None:
    own = cast.account(1, closed=date(2026, 11, 1))
    cast.hang(own, "77")
    assert placing.offers(own) == []


# ---- placing


@pytest.mark.feature("S44")
def test_an_order_with_hours_is_appointed_at_once(anna: cast.Person) -> None:
    order = place(anna, model="merkuriy-200", words=" Домофон не работает ")
    assert (order.state, order.day, order.span, order.phone) == (APPOINTED, MONDAY, MORNING, "+79135550123")
    assert (order.kind, order.meter_id, order.model, order.words) == (
        "replacement", anna.meter and anna.meter.id, "merkuriy-200", "Домофон не работает",
    )  # fmt: skip
    assert order.number == number_of(order.id, order.placed_at) == f"2611-{order.id:06d}"
    assert steps(order) == [APPOINTED]
    assert AuditRow.get(AuditRow.deed == "order.appointed").subject == f"order:{order.id}"


def test_an_order_without_hours_waits_for_the_office(anna: cast.Person) -> None:
    order = place(anna, slot=None)
    assert (order.state, order.day, order.span) == (PLACED, None, "")
    assert [one.id for one in listing.found(Filter("waiting"), most=9)] == [order.id]


def test_the_letter_says_when_the_fitter_comes_and_what_to_prepare(anna: cast.Person) -> None:
    order = place(anna)
    letter = Message.get(Message.letter == "order_news")
    assert (letter.to, letter.subject, letter.account) == (
        "anna@example.ru",
        f"customer:{anna.id}",
        anna.account.number,
    )
    assert (letter.data["number"], letter.data["state"]) == (order.number, "визит назначен")
    assert "23\u00a0ноября, с\u00a09 до\u00a012" in letter.data["text"] and "паспорт" in letter.data["text"]


def test_the_same_form_again_is_the_same_order(anna: cast.Person) -> None:
    first = place(anna, key="k")
    assert place(anna, key="k").id == first.id
    assert (Order.select().count(), Message.select().count()) == (1, 1)


def test_eight_presses_at_once_make_one_order(anna: cast.Person) -> None:
    done = at_once(8, lambda _: place(anna, key="k"))
    assert {one.id for one in done} == {Order.get().id}
    assert OrderEvent.select().count() == 1


def test_two_forms_at_once_for_one_meter_make_one_order(anna: cast.Person) -> None:
    done = at_once(6, lambda i: place(anna, key=f"k{i}"))
    assert sum(isinstance(one, Order) for one in done) == 1
    assert {one.problems[0].rule for one in done if isinstance(one, Refusal)} == {"order.open"}


def test_one_open_order_a_meter_and_kind(anna: cast.Person) -> None:
    first = place(anna)
    with pytest.raises(Refusal) as refused:
        place(anna)
    assert rules(refused) == ["order.open"] and first.number in refused.value.text
    assert anna.meter is not None
    assert place(anna, f"verification-{anna.meter.id}").id != first.id  # another kind
    placing.cancel(first.id)
    assert place(anna).state == APPOINTED  # the first is over


def test_one_open_installation_an_account(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    place(boris, "installation-electricity")
    with pytest.raises(Refusal) as refused:
        place(boris, "installation-electricity")
    assert rules(refused) == ["order.open"]


def test_all_that_is_wrong_is_told_at_once(anna: cast.Person) -> None:
    with pytest.raises(Refusal) as refused:
        place(
            anna, "replacement-9", model="perpetuum", phone="12", words="я" * 1001, slot=(date(2026, 11, 21), MORNING)
        )
    assert [(problem.field, problem.rule) for problem in refused.value.problems[:4]] == [
        ("what", "order.what"), ("model", "order.model"), ("words", "order.words"), ("phone", "phone.shape"),
    ]  # fmt: skip
    assert Order.select().count() == 0


def test_another_accounts_meter_cannot_be_ordered_for(anna: cast.Person) -> None:
    other = cast.vera()
    with pytest.raises(Refusal) as refused:
        place(anna, f"replacement-{other.meter and other.meter.id}")
    assert rules(refused) == ["order.what"]


# ---- its steps


def test_a_visit_is_moved(anna: cast.Person) -> None:
    order = placing.appoint(place(anna).id, (TUESDAY, NOON))
    assert (order.state, order.day, order.span) == (APPOINTED, TUESDAY, NOON)
    assert steps(order) == [APPOINTED, "moved"]
    assert "визит перенесён" in [one.data["state"] for one in Message.select()]


def test_the_same_hours_again_change_nothing(anna: cast.Person) -> None:
    order = place(anna)
    placing.appoint(order.id, (MONDAY, MORNING))
    assert steps(order) == [APPOINTED]


def test_up_to_the_day_before_customers_change_their_visit(anna: cast.Person, at: Any) -> None:
    order = place(anna)
    at("2026-11-22T23:59")
    placing.appoint(order.id, (TUESDAY, NOON))
    at("2026-11-24T00:01")
    for late in (lambda: placing.appoint(order.id, (date(2026, 11, 27), NOON)), lambda: placing.cancel(order.id)):
        with pytest.raises(Refusal) as refused:
            late()
        assert rules(refused) == ["order.late"] and "Позвоните" in refused.value.text
    placing.cancel(order.id, "Мастер заболел", by_staff=True)
    assert Order.get().reason == "Мастер заболел."


def test_a_visit_in_vain_waits_for_another_time(anna: cast.Person, at: Any) -> None:
    order = place(anna)
    with pytest.raises(Refusal) as refused:
        placing.fail(order.id, "Никого не было дома")
    assert rules(refused) == ["order.ahead"]
    at("2026-11-23T13:00")
    failed = placing.fail(order.id, "Никого не было дома")
    assert (failed.state, failed.day, failed.reason) == (FAILED, None, "Никого не было дома.")
    again = placing.appoint(order.id, (date(2026, 11, 25), NOON))
    assert (again.state, again.reason) == (APPOINTED, "")
    assert steps(order) == [APPOINTED, FAILED, APPOINTED]


def test_what_is_called_off_stays_so(anna: cast.Person) -> None:
    order = place(anna)
    placing.cancel(order.id)
    assert placing.cancel(order.id).state == CANCELLED
    with pytest.raises(Refusal) as refused:
        placing.appoint(order.id, (TUESDAY, NOON))
    assert rules(refused) == ["order.state"]
    assert steps(order) == [APPOINTED, CANCELLED]


def test_staff_call_off_with_a_reason_alone(anna: cast.Person) -> None:
    order = place(anna)
    for reason in ("", "  ", "я" * 301):
        with pytest.raises(Refusal) as refused:
            placing.cancel(order.id, reason, by_staff=True)
        assert rules(refused) == ["order.reason"]


def test_a_cancel_and_a_move_at_once_leave_one_of_them(anna: cast.Person) -> None:
    order = place(anna)
    at_once(2, lambda i: placing.cancel(order.id) if i else placing.appoint(order.id, (TUESDAY, NOON)))
    assert Order.get().state == CANCELLED
    assert steps(order) in ([APPOINTED, CANCELLED], [APPOINTED, "moved", CANCELLED])


# ---- who is told, who sees it


def test_an_order_of_the_office_is_told_to_everybody_who_holds_the_account(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    assert anna.meter is not None
    wished = Wish(f"replacement-{anna.meter.id}", phone=PHONE)
    placing.place(anna.account, wished, key="k", customer_id=None)
    news = Message.select().where(Message.letter == "order_news")
    assert {one.to for one in news} == {anna.customer.email, boris.customer.email}


def test_who_let_the_account_go_is_told_nothing_and_sees_nothing(anna: cast.Person) -> None:
    order = place(anna)
    accounts.unlink(anna.id, anna.account)
    placing.cancel(order.id, "Счёт отвязан", by_staff=True)
    assert Message.select().where(Message.letter == "order_news").count() == 1  # the first, before
    assert listing.of_customer(anna.id) == [] and listing.one_of(anna.id, order.number) is None


def test_relatives_see_the_orders_of_the_account_and_strangers_do_not(anna: cast.Person) -> None:
    boris, vera = cast.boris(anna), cast.vera()
    order = place(anna)
    assert [one.id for one in listing.of_customer(boris.id)] == [order.id]
    assert listing.one_of(boris.id, order.number) is not None
    assert listing.one_of(vera.id, order.number) is None
    assert listing.one_of(anna.id, f"2610-{order.id:06d}") is None
    assert listing.one_of(anna.id, "garbage") is None


def test_the_office_finds_by_day_state_number_and_account(anna: cast.Person) -> None:
    first, second = place(anna), place(cast.boris(anna), "installation-electricity", slot=None)
    assert [one.id for one in listing.found(Filter(day=MONDAY), most=9)] == [first.id]
    assert [one.id for one in listing.found(Filter(state="waiting"), most=9)] == [second.id]
    assert [one.id for one in listing.found(Filter(text=first.number), most=9)] == [first.id]
    assert [one.id for one in listing.found(Filter(text="87749621"), most=9)] == [first.id]
    assert listing.found(Filter(text="nothing at all"), most=9) == []
    assert listing.count(Filter(kind="installation")) == 1
    assert [one.id for one in listing.sheet(MONDAY, "")] == [first.id]


def test_what_a_person_has_told_is_forgotten(anna: cast.Person) -> None:
    place(anna, words="Код домофона 12")
    placing.forget(anna.id)
    assert (Order.get().phone, Order.get().words) == ("", "")


def test_hours_in_words(anna: cast.Person) -> None:
    assert hours("09:00-12:30") == "с\u00a09 до\u00a012:30"
    assert visit(Order(day=None)) == ""


def test_two_meters_of_one_account_have_orders_of_their_own(anna: cast.Person) -> None:
    other = cast.hang(anna.account, "222")
    place(anna)
    place(anna, f"replacement-{other.id}")
    assert {one.meter_id for one in Order.select()} == {one.id for one in Meter.select()}


def test_the_demo_fills_an_empty_table_once(anna: cast.Person) -> None:
    for n in range(12):
        cast.hang(cast.account(300 + n), f"3330{n}")
    demo.fill_demo()
    assert {one.state for one in Order.select()} == set(STATES)
    count = Order.select().count()
    demo.fill_demo()
    assert Order.select().count() == count


def test_a_cabinet_that_closes_leaves_no_phone_in_its_orders(anna: cast.Person, at: Any) -> None:
    place(anna, words="Код домофона 12")
    leaving.begin(anna.id, clock.now())
    at("2026-11-21T10:00")
    assert leaving.close(anna.id)
    assert (Order.get().phone, Order.get().words) == ("", "")


def test_the_same_form_with_other_hours_is_another_wish(anna: cast.Person) -> None:
    first = place(anna, key="k")
    with pytest.raises(Refusal) as refused:
        place(anna, key="k", slot=(TUESDAY, MORNING))
    assert rules(refused) == ["order.open"]
    placing.cancel(first.id)
    assert place(anna, key="k", slot=(TUESDAY, MORNING)).day == TUESDAY


def test_hours_that_were_forgotten_are_told_with_all_the_rest(anna: cast.Person) -> None:
    with pytest.raises(Refusal) as refused:
        placing.place(anna.account, Wish("", by_phone=False), key="k", customer_id=anna.id)
    assert {one.rule for one in refused.value.problems} == {"order.what", "slot.none", "phone.missing"}


def test_a_customer_places_ten_orders_a_day(anna: cast.Person, at: Any) -> None:
    for _ in range(placing.A_DAY):
        placing.cancel(place(anna).id)
    with pytest.raises(Refusal) as refused:
        place(anna)
    assert rules(refused) == ["order.often"]
    assert placing.place(
        anna.account, Wish(f"replacement-{anna.meter.id}", phone="89135550123"), key="s", customer_id=None
    )
    at("2026-11-21T10:01")
    assert place(anna, f"verification-{anna.meter.id}")


def test_a_visit_is_not_moved_without_end(anna: cast.Person) -> None:
    order = place(anna, slot=(MONDAY, MORNING))
    for i in range(1, placing.A_DAY):
        placing.appoint(order.id, (MONDAY, slots.spans()[i % 2]))
    with pytest.raises(Refusal) as refused:
        placing.appoint(order.id, (MONDAY, slots.spans()[2]))
    assert rules(refused) == ["order.often"]
    assert placing.appoint(order.id, (MONDAY, slots.spans()[2]), by_staff=True).span == slots.spans()[2]


def test_what_it_costs_is_told(anna: cast.Person) -> None:
    place(anna, model="merkuriy-200")
    text = Message.get(Message.letter == "order_news").data["text"]
    assert "3\u202f190,00\u00a0₽ с работой, если прежний счётчик исправен и поверен; иначе бесплатно." in text
    assert telling.cost("verification", "") == "" and telling.cost("installation", "") == "бесплатно"
