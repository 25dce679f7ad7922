"""The demo's orders: of the last two months and the days to come, so that each page of theirs has something."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from models import clock, company, workdays
from models.base import database
from models.metering import slots
from models.metering.accounts import Account, Holding
from models.metering.meters import Meter
from models.metering.orders.rows import (
    APPOINTED,
    CANCELLED,
    DONE,
    FAILED,
    PLACED,
    REPLACEMENT,
    VERIFICATION,
    Order,
    OrderEvent,
)


class _Story(NamedTuple):
    """An order: how many days ago it was placed, what, in which state, and its words; `span` is the place of its hours."""

    ago: int
    kind: str
    state: str
    span: int
    model: str = ""
    words: str = ""
    reason: str = ""


_STORIES = (
    _Story(58, VERIFICATION, DONE, 0, words="Счётчик в подъезде, на третьем этаже."),
    _Story(
        41,
        REPLACEMENT,
        CANCELLED,
        1,
        "merkuriy-201",
        reason="Заявку отменили вы или тот, кому виден этот лицевой счёт.",
    ),
    _Story(33, VERIFICATION, DONE, 2),
    _Story(9, REPLACEMENT, FAILED, 1, "merkuriy-200", "Домофон не работает, звоните.", "Никого не было дома."),
    _Story(4, REPLACEMENT, APPOINTED, 0, "merkuriy-200", "Хотим перейти на два тарифа."),
    _Story(3, VERIFICATION, APPOINTED, 0),
    _Story(3, REPLACEMENT, APPOINTED, 1, "neva-mt112", "Щиток на столбе у ворот."),
    _Story(2, REPLACEMENT, PLACED, 0, words="Счётчик гудит и греется."),
    _Story(1, VERIFICATION, PLACED, 0),
)


def fill_demo() -> None:
    """Only into an empty table, and only the kinds that the company takes."""
    if Order.select().exists():
        return
    stories = [one for one in _STORIES if one.kind in company.current().orders.kinds]
    with database.atomic():
        for story, meter in zip(stories, _meters(), strict=False):
            _place(story, meter)


def _meters() -> list[Any]:
    """Meters that hang on open accounts, an account each, customers' own first."""
    held = {one.account_id for one in Holding.select(Holding.account).where(Holding.until.is_null())}
    query = (
        Meter.select(Meter, Account)
        .join(Account)
        .where(Meter.removed.is_null(), Account.closed.is_null(), Meter.installed < clock.today() - timedelta(days=90))
        .order_by(Meter.id)
    )
    own: dict[int, Any] = {}
    for meter in query:
        own.setdefault(meter.account_id, meter)
    return sorted(own.values(), key=lambda meter: (meter.account_id not in held, meter.id))


def _place(story: _Story, meter: Any) -> None:
    placed_at = _moment(story.ago, 11)
    span = slots.spans()[story.span % len(slots.spans())]
    day = _day(story, meter.account.office_id)
    is_timed = story.state in (APPOINTED, DONE, CANCELLED)
    order = Order.create(
        account=meter.account_id, customer=_holder(meter.account_id), meter=meter.id, office=meter.account.office_id, kind=story.kind,
        service=meter.service, model=story.model, phone=meter.account.phone or "+79135550123", words=story.words, state=story.state,
        state_at=placed_at, placed_at=placed_at, day=day if is_timed else None, span=span if is_timed else "", reason=story.reason,
    )  # fmt: skip
    first = PLACED if story.state == PLACED else APPOINTED
    _note(order, first, placed_at, day if first == APPOINTED else None, span)
    if story.state not in (PLACED, APPOINTED):
        text = story.reason or f"Счётчик № {meter.serial} поверен."
        ended_at = (
            _moment(story.ago - 1, 15) if story.state == CANCELLED else clock.utc(datetime.combine(day, time(16)))
        )
        _note(order, story.state, ended_at, None, "", text)
        Order.update(state_at=ended_at).where(Order.id == order.id).execute()


def _day(story: _Story, office_id: int | None) -> Any:
    """Of a visit to come the first free day, of one that was some days after the order."""
    if story.state in (APPOINTED, PLACED):
        return slots.offered(office_id)[story.span].day
    day, exceptions = clock.today() - timedelta(days=max(1, story.ago - 5)), workdays.special()
    while not workdays.is_working(day, exceptions):
        day -= timedelta(days=1)
    return day


def _note(order: Order, kind: str, at: datetime, day: Any, span: str, text: str = "") -> None:
    author = f"customer:{order.customer_id}" if order.customer_id else "system"
    OrderEvent.create(order=order.id, kind=kind, author=author, day=day, span=span if day else "", text=text, at=at)


def _moment(ago: int, hour: int) -> datetime:
    return clock.utc(datetime.combine(clock.today() - timedelta(days=ago), time(hour)))


def _holder(account_id: int) -> int | None:
    found = Holding.get_or_none(Holding.account == account_id, Holding.until.is_null())
    return found.customer_id if found else None
