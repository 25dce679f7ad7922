"""The forms of the reception, and the draft behind each: what is typed and attached lies on the server before it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request, session
from flask_login import current_user
from wtforms import MultipleFileField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice

from models import clock, company, files, seal, words, workdays
from models.company_consents import PERSONAL_DATA
from models.contact.appeals import drafts, registering, rows, terms
from models.contact.appeals.rows import Appeal, AppealDraft
from models.contact.information import questions
from models.files import StoredFile
from views import appeal_door, uploads
from views.fields import Form, HiddenField, Line, Text, Tick
from views.page import choices

LONGEST_FORM = (
    2_000_000  # bytes of a form's texts: 100,000 Cyrillic letters in percents are 600,000, and are refused by words
)
HINTED = 2_000  # characters of a text that likely answers are looked for by
NEAR_END = 1_000  # characters left from which on their number is told
KEPT = ("topic", "text", "account", "name", "email", "phone", "key")  # what a draft keeps of a form
STARS = {5: "отлично", 4: "хорошо", 3: "так себе", 2: "плохо", 1: "очень плохо"}


class WriteForm(Form):
    """What every form of an appeal has: words and files; `key` tells a double click from a second message."""

    text = Text("Сообщение")
    files = MultipleFileField("Фотографии и документы")
    key = HiddenField()


class AppealForm(WriteForm):
    topic = SelectField("О чём вы пишете", validate_choice=False)
    account = SelectField("Лицевой счёт", validate_choice=False)
    text = Text("Что случилось")
    own = HiddenField(default="y")  # written by a customer: without the session it is no guest's form


class GuestForm(AppealForm):
    account = Line("Лицевой счёт", most=40)
    name = Line("Как к вам обращаться", most=100, required="Напишите, как к вам обращаться.")
    email = Line("Почта", most=254, required="Введите адрес почты: на неё придёт ответ.")
    phone = Line("Телефон", most=40)
    consent = Tick("Даю согласие на обработку персональных данных")
    shown = HiddenField()  # the version of the document beside the box
    own = HiddenField(default="")


class RatingForm(Form):
    rating = RadioField(
        "Помог ли ответ?", choices=[SelectChoice(n, f"{n} — {word}") for n, word in STARS.items()], coerce=int,
        validate_choice=False,
    )  # fmt: skip
    rating_text = Line("Что понравилось или что исправить", most=500)


class DeedForm(Form):
    """Only a button."""


@dataclass
class Draft:
    """What is being typed: an appeal, or something to add to one."""

    appeal: Appeal | None = None
    row: AppealDraft | None = None

    @classmethod
    def of(cls, appeal: Appeal | None = None) -> Draft:
        author = appeal_door.drafter()
        return cls(appeal, drafts.find(author, appeal.id if appeal else None) if author else None)

    @property
    def fields(self) -> dict[str, Any]:
        return dict(self.row.fields) if self.row else {}

    @property
    def files(self) -> list[StoredFile]:
        return list(files.of(self.row.subject)) if self.row else []

    def keep(self, *, by_itself: bool = False) -> AppealDraft:
        """Keep the words as they stand in the form that was sent, or that a script saves while one types."""
        author = appeal_door.drafter(begins=True)
        self.row = drafts.keep(author, _typed(), self.appeal.id if self.appeal else None, by_itself=by_itself)
        return self.row

    def attach(self, sent: list[Any]) -> None:
        """Add the files: all of them, or none. Refused: what is no photo or document, too large, too many."""
        if not sent:
            return
        row, author = self.row or self.keep(), appeal_door.drafter()
        drafts.attach(row, uploads.put_all(sent, author))

    def erase(self) -> None:
        """Forget what was typed, with its files; of a form whose letter is on its way only this browser forgets."""
        if not current_user.is_authenticated and appeal_door.CONFIRMING[0] in session and self.appeal is None:
            appeal_door.forget_browser()
        elif self.row:
            drafts.drop(self.row)

    def detach(self, file_id: str) -> None:
        if self.row and file_id.isascii() and file_id.isdigit() and len(file_id) < 10:
            files.remove(self.row.subject, int(file_id))


def blank(draft: Draft) -> AppealForm:
    """The form as it opens: what was kept, else the draft, else what the address names (?topic=meter&account=…)."""
    signed_in = current_user.is_authenticated
    primary = choices()[0].number if signed_in and choices() else ""
    asked = {name: request.args[name] for name in ("topic", "account") if name in request.args}
    given = {"account": primary, **draft.fields, **asked}
    if signed_in:
        return offered(AppealForm(data={**given, "key": seal.token()}))
    version = company.current().consents[PERSONAL_DATA].version
    return offered(GuestForm(data={**given, "key": _guests_key(), "shown": version}))


def sent() -> AppealForm:
    """The form that was sent."""
    return offered(AppealForm() if current_user.is_authenticated else GuestForm())


def offered(form: AppealForm) -> AppealForm:
    """Fill the lists: each topic with the day by which we answer, the customer's accounts."""
    form.topic.choices = [SelectChoice("", "Выберите тему"), *_topics()]
    if not isinstance(form, GuestForm):
        own = [SelectChoice(one.number, f"{one.number}, {one.address}") for one in choices()]
        form.account.choices = [*own, SelectChoice("", "не о лицевом счёте")]
    return form


def advice(form: AppealForm) -> dict[str, Any]:
    """What is told beside the text: the topic's hint, answers that may be there already, how much more may be written."""
    text, topic = form.text.data or "", form.topic.data or ""
    known = company.current().reception.topics.get(topic)
    return {
        "topic": known, "due_on": registering.due_on(topic) if known else None,
        "likely": questions.hints(text[:HINTED], topic) if text.strip() else [], "left": left(text),
    }  # fmt: skip


def of_draft(draft: Draft) -> dict[str, Any]:
    """What a form tells of its draft, and of the files that may be added."""
    author = appeal_door.drafter() or appeal_door.GUESTS
    return {
        "draft": draft, "saved_at": draft.row.updated_at if draft.row else None, "problem": "",
        "files_hint": uploads.hint(author), "files_accept": uploads.accept(author), "files_most": files.limits_of(author).one,
    }  # fmt: skip


def left(text: str) -> int | None:
    """How many characters may still be typed, once they run short; below zero: so many too many."""
    free = rows.LONGEST - len(text.replace("\r\n", "\n"))
    return free if free <= NEAR_END else None


def _guests_key() -> str:
    """The key of the form whose letter is on its way: sent again, it makes the earlier letter void. Else a new one."""
    key: str = session.get("appeal_key", "")
    return key if key and not drafts.was_sent(rows.GUEST, key, email=session.get("appeal_email", "")) else seal.token()


def _topics() -> list[SelectChoice]:
    today, exceptions = clock.today(), workdays.special()
    return [
        SelectChoice(one.code, f"{one.title} (до {words.day_month(terms.due(today, one, exceptions))})")
        for one in company.current().reception.topics.values()
    ]


def _typed() -> dict[str, str]:
    return {name: request.form[name].replace("\0", "") for name in KEPT if request.form.get(name)}
