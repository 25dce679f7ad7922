"""Scans of a batch's forms: added, looked at, taken away."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g
from wtforms import MultipleFileField
from wtforms.validators import ValidationError

from models import words
from models.base import Refusal
from models.files import SCANS
from models.metering import scans
from models.metering.paperforms import batches
from models.metering.paperforms.batches import Batch
from views import downloads, uploads
from views.fields import Form
from views.page import see
from views.staff_door import staff_only
from views.staff_page import page, refused

room = Blueprint("scans", __name__)
uploads.allow(room, "scans.add", may=uploads.staff_may("paperforms.enter"), largest=SCANS.together)
_TEMPLATE = "staff/scans/index.html"


class ScansForm(Form):
    files = MultipleFileField("Сканы или снимки бланков")

    def validate_files(self, field: Any) -> None:
        if not self.sent:
            raise ValidationError("Выберите файлы.")

    @property
    def sent(self) -> list[Any]:
        return uploads.sent(self.files)


@room.before_request
def _show_section() -> None:
    g.section = "paperforms"


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
            stored = scans.add(batch.id, uploads.put_all(form.sent))
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


def _found(batch_id: int) -> Batch:
    return batches.find(batch_id) or abort(404)


def _context(batch: Batch) -> dict[str, Any]:
    return {"batch": batch, "scans": scans.of(batch), "endings": ",".join(SCANS.endings)}
