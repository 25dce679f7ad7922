"""Four eyes: one employee proposes what touches money, another approves or refuses, and only then it is done.

Nobody decides their own proposal. An approval counts for the facts that were proposed: if they have changed meanwhile, it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peewee import IntegrityError

from models import audit, clock, seal
from models.base import Refusal, database, locked
from models.office import access_kinds, mailing_kinds, proposal_kinds
from models.office.proposal_kinds import Kind
from models.office.proposals import (
    APPROVED,
    DONE,
    FAILED,
    LIVE,
    LONGEST,
    MOVES,
    REFUSED,
    WAITING,
    WITHDRAWN,
    Proposal,
)
from models.people import employment, rights
from models.people.staff import Employee, subject

KINDS: Mapping[str, Kind] = {**proposal_kinds.KINDS, **access_kinds.KINDS, **mailing_kinds.KINDS}

__all__ = ["KINDS", "Kind", "Proposal", "approve", "done", "failed", "propose", "refuse", "stands", "withdraw"]


def propose(
    kind: str, about: str, data: Mapping[str, Any], reason: str, employee_id: int, *, key: str | None = None
) -> Proposal:
    """Ask for a second pair of eyes; nothing is done yet. The same form (`key`) with the same values is one proposal.

    Refused: no right, no reason, what cannot be done now, another of the kind about the same that nobody has ended.
    """
    own = KINDS[kind]
    told = _said("reason", reason, "Напишите, почему: это прочтёт тот, кто утверждает, и это останется в журнале.")
    employee = Employee.get_by_id(employee_id)
    _need(employee, own.propose)
    mark = seal.fingerprint(f"{employee_id}|{key}|{kind}|{about}|{data}") if key else None
    with database.atomic():
        if repeated := _made_by(mark):
            return repeated
        own.admit(data)
        facts = own.check(data)
        row = {"kind": kind, "subject": about, "data": dict(data), "facts": facts, "reason": told, "key": mark}
        try:
            with database.atomic():
                made: Proposal = Proposal.create(**row, proposed_by=employee.id, proposed_at=clock.now())
        except IntegrityError as clash:
            if repeated := _made_by(mark):
                return repeated
            raise _live(kind, about) from clash
        _record("made", made, reason=told)
        return made


def approve(proposal_id: int, employee_id: int, note: str = "") -> Proposal:
    """Agree: what the portal can do alone is done at once, in the same transaction; the rest is for the background.

    Refused: one's own proposal, a right that is lost by now (the proposer's too), a decision made already, facts that
    have changed since it was proposed, and whatever the deed itself refuses.
    """
    with database.atomic():
        proposal, own = _to_decide(proposal_id, employee_id)
        _need(Employee.get_by_id(proposal.proposed_by_id), own.propose, of_proposer=True)
        own.hold(proposal.data)
        if why := stands(proposal):
            raise Refusal(None, why, "proposal.stale")
        _move(proposal, APPROVED, **_decision(employee_id, note), next_try_at=None if own.do else clock.now())
        _record("approved", proposal, reason=proposal.reason)
        if own.do:
            _end(proposal, DONE, outcome=own.do(proposal.data, proposal.reason))
        return proposal


def refuse(proposal_id: int, employee_id: int, note: str) -> None:
    """Disagree, saying why. Refused: one's own proposal, a lost right, a decision made already, no word why."""
    told = _said("note", note, "Напишите, почему отклоняете: это прочтёт тот, кто предложил.")
    with database.atomic():
        proposal, _ = _to_decide(proposal_id, employee_id)
        _move(proposal, REFUSED, **_decision(employee_id, told), ended_at=clock.now())
        _record("refused", proposal, note=told)


def withdraw(proposal_id: int, employee_id: int) -> None:
    """Take one's own proposal back. Refused: another's, a decision made already."""
    with database.atomic():
        proposal = _held(proposal_id)
        if proposal.proposed_by_id != employee_id:
            raise Refusal(None, "Отозвать предложение может тот, кто его сделал.", "proposal.other")
        _move(proposal, WITHDRAWN, decided_at=clock.now(), ended_at=clock.now())
        _record("withdrawn", proposal)


def stands(proposal: Proposal) -> str:
    """Why what was proposed cannot be done any more; empty: the facts are those that were proposed."""
    try:
        facts = KINDS[proposal.kind].check(proposal.data)
    except Refusal as refusal:
        return f"{refusal.text} Отклоните предложение."
    if facts != proposal.facts:
        return "С тех пор, как это предложили, суммы или состояние изменились. Отклоните и предложите заново."
    return ""


def may_decide(proposal: Proposal, employee_id: int, role: str) -> bool:
    """Whether this employee is one who may approve or refuse it."""
    is_free = proposal.state == WAITING and proposal.proposed_by_id != employee_id
    return is_free and rights.allows(role, KINDS[proposal.kind].approve)


def seen_by(role: str) -> list[str]:
    """The kinds of proposals that a role may see."""
    return [
        code for code, kind in KINDS.items() if rights.allows(role, kind.propose) or rights.allows(role, kind.approve)
    ]


def decided_by(role: str) -> list[str]:
    """The kinds of proposals that a role may approve or refuse."""
    return [code for code, kind in KINDS.items() if rights.allows(role, kind.approve)]


# ---- what the background has done


def done(proposal: Proposal, outcome: str) -> None:
    """It was done; whoever comes second with an answer changes nothing."""
    with database.atomic():
        held = _held(proposal.id)
        if held.state == APPROVED:
            _end(held, DONE, outcome=outcome, error="")


def failed(proposal: Proposal, why: str) -> None:
    """It could not be done and will not be tried again; it may be proposed anew."""
    with database.atomic():
        held = _held(proposal.id)
        if held.state == APPROVED:
            _end(held, FAILED, error=why)


def _end(proposal: Proposal, state: str, **facts: str) -> None:
    cut = {name: text[:LONGEST] for name, text in facts.items()}
    _move(proposal, state, **cut, ended_at=clock.now(), next_try_at=None)
    _record(state, proposal, **{name: text for name, text in cut.items() if text})


def _to_decide(proposal_id: int, employee_id: int) -> tuple[Proposal, Kind]:
    """The proposal, held, with its kind, for somebody who may decide it."""
    employee = employment.held(employee_id)
    proposal = _held(proposal_id)
    own = KINDS[proposal.kind]
    _need(employee, own.approve)
    if proposal.proposed_by_id == employee_id:
        raise Refusal(None, "Своё предложение утверждает другой сотрудник. Его можно только отозвать.", "proposal.own")
    if Employee.get_by_id(proposal.proposed_by_id).let_in_by == employee_id:
        text = "Доступ тому, кто это предложил, открывали вы: утвердить должен другой администратор."
        raise Refusal(None, text, "proposal.let_in")
    if proposal.state != WAITING:
        raise _decided()
    return proposal, own


def _held(proposal_id: int) -> Proposal:
    found: Proposal | None = locked(Proposal.select().where(Proposal.id == proposal_id)).first()
    if found is None:
        raise Refusal(None, "Такого предложения нет.", "proposal.unknown")
    return found


def _made_by(mark: str | None) -> Proposal | None:
    found: Proposal | None = Proposal.get_or_none(Proposal.key == mark) if mark else None
    return found


def _need(employee: Employee, right: str, *, of_proposer: bool = False) -> None:
    if employee.is_open and rights.allows(employee.role, right):
        return
    text = (
        "У того, кто это предложил, больше нет такого права. Отклоните: предложить заново может другой сотрудник."
        if of_proposer
        else "У вас больше нет такого права."
    )
    raise Refusal(None, text, "proposal.right")


def _move(proposal: Proposal, state: str, **facts: Any) -> None:
    """The legal move, made by one alone: whoever comes second is told that it is decided."""
    allowed = [source for source, targets in MOVES.items() if state in targets]
    moved = (
        Proposal.update(state=state, **facts).where(Proposal.id == proposal.id, Proposal.state.in_(allowed)).execute()
    )
    if moved != 1:
        raise _decided()
    for name, value in {"state": state, **facts}.items():
        setattr(proposal, name, value)


def _decided() -> Refusal:
    return Refusal(None, "По этому предложению уже решено.", "proposal.decided")


def _decision(employee_id: int, note: str) -> dict[str, Any]:
    return {"decided_by": employee_id, "decided_at": clock.now(), "note": note.strip()[:LONGEST]}


def _record(deed: str, proposal: Proposal, **detail: str) -> None:
    """One audit row with both people, whoever of them acts."""
    people = {"proposed_by": subject(proposal.proposed_by_id)}
    if proposal.decided_by_id:
        people["decided_by"] = subject(proposal.decided_by_id)
    brief = KINDS[proposal.kind].brief(proposal.data, proposal.facts)
    audit.record(
        f"proposal.{deed}",
        concerned(proposal),
        proposal=proposal.id,
        kind=proposal.kind,
        what=brief,
        **people,
        **detail,
    )


def concerned(proposal: Proposal) -> str:
    """What the audit log names: payment:2611-…, bill:2610-…, period:2026-10 without the mark of several bills."""
    kind, name, *_ = proposal.subject.split(":")
    return f"{kind}:{name}"


def _said(field: str, text: str, missing: str) -> str:
    told = " ".join(text.split())
    if not told:
        raise Refusal(field, missing, f"proposal.{field}")
    if len(told) > LONGEST:
        raise Refusal(field, f"Слишком длинно: можно до {LONGEST} знаков.", f"proposal.{field}")
    return told


def _live(kind: str, about: str) -> Refusal:
    other = Proposal.get_or_none(Proposal.kind == kind, Proposal.subject == about, Proposal.state.in_(LIVE))
    number = f" (№ {other.id})" if other else ""
    text = f"Такое предложение уже есть{number}: дождитесь решения или отзовите его."
    return Refusal(None, text, "proposal.live")
