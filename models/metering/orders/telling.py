"""Letters about orders: to whoever placed it, else to everybody who holds the account, else to the account's own address."""

from __future__ import annotations

from models import company, outbox, words
from models.metering.accounts import Holding
from models.metering.orders.rows import (
    APPOINTED,
    INSTALLATION,
    KIND_TITLES,
    MOVED,
    PLACED,
    REPLACEMENT,
    TITLES,
    VERIFICATION,
    Order,
    OrderEvent,
    visit,
)
from models.people.customers import Customer

_ALWAYS = ("Дома должен быть взрослый с паспортом.", "К месту счётчика нужен свободный доступ.")
PREPARE = {
    INSTALLATION: (*_ALWAYS, "Если счётчик вы купили сами, приготовьте его паспорт.", "На время работы свет отключат примерно на час."),
    REPLACEMENT: (*_ALWAYS, "Если сохранился паспорт старого счётчика, приготовьте его.", "На время работы свет отключат примерно на час."),
    VERIFICATION: (*_ALWAYS, "Приготовьте паспорт счётчика или прошлое свидетельство о поверке, если они сохранились."),
}  # fmt: skip


def said(order: Order, event: str, text: str = "") -> str:
    """What a step of the order means for the customer."""
    price = cost(order.kind, order.model)
    paid = f" Цена: {price}." if price else ""
    if event == PLACED:
        return f"Мы позвоним по номеру {words.phone(order.phone)}, чтобы договориться о дне визита.{paid}"
    if event in (APPOINTED, MOVED):
        return f"Мастер придёт {visit(order)}. {' '.join(PREPARE[order.kind])}{paid}"
    return text


def cost(kind: str, model: str) -> str:
    """What the customer pays for the wish, by the catalogue; '' of a verification."""
    if kind == VERIFICATION:
        return ""
    known = company.current().catalogue.find(model)
    if kind == INSTALLATION or (known and not known.price):
        return "бесплатно"
    paid = f"{words.rubles(known.price)} с работой" if known else "по каталогу"
    return f"{paid}, если прежний счётчик исправен и поверен; иначе бесплатно"


def tell(order: Order, event: OrderEvent) -> None:
    """Write about the step; once, however often it is told."""
    state = "визит перенесён" if event.kind == MOVED else TITLES[event.kind]
    data = {
        "number": order.number,
        "kind": KIND_TITLES[order.kind],
        "state": state,
        "text": said(order, event.kind, event.text),
    }
    for email, subject in _addressees(order):
        outbox.post(
            "order_news", email, data, key=f"order_news:{event.id}:{email}", subject=subject, account=order.account.number
        )  # fmt: skip


def _addressees(order: Order) -> list[tuple[str, str]]:
    """Addresses with the audit's name of whose they are; '' of the account's own."""
    held = (Holding.account == order.account_id) & Holding.until.is_null()
    found = list(Customer.select(Customer.id, Customer.email).join(Holding).where(held).order_by(Customer.id))
    placed = [one for one in found if one.id == order.customer_id]
    if holders := placed or found:
        return [(one.email, one.subject) for one in holders]
    return [(order.account.email, "")] if order.account.email else []
