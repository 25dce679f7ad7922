"""The desk: what waits for people today."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from views.staff_door import staff_only
from views.staff_page import page

room = Blueprint("staff_desk", __name__)


@room.get("/staff/", endpoint="show")
@staff_only("desk.see")
def show() -> Any:
    return page("staff/desk/show.html")
