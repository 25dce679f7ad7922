"""The blind check: another employee types an odd or a sampled form once more, without seeing what was typed first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from peewee import JOIN, BooleanField, CharField, DateTimeField, ForeignKeyField, JSONField, ModelSelect

from models import audit, clock
from models.base import Refusal, Row, database
from models.metering.accounts import Account
from models.metering.paperforms import entry
from models.metering.paperforms.batches import ACCEPTED, DOUBT, HELD, Batch, PaperForm, clean
from models.metering.paperforms.judging import plain
from models.people.staff import Employee

FIRST, SECOND = "first", "second"
NOBODY = 0  # no employee has this id


class SecondLook(Row):
    """What another employee has read from the paper, and whose reading of it stood in the end."""

    form = ForeignKeyField(PaperForm, unique=True, on_delete="RESTRICT")
    employee = ForeignKeyField(Employee, on_delete="RESTRICT")
    typed = JSONField()
    agrees = BooleanField()
    picked = CharField(default="")  # first | second, where they differ
    made_at = DateTimeField(default=clock.now)


def waiting(employee_id: int, batch_id: int | None = None) -> ModelSelect[Any]:
    """The rows this employee may check, by batch and line: odd ones and the sample, typed by somebody else, not checked yet."""
    odd = PaperForm.state.in_((DOUBT, HELD)) | ((PaperForm.state == ACCEPTED) & PaperForm.is_sampled)
    query = (
        PaperForm.select(PaperForm, Account, Batch)
        .join(Account)
        .switch(PaperForm)
        .join(Batch)
        .switch(PaperForm)
        .join(SecondLook, JOIN.LEFT_OUTER, on=SecondLook.form == PaperForm.id)
        .where(odd, SecondLook.id.is_null(), Batch.closed_at.is_null(), PaperForm.aside == "")
        .where(PaperForm.entered_by != employee_id)
        .order_by(PaperForm.batch, PaperForm.line)
    )
    return query.where(PaperForm.batch == batch_id) if batch_id is not None else query


def unchecked(batch_id: int) -> list[int]:
    """Lines of held rows that nobody has checked, whoever typed them; doubts keep the batch open by themselves."""
    return [form.line for form in waiting(NOBODY, batch_id) if form.state == HELD]


def undecided(batch_id: int) -> list[SecondLook]:
    """The checks of a batch that differ from what was typed first, and nobody has picked yet."""
    query = SecondLook.select(SecondLook, PaperForm).join(PaperForm)
    open_ones = (SecondLook.agrees == False, SecondLook.picked == "")  # noqa: E712
    return list(query.where(PaperForm.batch == batch_id, *open_ones).order_by(PaperForm.line))


def check(form_id: int, typed: Sequence[str], employee_id: int) -> SecondLook:
    """Compare what was read the second time; where both agree a doubt is stored as confirmed. Sent again: the first answer.

    Refused: one's own row, a row that was corrected meanwhile, a closed batch, nothing typed.
    """
    with database.atomic():
        form = entry.standing(form_id)
        if known := SecondLook.get_or_none(SecondLook.form == form_id):
            if known.employee_id == employee_id:
                return known
            raise Refusal(None, "Этот бланк уже сверил другой сотрудник.", "look.done")
        if form.entered_by_id == employee_id:
            raise Refusal(None, "Свой бланк сверяет другой сотрудник.", "look.own")
        texts = [clean(text, entry.LONGEST_TEXT) for text in typed[: entry.MOST_TEXTS]]
        if not any(texts):
            raise Refusal(None, "Введите показания с бланка.", "reading.empty")
        agrees = plain(texts) == plain(form.typed)
        look = SecondLook.create(form=form, employee=employee_id, typed=texts, agrees=agrees, made_at=clock.now())
        audit.record("paperform.checked", form.batch.subject, line=form.line, agrees=agrees)
        if agrees and form.state == DOUBT:
            entry.confirm(form, f"look:{look.id}")
        return look


def pick(look_id: int, which: str, employee_id: int) -> None:
    """Decide, with the paper in hand, whose reading stands: a doubt typed rightly at first is stored, or the second one in its place.

    Refused: the first one by whoever typed it.
    """
    if which not in (FIRST, SECOND):
        raise Refusal(None, "Выберите, что написано на бланке.", "look.pick")
    with database.atomic():
        look = SecondLook.get_or_none(SecondLook.id == look_id)
        form = entry.standing(look.form_id) if look else None
        if look is None or form is None or look.agrees:
            raise Refusal(None, "Сверять здесь нечего. Обновите страницу.", "look.none")
        if which == FIRST and form.entered_by_id == employee_id:
            raise Refusal(None, "Свою запись подтверждает другой сотрудник: позовите того, кто сверял.", "look.own")
        undecided_one = (SecondLook.id == look_id, SecondLook.picked == "")
        if SecondLook.update(picked=which).where(*undecided_one).execute() != 1:
            return
        audit.record("paperform.picked", form.batch.subject, line=form.line, picked=which)
        if which == FIRST and form.state == DOUBT:
            entry.confirm(form, f"look:{look.id}")
        elif which == SECOND:
            entry.enter(
                form.batch_id, form.account_text, look.typed, key=f"look:{look.id}", employee_id=employee_id,
                line=form.line, confirmed=True,
            )  # fmt: skip
