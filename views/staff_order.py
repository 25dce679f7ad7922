"""An order as an employee opens it: whoever reads its name, phone and words is noted."""

from __future__ import annotations

from typing import Any

from flask import abort

from models.metering.orders import listing
from models.office import openings
from views.staff_door import officer


def opened(number: str) -> Any:
    """The order of this number, its opening by this employee noted; 404 where there is none."""
    order = listing.one(number) or abort(404)
    openings.open(officer().id, "order.opened", f"order:{order.id}")
    return order
