"""Scans of a batch's forms: added, looked at, taken away."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g, request, session
from wtforms import MultipleFileField
from wtforms.validators import ValidationError

from models import base, files, words
from models.base import Refusal
from models.files import Draft
from models.metering import scans
from models.metering.paperforms import batches
from models.metering.paperforms.batches import Batch
from models.people import rights, staff_sessions
from views import downloads
from views.fields import Form
from views.page import see
from views.staff_door import KEY, staff_only
from views.staff_page import page, refused

room = Blueprint("scans", __name__)
MOST_AT_ONCE = 20  # files
LARGEST_AT_ONCE = 100 * 1024 * 1024  # bytes of a request
_TEMPLATE = "staff/scans/index.html"


class ScansForm(Form):
    files = MultipleFileField("Сканы или снимки бланков")

    def validate_files(self, field: Any) -> None:
        if not self.sent:
            raise ValidationError("Выберите файлы.")
        if len(self.sent) > MOST_AT_ONCE:
            raise ValidationError(f"За раз — до {MOST_AT_ONCE} файлов. Остальные приложите следом.")

    @property
    def sent(self) -> list[Any]:
        """What was chosen: a browser sends one nameless file when there is none."""
        return [one for one in self.files.data or () if getattr(one, "filename", "")]


@room.url_value_preprocessor
def _take_files(endpoint: str | None, _values: Any) -> None:
    """Scans are larger than any form; let in for those alone who may add them, before anything reads the form."""
    g.section = "paperforms"
    if endpoint == "scans.add" and session.get(KEY):
        with base.connection():
            row = staff_sessions.find(session[KEY])
        if row and rights.allows(row.role, "paperforms.enter"):
            request.max_content_length = LARGEST_AT_ONCE


@room.get("/staff/paperforms/<int:batch_id>/scans", endpoint="index")
@staff_only("paperforms.see")
def index(batch_id: int) -> Any:
    return page(_TEMPLATE, form=ScansForm(), **_context(_found(batch_id)))


@room.post("/staff/paperforms/<int:batch_id>/scans", endpoint="add")
@staff_only("paperforms.enter")
def add(batch_id: int) -> Any:
    batch, form = _found(batch_id), ScansForm()
    if form.validate():
        try:
            stored = scans.add(batch.id, _put(form.sent))
            flash(f"Приложено: {words.plural(len(stored), 'файл', 'файла', 'файлов')}.", "good")
            return see("scans.index", batch_id=batch_id)
        except Refusal as refusal:
            form.refuse(refusal)
    return refused(_TEMPLATE, form, **_context(batch))


@room.post("/staff/paperforms/<int:batch_id>/scans/<int:file_id>", endpoint="download")
@staff_only("paperforms.see")
def download(batch_id: int, file_id: int) -> Any:
    stored = scans.one_of(_found(batch_id), file_id) or abort(404)
    try:
        return downloads.stored(stored)
    except Refusal as refusal:
        flash(refusal.text, "bad")
        return see("scans.index", batch_id=batch_id)


@room.post("/staff/paperforms/<int:batch_id>/scans/<int:file_id>/remove", endpoint="remove")
@staff_only("paperforms.enter")
def remove(batch_id: int, file_id: int) -> Any:
    batch = _found(batch_id)
    try:
        if scans.remove(batch.id, file_id):
            flash("Скан убран.", "good")
    except Refusal as refusal:
        flash(refusal.text, "bad")
    return see("scans.index", batch_id=batch_id)


def _put(sent: list[Any]) -> list[Draft]:
    """All of them on the disk, or none."""
    drafts: list[Draft] = []
    try:
        for one in sent:
            drafts.append(files.put(one.stream, one.filename))
    except BaseException:
        for draft in drafts:
            files.discard(draft)
        raise
    return drafts


def _found(batch_id: int) -> Batch:
    return batches.find(batch_id) or abort(404)


def _context(batch: Batch) -> dict[str, Any]:
    return {"batch": batch, "scans": scans.of(batch), "endings": ",".join(files.ENDINGS)}
