"""Placing an order, giving its visit another time, calling it off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from peewee import IntegrityError

from models import clock, company, seal, words
from models.base import Problem, Refusal, database
from models.metering import slots
from models.metering.accounts import is_open
from models.metering.meters import active
from models.metering.meters import of_account as meters_of
from models.metering.orders import moves
from models.metering.orders.rows import (
    APPOINTED,
    CANCELLED,
    FAILED,
    INSTALLATION,
    KIND_TITLES,
    LONGEST,
    LONGEST_REASON,
    MOVED,
    OPEN,
    PLACED,
    REPLACEMENT,
    VERIFICATION,
    Order,
    OrderEvent,
)
from models.people.customers import normal_phone

A_DAY = 10  # orders that a customer places, and steps of one order until they must phone
_TOO_MANY = "Слишком много изменений за сутки. Позвоните нам или вернитесь завтра."


@dataclass(frozen=True)
class Offer:
    """Something that may be ordered for an account, and the order that is open for it already, if one is."""

    kind: str
    service: str
    meter: Any | None  # to be replaced or verified
    standing: Order | None

    @property
    def code(self) -> str:
        """How a form names it: 'replacement-17', 'installation-electricity'."""
        return f"{self.kind}-{self.meter.id if self.meter else self.service}"

    @property
    def title(self) -> str:
        what = KIND_TITLES[self.kind].capitalize()
        return f"{what} №{words.NBSP}{self.meter.serial}" if self.meter else what


@dataclass(frozen=True)
class Wish:
    """What somebody wants."""

    what: str  # an offer's code
    model: str = ""  # of the catalogue; '' for «advise me»
    phone: str = ""
    words: str = ""
    slot: tuple[date, str] | None = None
    by_phone: bool = True  # whether a wish without hours says «let us agree by phone», or has forgotten them


def offers(account: Any, meters: list[Any] | None = None) -> list[Offer]:
    """What may be ordered for the account today. `meters` may be all it ever had, loaded already."""
    kinds, today = company.current().orders.kinds, clock.today()
    if not is_open(account, today):
        return []
    hung = active(meters_of(account=account.id) if meters is None else meters, today)
    standing = _standing(account.id)
    found = [
        Offer(kind, meter.service, meter, standing.get((kind, meter.id)))
        for meter in hung
        for kind in (REPLACEMENT, VERIFICATION)
        if kind in kinds
    ]
    metered = {meter.service for meter in hung}
    for code in account.services.split(",") if INSTALLATION in kinds else ():
        service = company.current().services.get(code)
        if service and service.metered and code not in metered:
            found.append(Offer(INSTALLATION, code, None, standing.get((INSTALLATION, code))))
    return found


def office_of(account: Any) -> int | None:
    """The id of the office whose fitter comes, of an account as a table's row or as a named tuple."""
    office: int | None = account.office_id if hasattr(account, "office_id") else account.office
    return office


def place(account: Any, wish: Wish, *, key: str, customer_id: int | None) -> Order:
    """Place an order; with hours chosen the visit is appointed at once. The same form again gives the same order.

    Refused, a problem a field: nothing that may be ordered here, an order that is open already, an unknown model, a phone that is
    none, too many words, hours that are not free or were forgotten, more than ten orders of a customer a day.
    """
    mark = seal.fingerprint(f"order|{account.id}|{key}|{wish}")
    if repeated := Order.get_or_none(Order.key == mark):
        return repeated
    try:
        return _placed(account, wish, mark, customer_id)
    except (Refusal, IntegrityError) as error:
        if repeated := Order.get_or_none(Order.key == mark):  # the same form, a moment ago
            return repeated
        if isinstance(error, Refusal):
            raise
        raise Refusal("what", "Такая заявка только что появилась. Посмотрите её в списке.", "order.open") from None


def appoint(order_id: int, slot: tuple[date, str] | None, *, by_staff: bool = False) -> Order:
    """Give the visit its hours, or other ones. The same hours again change nothing.

    Refused: no hours chosen or none free, an order that is over, and by a customer a visit that is today or was, or too often.
    """
    if slot is None:
        raise Refusal("slot", "Выберите день и время.", "slot.none")
    if not by_staff:
        _check_often(OrderEvent.select().where(OrderEvent.order == order_id, OrderEvent.at > _day_ago()))
    with database.atomic():
        order = moves.hold(order_id)
        if order.state == APPOINTED and (order.day, order.span) == slot:
            return order
        _check_changeable(order, by_staff=by_staff)
        slots.take(order.office_id, *slot, by_staff=by_staff)
        is_moved = order.state == APPOINTED
        moves.move(order, APPOINTED, event=MOVED if is_moved else APPOINTED, day=slot[0], span=slot[1], reason="")
        return order


def cancel(order_id: int, reason: str = "", *, by_staff: bool = False) -> Order:
    """Call the order off. Once more changes nothing.

    Refused: an order that is done, staff without a reason, and by a customer a visit that is today or was.
    """
    why = _reason(reason) if by_staff else "Заявку отменили вы или тот, кому виден этот лицевой счёт."
    with database.atomic():
        order = moves.hold(order_id)
        if order.state == CANCELLED:
            return order
        _check_changeable(order, by_staff=by_staff)
        moves.move(order, CANCELLED, why, reason=why)
        return order


def fail(order_id: int, reason: str) -> Order:
    """The fitter came in vain: the order waits for another time, its place is free again.

    Refused: no visit was appointed, or it is still to come; no reason.
    """
    why = _reason(reason)
    with database.atomic():
        order: Any = moves.hold(order_id)
        if order.state == APPOINTED and order.day > clock.today():
            text = f"Визит назначен на {words.day_month(order.day)}: он ещё не наступил. Перенесите его или отмените."
            raise Refusal("reason", text, "order.ahead")
        moves.move(order, FAILED, f"{why} Выберите другое время на странице заявки.", reason=why, day=None, span="")
        return order


def forget(customer_id: int) -> None:
    """Leave nothing of what a person has told in their orders, inside the transaction that closes their cabinet."""
    Order.update(phone="", words="").where(Order.customer == customer_id).execute()


def _placed(account: Any, wish: Wish, mark: str, customer_id: int | None) -> Order:
    chosen, problems = _checked(account, wish)
    phone = _phone(wish.phone, problems)
    if customer_id:
        _check_often(Order.select().where(Order.customer == customer_id, Order.placed_at > _day_ago()))
    with database.atomic():
        if wish.slot and chosen:
            _take(office_of(account), wish.slot, problems)
        if problems or chosen is None:
            raise Refusal(problems=problems)
        return _store(account, chosen, wish, phone, mark, customer_id)


def _standing(account_id: int) -> dict[tuple[str, Any], Order]:
    """Open orders by kind and meter, or by kind and service where there is no meter yet."""
    query: Any = Order.select().where(Order.account == account_id, Order.state.in_(OPEN))
    return {(order.kind, order.meter_id or order.service): order for order in query}


def _checked(account: Any, wish: Wish) -> tuple[Offer | None, list[Problem]]:
    possible: Mapping[str, Offer] = {offer.code: offer for offer in offers(account)}
    chosen, problems = possible.get(wish.what), []
    if chosen is None:
        problems.append(Problem("what", "Выберите, что нужно сделать.", "order.what"))
    elif chosen.standing:
        text = f"Такая заявка уже есть, № {chosen.standing.number}. Откройте её, чтобы перенести визит или отменить."
        problems.append(Problem("what", text, "order.open"))
    if wish.slot is None and not wish.by_phone:
        problems.append(Problem("slot", "Выберите день и время или «договоримся по телефону».", "slot.none"))
    if wish.model and not company.current().catalogue.find(wish.model):
        problems.append(Problem("model", "Такого счётчика в каталоге нет. Выберите другой.", "order.model"))
    if len(wish.words) > LONGEST:
        problems.append(Problem("words", f"Слишком длинно: можно до {LONGEST} знаков.", "order.words"))
    return chosen, problems


def _check_often(rows: Any) -> None:
    if rows.count() >= A_DAY:
        raise Refusal(None, _TOO_MANY, "order.often")


def _day_ago() -> datetime:
    return clock.now() - timedelta(days=1)


def _phone(typed: str, problems: list[Problem]) -> str:
    if not typed.strip():
        problems.append(Problem("phone", "Введите телефон: мастер позвонит перед визитом.", "phone.missing"))
        return ""
    try:
        return normal_phone(typed)
    except Refusal as refusal:
        problems += refusal.problems
        return ""


def _take(office_id: int | None, slot: tuple[date, str], problems: list[Problem]) -> None:
    try:
        slots.take(office_id, *slot)
    except Refusal as refusal:
        problems += refusal.problems


def _store(account: Any, chosen: Offer, wish: Wish, phone: str, key: str, customer_id: int | None) -> Order:
    day, span = wish.slot or (None, "")
    now = clock.now()
    order: Order = Order.create(
        account=account.id, customer=customer_id, meter=chosen.meter.id if chosen.meter else None, office=office_of(account),
        kind=chosen.kind, service=chosen.service, model="" if chosen.kind == VERIFICATION else wish.model, phone=phone,
        words=_readable(wish.words), state=APPOINTED if day else PLACED, state_at=now, placed_at=now, day=day, span=span, key=key,
    )  # fmt: skip
    moves.note(order, order.state)
    return order


def _readable(text: str) -> str:
    """The words as they are kept: line ends of one kind, nothing that nobody sees."""
    lines = ("".join(filter(str.isprintable, line)) for line in text.replace("\t", " ").splitlines())
    return "\n".join(lines).strip()


def _check_changeable(order: Any, *, by_staff: bool) -> None:
    if by_staff or order.state != APPOINTED or order.day > clock.today():
        return
    phone = company.current().phones[0].shown
    text = f"Изменить визит на странице можно не позже чем накануне. Позвоните нам: {phone}."
    raise Refusal(None, text, "order.late")


def _reason(typed: str) -> str:
    why = " ".join(typed.split())
    if not why:
        raise Refusal("reason", "Напишите, почему: это прочтёт клиент.", "order.reason")
    if len(why) > LONGEST_REASON:
        raise Refusal("reason", f"Слишком длинно: можно до {LONGEST_REASON} знаков.", "order.reason")
    return why if why.endswith((".", "!", "?")) else f"{why}."
