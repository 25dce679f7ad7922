"""What anyone may read: contacts, offices, personal data."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, abort, request

from models import company
from models.consents import ConsentText
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
    rules = company.current()
    former = [one for (kind, version), one in rules.consent_versions.items() if rules.consents[kind].version != version]
    return page("customer/about/privacy.html", documents=rules.consents.values(), former=former)


@room.get("/about/privacy/<string:kind>", endpoint="document")
@public
def document(kind: str) -> Any:
    present = company.current().consents.get(kind)
    if present is None:
        abort(404)
    version = request.args.get("version", present.version)
    found = present if version == present.version else _older(kind, version)
    if found is None:
        abort(404)
    return page("customer/about/document.html", document=found, present=present)


def _older(kind: str, version: str) -> Any:
    """A former version; one whose file is gone is kept while somebody has agreed to it."""
    if not version.isprintable():
        return None
    known = company.current().consent_versions.get((kind, version))
    return known or ConsentText.get_or_none(ConsentText.kind == kind, ConsentText.version == version)
