"""Appeals to the reception: the list, a new one with its draft, the conversation, files, rating, print."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, request, session, url_for
from flask_login import current_user

from models import clock, company, files, limits, seal
from models.base import Refusal
from models.company_consents import PERSONAL_DATA
from models.contact.appeals import guests, reading, registering, rows, talking
from models.contact.appeals.registering import Applicant
from views import appeal_form, downloads, uploads
from views.appeal_door import appeal_or_404, has_links, is_linked, reader_only, writer
from views.appeal_form import DeedForm, Draft, GuestForm, RatingForm, WriteForm
from views.door import customer_only, public, to_sign_in
from views.page import page, part, refused, see

room = Blueprint("appeals", __name__)
room.record_once(lambda state: state.app.jinja_env.globals.update(appeal_titles=rows.TITLES))
A_PAGE = 20  # appeals of the list
SAVES, HOUR = 1200, 3600  # drafts that one address may have saved
_NEW, _SHOW, _FILES = "customer/appeals/new.html", "customer/appeals/show.html", "customer/appeals/_files.html"


def _may_attach() -> bool:
    return has_links() or uploads.may_appeal()


@room.url_value_preprocessor
def _let_long_texts_in(_endpoint: str | None, _values: Any) -> None:
    """A text that is too long is refused with words and stays on the screen: it must arrive."""
    request.max_form_memory_size = request.max_content_length = appeal_form.LONGEST_FORM


uploads.allow(
    room, "appeals.send", "appeals.add_files", "appeals.say", "appeals.add_files_to", may=_may_attach,
    largest=uploads.largest_of(files.limits_of("customer:0")),
)  # fmt: skip


@room.get("/appeals", endpoint="index")
@customer_only
def index() -> Any:
    start = request.args.get("from", 0, type=int)
    start = start if 0 < start < 100_000 else 0
    found = list(reading.of_customer(current_user.id)[start : start + A_PAGE + 1])
    return page(
        "customer/appeals/index.html", appeals=found[:A_PAGE], start=start, step=A_PAGE, has_more=len(found) > A_PAGE,
        draft=Draft.of(), today=clock.today(),
    )  # fmt: skip


# ---- a new one


@room.get("/appeals/new", endpoint="new")
@public
def new() -> Any:
    if not _may_write():
        return to_sign_in()
    draft = Draft.of()
    return page(_NEW, **_writing(appeal_form.blank(draft), draft))


@room.post("/appeals/new", endpoint="send")
@public
def send() -> Any:
    if _is_closed() or "sign_in" in request.form:
        return to_sign_in()
    form, draft = appeal_form.sent(), Draft.of()
    try:
        _keep(draft, form)
        if "save" in request.form or "remove" in request.form:
            return see("appeals.new", _anchor="attached")
        return _register(form, draft)
    except Refusal as refusal:
        form.refuse(refusal)
    return refused(_NEW, **_writing(form, draft))


@room.post("/appeals/new/aside", endpoint="save")
@public
def save() -> Any:
    """What htmx sends while somebody types: the draft is kept; the topic's term and hint and likely answers come back."""
    if _is_closed():
        return to_sign_in()
    return _save(Draft(), "customer/appeals/_aside.html", **appeal_form.advice(appeal_form.sent()))


@room.post("/appeals/new/files", endpoint="add_files")
@public
def add_files() -> Any:
    """Files that a script sends one by one; the list of what is attached comes back."""
    return to_sign_in() if _is_closed() else _add_files(Draft.of())


@room.get("/appeals/new/erase", endpoint="ask_erase")
@public
def ask_erase() -> Any:
    return page("customer/appeals/erase.html", form=DeedForm()) if Draft.of().row else see("appeals.new")


@room.post("/appeals/new/erase", endpoint="erase")
@public
def erase() -> Any:
    Draft.of().erase()
    flash("Черновик стёрт.", "good")
    return see("appeals.index" if current_user.is_authenticated else "home.front")


# ---- one appeal


@room.get("/appeals/<string:number>", endpoint="show")
@reader_only
def show(number: str) -> Any:
    appeal = appeal_or_404(number)
    draft = Draft.of(appeal)
    return page(_SHOW, **_conversation(appeal, WriteForm(data={**draft.fields, "key": seal.token()}), draft))


@room.post("/appeals/<string:number>", endpoint="say")
@reader_only
def say(number: str) -> Any:
    """The reply: kept (`save`), a file taken away (`remove`), said, or said so that the appeal begins anew (`reopen`)."""
    appeal, form = appeal_or_404(number), WriteForm()
    draft = Draft.of(appeal)
    try:
        _keep(draft, form)
        if "save" in request.form or "remove" in request.form:
            return see("appeals.show", number=number, _anchor="reply")
        if form.validate():
            verb = talking.reopen if "reopen" in request.form else talking.say
            key = form.key.data or seal.token()
            verb(appeal.id, form.text.data or "", author=writer(appeal), key=key, draft=draft.row)
            flash("Обращение открыто снова." if "reopen" in request.form else "Сообщение отправлено.", "good")
            return see("appeals.show", number=number)
    except talking.Over as over:
        if appeal.state != rows.MERGED and _may_write():
            flash(over.text)
            return see("appeals.new")
        form.refuse(over)
    except Refusal as refusal:
        form.refuse(refusal)
    return refused(_SHOW, **_conversation(appeal_or_404(number), form, draft))


@room.post("/appeals/<string:number>/aside", endpoint="save_reply")
@reader_only
def save_reply(number: str) -> Any:
    appeal = appeal_or_404(number)
    return _save(Draft(appeal), "customer/appeals/_saved.html", left=appeal_form.left(request.form.get("text", "")))


@room.post("/appeals/<string:number>/files", endpoint="add_files_to")
@reader_only
def add_files_to(number: str) -> Any:
    return _add_files(Draft.of(appeal_or_404(number)))


@room.post("/appeals/<string:number>/rating", endpoint="rate")
@reader_only
def rate(number: str) -> Any:
    appeal, form = appeal_or_404(number), RatingForm()
    try:
        if form.validate():
            talking.rate(appeal.id, form.rating.data or 0, form.rating_text.data or "", writer(appeal))
            flash("Спасибо за оценку.", "good")
            return see("appeals.show", number=number)
    except Refusal as refusal:
        form.refuse(refusal)
    draft = Draft.of(appeal)
    reply = {**draft.fields, "key": seal.token()}
    return refused(
        _SHOW, **_conversation(appeal, WriteForm(formdata=None, data=reply), draft) | {"form": form, "rating": form}
    )


@room.get("/appeals/<string:number>/withdraw", endpoint="ask_withdraw")
@reader_only
def ask_withdraw(number: str) -> Any:
    return page("customer/appeals/withdraw.html", appeal=appeal_or_404(number), form=DeedForm())


@room.post("/appeals/<string:number>/withdraw", endpoint="withdraw")
@reader_only
def withdraw(number: str) -> Any:
    appeal = appeal_or_404(number)
    try:
        talking.withdraw(appeal.id, writer(appeal))
        flash("Обращение отозвано: отвечать на него мы не будем.", "good")
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("appeals.show", number=number)


@room.get("/appeals/<string:number>/print", endpoint="printed")
@reader_only
def printed(number: str) -> Any:
    appeal = appeal_or_404(number)
    context = {"thread": reading.thread(appeal), "applicant": reading.applicant_name(appeal), "now": clock.now()}
    return page("customer/appeals/print.html", appeal=appeal, **context)


@room.get("/appeals/<string:number>/files/<int(max=2147483647):file_id>", endpoint="download")
@reader_only
def download(number: str, file_id: int) -> Any:
    stored = reading.file_of(appeal_or_404(number), file_id) or abort(404)
    try:
        return downloads.stored(stored)
    except Refusal as refusal:
        flash(refusal.text, "bad")
        return see("appeals.show", number=number)


# ---- what they share


def _may_write() -> bool:
    return current_user.is_authenticated or company.current().reception.guests


def _is_closed() -> bool:
    """Whether what was posted wants a sign-in first: a customer's form without the session is no guest's."""
    return not _may_write() or (bool(request.form.get("own")) and not current_user.is_authenticated)


def _keep(draft: Draft, form: WriteForm) -> None:
    """Keep the words first, so that they outlive whatever is wrong with the files."""
    draft.keep()
    draft.detach(request.form.get("remove", ""))
    draft.attach(uploads.sent(form.files))


def _register(form: Any, draft: Draft) -> Any:
    """A customer's appeal has its number at once; a guest's when the address is confirmed."""
    applicant, topic, text = _applicant(form), form.topic.data or "", form.text.data or ""
    key = form.key.data or seal.token()
    version = form.shown.data or "" if isinstance(form, GuestForm) and form.consent.data else ""
    if not form.validate():
        without = [] if version or applicant.customer_id else [guests.NO_CONSENT]
        registering.check(applicant, topic, text, without)
        return refused(_NEW, **_writing(form, draft))
    if applicant.customer_id:
        appeal = registering.register(applicant, topic, text, key=key, draft=draft.row)
        flash(f"Обращение зарегистрировано под номером {appeal.number}.", "good")
        return see("appeals.show", number=appeal.number)
    session["appeal_confirm"] = guests.ask(applicant, topic, text, key=key, draft=draft.row, consent_shown=version)
    session["appeal_email"], session["appeal_key"] = applicant.email, key
    return see("guest_appeals.sent")


def _applicant(form: Any) -> Applicant:
    typed = form.account.data or ""
    if not isinstance(form, GuestForm):
        return registering.of_customer(current_user.id, typed)
    name, email, phone = form.name.data or "", (form.email.data or "").strip(), form.phone.data or ""
    return Applicant(email=email, name=name, phone=phone, typed_account=typed)


def _save(draft: Draft, template: str, **context: Any) -> Any:
    try:
        limits.spend_address("appeal.draft", request.remote_addr or "", SAVES, HOUR)
        draft.keep(by_itself=True)
    except Refusal as refusal:
        if refusal.problems[0].rule == "draft.sent":
            return "", 204
        return part(template, problem=refusal.text, saved_at=None, **context)
    return part(template, problem="", saved_at=clock.now(), **context)


def _add_files(draft: Draft) -> Any:
    """What the script puts in place of the list, or the refusal as it stands beside the file's name."""
    try:
        draft.attach(uploads.sent(WriteForm().files))
    except Refusal as refusal:
        return refusal.text, 422, {"Content-Type": "text/plain; charset=utf-8"}
    return part(_FILES, draft=draft)


def _writing(form: Any, draft: Draft) -> dict[str, Any]:
    document = company.current().consents[PERSONAL_DATA] if isinstance(form, GuestForm) else None
    return {
        "form": form, "document": document, "topics": company.current().reception.topics.values(),
        "files_path": url_for("appeals.add_files"), **appeal_form.of_draft(draft), **appeal_form.advice(form),
    }  # fmt: skip


def _conversation(appeal: rows.Appeal, form: Any, draft: Draft) -> dict[str, Any]:
    return {
        "appeal": appeal, "thread": reading.thread(appeal), "form": form, "reply": form, "today": clock.today(),
        "by_link": is_linked(appeal.number),
        "rating": RatingForm(formdata=None, data={"rating": appeal.rating, "rating_text": appeal.rating_text}),
        "left": appeal_form.left(form.text.data or ""), "files_path": url_for("appeals.add_files_to", number=appeal.number),
        **appeal_form.of_draft(draft),
    }  # fmt: skip
