"""What is done to one appeal: taken, answered, asked about, handed over, merged; the draft of an answer, its template and files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Blueprint, abort, flash, g, request

from models import clock, files
from models.base import Refusal
from models.contact.appeals import answering, drafts, handling, reading
from models.contact.appeals.rows import Appeal, AppealDraft, by_number
from models.files import StoredFile
from models.office.inbox import answer_templates, opinions, writing
from views import downloads, staff_appeal, uploads
from views.page import see
from views.row_id import row_id
from views.staff_appeal import AppealForm, author, chosen, opened
from views.staff_door import officer, staff_only
from views.staff_page import part

room = Blueprint("staff_appeal_work", __name__)
uploads.allow(
    room,
    "staff_appeal_work.write",
    "staff_appeal_work.detach",
    may=uploads.staff_may("appeals.advise"),
    largest=uploads.largest_of(files.STAFF),
)


class Deed(NamedTuple):
    """A button of the appeal's page."""

    right: str
    do: Callable[[Appeal, AppealForm], Any]
    said: str


@room.before_request
def _section() -> None:
    g.section = "staff_appeals"


@room.post("/staff/appeals/<string:number>", endpoint="write")
@staff_only("appeals.advise")
def write(number: str) -> Any:
    """Do what the pressed button says; what is refused comes back with the reason, what was typed, and what came meanwhile."""
    deed = _DEEDS.get(request.form.get("deed", ""))
    if deed is None:
        abort(400)
    if not officer().may(deed.right):
        abort(403)
    appeal, form = opened(number), AppealForm()
    try:
        if form.validate():
            deed.do(appeal, form)
            if deed.said:
                flash(deed.said, "good")
            return see("staff_appeals.show", number=number, **chosen())
    except Refusal as refusal:
        form.refuse(refusal)
    return staff_appeal.answer_page(by_number(number) or abort(404), form), 422


# ---- parts of the page


@room.post("/staff/appeals/<string:number>/draft", endpoint="save")
@staff_only("appeals.advise")
def save(number: str) -> Any:
    """Keep what is being typed; says when that was."""
    appeal, form = opened(number), AppealForm()
    try:
        _kept(appeal, form, by_itself=True)
    except Refusal as refusal:
        return part("staff/appeals/_saved.html", saved_at=None, problem=refusal.text)
    return part("staff/appeals/_saved.html", saved_at=clock.now(), problem="")


@room.post("/staff/appeals/<string:number>/template", endpoint="insert")
@staff_only("appeals.answer")
def insert(number: str) -> Any:
    """The field of the answer with the chosen template in it."""
    appeal, form = opened(number), AppealForm()
    try:
        _filled(appeal, form)
        _kept(appeal, form)
    except Refusal as refusal:
        form.refuse(refusal)
    staff_appeal.offer_templates(form, appeal)
    return part(
        "staff/appeals/_text.html",
        form=form,
        appeal=appeal,
        chosen=chosen(),
        may=staff_appeal.may(appeal),
        is_filled=True,
    )


@room.get("/staff/appeals/<string:number>/meanwhile", endpoint="meanwhile")
@staff_only("appeals.see")
def meanwhile(number: str) -> Any:
    """Who else is writing, and whether anything has come since the page was opened."""
    appeal = opened(number)
    seen = request.args.get("seen", type=row_id) or 0
    return part(
        "staff/appeals/_meanwhile.html", appeal=appeal, seen=seen, is_new=appeal.last_entry > seen, chosen=chosen(),
        others=writing.names(appeal.id, apart_from=officer().id), every=staff_appeal.EVERY,
    )  # fmt: skip


# ---- files


@room.post("/staff/appeals/<string:number>/files/<int:file_id>", endpoint="file")
@staff_only("appeals.see")
def file(number: str, file_id: int) -> Any:
    """A file of the conversation, or of one's own draft; a POST, for it is noted who took it."""
    appeal = opened(number)
    stored = reading.file_of(appeal, file_id, for_staff=True) or _own(appeal, file_id) or abort(404)
    try:
        return downloads.stored(stored)
    except Refusal as refusal:
        flash(refusal.text, "bad")
        return see("staff_appeals.show", number=number, **chosen())


@room.post("/staff/appeals/<string:number>/files/<int:file_id>/remove", endpoint="detach")
@staff_only("appeals.advise")
def detach(number: str, file_id: int) -> Any:
    """Take a file off one's own draft; what was typed meanwhile stays."""
    appeal, form = opened(number), AppealForm()
    try:
        if files.remove(_kept(appeal, form).subject, file_id):
            flash("Файл убран из черновика.", "good")
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("staff_appeals.show", number=number, **chosen())


def _own(appeal: Appeal, file_id: int) -> StoredFile | None:
    draft = staff_appeal.draft_of(appeal)
    return files.one_of(draft.subject, file_id) if draft else None


# ---- the deeds


def _take(appeal: Appeal, form: AppealForm) -> None:
    handling.take(appeal.id, officer().id, over=_number(form.over.data))


def _answer(appeal: Appeal, form: AppealForm) -> None:
    answering.answer(appeal.id, officer().id, _text(form), **_written(appeal, form))


def _ask(appeal: Appeal, form: AppealForm) -> None:
    answering.ask_customer(appeal.id, officer().id, _text(form), **_written(appeal, form))


def _note(appeal: Appeal, form: AppealForm) -> None:
    answering.note(appeal.id, officer().id, _text(form), key=form.key.data or "", draft=_kept(appeal, form))


def _attach(appeal: Appeal, form: AppealForm) -> None:
    if not uploads.sent(form.files):
        raise Refusal("files", "Выберите файлы.", "files.none")
    _kept(appeal, form)


def _keep(appeal: Appeal, form: AppealForm) -> None:
    _kept(appeal, form)


def _insert(appeal: Appeal, form: AppealForm) -> None:
    _filled(appeal, form)
    _kept(appeal, form)


def _ask_colleagues(appeal: Appeal, form: AppealForm) -> None:
    people = [found for one in form.colleagues.data or () if (found := _number(one)) is not None]
    opinions.ask(
        appeal.id, officer().id, people, form.question.data or "", seen=form.seen_entry, key=form.key.data or ""
    )


def _give(appeal: Appeal, form: AppealForm) -> None:
    try:
        opinions.give(appeal.id, _asked(form), officer().id, form.opinion.data or "")
    except Refusal as refusal:
        raise Refusal("opinion", refusal.text, refusal.problems[0].rule) from None


def _remind(appeal: Appeal, form: AppealForm) -> None:
    opinions.remind(appeal.id, _asked(form), officer().id)


def _hand_over(appeal: Appeal, form: AppealForm) -> None:
    if not staff_appeal.may(appeal)["hand_over"]:
        abort(403)
    to, office = form.to.data or "", form.office.data or ""
    handling.hand_over(
        appeal.id, officer().id, to=_number(to),
        office=None if office == "-" else office, note=form.note.data or "",
    )  # fmt: skip


def _extend(appeal: Appeal, form: AppealForm) -> None:
    days = _number((form.days.data or "").strip()) or 0
    answering.extend(
        appeal.id, officer().id, days, form.reason.data or "", seen=form.seen_entry, key=form.key.data or ""
    )


def _change_topic(appeal: Appeal, form: AppealForm) -> None:
    handling.change_topic(appeal.id, officer().id, form.topic.data or "", seen=form.seen_entry)


def _merge(appeal: Appeal, form: AppealForm) -> None:
    into = (form.into_number.data or "").strip() or form.into.data or ""
    handling.merge(appeal.id, officer().id, into, seen=form.seen_entry)


def _link(appeal: Appeal, form: AppealForm) -> None:
    handling.link_account(appeal.id, officer().id, (form.account.data or "").strip(), seen=form.seen_entry)


def _reopen(appeal: Appeal, form: AppealForm) -> None:
    handling.reopen(appeal.id, officer().id, seen=form.seen_entry)


def _pass_over(appeal: Appeal, form: AppealForm) -> None:
    handling.pass_over(appeal.id, officer().id, seen=form.seen_entry)


def _void_links(appeal: Appeal, form: AppealForm) -> None:
    handling.void_links(appeal.id, officer().id, key=form.key.data or "")


_DEEDS = {
    "take": Deed("appeals.answer", _take, "Обращение за вами."),
    "answer": Deed("appeals.answer", _answer, "Ответ отправлен."),
    "reopen": Deed("appeals.answer", _reopen, "Обращение снова в работе, клиенту написали новый срок."),
    "pass_over": Deed("appeals.answer", _pass_over, "Отмечено: отвечать не нужно."),
    "question": Deed("appeals.answer", _ask, "Вопрос отправлен, обращение ждёт клиента."),
    "note": Deed("appeals.advise", _note, "Заметка сохранена. Её видят только сотрудники."),
    "attach": Deed("appeals.advise", _attach, "Файлы приложены к черновику."),
    "keep": Deed("appeals.advise", _keep, "Черновик сохранён."),
    "insert": Deed("appeals.answer", _insert, ""),
    "ask": Deed("appeals.advise", _ask_colleagues, "Коллегам отправлено письмо."),
    "give": Deed("appeals.advise", _give, "Мнение записано. Его видят только сотрудники."),
    "remind": Deed("appeals.advise", _remind, "Напомнили письмом."),
    "hand_over": Deed("appeals.answer", _hand_over, "Обращение передано."),
    "merge": Deed("appeals.assign", _merge, "Обращение присоединено. Клиент получит письмо, где смотреть ответ."),
    "extend": Deed("appeals.answer", _extend, "Срок продлён, клиенту написали."),
    "topic": Deed("appeals.answer", _change_topic, "Тема изменена."),
    "account": Deed("appeals.answer", _link, "Лицевой счёт указан."),
    "links": Deed("appeals.answer", _void_links, "Прежние ссылки закрыты, клиенту ушло письмо с новой."),
}


def _text(form: AppealForm) -> str:
    return form.text.data or ""


def _written(appeal: Appeal, form: AppealForm) -> dict[str, Any]:
    """What goes with a text: the newest entry its author had seen, the form's key, the draft with its files."""
    return {"seen": form.seen_entry, "key": form.key.data or "", "draft": _kept(appeal, form)}


def _kept(appeal: Appeal, form: AppealForm, *, by_itself: bool = False) -> AppealDraft:
    """The draft as it is typed now, with the files that came along."""
    fields = {"text": _text(form), "key": form.key.data or ""}
    draft = drafts.keep(author(), fields, appeal.id, by_itself=by_itself)
    if chosen_files := uploads.sent(form.files):
        drafts.attach(draft, uploads.put_all(chosen_files, author()))
    return draft


def _filled(appeal: Appeal, form: AppealForm) -> None:
    """Put the chosen template after what is typed."""
    typed = _number(form.template.data)
    found = answer_templates.find(typed) if typed else None
    if found is None:
        raise Refusal("template", "Выберите заготовку.", "template.none")
    filled = answer_templates.filled(found, appeal, officer().id)
    form.text.data = "\n\n".join(filter(None, (_text(form).strip(), filled)))
    form.template.data = ""


def _number(typed: str | None) -> int | None:
    """The id that a list or a hidden field names; what is no number names nothing."""
    text = typed or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _asked(form: AppealForm) -> int:
    try:
        return row_id(form.asked.data or "")
    except ValueError:
        abort(400)
