"""Colleagues asked what they think of an appeal, wherever they sit: each by a letter, each may answer once. Customers see nothing of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from peewee import DateTimeField, ForeignKeyField

from models import audit, clock, outbox
from models.base import Refusal, Row, compiled, database, param
from models.contact.appeals import answering, drafts, moves, typed
from models.contact.appeals.rows import ASKED, OPINION, Appeal, AppealEntry
from models.people import rights
from models.people.staff import Employee, subject

MOST = 10  # colleagues asked at once
LONGEST = 4_000
REMIND_AFTER = 24 * 3600  # seconds between reminders


class OpinionAsked(Row):
    """A colleague was asked by an ASKED entry and has given an OPINION, or not yet."""

    appeal = ForeignKeyField(Appeal, on_delete="RESTRICT")
    employee = ForeignKeyField(Employee, on_delete="RESTRICT", backref="opinions_asked")
    asked = ForeignKeyField(AppealEntry, on_delete="RESTRICT", backref="asked_of")
    given = ForeignKeyField(AppealEntry, null=True, on_delete="RESTRICT", backref="given_to")
    reminded_at = DateTimeField(null=True)

    class Meta:
        indexes = (
            (("employee", "given", "appeal"), False),
            (("asked", "employee"), True),
        )


OpinionAsked.add_index(
    OpinionAsked.appeal,
    OpinionAsked.employee,
    unique=True,
    where=OpinionAsked.given.is_null(),
    name="opinion_asked_once",
)


class Opinion(NamedTuple):
    """Who was asked what, and what they said, if they have."""

    asked: AppealEntry
    employee: Employee
    given: AppealEntry | None


def ask(
    appeal_id: int, employee_id: int, colleagues: list[int], question: str, *, key: str, seen: int | None = None
) -> AppealEntry:
    """Ask colleagues, each by a letter. The same form twice asks once.

    Refused: nobody or too many, oneself, one who may give no opinions, one who is asked already, an appeal that is not open.
    """
    with database.atomic():
        appeal = moves.hold(appeal_id)
        own = drafts.form_key(subject(employee_id), key, appeal_id, said=f"{sorted(set(colleagues))} {question}")
        if before := AppealEntry.get_or_none(AppealEntry.key == own):
            return before  # type: ignore[no-any-return]
        answering.look(appeal, seen, employee_id)
        answering.keep_open(appeal)
        clean = typed.text(question, "question", longest=LONGEST, empty="Напишите, что вы хотите узнать у коллег.")
        people = _colleagues(appeal, employee_id, colleagues)
        data = {"employees": [one.id for one in people]}
        entry = moves.add(appeal, ASKED, clean, author=subject(employee_id), data=data, key=own)
        for one in people:
            OpinionAsked.create(appeal=appeal_id, employee=one.id, asked=entry.id)
            _post(appeal, employee_id, one, clean, f"appeal-opinion:{entry.id}:{one.id}")
        audit.record("appeal.opinion_asked", appeal.subject, employees=data["employees"])
        return entry


def give(appeal_id: int, asked_id: int, employee_id: int, text: str) -> AppealEntry:
    """Say what one was asked for in this appeal; also when it is answered meanwhile. Given twice it is the first.

    Refused: not asked, nothing to say.
    """
    with database.atomic():
        found = _of(asked_id, employee_id).where(OpinionAsked.appeal == appeal_id).first()
        if found is None:
            raise Refusal(None, "Вас об этом не спрашивали.", "opinion.not_asked")
        appeal = moves.hold(found.appeal_id)
        given_id = _of(asked_id, employee_id).get().given_id
        if given_id is not None:
            return AppealEntry.get_by_id(given_id)  # type: ignore[no-any-return]
        clean = typed.text(text, longest=LONGEST, empty="Напишите ваше мнение.")
        entry = moves.add(appeal, OPINION, clean, author=subject(employee_id), data={"asked": asked_id})
        given = OpinionAsked.update(given=entry.id).where(OpinionAsked.id == found.id, OpinionAsked.given.is_null())
        if given.execute() != 1:
            raise Refusal(None, "Ваше мнение уже записано. Обновите страницу.", "opinion.given")
        audit.record("appeal.opinion_given", appeal.subject)
        return entry


def remind(appeal_id: int, asked_id: int, employee_id: int) -> int:
    """Write once more to those who have not answered this question of the appeal, at most once a day; how many letters."""
    with database.atomic():
        asked = (AppealEntry.id == asked_id) & (AppealEntry.appeal == appeal_id) & (AppealEntry.kind == ASKED)
        entry = AppealEntry.get_or_none(asked)
        if entry is None:
            raise Refusal(None, "Такого вопроса нет. Обновите страницу.", "opinion.not_asked")
        appeal = moves.hold(entry.appeal_id)
        answering.keep_open(appeal)
        today = clock.today().isoformat()
        count = 0
        for one in _silent(asked_id):
            last = one.reminded_at or entry.at
            if (clock.now() - last).total_seconds() >= REMIND_AFTER:
                OpinionAsked.update(reminded_at=clock.now()).where(OpinionAsked.id == one.id).execute()
                _post(
                    appeal,
                    employee_id,
                    one.employee,
                    entry.text,
                    f"appeal-opinion:{asked_id}:{one.employee_id}:{today}",
                )
                count += 1
        if not count:
            raise Refusal(None, "Напоминать рано: вопрос отправлен меньше суток назад.", "opinion.early")
        audit.record("appeal.opinion_reminded", appeal.subject, count=count)
        return count


def open_for(appeal_id: int, employee_id: int) -> list[AppealEntry]:
    """The questions in this appeal that wait for the employee's opinion."""
    asked = AppealEntry.select().join(OpinionAsked, on=OpinionAsked.asked == AppealEntry.id)
    waits = (OpinionAsked.employee == employee_id) & OpinionAsked.given.is_null() & (OpinionAsked.appeal == appeal_id)
    return list(asked.where(waits).order_by(AppealEntry.id))


def asked(appeal_id: int) -> list[Opinion]:
    """Everybody who was asked about the appeal, in order."""
    query: Any = OpinionAsked.select(OpinionAsked, Employee).join(Employee).where(OpinionAsked.appeal == appeal_id)
    rows = list(query.order_by(OpinionAsked.asked, OpinionAsked.id))
    ids = [one for row in rows for one in (row.asked_id, row.given_id) if one]
    entries = {one.id: one for one in AppealEntry.select().where(AppealEntry.id.in_(ids))} if ids else {}
    return [Opinion(entries[row.asked_id], row.employee, entries.get(row.given_id)) for row in rows]


@compiled
def _waiting() -> Any:
    waits = (OpinionAsked.employee == param("employee")) & OpinionAsked.given.is_null()
    return OpinionAsked.select(OpinionAsked.appeal.alias("appeal_id")).where(waits)


def waiting_of(employee_id: int) -> list[int]:
    """The ids of the appeals about which the employee is asked and has not answered."""
    return list(dict.fromkeys(row.appeal_id for row in _waiting(employee=employee_id)))


def _of(asked_id: int, employee_id: int) -> Any:
    return OpinionAsked.select().where(OpinionAsked.asked == asked_id, OpinionAsked.employee == employee_id)


def _silent(asked_id: int) -> list[Any]:
    rows = OpinionAsked.select(OpinionAsked, Employee).join(Employee)
    return list(rows.where(OpinionAsked.asked == asked_id, OpinionAsked.given.is_null(), Employee.closed_at.is_null()))


def _colleagues(appeal: Appeal, employee_id: int, ids: list[int]) -> list[Employee]:
    chosen = sorted(set(ids) - {employee_id})
    if not chosen or len(chosen) > MOST:
        raise Refusal("colleagues", f"Выберите коллег: от одного до {MOST}.", "opinion.count")
    people = [one for one in Employee.select().where(Employee.id.in_(chosen)).order_by(Employee.id) if _may(one)]
    if len(people) != len(chosen):
        raise Refusal("colleagues", "Выберите сотрудников, которые работают сейчас.", "opinion.colleague")
    busy = OpinionAsked.select(Employee.name).join(Employee).where(
        OpinionAsked.appeal == appeal.id, OpinionAsked.employee.in_(chosen), OpinionAsked.given.is_null()
    )  # fmt: skip
    if names := [row.name for row in busy.namedtuples()]:
        raise Refusal("colleagues", f"Уже спросили и ждём мнения: {', '.join(names)}.", "opinion.asked")
    return people


def _may(employee: Employee) -> bool:
    return employee.is_open and rights.allows(employee.role, "appeals.advise")


def _post(appeal: Appeal, employee_id: int, colleague: Employee, question: str, key: str) -> None:
    data = {"number": appeal.number, "who": Employee.get_by_id(employee_id).name, "question": question}
    outbox.post("appeal_opinion", colleague.email, data, key=key, subject=colleague.subject)
