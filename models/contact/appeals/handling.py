"""Whose an appeal is and what it is about: taken, handed over, its topic, its account, merged with another.

Each verb is one transaction with the appeal held; `seen` as in `answering`.
"""

from __future__ import annotations

from typing import Any

from peewee import ModelSelect

from models import audit, clock, company, words, workdays
from models.base import Refusal, database
from models.contact.appeals import assign_rules, drafts, links, moves, telling, terms, typed
from models.contact.appeals.answering import keep_open, look, started_on
from models.contact.appeals.links import address
from models.contact.appeals.rows import (
    ANSWERED,
    EVENT,
    MERGED,
    OPEN,
    REGISTERED,
    REOPENED,
    WORK,
    Appeal,
    AppealEntry,
    by_number,
    topic_of,
)
from models.metering.accounts import Account, Office
from models.people.customers import Customer
from models.people.staff import Employee, subject

LONGEST_NOTE = 500
_NEW_LINK = "Ссылки из прежних писем об этом обращении больше ничего не открывают. Новая ссылка — в этом письме."
CANDIDATES = 20


def take(appeal_id: int, employee_id: int, *, over: int | None = None, seen: int | None = None) -> None:
    """The employee answers this one; it goes into work and the customer is told. Taken again: nothing.

    `over` is the colleague from whom it is taken, as the page showed; one who works here no more, or answers no more, has none.
    Refused: somebody else has it (the text says who), an appeal that is not open.
    """
    with database.atomic():
        appeal = moves.hold(appeal_id)
        look(appeal, seen, employee_id)
        keep_open(appeal)
        if appeal.owner_id not in (None, employee_id, over) and _is_able(appeal.owner_id):
            raise Refusal(None, f"Обращение уже взято: {_name(appeal.owner_id)}. Возьмите следующее.", "appeal.taken")
        if appeal.owner_id not in (None, employee_id):
            moves.add(appeal, EVENT, "", data={"owner": employee_id, "office": appeal.office}, is_public=False)
        if appeal.owner_id != employee_id:
            _own(appeal, employee_id)
        if appeal.state in (REGISTERED, REOPENED):
            moves.move(appeal, WORK)
            telling.tell(appeal, f"Обращение взяли в работу. Ответим не позже {words.day(appeal.due_on)}.")


def hand_over(
    appeal_id: int,
    employee_id: int,
    *,
    to: int | None = None,
    office: str | None = None,
    note: str = "",
    seen: int | None = None,
) -> None:
    """Give the appeal to a colleague (`to`), or back to a queue, where it is nobody's (`office`, '' the common one).

    Refused: an appeal that is not open, a colleague who does not answer appeals, an unknown office, neither or both.
    """
    with database.atomic():
        appeal = moves.hold(appeal_id)
        look(appeal, seen, employee_id)
        keep_open(appeal)
        if (to is None) == (office is None):
            raise Refusal("to", "Выберите, кому передать: сотруднику или очереди участка.", "appeal.to_whom")
        clean = typed.line(note, LONGEST_NOTE)
        if to is not None:
            _check_colleague(to)
            _own(appeal, to)
        else:
            _check_office(office or "")
            _change(appeal, owner=None, owned_at=None, office=office or "")
        facts = {"owner": to, "office": appeal.office}
        moves.add(appeal, EVENT, clean, data=facts, is_public=False)
        audit.record("appeal.handed_over", appeal.subject, to=to, office=appeal.office, note=clean)


def change_topic(appeal_id: int, employee_id: int, topic: str, *, seen: int | None = None) -> None:
    """The appeal is about something else; its term is counted anew from the same beginning, and the customer is told.

    An extension that was promised holds where it ends later. An appeal that is nobody's goes to the new topic's queue. Refused: an
    unknown topic, an appeal that is not open.
    """
    with database.atomic():
        appeal = moves.hold(appeal_id)
        look(appeal, seen, employee_id)
        keep_open(appeal)
        if topic not in company.current().reception.topics:
            raise Refusal("topic", "Выберите тему из списка.", "appeal.topic")
        if topic == appeal.topic:
            return
        due_on = terms.due(started_on(appeal), topic_of(topic), workdays.special())
        if appeal.extended_on is not None:
            due_on = max(due_on, appeal.due_on)
        before = appeal.topic
        _change(appeal, topic=topic, due_on=due_on)
        if appeal.owner_id is None:
            _send_on(appeal)
        facts = {"topic": topic, "before": before, "due": due_on.isoformat()}
        moves.add(appeal, EVENT, "", data=facts, is_public=True)
        audit.record("appeal.topic", appeal.subject, topic=topic, before=before, until=due_on.isoformat())
        telling.tell(appeal, f"Тема обращения теперь «{topic_of(topic).title}». Ответим не позже {words.day(due_on)}.")


def merge(appeal_id: int, employee_id: int, into_number: str, *, seen: int | None = None) -> Appeal:
    """Go on with this appeal in another one of the same person; the other, which has the earlier of both terms now.

    The conversation and its files stay where they are and are read from there; the customer is told where to look. Refused: no such
    appeal, another person's, one that is not open.
    """
    into = by_number(into_number)
    if into is not None and into.id == appeal_id:
        raise Refusal("into_number", "Это то же самое обращение. Проверьте номер.", "merge.same")
    if into is None:
        raise Refusal("into", "Такого обращения нет. Выберите из списка или проверьте номер.", "merge.number")
    with database.atomic():
        appeal, main = _both(appeal_id, into.id)
        look(appeal, seen, employee_id)
        keep_open(appeal)
        if not main.is_open:
            raise Refusal("into", "То обращение уже не в работе: на него ответили или его закрыли.", "merge.not_open")
        if not _is_of_one(appeal, main):
            raise Refusal("into", "Объединить можно только обращения одного человека.", "merge.other_person")
        moves.move(appeal, MERGED, merged_into=main.id, closed_at=clock.now())
        if appeal.due_on < main.due_on:
            _change(main, due_on=appeal.due_on)
        moves.add(main, EVENT, "", data={"merged": appeal.id}, is_public=True)
        audit.record("appeal.joined", main.subject, number=appeal.number)
        telling.tell(appeal, f"Ответим на него в обращении № {main.number}, где уже отвечаем вам.")
        return main


def merge_candidates(appeal: Appeal) -> list[Appeal]:
    """The same person's other open appeals, by the cabinet, its present address, a guest's confirmed one; newest first."""
    place = address(appeal)
    person = appeal.customer_id or Customer.select(Customer.id).where(Customer.email == place).scalar()
    own = [Appeal.customer == person] if person else []
    if place:
        own.append((Appeal.email == place) & Appeal.customer.is_null())
    found: dict[int, Appeal] = {}
    for theirs in own:  # each by an index of its own
        query = Appeal.select().where(theirs, Appeal.state.in_(OPEN), Appeal.id != appeal.id)
        found |= {one.id: one for one in query.order_by(Appeal.id.desc()).limit(CANDIDATES)}
    return [found[one] for one in sorted(found, reverse=True)][:CANDIDATES]


def joined(appeal_id: int) -> list[Appeal]:
    """The appeals that go on in this one, those merged into them too, in the order of their registration."""
    found: dict[int, Appeal] = {}
    into = [appeal_id]
    while into:
        more = [one for one in _merged(into) if one.id not in found]
        found |= {one.id: one for one in more}
        into = [one.id for one in more]
    return [found[one] for one in sorted(found)]


def link_account(appeal_id: int, employee_id: int, number: str, *, seen: int | None = None) -> None:
    """Say which account the appeal is about: it is the office's finding, and gives its author no right to see the account.

    Refused: no such account, an appeal that is not open.
    """
    with database.atomic():
        appeal = moves.hold(appeal_id)
        look(appeal, seen, employee_id)
        keep_open(appeal)
        account = Account.get_or_none(Account.number == number.strip().upper()) if "\0" not in number else None
        if account is None:
            raise Refusal("account", "Лицевого счёта с таким номером нет. Проверьте номер.", "appeal.account")
        if appeal.account_id == account.id:
            return
        _change(appeal, account=account.id)
        moves.add(appeal, EVENT, "", data={"account": account.number}, is_public=False)
        audit.record("appeal.account", appeal.subject, account=account.number)


def reopen(appeal_id: int, employee_id: int, *, seen: int | None = None) -> None:
    """Work on an answered appeal once more, with a new term from today: the applicant has written what is no thanks.

    Refused: an appeal that was not answered, or is open again already.
    """
    with database.atomic():
        appeal = moves.hold(appeal_id)
        look(appeal, seen, employee_id)
        if appeal.state != ANSWERED:
            raise Refusal(None, "Обращение уже открыто или закрыто. Обновите страницу.", "appeal.not_answered")
        due_on = terms.due(clock.today(), appeal.rules, workdays.special())
        moves.move(appeal, REOPENED, due_on=due_on, extended_on=None)
        telling.tell(appeal, f"Мы вернулись к вашему обращению и ответим не позже {words.day(due_on)}.")


def pass_over(appeal_id: int, employee_id: int, *, seen: int | None = None) -> None:
    """What the applicant wrote after the answer needs none. Again: nothing. Refused: an appeal that was not answered."""
    with database.atomic():
        appeal = moves.hold(appeal_id)
        look(appeal, seen, employee_id)
        if appeal.state != ANSWERED:
            raise Refusal(None, "Обращение уже открыто или закрыто. Обновите страницу.", "appeal.not_answered")
        passed = Appeal.update(is_news=False).where(Appeal.id == appeal.id, Appeal.is_news).execute()
        if passed:
            audit.record("appeal.passed_over", appeal.subject)


def void_links(appeal_id: int, employee_id: int, *, key: str) -> None:
    """The secret links that have gone out open nothing any more, and a new one goes to the applicant; the same form twice does it once."""
    with database.atomic():
        appeal = moves.hold(appeal_id)
        own = drafts.form_key(subject(employee_id), key, appeal_id, said="links") if key else None
        if own and AppealEntry.select().where(AppealEntry.key == own).exists():
            return
        links.void(appeal)
        changed = moves.hold(appeal_id)
        moves.add(changed, EVENT, "", data={"links": changed.link_no}, is_public=False, key=own)
        audit.record("appeal.links_voided", changed.subject)
        telling.tell(changed, _NEW_LINK)


def _own(appeal: Appeal, employee_id: int) -> None:
    """Make it theirs: a change that holds only if the owner is who we think."""
    is_as_seen = Appeal.owner.is_null() if appeal.owner_id is None else Appeal.owner == appeal.owner_id
    now = clock.now()
    owned = Appeal.update(owner=employee_id, owned_at=now).where(
        Appeal.id == appeal.id, is_as_seen, Appeal.state.in_(OPEN)
    )
    if owned.execute() != 1:
        raise Refusal(None, "Обращение тем временем взял кто-то другой. Обновите страницу.", "appeal.taken")
    before, appeal.owner, appeal.owned_at = appeal.owner_id, employee_id, now  # type: ignore[assignment]
    audit.record("appeal.taken", appeal.subject, owner=employee_id, **({"before": before} if before else {}))


def _change(appeal: Appeal, **columns: Any) -> None:
    Appeal.update(**columns).where(Appeal.id == appeal.id).execute()
    for name, value in columns.items():
        setattr(appeal, name, value)


def office_of(appeal: Appeal) -> str:
    """The code of the office of the account that the appeal is about; '' where none is known."""
    return str(Office.select(Office.code).join(Account).where(Account.id == appeal.account_id).scalar() or "")


def _name(employee_id: int) -> str:
    return str(Employee.get_by_id(employee_id).name)


def _is_able(employee_id: int) -> bool:
    return bool(assign_rules.able().where(Employee.id == employee_id).exists())


def _check_colleague(employee_id: int) -> None:
    if not _is_able(employee_id):
        raise Refusal("to", "Выберите сотрудника, который работает сейчас и отвечает на обращения.", "appeal.colleague")


def _check_office(code: str) -> None:
    if code and ("\0" in code or not Office.select().where(Office.code == code).exists()):
        raise Refusal("office", "Выберите участок из списка.", "appeal.office")


def _send_on(appeal: Appeal) -> None:
    """To the queue, or the employee, that the rules name for its topic now."""
    office, employee_id = assign_rules.choose(appeal.topic, office_of(appeal))
    _change(appeal, office=office)
    if employee_id is not None:
        _own(appeal, employee_id)


def _both(one_id: int, other_id: int) -> tuple[Appeal, Appeal]:
    """Both appeals held, the older first: two who merge them crosswise must not wait for each other."""
    held = {each: moves.hold(each) for each in sorted((one_id, other_id))}
    return held[one_id], held[other_id]


def _is_of_one(one: Appeal, other: Appeal) -> bool:
    if one.customer_id is not None and one.customer_id == other.customer_id:
        return True
    place = address(one).casefold()
    return bool(place) and place == address(other).casefold()


def _merged(into: list[int]) -> ModelSelect[Any]:
    return Appeal.select().where(Appeal.merged_into.in_(into))
