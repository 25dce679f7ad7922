"""Blanks of consents to be signed at home: empty ones for everybody, one with the account's data for whoever holds it."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, abort, request
from flask_login import current_user

from models import company
from models.company_consents import KINDS, ConsentDocument
from models.contact import consent_forms
from models.metering.accounts import full_address, holder
from tasks.papers import consent_form
from tasks.papers.consent_form import Form
from views import downloads, papers
from views.door import account_or_404, customer_only, public
from views.page import page

room = Blueprint("consent_forms", __name__)


@room.get("/about/consents", endpoint="index")
@public
def index() -> Any:
    return page("customer/consent_forms/index.html", documents=consent_forms.documents().values())


@room.get("/about/consents/<string:kind>.pdf", endpoint="blank")
@public
def blank(kind: str) -> Any:
    """The words to sign, without a number: anybody may print it, and nothing is written down."""
    document = consent_forms.documents().get(kind) or abort(404)
    return _saved(_blank(document), f"{document.kind}-{document.version}")


@room.post("/accounts/<string:number>/consents/form", endpoint="prefilled")
@customer_only
def prefilled(number: str) -> Any:
    """The same with name, address and a number of its own: a POST, for the number is written down."""
    account = account_or_404(number)
    document = consent_forms.documents().get(request.form.get("kind", "")) or abort(404)
    papers.spend(str(current_user.id))
    made = consent_forms.print_for(account, document)
    form = Form(
        document, made.code, made.number, holder(account), full_address(account), account.number, KINDS[document.kind].contact
    )  # fmt: skip
    return _saved(consent_form.draw([form], company.current()), f"{document.kind}-{made.code}-{account.number}")


@lru_cache(32)
def _blank(document: ConsentDocument) -> bytes:
    form = Form(document, consent_forms.code_of(document), asks_contact=KINDS[document.kind].contact)
    return consent_form.draw([form], company.current())


def _saved(body: bytes, name: str) -> Response:
    return downloads.made(io.BytesIO(body), f"{name}.pdf", downloads.PDF)
