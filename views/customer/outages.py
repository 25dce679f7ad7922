"""Outages that are announced, by settlement and street: of places alone, whose account lies where is not told."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from models.contact.outages import live
from views.door import public
from views.page import page

room = Blueprint("outages", __name__)
A_PAGE, MOST_TYPED, MOST_SETTLEMENTS = 15, 100, 40


@room.get("/about/outages", endpoint="index")
@public
def index() -> Any:
    place, street = _typed("place"), _typed("street")
    found = live.everywhere(place, street)
    pages = max(1, -(-len(found) // A_PAGE))
    number = min(max(1, request.args.get("page", 1, type=int)), pages)
    return page(
        "customer/outages/index.html", place=place, street=street, total=len(found), number=number, pages=pages,
        found=found[(number - 1) * A_PAGE : number * A_PAGE], settlements=live.settlements()[:MOST_SETTLEMENTS],
    )  # fmt: skip


def _typed(name: str) -> str:
    text = request.args.get(name, "")[:MOST_TYPED]
    return "".join(one for one in text if one.isprintable()).strip()
