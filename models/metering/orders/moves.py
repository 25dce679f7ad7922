"""Every change of an order: one legal move, its event, its audit row, its letter. The verbs around it decide who may.

Call inside the verb's transaction.
"""

from __future__ import annotations

from typing import Any

from models import audit, clock
from models.base import Refusal, locked
from models.metering.orders import telling
from models.metering.orders.rows import (
    APPOINTED,
    CANCELLED,
    DONE,
    FAILED,
    OPEN,
    PLACED,
    Order,
    OrderEvent,
)

_FROM = {
    APPOINTED: (PLACED, APPOINTED, FAILED),
    FAILED: (APPOINTED,),
    DONE: OPEN,
    CANCELLED: OPEN,
}


def hold(order_id: int) -> Order:
    """The order as it is now, held until the transaction ends."""
    held: Order = locked(Order.select().where(Order.id == order_id)).get()
    return held


def move(order: Order, state: str, text: str = "", *, event: str = "", **changes: Any) -> None:
    """Move to the state, with other columns changed beside it. `text` is the customer's to read; `event` names the step, if not
    the state does.

    Refused: the order is not, or no more, in a state from which one gets there.
    """
    changes |= {"state": state, "state_at": clock.now()}
    moved = Order.update(**changes).where(Order.id == order.id, Order.state.in_(_FROM[state])).execute()
    if moved != 1:
        raise Refusal(None, "Заявка тем временем изменилась. Посмотрите, что с ней теперь.", "order.state")
    for name, value in changes.items():
        setattr(order, name, value)
    note(order, event or state, text)


def note(order: Order, event: str, text: str = "") -> None:
    """The step as a dated event, an audit row and a letter."""
    noted = OrderEvent.create(
        order=order.id, kind=event, author=audit.actor().who, day=order.day, span=order.span, text=text, at=clock.now()
    )
    audit.record(f"order.{event}", order.subject, account=order.account.number, kind=order.kind)
    telling.tell(order, noted)
