"""Proposals: what one employee wants done with money and another has to agree to. A row for each, never deleted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from peewee import JOIN, CharField, DateTimeField, ForeignKeyField, IntegerField, JSONField, ModelSelect

from models import clock
from models.base import Row
from models.people.staff import Employee

WAITING, APPROVED, DONE, FAILED = "waiting", "approved", "done", "failed"
REFUSED, WITHDRAWN = "refused", "withdrawn"
LIVE = (WAITING, APPROVED)  # nobody has ended it yet: another of the kind about the same would be done twice
MOVES = {WAITING: (APPROVED, REFUSED, WITHDRAWN), APPROVED: (DONE, FAILED)}
LEASE = timedelta(minutes=5)  # of one try in the background: longer than the bank's slowest answers together
LONGEST = 500  # characters of a reason or a note
_LONGEST_PAUSE = timedelta(hours=1)


class Proposal(Row):
    kind = CharField()
    subject = CharField(index=True)  # what it is about, as the audit log names it: payment:2611-…, bill:2610-…
    data = JSONField()  # what is to be done
    facts = JSONField()  # what that rests on, as it was when it was proposed
    reason = CharField(max_length=LONGEST)
    key = CharField(null=True, unique=True)  # of the form, so that a double click is one proposal
    proposed_by = ForeignKeyField(Employee, backref="proposals", on_delete="RESTRICT")
    proposed_at = DateTimeField(default=clock.now)
    state = CharField(default=WAITING)
    decided_by = ForeignKeyField(Employee, null=True, backref="decisions", on_delete="RESTRICT")
    decided_at = DateTimeField(null=True)
    note = CharField(default="", max_length=LONGEST)  # of whoever decided
    ended_at = DateTimeField(null=True)
    outcome = CharField(default="", max_length=LONGEST)  # what came of it
    error = CharField(default="", max_length=LONGEST)  # why it failed, or why it was not done yet
    tries = IntegerField(default=0)
    next_try_at = DateTimeField(null=True, index=True)  # of what the background does

    class Meta:
        indexes = ((("state", "proposed_at"), False),)


Proposal.add_index(Proposal.kind, Proposal.subject, unique=True, where=Proposal.state.in_(LIVE), name="proposal_live")
_Proposer, _Decider = Employee.alias("proposer"), Employee.alias("decider")


def told() -> ModelSelect[Any]:
    """Proposals together with whoever made and decided them."""
    return (
        Proposal.select(Proposal, _Proposer, _Decider)
        .join(_Proposer, on=Proposal.proposed_by, attr="proposed_by")
        .join_from(Proposal, _Decider, JOIN.LEFT_OUTER, on=Proposal.decided_by, attr="decided_by")
    )


def waiting(kinds: Iterable[str]) -> ModelSelect[Any]:
    """Those that somebody has to decide, the oldest first."""
    of_kinds = Proposal.kind.in_(list(kinds)) & (Proposal.state == WAITING)
    return told().where(of_kinds).order_by(Proposal.proposed_at, Proposal.id)


def decided(kinds: Iterable[str]) -> ModelSelect[Any]:
    """Those that are decided or withdrawn, the last first."""
    of_kinds = Proposal.kind.in_(list(kinds)) & (Proposal.state != WAITING)
    return told().where(of_kinds).order_by(Proposal.decided_at.desc(), Proposal.id.desc())


def about(subject: str, limit: int = 20) -> list[Proposal]:
    """What was proposed about one thing, the newest first."""
    return list(told().where(Proposal.subject == subject).order_by(Proposal.id.desc()).limit(limit))


def find(proposal_id: int) -> Proposal | None:
    found: Proposal | None = told().where(Proposal.id == proposal_id).first()
    return found


def live_accounts(period: str) -> dict[str, int]:
    """Account numbers whose bill of the period stands in a proposal that nobody has ended, with the proposal's id."""
    query = Proposal.select(Proposal.id, Proposal.data).where(
        Proposal.kind.in_(("bills.issue", "bills.redo")), Proposal.state.in_(LIVE)
    )
    return {number: one.id for one in query if one.data["period"] == period for number in one.data["accounts"]}


def due(limit: int = 20) -> list[int]:
    """Approved proposals that the background should see to now."""
    ready = (Proposal.state == APPROVED) & (Proposal.next_try_at <= clock.now())
    return [one.id for one in Proposal.select(Proposal.id).where(ready).order_by(Proposal.next_try_at).limit(limit)]


def claim(proposal_id: int) -> Proposal | None:
    """The approved proposal, for whoever does it now; None while somebody else does, or when it is ended."""
    now = clock.now()
    mine = (
        Proposal.update(next_try_at=now + LEASE, tries=Proposal.tries + 1)
        .where(Proposal.id == proposal_id, Proposal.state == APPROVED, Proposal.next_try_at <= now)
        .execute()
    )
    return Proposal.get_by_id(proposal_id) if mine else None


def put_off(proposal: Proposal, why: str) -> None:
    """Try an approved proposal again later, ever more rarely."""
    pause = min(timedelta(minutes=1) * 2 ** min(proposal.tries - 1, 10), _LONGEST_PAUSE)
    Proposal.update(next_try_at=clock.now() + pause, error=why[:LONGEST]).where(
        Proposal.id == proposal.id, Proposal.state == APPROVED, Proposal.tries == proposal.tries
    ).execute()
