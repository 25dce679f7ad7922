"""Consents: what the customer has agreed to, the words of each, giving and withdrawing them."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint, abort, flash, request
from flask_login import current_user
from wtforms import RadioField, SelectField
from wtforms.validators import ValidationError

from models import company, consents, seal, words
from models.base import Refusal
from models.company_consents import ACCOUNT, EACH_PAYMENT, KINDS, PAYMENT, PERSONAL_DATA, Kind
from models.entrance import agreeing
from models.entrance.agreeing import Agreement, Given
from models.people.customers import Customer
from views.door import customer_only
from views.fields import Form, HiddenField, Password, Tick
from views.page import choices, page, part, refused, see, see_from_part

room = Blueprint("consents", __name__)
_GIVEN = "Согласие дано. Отозвать его можно здесь же в любой день."
_STAYS = "Согласие дано снова: кабинет остаётся. Если нужны счета по почте, включите их заново."
_WITHDRAWN = "Согласие отозвано."


class GiveForm(Form):
    """A box that nobody ticks beforehand; `key` tells a double click from a new consent."""

    key = HiddenField()
    account = SelectField("Лицевой счёт", validate_choice=False)
    way = RadioField("Как присылать уведомления", validate_choice=False)
    consent = Tick("Документ прочитан, я даю это согласие")


class WithdrawForm(Form):
    """Only a button."""


class LeaveForm(Form):
    password = Password("Пароль", required=agreeing.UNPROVEN)
    understood = Tick("Понимаю, что кабинет закроется")

    def validate_understood(self, field: Any) -> None:
        if not field.data:
            raise ValidationError(agreeing.NOT_UNDERSTOOD)


class Line(NamedTuple):
    """What a page says of one consent: for an account, or (number empty) for the person."""

    number: str
    given: Given | None


@room.get("/consents", endpoint="index")
@customer_only
def index() -> Any:
    numbers = [choice.number for choice in choices()]
    given = agreeing.of_customer(current_user.id, numbers)
    found = [
        (kind, _title(kind, given), _lines(kind, given, numbers)) for kind in agreeing.kinds() if kind.code != PAYMENT
    ]
    return page(
        "customer/consents/index.html",
        found=found,
        payments=agreeing.of_payments(current_user.id),
        payment=agreeing.document_of(PAYMENT),
        closes_at=_customer().closes_at,
    )


@room.get("/consents/<string:kind>", endpoint="show")
@customer_only
def show(kind: str) -> Any:
    return page("customer/consents/show.html", **_shown(_kind_or_404(kind), GiveForm()))


@room.post("/consents/<string:kind>", endpoint="give")
@customer_only
def give(kind: str) -> Any:
    own, form = _kind_or_404(kind), GiveForm()
    if done := _give(own, form):
        flash(done, "good")
        return see("consents.show", kind=kind)
    return refused("customer/consents/show.html", **_shown(own, form))


@room.post("/consents/<string:kind>/form", endpoint="give_part")
@customer_only
def give_part(kind: str) -> Any:
    """The same deed for htmx: the form alone comes back, or the way to the page that shows the consent."""
    own, form = _kind_or_404(kind), GiveForm()
    if done := _give(own, form):
        flash(done, "good")
        return see_from_part("consents.show", kind=kind)
    return part("customer/consents/_form.html", **_shown(own, form)), 422


@room.get("/consents/<string:kind>/withdraw", endpoint="ask_withdraw")
@customer_only
def ask_withdraw(kind: str) -> Any:
    own = _kind_or_404(kind)
    return page("customer/consents/withdraw.html", form=_withdraw_form(own), **_withdrawn(own))


@room.post("/consents/<string:kind>/withdraw", endpoint="withdraw")
@customer_only
def withdraw(kind: str) -> Any:
    own = _kind_or_404(kind)
    form = _withdraw_form(own)
    leaves = {"password": form.password.data or "", "understood": form.understood.data} if _leaves(own) else {}
    try:
        if form.validate():
            agreeing.withdraw_own(current_user.id, kind, _number(own), session_id=current_user.session_id, **leaves)
            flash(_WITHDRAWN, "good")
            return see(
                "consents.index" if kind == PAYMENT else "consents.show", **({} if kind == PAYMENT else {"kind": kind})
            )
    except Refusal as refusal:
        form.refuse(refusal)
    return refused("customer/consents/withdraw.html", form, **_withdrawn(own))


def _kind_or_404(code: str) -> Kind:
    kind = KINDS.get(code)
    if kind is None or agreeing.document_of(code) is None:
        abort(404)
    return kind


def _customer() -> Customer:
    customer: Customer = Customer.get_by_id(current_user.id)
    return customer


def _give(kind: Kind, form: GiveForm) -> str:
    """What to say after it was given; empty: it was refused, and the form tells why."""
    filled = Agreement(bool(form.consent.data), form.account.data or "", form.way.data or "")
    try:
        if not form.validate():
            return ""
        agreeing.agree(current_user.id, kind.code, filled, key=form.key.data or "")
    except Refusal as refusal:
        form.refuse(refusal)
        return ""
    return _STAYS if kind.code == PERSONAL_DATA else _GIVEN


def _shown(kind: Kind, form: GiveForm) -> dict[str, Any]:
    """What the page and the form alone need: the words, what stands, the form where the consent is asked for here."""
    numbers = [choice.number for choice in choices()]
    given = [one for one in agreeing.of_customer(current_user.id, numbers) if one.consent.kind == kind.code]
    customer, document, lines = _customer(), agreeing.document_of(kind.code), _lines(kind, given, numbers)
    standing = [line.given for line in lines if line.given and line.given.state == consents.IN_FORCE]
    is_asked = agreeing.is_asked(kind.code, customer) and (kind.about == ACCOUNT or not standing)
    free = next((line.number for line in lines if not line.given or line.given.state != consents.IN_FORCE), "")
    return {
        "kind": kind, "document": document, "read": standing[0].text if standing and not is_asked else document, "lines": lines,
        "earlier": given, "payments": agreeing.of_payments(current_user.id) if kind.code == PAYMENT else [],
        "form": _offered(form, customer, free), "is_asked": is_asked and bool(numbers or kind.about != ACCOUNT),
        "closes_at": customer.closes_at, "each_payment": kind.asked == EACH_PAYMENT,
    }  # fmt: skip


def _offered(form: GiveForm, customer: Customer, free: str) -> GiveForm:
    """The form with its choices; `free` is the account that has no consent yet."""
    form.key.data = form.key.data or seal.token()[:22]
    form.account.choices = [(one.number, f"{one.number}, {one.address}") for one in choices()]
    if form.account.data is None:
        form.account.data = request.args.get("account", "") or free
    phone = f"в СМС на {words.phone(customer.phone)}" if customer.phone else "в СМС (телефон не указан)"
    form.way.choices = [(agreeing.EMAIL, f"по почте на {customer.email}"), (agreeing.SMS, phone)]
    return form


def _withdraw_form(kind: Kind) -> Any:
    return LeaveForm() if _leaves(kind) else WithdrawForm()


def _leaves(kind: Kind) -> bool:
    return kind.code == PERSONAL_DATA


def _withdrawn(kind: Kind) -> dict[str, Any]:
    """What the page before a withdrawal tells: of which consent, or that there is none."""
    number = _number(kind)
    if kind.code == PAYMENT:
        standing: Any = [one for one in agreeing.of_payments(current_user.id) if one.account == number]
    else:
        given = agreeing.of_customer(current_user.id, [choice.number for choice in choices()])
        mine = [one for one in given if one.consent.kind == kind.code and one.may_be_withdrawn]
        standing = [one for one in mine if kind.about != ACCOUNT or one.consent.account == number]
    return {
        "kind": kind,
        "number": number,
        "standing": standing,
        "title": _title(kind, []),
        "days": consents.ENDS_IN.days,
        "closes_at": _customer().closes_at,
    }


def _number(kind: Kind) -> str:
    """The account that the address names, as accounts are written; held or not, for a consent outlives the link."""
    named = request.args.get("account", "") if kind.about == ACCOUNT else ""
    return company.current().normal_number(named) or ""


def _title(kind: Kind, given: list[Given]) -> str:
    """The title of the words that stand, else of those in force today."""
    own = next((one for one in given if one.consent.kind == kind.code and one.state == consents.IN_FORCE), None)
    document = agreeing.document_of(kind.code)
    return own.text.title if own else document.title if document else ""


def _lines(kind: Kind, given: list[Given], numbers: list[str]) -> list[Line]:
    """A line for the person, or one for each account; those signed on paper for an account come beside the person's own."""
    of_kind = [one for one in given if one.consent.kind == kind.code]
    if kind.about == ACCOUNT:
        return [Line(number, _best([one for one in of_kind if one.consent.account == number])) for number in numbers]
    papers = {
        number: _best([one for one in of_kind if not one.is_own and one.consent.account == number])
        for number in numbers
    }
    own = Line("", _best([one for one in of_kind if one.is_own]))
    return [own, *(Line(number, one) for number, one in papers.items() if one)]


def _best(given: list[Given]) -> Given | None:
    """The one that stands, else the newest."""
    return next((one for one in given if one.state == consents.IN_FORCE), given[0] if given else None)
