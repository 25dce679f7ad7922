"""What anyone may read: contacts, offices, personal data."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, abort

from models import company
from models.metering.accounts import Office
from views.door import public
from views.page import page

room = Blueprint("about", __name__)


@room.get("/about/contacts", endpoint="contacts")
@public
def contacts() -> Any:
    return page("customer/about/contacts.html")


@room.get("/about/offices", endpoint="offices")
@public
def offices() -> Any:
    found = Office.select().order_by(Office.settlement, Office.name)
    by_settlement = [
        (settlement, list(group)) for settlement, group in groupby(found, key=lambda office: office.settlement)
    ]
    return page("customer/about/offices.html", settlements=by_settlement)


@room.get("/about/privacy", endpoint="privacy")
@public
def privacy() -> Any:
    return page("customer/about/privacy.html", documents=company.current().consents.values())


@room.get("/about/privacy/<string:kind>", endpoint="document")
@public
def document(kind: str) -> Any:
    found = company.current().consents.get(kind)
    if found is None:
        abort(404)
    return page("customer/about/document.html", document=found)
