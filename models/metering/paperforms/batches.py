"""Batches of paper reading forms and their rows. A row typed anew is a new row on the same line; what was there stays as replaced."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from peewee import (
    JOIN,
    BigIntegerField,
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    IntegrityError,
    JSONField,
    ModelSelect,
    fn,
)

from models import audit, clock, seal
from models.base import Problem, Refusal, Row, database, locked, pairs
from models.metering import dating
from models.metering.accounts import Account, Office
from models.metering.readings import Receipt
from models.people.staff import Employee

ACCEPTED, HELD, SAME, DOUBT, REFUSED = "accepted", "held", "same", "doubt", "refused"
WITHDRAWN, REPLACED = "withdrawn", "replaced"
STATES = (ACCEPTED, HELD, SAME, DOUBT, REFUSED, WITHDRAWN)  # of a row that stands on its line
UNRESOLVED = (DOUBT, REFUSED)
CHANNELS = {"staff": "принёс абонент или участок", "inspector": "снял контролёр"}
MOST_EXPECTED = 5_000
MOST_SUM = 10**15


class Batch(Row):
    """Forms of one office and one date, typed together; its id is the number people say."""

    office = ForeignKeyField(Office, on_delete="RESTRICT")
    taken = DateField()  # the date on the forms
    channel = CharField()  # staff | inspector
    expected = IntegerField(null=True)  # forms counted by hand
    control_sum = BigIntegerField(null=True)  # of all new values, added up by hand
    lines = IntegerField(default=0)  # how many have been given out
    key = CharField(unique=True)
    opened_by = ForeignKeyField(Employee, on_delete="RESTRICT")
    opened_at = DateTimeField(default=clock.now)
    closed_by = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")
    closed_at = DateTimeField(null=True)
    difference = CharField(default="")  # told at the closing: why count or sum differ, or rows stay unchecked

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def subject(self) -> str:
        return f"batch:{self.id}"


class PaperForm(Row):
    """One form as it was typed, and what became of it."""

    batch = ForeignKeyField(Batch, on_delete="RESTRICT")
    line = IntegerField()
    key = CharField(unique=True)  # the row's own: sent again it gets the first answer
    account = ForeignKeyField(Account, null=True, on_delete="RESTRICT")
    account_text = CharField(max_length=300)
    typed = JSONField(default=list)  # the texts of all zones of all meters, in the order of the fields
    dials = JSONField(default=list)  # a meter each: meter, serial, unit, zones, digits, was, now, volume
    state = CharField()
    rule = CharField(default="")
    reason = CharField(default="", max_length=2000)
    aside = CharField(default="")  # why an unresolved row does not keep the batch open
    usage = BigIntegerField(null=True)  # all meters of the first one's unit, after the ratio
    total = BigIntegerField(default=0)  # the sum of the values as typed
    is_sampled = BooleanField(default=False)  # another employee types it once more even if nothing is odd
    receipt = ForeignKeyField(Receipt, null=True, on_delete="SET NULL")
    entered_by = ForeignKeyField(Employee, on_delete="RESTRICT")
    entered_at = DateTimeField(default=clock.now)

    class Meta:
        indexes = ((("batch", "state"), False),)

    @property
    def is_unresolved(self) -> bool:
        return self.state in UNRESOLVED and not self.aside


# One row stands on a line, whoever types at the same time.
PaperForm.add_index(
    PaperForm.batch, PaperForm.line, unique=True, where=PaperForm.state != REPLACED, name="paper_form_line"
)


def start(
    office_id: int,
    taken: date,
    channel: str,
    *,
    key: str,
    employee_id: int,
    expected: int | None = None,
    control_sum: int | None = None,
) -> Batch:
    """A new open batch; the same key again gives the same batch. Refused: an unknown office, a day to come or too long ago."""
    problems = _problems(office_id, taken, channel, expected, control_sum)
    if problems:
        raise Refusal(problems=problems)
    facts = {"office": office_id, "taken": taken, "channel": channel, "expected": expected, "control_sum": control_sum}
    key = seal.fingerprint(key)  # of any length and content
    with database.atomic():
        if known := Batch.get_or_none(Batch.key == key):
            return known
        try:
            with database.atomic():
                batch = Batch.create(**facts, key=key, opened_by=employee_id, opened_at=clock.now())
        except IntegrityError:  # sent twice at once
            return Batch.get(Batch.key == key)
        audit.record("batch.opened", batch.subject, **{**facts, "taken": taken.isoformat()})
        return batch


def _problems(
    office_id: int, taken: date, channel: str, expected: int | None, control_sum: int | None
) -> list[Problem]:
    found = []
    if not Office.select().where(Office.id == office_id).exists():
        found.append(Problem("office", "Выберите участок.", "office.unknown"))
    if channel not in CHANNELS:
        found.append(Problem("channel", "Выберите, кто снял показания.", "channel.unknown"))
    try:
        dating.check_day("staff", taken, clock.today())
    except Refusal as refusal:
        found += refusal.problems
    if expected is not None and not 1 <= expected <= MOST_EXPECTED:
        found.append(Problem("expected", f"Бланков в пачке от 1 до {MOST_EXPECTED}.", "expected.bounds"))
    if control_sum is not None and not 0 <= control_sum <= MOST_SUM:
        found.append(Problem("control_sum", "Контрольная сумма — целое число без знака.", "control_sum.bounds"))
    return found


def find(batch_id: int) -> Batch | None:
    """The batch with its office and who opened it."""
    query = Batch.select(Batch, Office, Employee).join(Office).switch(Batch)
    return query.join(Employee, on=Batch.opened_by).where(Batch.id == batch_id).first()


def hold(batch_id: int) -> Batch:
    """The batch, locked until the transaction ends: its rows change one after another."""
    batch: Batch = locked(Batch.select().where(Batch.id == batch_id)).get()
    return batch


def check_open(batch: Batch) -> None:
    if not batch.is_open:
        raise Refusal(None, f"Пачка {batch.id} уже закрыта. Откройте её снова, чтобы вводить бланки.", "batch.closed")


def rows(batch_id: int, most: int | None = None) -> list[PaperForm]:
    """The rows that stand, by line, with account and who typed them; the last `most` only if given."""
    query = (
        PaperForm.select(PaperForm, Account, Employee)
        .join(Account, JOIN.LEFT_OUTER)
        .switch(PaperForm)
        .join(Employee, on=PaperForm.entered_by)
        .where(PaperForm.batch == batch_id, PaperForm.state != REPLACED)
        .order_by(PaperForm.line.desc())
        .limit(most)
    )
    return list(query)[::-1]


def on_line(batch_id: int, line: int) -> PaperForm | None:
    """The row that stands on a line."""
    return PaperForm.get_or_none(PaperForm.batch == batch_id, PaperForm.line == line, PaperForm.state != REPLACED)


class Listed(NamedTuple):
    batch: Batch
    entered: int  # forms typed


def listed(most: int = 50) -> list[Listed]:
    """The open batches first, then the newest, each with its office and who opened it."""
    query = (
        Batch.select(Batch, Office, Employee)
        .join(Office)
        .switch(Batch)
        .join(Employee, on=Batch.opened_by)
        .order_by(Batch.closed_at.is_null().desc(), Batch.id.desc())
        .limit(most)
    )
    found = list(query)
    counts = dict(pairs(_counted([batch.id for batch in found])))
    return [Listed(batch, counts.get(batch.id, 0)) for batch in found]


def clean(text: str, most: int) -> str:
    """One line of what people or scanners typed, without what cannot be shown or stored."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())[:most].strip()


def _counted(ids: list[int]) -> ModelSelect[Any]:
    stands = (PaperForm.batch.in_(ids), PaperForm.state.not_in((REPLACED, WITHDRAWN)))
    return PaperForm.select(PaperForm.batch, fn.COUNT(PaperForm.id)).where(*stands).group_by(PaperForm.batch)
