"""The contact centre's side of callbacks: whom to call now, by whom, and how it ended. Each try is a row."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import JOIN, CharField, DateTimeField, ForeignKeyField, ModelSelect

from models import audit, clock, company, workdays
from models.base import Problem, Refusal, Row, database, locked
from models.contact import callback_times
from models.contact.appeals import registering
from models.contact.appeals.registering import Applicant
from models.contact.appeals.rows import Appeal
from models.contact.callbacks import DONE, JOINED, OPEN, UNREACHED, WAITING, Callback, subject
from models.metering.accounts import Account
from models.people import rights
from models.people.staff import Employee

LEASE = timedelta(minutes=30)
MOST_TRIES = 3
LATEST = timedelta(days=14)  # until when a call may be put off
LONGEST = 2000
NO_ANSWER, BUSY, WRONG, LATER, ANSWERED, APPEAL = "no_answer", "busy", "wrong", "later", "answered", "appeal"
OUTCOMES = {
    ANSWERED: "поговорили, вопрос решён",
    APPEAL: "поговорили, нужно обращение",
    NO_ANSWER: "не отвечает",
    BUSY: "занято",
    LATER: "просит позвонить позже",
    WRONG: "не тот номер",
}
_AGAIN = {NO_ANSWER: timedelta(minutes=30), BUSY: timedelta(minutes=10)}
_NOT_MINE = "Заявка больше не за вами: возьмите её снова."
_TOLD = (ANSWERED, APPEAL)  # outcomes that want words


class CallbackTry(Row):
    """One call: who, when, how it ended; never changed."""

    callback = ForeignKeyField(Callback, backref="calls", on_delete="RESTRICT")
    employee = ForeignKeyField(Employee, on_delete="RESTRICT")
    outcome = CharField()
    text = CharField(default="", max_length=LONGEST)
    again_at = DateTimeField(null=True)  # when to call next
    at = DateTimeField(default=clock.now)

    class Meta:
        indexes = ((("callback", "id"), False),)


@dataclass(frozen=True)
class Queue:
    """The open requests: their time is over, is now, is later (named tuples with `owner_name` and `account_number`)."""

    late: list[Any]
    now: list[Any]
    later: list[Any]

    @property
    def count(self) -> int:
        return len(self.late) + len(self.now) + len(self.later)


def queue(most: int = 300) -> Queue:
    """Whom to call, by the time that was wished for; a call that was put off counts by its new time."""
    now = clock.now()
    late: list[Any] = []
    present: list[Any] = []
    later: list[Any] = []
    for row in _open_ones().order_by(Callback.due_at, Callback.id).limit(most).namedtuples():
        if row.due_at > now:
            later.append(row)
        else:
            (late if _is_late(row, now) else present).append(row)
    return Queue(late, present, later)


def past(*, most: int = 50, skip: int = 0) -> list[Any]:
    """Requests that are over, the newest first."""
    rows = _listed().where(Callback.state.not_in(OPEN)).order_by(Callback.state_at.desc(), Callback.id.desc())
    return list(rows.limit(most).offset(skip).namedtuples())


def find(callback_id: int) -> Callback | None:
    found: Callback | None = Callback.get_or_none(Callback.id == callback_id)
    return found


def tries(callback: Callback) -> list[Any]:
    """The calls so far with the callers' names, the first first."""
    query = (
        CallbackTry.select(CallbackTry, Employee.name.alias("caller"))
        .join(Employee)
        .where(CallbackTry.callback == callback.id)
    )
    return list(query.order_by(CallbackTry.id).namedtuples())


def joined(callback: Callback) -> list[Callback]:
    """What else is asked by this phone, for the same call; the first first."""
    same = Callback.select().where(Callback.joins == callback.id)
    return list(same.order_by(Callback.id))


def is_mine(callback: Callback, employee_id: int) -> bool:
    """Whether the employee has taken it, sees its phone and may write down the call: until somebody else takes it."""
    return callback.owner_id == employee_id and callback.state == WAITING


def take(callback_id: int, employee_id: int) -> None:
    """Take a request for half an hour; the phone is seen from here on, and that is audited. Taken again, it is theirs anew.

    Refused: one that is over, or that somebody else has.
    """
    with database.atomic():
        free = Callback.owner.is_null() | (Callback.owner == employee_id) | (Callback.owned_until <= clock.now())
        before = _held(callback_id)
        is_known = (
            before.owner_id == employee_id and before.owned_until is not None and before.owned_until > clock.now()
        )
        taken = Callback.update(owner=employee_id, owned_until=clock.now() + LEASE).where(
            Callback.id == callback_id, Callback.state == WAITING, free
        )
        if not taken.execute():
            raise _not_free(callback_id)
        if not is_known:
            audit.record("callback.taken", subject(callback_id))


def take_next(employee_id: int) -> int | None:
    """Take whoever waits longest and nobody has; None: there is nobody to call now."""
    free = Callback.owner.is_null() | (Callback.owner == employee_id) | (Callback.owned_until <= clock.now())
    due = Callback.select(Callback.id).where(Callback.state == WAITING, Callback.due_at <= clock.now(), free)
    for callback_id in [row.id for row in due.order_by(Callback.due_at, Callback.id).limit(20)]:
        try:
            take(callback_id, employee_id)
        except Refusal:  # somebody was faster
            continue
        return int(callback_id)
    return None


def let_go(callback_id: int, employee_id: int) -> None:
    """Leave a request to others without having called."""
    Callback.update(owner=None, owned_until=None).where(
        Callback.id == callback_id, Callback.owner == employee_id, Callback.state == WAITING
    ).execute()


def note(
    callback_id: int,
    employee_id: int,
    outcome: str,
    text: str = "",
    *,
    again: datetime | None = None,
    appeal_id: int | None = None,
) -> Callback:
    """Write down how a call ended; `again` (naive UTC) is when to call whoever asked for later.

    Nobody answered three times: the request closes as not reached; a wrong number closes it at once. Refused: a request that is not
    the employee's, an outcome without words where they are needed, a time that is over, too far or outside the hours.
    """
    said = text.replace("\r\n", "\n").strip()
    _check(outcome, said, again, appeal_id)
    with database.atomic():
        held = _held(callback_id)
        if not is_mine(held, employee_id):
            raise _not_free(callback_id, _NOT_MINE)
        changes = _after(held, outcome, again)
        next_at = changes.get("due_at") if changes["state"] == WAITING else None
        CallbackTry.create(
            callback=held.id, employee=employee_id, outcome=outcome, text=said, again_at=next_at, at=clock.now()
        )
        moved = Callback.update(appeal=appeal_id, owner=None, owned_until=None, **changes).where(
            Callback.id == held.id, Callback.state == WAITING, Callback.owner == employee_id
        )
        if moved.execute() != 1:
            raise _not_free(callback_id)
        if changes["state"] != WAITING:
            Callback.update(state=changes["state"], state_at=clock.now()).where(
                Callback.joins == held.id, Callback.state == JOINED
            ).execute()
        audit.record("callback.called", held.subject, outcome=outcome)
        return Callback.get_by_id(held.id)


def register_appeal(callback_id: int, employee_id: int, topic: str, text: str) -> Callback:
    """Register an appeal of the customer whose request this is, in the words they said by phone, and close the request with it.

    Refused: a guest's request, for an appeal's answer goes to a confirmed address; whatever `note` and `registering.register` refuse.
    """
    with database.atomic():
        held = _held(callback_id)
        if not is_mine(held, employee_id):
            raise _not_free(callback_id, _NOT_MINE)
        if held.customer_id is None:
            text = "Обращение регистрируют на клиента с кабинетом: пусть напишет его на портале, подтвердив почту."
            raise Refusal(None, text, "callback.guest")
        applicant = Applicant(held.customer_id, account_id=_still_held(held))
        said = f"{_by_phone(employee_id)} {text.strip()}" if text.strip() else ""
        appeal = registering.register(applicant, topic, said, key=held.subject, channel="call")
        return note(callback_id, employee_id, APPEAL, text, appeal_id=appeal.id)


def appeal_number(callback: Callback) -> str:
    """The number of the appeal that was registered from the call, '' without one."""
    found: Appeal | None = Appeal.get_or_none(Appeal.id == callback.appeal) if callback.appeal else None
    return found.number if found else ""


def _after(callback: Callback, outcome: str, again: datetime | None) -> dict[str, Any]:
    """What the request becomes by an outcome."""
    now = clock.now()
    if outcome in _TOLD:
        return {"state": DONE, "state_at": now}
    if outcome == LATER:
        assert again is not None  # noqa: S101  _check
        return {"state": WAITING, "begins_at": again, "due_at": again, "ends_at": again + callback_times.WITHIN}
    count = callback.tries + 1
    if outcome == WRONG or count >= MOST_TRIES:
        return {"state": UNREACHED, "state_at": now, "tries": count}
    due = clock.utc(callback_times.opening(clock.local(now + _AGAIN[outcome]), _rules(), workdays.special()))
    return {"state": WAITING, "due_at": due, "tries": count}


def _check(outcome: str, said: str, again: datetime | None, appeal_id: int | None) -> None:
    problems = []
    if outcome not in OUTCOMES:
        problems.append(Problem("outcome", "Выберите, чем закончился звонок.", "callback.outcome"))
    if len(said) > LONGEST:
        problems.append(
            Problem("text", f"Слишком длинно: можно до {LONGEST} знаков, сейчас {len(said)}.", "callback.text")
        )
    if any(unicodedata.category(one) in ("Cc", "Cf", "Cs") for one in said.replace("\n", "")):
        text = "Есть невидимые знаки. Наберите текст заново, не вставляя его."
        problems.append(Problem("text", text, "callback.text"))
    if outcome in _TOLD and not said:
        problems.append(Problem("text", "Напишите, о чём договорились.", "callback.text"))
    if outcome == APPEAL and appeal_id is None:
        problems.append(Problem("outcome", "Сначала зарегистрируйте обращение.", "callback.appeal"))
    if outcome == LATER:
        problems += _of_later(again)
    if problems:
        raise Refusal(problems=problems)


def _of_later(again: datetime | None) -> list[Problem]:
    now = clock.now()
    if again is None or not now < again <= now + LATEST:
        text = "Укажите день и время в ближайшие две недели, когда позвонить."
        return [Problem("again", text, "callback.again")]
    if not callback_times.works_at(clock.local(again), _rules(), workdays.special()):
        return [Problem("again", "В это время контактный центр не звонит: выберите другое.", "callback.again")]
    return []


def _by_phone(employee_id: int) -> str:
    """Whose pen it was: the words are the customer's, and the customer reads them."""
    employee = Employee.get_by_id(employee_id)
    return f"Записано по телефону, {rights.ROLE_TITLES[employee.role].lower()} {employee.name.split()[0]}."


def _still_held(callback: Callback) -> int | None:
    held = Account.of(callback.customer_id).where(Account.id == callback.account_id).exists()
    return int(callback.account_id) if callback.account_id and held else None


def _rules() -> Any:
    return company.current().reception.callbacks


def _held(callback_id: int) -> Callback:
    found: Callback = locked(Callback.select().where(Callback.id == callback_id)).get()
    return found


def _not_free(callback_id: int, otherwise: str = "Заявка уже закрыта: возьмите следующую.") -> Refusal:
    """Why a request cannot be taken or written down."""
    found = Callback.get_by_id(callback_id)
    if found.state == WAITING and found.owner and found.owned_until and found.owned_until > clock.now():
        until = f"{clock.local(found.owned_until):%H:%M}"
        text = f"Этому клиенту звонит {found.owner.name}, заявка занята до {until}. Возьмите следующую."
        return Refusal(None, text, "callback.taken")
    return Refusal(None, otherwise, "callback.gone")


def _is_late(row: Any, now: datetime) -> bool:
    """Past the time that was wished for, and not one that is only being tried again; one called sooner for another wish, past that."""
    wished = row.ends_at if row.begins_at <= row.due_at else row.due_at
    return bool(max(wished, row.due_at + callback_times.WITHIN) < now)


def _open_ones() -> ModelSelect[Any]:
    return _listed().where(Callback.state == WAITING)


def _listed() -> ModelSelect[Any]:
    return (
        Callback.select(Callback, Employee.name.alias("owner_name"), Account.number.alias("account_number"))
        .join(Employee, JOIN.LEFT_OUTER)
        .switch(Callback)
        .join(Account, JOIN.LEFT_OUTER)
    )
