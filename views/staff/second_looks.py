"""The blind check of paper forms: another employee types an odd or a sampled form once more, then the paper decides."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g, request

from models.base import Refusal
from models.metering.paperforms import batches, second_look
from models.metering.paperforms.batches import PaperForm
from models.metering.paperforms.second_look import SecondLook
from views.fields import Form
from views.page import see
from views.row_id import row_id
from views.staff_door import officer, staff_only
from views.staff_page import page, refused

room = Blueprint("second_looks", __name__)


class LookForm(Form):
    """Nothing but the token: the fields are the meter's."""


@room.before_request
def _section() -> None:
    g.section = "paperforms"


@room.get("/staff/paperforms/checks", endpoint="index")
@staff_only("paperforms.check")
def index() -> Any:
    """What waits for this employee: one form at a time, of one batch if it is named."""
    return page("staff/second_looks/index.html", **_next(request.args.get("batch", type=row_id)), form=LookForm())


@room.post("/staff/paperforms/checks/<int:form_id>", endpoint="check")
@staff_only("paperforms.check")
def check(form_id: int) -> Any:
    batch = request.args.get("batch", type=row_id)
    form = LookForm()
    try:
        look = second_look.check(form_id, request.form.getlist("value"), officer().id)
    except Refusal as refusal:
        form.refuse(refusal)
        return refused("staff/second_looks/index.html", form, **_next(batch))
    if not look.agrees:
        return see("second_looks.differing", look_id=look.id, batch=batch)
    flash("Совпало.", "good")
    return see("second_looks.index", batch=batch)


@room.get("/staff/paperforms/checks/<int:look_id>/difference", endpoint="differing")
@staff_only("paperforms.check")
def differing(look_id: int) -> Any:
    return page("staff/second_looks/differing.html", **_look_or_404(look_id), form=LookForm())


@room.post("/staff/paperforms/checks/<int:look_id>/difference", endpoint="pick")
@staff_only("paperforms.check")
def pick(look_id: int) -> Any:
    context, form = _look_or_404(look_id), LookForm()
    try:
        second_look.pick(look_id, request.form.get("pick", ""), officer().id)
    except Refusal as refusal:
        form.refuse(refusal)
        return refused("staff/second_looks/differing.html", form, **context)
    flash("Решено: записано то, что на бланке.", "good")
    return see("second_looks.index", batch=request.args.get("batch", type=row_id))


def _next(batch_id: int | None) -> dict[str, Any]:
    batch = batches.find(batch_id) if batch_id else None
    waiting = second_look.waiting(officer().id, batch_id)
    count, row = waiting.count(), waiting.first()  # in this order: first() limits the query to one row
    zones = [f"{_serial(row, dial)}Т{i}" for dial in row.dials for i in range(1, dial["zones"] + 1)] if row else []
    return {
        "batch": batch, "row": row, "zones": zones, "count": count,
        "undecided": second_look.undecided(batch_id) if batch_id else [],
    }  # fmt: skip


def _serial(row: PaperForm, dial: dict[str, Any]) -> str:
    return f"№ …{dial['serial'][-4:]}, " if len(row.dials) > 1 else ""


def _look_or_404(look_id: int) -> dict[str, Any]:
    look = SecondLook.get_or_none(SecondLook.id == look_id)
    if look is None:
        abort(404)
    return {
        "look": look,
        "row": look.form,
        "is_own": look.form.entered_by_id == officer().id,
        "batch_id": request.args.get("batch", type=row_id),
    }
