"""Consents on paper at the office: signed ones taken in, blanks printed."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, g, request
from wtforms import FileField, SelectField

from models import clock, company, limits, seal
from models.base import Refusal
from models.company_consents import KINDS, ConsentDocument
from models.contact import consent_forms, consent_papers
from models.contact.consent_forms import ConsentForm
from models.contact.consent_papers import CHANNELS, WAYS, Paper
from models.metering.accounts import Account, full_address, holder, masked
from tasks.papers import consent_form
from tasks.papers.consent_form import Form as Printed
from views import downloads, kept, staff_consent
from views.fields import Form, HiddenField, Line, Shown
from views.page import see
from views.staff_door import officer, staff_only
from views.staff_page import page, refused

room = Blueprint("consent_papers", __name__)
_FILES, _PER = 120, 3600  # seconds
_TOO_MANY = "За час напечатано слишком много бланков. Подождите немного и попробуйте снова."
_PRINT = "staff/consents/print.html"


class PaperForm(Form):
    """What is found (form, kind, account), then what stands on the paper."""

    form = Shown("Номер бланка")
    kind = SelectField("Какое согласие", validate_choice=False)
    account = Shown("Лицевой счёт")
    key = HiddenField()
    signed_on = Line("Когда подписано", most=10)
    channel = SelectField("Как пришла бумага", validate_choice=False)
    way = SelectField("Что отмечено на бланке", validate_choice=False)
    address = Line("Адрес почты или телефон с бланка", most=254)
    scan = FileField("Скан подписанной бумаги")
    without_scan = Line("Почему скана нет", most=consent_papers.LONGEST_REASON)

    def offer(self) -> PaperForm:
        papers = {f"{one.kind}.{one.version}": f"{one.title}, редакция {one.version}" for one in _papers()}
        self.kind.choices = staff_consent.choices(papers, "выберите")
        self.channel.choices = staff_consent.choices(CHANNELS)
        self.way.choices = staff_consent.choices(WAYS, "выберите")
        return self


class PrintForm(Form):
    kind = SelectField("Какое согласие", validate_choice=False)
    account = Line("Лицевой счёт", most=64)
    copies = Line("Сколько пустых", most=3, default="1")

    def offer(self) -> PrintForm:
        titles = {code: one.title for code, one in consent_forms.documents().items()}
        self.kind.choices = staff_consent.choices(titles)
        return self


@dataclass
class Sought:
    """What is known of a paper so far: the blank, its document, the account; or the accounts it may be."""

    form: ConsentForm | None = None
    document: ConsentDocument | None = None
    account: Account | None = None
    candidates: tuple[Account, ...] = ()

    @property
    def is_whole(self) -> bool:
        return self.document is not None and self.account is not None

    @property
    def asks_contact(self) -> bool:
        return self.document is not None and KINDS[self.document.kind].contact

    @property
    def is_old(self) -> bool:
        """Whether another version is in force by now; the signed one counts all the same."""
        document = self.document
        return document is not None and company.current().consents.get(document.kind) != document


@room.url_value_preprocessor
def _belong(endpoint: str | None, _values: Any) -> None:
    g.section = "staff_consents"
    if endpoint == "consent_papers.register":
        staff_consent.let_scan_in()


@room.get("/staff/consents/register", endpoint="begin")
@staff_only("consents.register")
def begin() -> Any:
    asked = {"formdata": request.args} if request.args else {}
    form = PaperForm(key=seal.token(), signed_on=str(clock.today()), **asked).offer()
    form.key.data = form.key.data or seal.token()
    form.signed_on.data = form.signed_on.data or str(clock.today())
    try:
        return _page(form, _sought(form))
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(form, Sought()), 422


@room.post("/staff/consents/register", endpoint="register")
@staff_only("consents.register")
def register() -> Any:
    form, sought = PaperForm().offer(), Sought()
    try:
        sought = _sought(form)
        if not sought.is_whole or not form.validate():
            return _page(form, sought), 422
        consent, is_new = _registered(form, sought)
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(form, sought), 422
    consent_forms.count_form(officer().id)
    flash("Согласие зарегистрировано." if is_new else "Эта бумага уже зарегистрирована: вот её согласие.", "good")
    return see("staff_consents.show", consent_id=consent.id)


@room.get("/staff/consents/print", endpoint="blanks")
@staff_only("consents.register")
def blanks() -> Any:
    given = {"formdata": request.args} if request.args else {}
    return page(_PRINT, form=PrintForm(**given).offer(), most=consent_forms.MOST_COPIES)


@room.post("/staff/consents/print", endpoint="print_blanks")
@staff_only("consents.register")
def print_blanks() -> Any:
    form = PrintForm().offer()
    try:
        if not form.validate():
            raise Refusal(problems=[])
        limits.spend("consents.print", str(officer().id), _FILES, _PER, _TOO_MANY)
        papers, name = _printed(form)
    except Refusal as refusal:
        form.refuse(refusal)
        return refused(_PRINT, form, most=consent_forms.MOST_COPIES)
    kept.forget()
    return downloads.made(io.BytesIO(consent_form.draw(papers, company.current())), name, downloads.PDF)


def _page(form: PaperForm, sought: Sought) -> str:
    return page(
        "staff/consents/register.html", form=form, sought=sought, who=masked(holder(sought.account)) if sought.account else "",
        first_id=sought.form.consent_id if sought.form else None, today=clock.today(), oldest=consent_papers.OLDEST,
        **staff_consent.words(),
    )  # fmt: skip


def _sought(form: PaperForm) -> Sought:
    """What the number of the blank, or the kind, and the account lead to. Raises Refusal for what leads nowhere."""
    sought = Sought()
    if typed := (form.form.data or "").strip():
        scanned = consent_forms.scan(typed)
        sought = Sought(scanned.form, scanned.document, scanned.form.account if scanned.form else None)
    elif chosen := form.kind.data:
        sought.document = next((one for one in _papers() if f"{one.kind}.{one.version}" == chosen), None)
        if sought.document is None:
            raise Refusal("kind", "Выберите согласие из списка.", "consents.kind")
    elif "form" in request.values:
        raise Refusal("form", "Введите номер бланка или считайте его код сканером.", "consent_form.number")
    elif "kind" in request.values:
        raise Refusal("kind", "Выберите согласие.", "consents.kind")
    if sought.document and not sought.account:
        found = staff_consent.meant(form.account)
        sought.account, sought.candidates = found.account, tuple(found.candidates)
    return sought


def _registered(form: PaperForm, sought: Sought) -> tuple[Any, bool]:
    assert sought.document is not None  # noqa: S101  `is_whole` said so
    assert sought.account is not None  # noqa: S101
    signed_on = staff_consent.day(form.signed_on)
    paper = Paper(
        signed_on, form.channel.data or "", form.way.data or "", form.address.data or "", staff_consent.scan(form.scan),
        form.without_scan.data or "",
    )  # fmt: skip
    key = seal.fingerprint(f"{officer().id} {form.key.data or seal.token()}")
    return consent_papers.register(
        sought.document, sought.account, paper, form=sought.form, key=key, employee_id=officer().id
    )


def _printed(form: PrintForm) -> tuple[list[Printed], str]:
    """The papers to draw, and what the file is called."""
    document = consent_forms.documents().get(form.kind.data or "")
    if document is None:
        raise Refusal("kind", "Выберите согласие.", "consent_form.kind")
    asks = KINDS[document.kind].contact
    account = staff_consent.meant(form.account).account
    if account is None and form.account.errors:
        raise Refusal(problems=[])
    if account is None:
        copies = form.copies.data or ""
        made = consent_forms.print_blank(document, int(copies) if copies.isascii() and copies.isdigit() else 0)
        return [
            Printed(document, one.code, one.number, asks_contact=asks) for one in made
        ], f"consent-{document.kind}.pdf"
    one = consent_forms.print_for(account, document)
    paper = Printed(document, one.code, one.number, holder(account), full_address(account), account.number, asks)
    return [paper], f"consent-{document.kind}-{one.code}.pdf"


def _papers() -> list[ConsentDocument]:
    """Every version that somebody may have signed on paper, the newest first."""
    versions = company.current().consent_versions.values()
    return sorted((one for one in versions if KINDS[one.kind].on_paper), key=lambda one: one.version, reverse=True)
