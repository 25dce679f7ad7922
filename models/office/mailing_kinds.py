"""A mailing to many: made by one employee, let go by another. What the second one approves is the words, the audience and the time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from models import clock, words
from models.base import Refusal
from models.mailings import control, mailings, recipients, texts
from models.mailings.mailings import DRAFT, Mailing
from models.office.proposal_kinds import Facts, Kind, Lines

SEND = "mailing.send"
_AHEAD = timedelta(days=30)  # whom a mailing reaches later than that, nobody can approve today
_LOOK = 1.0  # seconds that a page about the proposal may count for


def to_send(mailing: Mailing) -> tuple[str, dict[str, Any]]:
    """Subject and data of a proposal to let the draft go out: counts whom it would go to now."""
    found = control.counted(mailing, seconds=control.LONGEST_COUNT)
    return mailing.subject, {"mailing": mailing.id, "letters": found.letters, "is_exact": found.is_exact}


def _admit(data: Facts) -> None:
    if not data["letters"] and data["is_exact"]:
        raise Refusal(None, "Писать некому: измените отбор.", "mailing.empty")
    planned_at = _draft(data).planned_at
    if planned_at is not None and planned_at > clock.now() + _AHEAD:
        text = f"До начала больше {_AHEAD.days} дней, кому придёт письмо, сейчас не сказать. Попросите утвердить ближе к началу."
        raise Refusal(None, text, "mailing.far")


def _check(data: Facts) -> dict[str, Any]:
    """The draft as it stands, and the count that was proposed unless the audience has outgrown it."""
    mailing = _draft(data)
    letters = data["letters"]
    if data["is_exact"]:
        most = control.most_of(letters)
        now = recipients.count(mailing.letter, mailing.data, mailing.audience, seconds=_LOOK, most=most + 1)
        letters = now.letters if now.letters > most else letters
    return {
        "fingerprint": mailings.fingerprint(mailing), "letters": letters, "name": mailing.name,
        "about": texts.about(mailing.letter, mailing.data), "text": mailing.data.get("text", ""),
        "audience": [list(line) for line in mailing.audience.told()], "per_minute": mailing.per_minute,
        "planned_at": mailing.planned_at and mailing.planned_at.isoformat(),
    }  # fmt: skip


def _draft(data: Facts) -> Mailing:
    mailing = mailings.find(data["mailing"])
    if mailing is None or mailing.state != DRAFT:
        raise Refusal(None, "Этой рассылки среди черновиков нет.", "mailing.state")
    return mailing


def _hold(data: Facts) -> None:
    mailings.held(data["mailing"])


def _describe(data: Facts, facts: Facts) -> Lines:
    at = datetime.fromisoformat(facts["planned_at"]) if facts["planned_at"] else None
    lines = [
        ("Рассылка", facts["name"]),
        ("Письмо", facts["about"]),
        *([("Текст", facts["text"])] if facts["text"] else []),
        *((title, text) for title, text in facts["audience"]),
        ("Писем", _letters(data, facts)),
        ("Когда", words.moment(clock.local(at)) if at else "сразу"),
        ("Скорость", f"до {words.number(facts['per_minute'])} в минуту"),
    ]
    return lines


def _brief(data: Facts, facts: Facts) -> str:
    letters = words.plural(facts["letters"], "письмо", "письма", "писем")
    return f"{facts['name']}, {'' if data['is_exact'] else 'не меньше: '}{letters}"


def _letters(data: Facts, facts: Facts) -> str:
    return f"{'' if data['is_exact'] else 'не меньше '}{words.number(facts['letters'])}"


def _do(data: Facts, _reason: str) -> str:
    mailing = mailings.plan(data["mailing"], approved=True, counted=data["letters"] if data["is_exact"] else None)
    at = mailing.planned_at or clock.now()
    return f"рассылка начнётся {words.moment(clock.local(at))}" if at > clock.now() else "рассылка началась"


KINDS: Mapping[str, Kind] = {
    SEND: Kind(
        SEND, "Большая рассылка", _check, _describe, _brief, _do, _hold, _admit, propose="mailings.make", approve="mailings.approve",
    ),
}  # fmt: skip
