"""To whom a new appeal goes: the company's rules, the first that fits decides. A rule is a dated row: what held when stays known."""

from __future__ import annotations

from typing import Any

from peewee import JOIN, CharField, DateTimeField, ForeignKeyField, IntegerField, ModelSelect

from models import audit, clock, company
from models.base import Problem, Refusal, Row, compiled, database, locked, param
from models.contact.appeals.rows import Appeal, topic_of
from models.metering.accounts import Office
from models.people import rights
from models.people.staff import Employee

MOST = 200  # rules that hold at once
_ROLES = rights.roles("appeals.answer")


class AssignRule(Row):
    """Appeals of this topic and from accounts of this office ('' for any) go to an employee, or into an office's queue."""

    topic = CharField(default="")
    office = CharField(default="")
    employee = ForeignKeyField(Employee, null=True, on_delete="RESTRICT")  # null: the queue's first free one takes it
    to_office = CharField(default="")  # whose queue; '' leaves the topic's own, else the account's
    position = IntegerField()  # the lowest is asked first
    since = DateTimeField(default=clock.now)
    ended = DateTimeField(null=True)
    made_by = CharField(default="")  # 'staff:3'

    class Meta:
        indexes = ((("ended", "position", "id"), False),)


@compiled
def _present() -> ModelSelect[Any]:
    """The rules that hold, in their order, each with whether its employee still answers appeals."""
    return (
        AssignRule.select(
            AssignRule.topic, AssignRule.office, AssignRule.to_office, AssignRule.employee.alias("employee_id"),
            Employee.role, Employee.closed_at,
        )
        .join(Employee, JOIN.LEFT_OUTER)
        .where(AssignRule.ended.is_null(), AssignRule.topic.in_(["", param("topic")]))
        .order_by(AssignRule.position, AssignRule.id)
    )  # fmt: skip


def choose(topic: str, office: str = "") -> tuple[str, int | None]:
    """The queue (an office's code, '' the common one) and the employee for a new appeal; `office` is its account's.

    Without a rule it is the topic's office, else the account's. A rule whose employee has left, or answers no more, is skipped.
    """
    usual = topic_of(topic).office or office
    for rule in _present(topic=topic):
        if rule.office in ("", office) and (rule.employee_id is None or _answers(rule)):
            return rule.to_office or usual, rule.employee_id
    return usual, None


def listed() -> list[AssignRule]:
    """The rules that hold, in the order in which they are asked."""
    return list(_standing().order_by(AssignRule.position, AssignRule.id))


def history(most: int = 100) -> list[AssignRule]:
    """Rules that hold no more, the one that ended last first."""
    past = (
        AssignRule.select(AssignRule, Employee).join(Employee, JOIN.LEFT_OUTER).where(AssignRule.ended.is_null(False))
    )
    return list(past.order_by(AssignRule.ended.desc(), AssignRule.id.desc()).limit(most))


def one_of(rule_id: int) -> AssignRule | None:
    """The rule with this id, if it holds."""
    found: AssignRule | None = _standing().where(AssignRule.id == rule_id).first()
    return found


def add(*, topic: str = "", office: str = "", employee_id: int | None = None, to_office: str = "") -> AssignRule:
    """A new rule, asked after the others.

    Refused: an unknown topic, office or employee, one who may not answer, a rule that sends nowhere, one more than 200.
    """
    with database.atomic():
        _check(topic, office, employee_id, to_office)
        standing = listed()
        if len(standing) >= MOST:
            raise Refusal(None, f"Правил уже {MOST}. Уберите лишние.", "rule.many")
        position = max((rule.position for rule in standing), default=0) + 1
        return _made(topic, office, employee_id, to_office, position)


def change(
    rule_id: int, *, topic: str = "", office: str = "", employee_id: int | None = None, to_office: str = ""
) -> AssignRule:
    """Let another rule stand in the place of this one. Refused as `add`, and where somebody has changed it meanwhile."""
    with database.atomic():
        _check(topic, office, employee_id, to_office)
        old = _ended(rule_id)
        return _made(topic, office, employee_id, to_office, old.position)


def end(rule_id: int) -> None:
    """The rule holds no more; appeals that it has given to somebody stay theirs."""
    with database.atomic():
        _ended(rule_id)


def raise_up(rule_id: int) -> None:
    """Ask this rule before the one above it; nothing for the first."""
    with database.atomic():
        rules = list(locked(_plain().order_by(AssignRule.position, AssignRule.id)))
        place = next((i for i, rule in enumerate(rules) if rule.id == rule_id), 0)
        if place:
            above, own = _ended(rules[place - 1].id), _ended(rule_id)
            for rule, position in ((own, above.position), (above, own.position)):
                _made(rule.topic, rule.office, rule.employee_id, rule.to_office, position)


def able() -> ModelSelect[Any]:
    """The ids of those who may be given appeals now: they work here and answer."""
    return Employee.select(Employee.id).where(Employee.closed_at.is_null(), Employee.role.in_(_ROLES))


def is_nobodys() -> Any:
    """Appeals that nobody has taken, or somebody who works here no more, or answers no more."""
    return Appeal.owner.is_null() | Appeal.owner.not_in(able())


def _standing() -> ModelSelect[Any]:
    return AssignRule.select(AssignRule, Employee).join(Employee, JOIN.LEFT_OUTER).where(AssignRule.ended.is_null())


def _plain() -> ModelSelect[Any]:
    return AssignRule.select().where(AssignRule.ended.is_null())


def _answers(row: Any) -> bool:
    return row.closed_at is None and row.role in _ROLES


def _check(topic: str, office: str, employee_id: int | None, to_office: str) -> None:
    problems = []
    if topic and topic not in company.current().reception.topics:
        problems.append(Problem("topic", "Выберите тему из списка.", "rule.topic"))
    known = {one.code for one in Office.select(Office.code)} | {""}
    if office not in known:
        problems.append(Problem("office", "Выберите участок из списка.", "rule.office"))
    if to_office not in known:
        problems.append(Problem("to_office", "Выберите участок из списка.", "rule.to_office"))
    employee = Employee.get_or_none(Employee.id == employee_id) if employee_id is not None else None
    if employee_id is not None and (employee is None or not _answers(employee)):
        text = "Выберите сотрудника, который работает сейчас и отвечает на обращения."
        problems.append(Problem("employee", text, "rule.employee"))
    if employee_id is None and not to_office:
        problems.append(
            Problem("to_office", "Выберите, кому поручать: сотруднику или очереди участка.", "rule.nowhere")
        )
    if problems:
        raise Refusal(problems=problems)


def _made(topic: str, office: str, employee_id: int | None, to_office: str, position: int) -> AssignRule:
    rule: AssignRule = AssignRule.create(
        topic=topic, office=office, employee=employee_id, to_office=to_office, position=position, since=clock.now(),
        made_by=audit.actor().who,
    )  # fmt: skip
    audit.record("assign_rule.made", f"assign-rule:{rule.id}", topic=topic, office=office, employee=employee_id,
                 to_office=to_office, position=position)  # fmt: skip
    return rule


def _ended(rule_id: int) -> AssignRule:
    ended = AssignRule.update(ended=clock.now()).where(AssignRule.id == rule_id, AssignRule.ended.is_null()).execute()
    if ended != 1:
        raise Refusal(None, "Этого правила уже нет: его изменили или убрали. Обновите страницу.", "rule.gone")
    audit.record("assign_rule.ended", f"assign-rule:{rule_id}")
    rule: AssignRule = AssignRule.get_by_id(rule_id)
    return rule
