"""One deed with many appeals, each in a transaction of its own: what cannot be done is told and does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from models import words
from models.base import Refusal
from models.contact.appeals import answering, handling
from models.contact.appeals.rows import ANSWERED, Appeal
from models.office.inbox import openings

MOST = 100
DEEDS = {"take": "Взять в работу", "assign": "Поручить", "topic": "Сменить тему", "close": "Закрыть"}


class Result(NamedTuple):
    """How many it was done with, and the numbers of the others with why it was not."""

    done: int
    left: list[tuple[str, str]]


def do(
    deed: str,
    ids: Sequence[int],
    employee_id: int,
    *,
    to: int | None = None,
    office: str | None = None,
    topic: str = "",
    text: str = "",
) -> Result:
    """Take, assign (`to` a colleague or to the queue of `office`), move to a `topic`, or close with a `text` for the customers.

    One that nobody has answered is closed only by whoever has it open. Refused as a whole: an unknown deed, none chosen, more than 100.
    """
    verbs: dict[str, Callable[[Appeal], object]] = {
        "take": lambda one: handling.take(one.id, employee_id),
        "assign": lambda one: handling.hand_over(one.id, employee_id, to=to, office=office),
        "topic": lambda one: handling.change_topic(one.id, employee_id, topic),
        "close": lambda one: _close(one, employee_id, text),
    }
    if deed not in verbs:
        raise Refusal("deed", "Выберите, что сделать с обращениями.", "bulk.deed")
    appeals = _chosen(ids)
    left = []
    for appeal in appeals:
        try:
            verbs[deed](appeal)
        except Refusal as refusal:
            left.append((appeal.number, refusal.text))
    return Result(len(appeals) - len(left), left)


def _close(appeal: Appeal, employee_id: int, text: str) -> None:
    if appeal.state != ANSWERED and not openings.is_open(employee_id, appeal.id):
        raise Refusal(None, "Сначала откройте и прочтите: без ответа закрывают только прочитанное.", "bulk.unread")
    answering.close(appeal.id, employee_id, text, seen=appeal.last_entry)


def _chosen(ids: Sequence[int]) -> list[Appeal]:
    wanted = sorted(set(ids))
    if not wanted:
        raise Refusal("ids", "Отметьте обращения в списке.", "bulk.none")
    if len(wanted) > MOST:
        most = words.plural(MOST, "обращение", "обращения", "обращений")
        raise Refusal("ids", f"За один раз можно отметить не больше чем {most}.", "bulk.many")
    return list(Appeal.select().where(Appeal.id.in_(wanted)).order_by(Appeal.id))
