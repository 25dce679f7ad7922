"""Decisions (решения) of staff on held readings: accepted, corrected, rejected, or the customer asked; each a dated fact.

A reading is decided once: whoever comes second is told who decided what. A question decides nothing, the reading goes on waiting.
"""

from __future__ import annotations

from typing import Any

from peewee import CharField, DateTimeField, ForeignKeyField, ModelSelect, TextField

from models import audit, clock, words
from models.audit import AuditRow
from models.base import Refusal, Row, compiled, database, locked, param
from models.metering import closings, decision_letters, intake, placing
from models.metering.accounts import Account
from models.metering.channels import rank
from models.metering.meters import Meter, in_words, values
from models.metering.readings import ACCEPTED, HELD, REJECTED, REPLACED, Reading
from models.people import staff
from models.people.staff import Employee

CORRECTED, ASKED = "corrected", "asked"
VERDICTS = {ACCEPTED: "принято", CORRECTED: "исправлено", REJECTED: "отклонено", ASKED: "клиенту задан вопрос"}
LONGEST, FEWEST_WORDS = 500, 3  # of a reason or a question: characters, words

USUAL_CORRECTIONS = {
    "mistake.zones_swapped": "Были перепутаны зоны: день и ночь.",
    "mistake.extra_digit": "Была введена лишняя цифра.",
    "mistake.digits_swapped": "Были переставлены соседние цифры.",
    "mistake.missing_digit": "Была пропущена цифра.",
    "photo": "Значение взято с фотографии счётчика.",
    "telephone": "Значение уточнили с вами по телефону.",
}
USUAL_REJECTIONS = {
    "usage.below_previous": "Показание меньше прошлого, а счётчик назад не идёт.",
    "usage.above_power": "Столько за это время израсходовать нельзя.",
    "usage.far_above_usual": "Расход много больше обычного, и подтвердить его не удалось.",
    "mistake.other_meter": "Похоже, это показание другого счётчика.",
    "decision.later": "Показание больше не нужно: есть более позднее.",
}


class Decision(Row):
    reading = ForeignKeyField(Reading, backref="decisions", on_delete="CASCADE")
    verdict = CharField()
    text = TextField(default="")  # the reason or the question, as the customer sees it
    by = ForeignKeyField(Employee, on_delete="RESTRICT")
    at = DateTimeField(default=clock.now)
    instead = ForeignKeyField(Reading, null=True, backref="corrections", on_delete="SET NULL")  # the right one


# One end a reading, whatever races.
Decision.add_index(Decision.reading, unique=True, where=Decision.verdict != ASKED, name="decision_final")


@compiled
def of_reading() -> ModelSelect[Any]:
    """What staff decided and asked about a reading, the newest first."""
    return (
        Decision.select(Decision.verdict, Decision.text, Decision.at, Employee.name)
        .join(Employee)
        .where(Decision.reading == param("reading"))
        .order_by(Decision.id.desc())
    )


@compiled
def _last_question() -> ModelSelect[Any]:
    return (
        Decision.select(Decision.text, Decision.at)
        .where(Decision.reading == param("reading"), Decision.verdict == ASKED)
        .order_by(Decision.id.desc())
        .limit(1)
    )


def question(reading_id: int) -> Any | None:
    """What the customer was asked last about a reading: text and at, or None."""
    return _last_question.first(reading=reading_id)


def accept(reading_id: int, employee_id: int) -> Decision:
    """Let a held reading count, in its month or, where that is billed, in the present one.

    The month's other reading becomes replaced. Refused: a reading decided already, one that this employee has typed, and what
    `placing.place` refuses.
    """
    with database.atomic():
        reading = _kept_still(reading_id)
        if made := _made(reading, ACCEPTED, employee_id):
            return made
        _check_not_own(reading, employee_id)
        period = _count(reading)
        audit.record("reading.accepted", _subject(reading), reading=reading_id, period=period)
        return _decide(reading, ACCEPTED, employee_id)


def correct(
    reading_id: int, employee_id: int, texts: tuple[str, ...], reason: str, *, confirmed: bool = False
) -> Decision:
    """Put the right values (a text a zone) in place of a held reading's, by the word of staff; the customer is told what and why.

    Refused: a reading decided already, one that this employee has typed, what the intake refuses, the same values, a reason of less
    than three words. Raises intake.Unconfirmed when the new values are unusual too and `confirmed` is not set; confirmed, they count
    at once.
    """
    why = _sentence(reason, "correction", "Объясните клиенту, почему значение исправлено")
    with database.atomic():
        reading = _kept_still(reading_id)
        if made := _made(reading, CORRECTED, employee_id):
            return made
        _check_not_own(reading, employee_id)
        _move(reading, REPLACED)  # first: the intake refuses to replace a controller's reading by a word of lower rank
        right = _received(reading, texts, confirmed)
        old, new = (in_words(values(one, reading.meter.zones)) for one in (reading, right))
        audit.record("reading.corrected", _subject(reading), reading=reading_id, right=right.id, old=old, new=new)
        decision = _decide(reading, CORRECTED, employee_id, why, instead=right)
        decision_letters.tell_corrected(decision.id, reading, right, why)
        return decision


def reject(reading_id: int, employee_id: int, reason: str) -> Decision:
    """Refuse a held reading for good; the customer reads the reason and how to pass the right one.

    Refused: a reading decided already, a reason of less than three words.
    """
    why = _sentence(reason, "rejection", "Объясните клиенту, почему показание не принято")
    with database.atomic():
        reading = _kept_still(reading_id)
        if made := _made(reading, REJECTED, employee_id):
            return made
        _move(reading, REJECTED, reason=why, trace={**reading.trace, "held_because": reading.reason})
        audit.record("reading.rejected", _subject(reading), reading=reading_id, reason=why)
        decision = _decide(reading, REJECTED, employee_id, why)
        decision_letters.tell_rejected(decision.id, reading, why)
        return decision


def ask(reading_id: int, employee_id: int, text: str) -> Decision:
    """Ask the customer about a held reading by letter; a new reading of the meter is the answer.

    Refused: a reading decided already, a question of less than three words, and where `not_askable` says that no answer can come.
    """
    asked = _sentence(text, "question", "Напишите вопрос")
    with database.atomic():
        reading = _kept_still(reading_id)
        last = reading.decisions.order_by(Decision.id.desc()).first()
        if last and (last.verdict, last.by_id, last.text) == (ASKED, employee_id, asked):
            return last
        _check_waits(reading)
        if why := not_askable(reading, reading.account):
            raise Refusal("question", why, "decision.no_answer")
        audit.record("reading.asked", _subject(reading), reading=reading_id, question=asked)
        decision = _decide(reading, ASKED, employee_id, asked)
        decision_letters.tell_asked(decision.id, reading, asked)
        return decision


def not_askable(reading: Any, account: Any) -> str:
    """Why a letter would bring no answer, and what to do instead; empty: the customer may be asked."""
    if rank(reading.channel) > rank("web"):
        cause = "Показание офиса или контролёра клиент заменить не может."
    elif not decision_letters.addressees(account):
        cause = "Писать некуда: почты у этого счёта нет."
    else:
        return ""
    if account.phone:
        return f"{cause} Позвоните: {words.phone(account.phone)}."
    return f"{cause} Телефона тоже нет: примите, исправьте или отклоните показание."


def outlook(reading: Any, meter: Any, account: Any) -> placing.Place | Refusal:
    """Where a held reading would count, or why nowhere, as things stand; `accept` looks again."""
    try:
        return placing.place(reading, meter, account)
    except Refusal as refusal:
        return refusal


def _kept_still(reading_id: int) -> Reading:
    """The reading with its meter and account; its account's readings and the months stay as they are until the transaction ends."""
    account = Reading.select(Reading.account).where(Reading.id == reading_id)
    list(locked(Meter.select(Meter.id).where(Meter.account.in_(account)).order_by(Meter.id)).tuples())
    closings.hold()
    whole = Reading.select(Reading, Meter, Account).join(Meter).switch(Reading).join(Account)
    reading: Reading = whole.where(Reading.id == reading_id).get()
    return reading


def _made(reading: Reading, verdict: str, employee_id: int) -> Decision | None:
    """The same decision by the same employee, made already; None while it waits. Refused when anybody decided otherwise."""
    if reading.state == HELD:
        return None
    made = reading.decisions.where(Decision.verdict != ASKED).first()
    if made and (made.verdict, made.by_id) == (verdict, employee_id):
        return made
    _check_waits(reading)
    return None


def _check_waits(reading: Reading) -> None:
    if reading.state == HELD:
        return
    made = reading.decisions.where(Decision.verdict != ASKED).first()
    if made is None:
        raise Refusal(None, "Решать больше нечего: вместо этого показания передано другое.", "decision.gone")
    when = words.moment(clock.local(made.at))
    text = f"Это показание уже разобрано: {VERDICTS[made.verdict]}, {made.by.name}, {when}."
    raise Refusal(None, text, "decision.made")


def _check_not_own(reading: Reading, employee_id: int) -> None:
    """Two pairs of eyes: an unusual value does not come to count by the word of whoever typed it alone."""
    if reading.receipt is None:
        return
    received: Any = AuditRow.select(AuditRow.detail).where(
        AuditRow.subject == _subject(reading), AuditRow.at >= reading.receipt.received_at,
        AuditRow.deed == "readings.received", AuditRow.who == staff.subject(employee_id),
    )  # fmt: skip
    if any(detail.get("receipt") == reading.receipt_id for (detail,) in received.tuples()):
        text = "Это показание ввели вы. Примет или исправит его другой сотрудник, отклонить можете и вы."
        raise Refusal(None, text, "decision.own")


def _count(reading: Reading) -> str:
    """Let the reading count from now on; the month in which it does."""
    where = placing.place(reading, reading.meter, reading.account)
    Reading.update(state=REPLACED).where(Reading.id.in_(where.replaced), Reading.state == ACCEPTED).execute()
    moved = {"moved_from": reading.period} if where.period != reading.period else {}
    gave_way = {**reading.trace.get("replaced", {}), **({ACCEPTED: where.replaced[0]} if where.replaced else {})}
    replaced = {"replaced": gave_way} if gave_way else {}
    trace = {**reading.trace, "held_because": reading.reason, **moved, **replaced}
    _move(reading, ACCEPTED, period=where.period, reason="", trace=trace)
    return where.period


def _received(reading: Reading, texts: tuple[str, ...], confirmed: bool) -> Reading:
    """The reading of staff with these values, on the day of the one it corrects, and counted."""
    received = intake.receive(
        reading.account,
        {reading.meter_id: texts},
        channel="staff",
        key=f"decision:{reading.id}",
        confirmed=confirmed,
        taken=reading.taken,
    )
    whole = Reading.select(Reading, Meter, Account).join(Meter).switch(Reading).join(Account)
    of_meter = whole.where(Reading.receipt == received.receipt_id, Reading.meter == reading.meter_id)
    right: Reading = of_meter.order_by(Reading.id.desc()).get()
    if values(right, reading.meter.zones) == values(reading, reading.meter.zones):
        text = "Это те же значения. Если они верны, примите показание."
        raise Refusal(f"meter-{reading.meter_id}-t1", text, "decision.same")
    if right.state == HELD:
        _count(right)
    return right


def _move(reading: Reading, state: str, **facts: Any) -> None:
    """Out of the wait, exactly once."""
    held = Reading.update(state=state, **facts).where(Reading.id == reading.id, Reading.state == HELD)
    if held.execute() != 1:
        raise Refusal(None, "Это показание уже разобрано. Откройте очередь заново.", "decision.made")


def _decide(
    reading: Reading, verdict: str, employee_id: int, text: str = "", instead: Reading | None = None
) -> Decision:
    return Decision.create(
        reading=reading.id, verdict=verdict, text=text, by=employee_id, at=clock.now(), instead=instead
    )


def _sentence(typed: str, field: str, wanted: str) -> str:
    text = " ".join(typed.split())
    if len([word for word in text.split() if any(map(str.isalnum, word))]) < FEWEST_WORDS:
        raise Refusal(field, f"{wanted}: хотя бы тремя словами.", "decision.words")
    if len(text) > LONGEST:
        raise Refusal(field, f"Слишком длинно: можно до {LONGEST} знаков.", "decision.long")
    return text


def _subject(reading: Reading) -> str:
    return f"account:{reading.account.number}"
