"""Consents at the office: the register, one consent with its papers, withdrawals, the register taken away with its proofs."""

from __future__ import annotations

import tempfile
from typing import Any

from flask import Blueprint, abort, flash, request
from wtforms import FileField, SelectField

from models import clock, company, consents, limits
from models.base import Refusal
from models.company_consents import KINDS
from models.contact import consent_papers
from models.contact.consent_papers import CHANNELS
from models.entrance import agreeing, consent_letters
from models.metering.accounts import holder, masked
from models.office import behalf, consent_list, consent_register
from models.office.consent_list import Search
from models.people.staff import subject
from views import downloads, staff_consent
from views.fields import Form, Line
from views.page import see
from views.staff_door import officer, staff_only
from views.staff_page import page, refused

room = Blueprint("staff_consents", __name__)
_EXPORTS, _PER = 20, 3600  # seconds
_TOO_MANY = "За час выгружено слишком много. Подождите немного и попробуйте снова."
_OPEN_CARD = "Это согласие клиент дал в кабинете. Сначала откройте его карточку: отзыв — там, в разделе «Согласия»."
_INDEX, _WITHDRAW = "staff/consents/index.html", "staff/consents/withdraw.html"
_SEARCHED = ("kind", "state", "channel", "account", "first", "last")


class SearchForm(Form):
    kind = SelectField("Согласие", validate_choice=False)
    state = SelectField("Состояние", validate_choice=False)
    channel = SelectField("Как дано", validate_choice=False)
    account = Line("Лицевой счёт", most=64)
    first = Line("Дано с", most=10)
    last = Line("Дано по", most=10)

    class Meta(Form.Meta):
        csrf = False  # a search changes nothing; the export's own token is checked before any form

    def offer(self) -> SearchForm:
        titles = {code: staff_consent.title(code) for code in consent_list.kinds()}
        self.kind.choices = staff_consent.choices(titles, "любое")
        self.state.choices = staff_consent.choices(consent_list.SOUGHT_STATES, "любое")
        self.channel.choices = staff_consent.choices(consents.CHANNELS, "как угодно")
        return self

    def asked(self) -> Search:
        """What is looked for; a word that is none of the choices looks for nothing special."""
        if not self.validate():
            raise Refusal(problems=[])
        typed = (self.account.data or "").strip()
        number = company.current().normal_number(typed) if typed else ""
        if number is None:
            raise Refusal("account", f"Номер набран с ошибкой: {company.current().number.hint}.", "consents.account")
        return Search(
            _known(self.kind.data, KINDS), _known(self.state.data, consent_list.SOUGHT_STATES),
            _known(self.channel.data, consents.CHANNELS), number, consent_list.day("first", self.first.data or ""),
            consent_list.day("last", self.last.data or ""),
        )  # fmt: skip


class AccountForm(Form):
    account = Line("Лицевой счёт", most=1500)

    class Meta(Form.Meta):
        csrf = False


class WithdrawalForm(Form):
    received = Line("Когда поступило заявление", most=10)
    channel = SelectField("Как пришло", validate_choice=False)
    scan = FileField("Скан заявления")
    without_scan = Line("Почему скана нет", most=consent_papers.LONGEST_REASON)

    def offer(self) -> WithdrawalForm:
        self.channel.choices = staff_consent.choices(CHANNELS)
        return self


@room.url_value_preprocessor
def _take_scans(endpoint: str | None, _values: Any) -> None:
    if endpoint == "staff_consents.withdraw":
        staff_consent.let_scan_in()


@room.get("/staff/consents", endpoint="index")
@staff_only("consents.see")
def index() -> Any:
    form = SearchForm(formdata=request.args).offer()
    try:
        return page(_INDEX, form=form, **_found(form, form.asked()))
    except Refusal as refusal:
        form.refuse(refusal)
        return refused(_INDEX, form, **_found(form, None))


@room.post("/staff/consents/export", endpoint="export")
@staff_only("consents.export")
def export() -> Any:
    """The register with its proofs; the log says who took it."""
    limits.spend("consents.export", str(officer().id), _EXPORTS, _PER, _TOO_MANY)
    form = SearchForm(formdata=request.form).offer()
    file: Any = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it
    try:
        consent_register.write(file, form.asked(), most=consent_register.MOST)
    except Refusal as refusal:
        file.close()
        form.refuse(refusal)
        return refused(_INDEX, form, **_found(form, None))
    return downloads.made(file, f"consents-{clock.today()}.zip", "application/zip")


@room.get("/staff/consents/<int:consent_id>", endpoint="show")
@staff_only("consents.see")
def show(consent_id: int) -> Any:
    context, paper = _opened(consent_id), consent_papers.of_consent(consent_id)
    consent_list.count_look(officer().id, context["shown"])
    scans = consent_papers.scans(consent_id, paper)
    return page("staff/consents/show.html", paper=paper, scans=scans, **context)


@room.post("/staff/consents/<int:consent_id>/files/<int:file_id>", endpoint="download")
@staff_only("consents.see")
def download(consent_id: int, file_id: int) -> Any:
    stored = consent_papers.scan_of(consent_id, file_id) or abort(404)
    try:
        return downloads.stored(stored)
    except Refusal as refusal:
        flash(refusal.text, "bad")
        return see("staff_consents.show", consent_id=consent_id)


@room.get("/staff/consents/withdrawals", endpoint="withdrawals")
@staff_only("consents.register")
def withdrawals() -> Any:
    """The consents of an account that a paper may end."""
    form = AccountForm(formdata=request.args)
    account, candidates = staff_consent.meant(form.account) if form.validate() else (None, [])
    if "account" in request.args and not (form.account.data or "").strip():
        form.account.errors = ["Введите номер лицевого счёта с заявления."]
    found = consent_list.standing_of(account) if account else []
    who = masked(holder(account)) if account else ""
    return page(
        "staff/consents/withdrawals.html", form=form, account=account, candidates=candidates, who=who, found=found,
        emails=consent_list.emails(found),
        **staff_consent.words(),
    )  # fmt: skip


@room.get("/staff/consents/<int:consent_id>/withdraw", endpoint="ask")
@staff_only("consents.register")
def ask(consent_id: int) -> Any:
    context, form = _opened(consent_id), WithdrawalForm(received=str(clock.today())).offer()
    if context["consent"].withdrawn_at is not None:
        return see("staff_consents.show", consent_id=consent_id)
    _card(context["shown"])
    return page(_WITHDRAW, form=form, today=clock.today(), **context)


@room.post("/staff/consents/<int:consent_id>/withdraw", endpoint="withdraw")
@staff_only("consents.register")
def withdraw(consent_id: int) -> Any:
    context, form = _opened(consent_id), WithdrawalForm().offer()
    card = _card(context["shown"])
    try:
        if not form.validate():
            raise Refusal(problems=[])
        received, channel, why = staff_consent.day(form.received), form.channel.data or "", form.without_scan.data or ""
        _, is_new = behalf.withdraw_consent(
            card, consent_id, received=received, channel=channel, scan=staff_consent.scan(form.scan), without_scan=why,
            employee_id=officer().id,
        )  # fmt: skip
    except Refusal as refusal:
        form.refuse(refusal)
        return refused(_WITHDRAW, form, today=clock.today(), **context)
    flash("Отзыв зарегистрирован." if is_new else "Это согласие уже закончилось раньше.", "good" if is_new else "")
    return see("staff_consents.show", consent_id=consent_id)


@room.post("/staff/consents/<int:consent_id>/settled", endpoint="settle")
@staff_only("consents.register")
def settle(consent_id: int) -> Any:
    """The settlements are done: processing ends now, not only when the law's days are over."""
    if consent_list.open_one(consent_id) is None:
        abort(404)
    try:
        consents.settle(consent_id, by=subject(officer().id))
        flash("Отмечено: расчёты завершены, обработка закончена.", "good")
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("staff_consents.show", consent_id=consent_id)


def _card(shown: consent_list.Shown) -> Any | None:
    """The open card that a withdrawal of a person's own consent wants; off to where its reason is named while there is none."""
    card = behalf.card_of(shown, officer().id)
    if card is None and behalf.needs_card(shown):
        flash(_OPEN_CARD, "")
        abort(see("staff_customers.show", number=shown.numbers[0]))
    return card


def _opened(consent_id: int) -> dict[str, Any]:
    shown = consent_list.open_one(consent_id) or abort(404)
    contact = consent_letters.masked(agreeing.contacts([shown.consent])[shown.consent.id])
    ended = consent_list.ended(shown.consent)
    emails = consent_list.emails([shown.consent])
    return {
        "shown": shown, "consent": shown.consent, "ended": ended, "contact": contact, "emails": emails, **staff_consent.words(),
    }  # fmt: skip


def _found(form: SearchForm, asked: Search | None) -> dict[str, Any]:
    before = _before()
    rows = consent_list.find(asked, before, consent_list.PAGE + 1) if asked else []
    shown, more = rows[: consent_list.PAGE], len(rows) > consent_list.PAGE
    typed = {name: form[name].data for name in _SEARCHED if form[name].data}
    older = {**typed, "before": shown[-1].id} if more else None
    return {
        "rows": shown, "typed": typed, "older": older, "is_first": before is None, "due": consent_list.due(), **staff_consent.words(),
    }  # fmt: skip


def _before() -> int | None:
    typed = request.args.get("before", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 16 else None


def _known(chosen: str | None, choices: Any) -> str:
    return chosen if chosen and chosen in choices else ""
