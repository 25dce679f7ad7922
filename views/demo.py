"""Demo only: every letter and SMS that would have gone out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app

from models.outbox import Message
from tasks import letters
from views.door import public
from views.page import page

room = Blueprint("demo", __name__)
SHOWN = 50


@room.get("/demo/letters", endpoint="letters")
@public
def show() -> Any:
    public_url = current_app.extensions["kabinet"].public_url
    return page(
        "demo/letters.html",
        messages=[(message, letters.put_together(message, public_url)) for message in Message.newest(SHOWN)],
    )
