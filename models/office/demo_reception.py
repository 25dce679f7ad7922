"""The demo's reception: what people have written, asked for and read in the last two months, so that each of its pages has something."""

from __future__ import annotations

from models.contact import contact_demo
from models.contact.information import demo as information
from models.metering.orders import demo as orders
from models.office.inbox import demo as inbox


def load() -> None:
    """After the demo company itself; a second time changes nothing."""
    inbox.fill_demo()
    orders.fill_demo()
    contact_demo.fill_demo()
    information.fill_demo()
