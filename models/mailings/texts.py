"""What a mailing may say: the letters that are sent to many, and the words that staff write themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from models import clock, company, outbox, periods, words
from models.base import Refusal
from models.billing.bills import ISSUED, Bill
from models.outbox import kinds

WINDOW, DEBT, VERIFICATION = "window_closing", "debt_notice", "verification_notice"
NEWS, RECEIPT = "news", "e_receipt"
MAILED = (WINDOW, DEBT, VERIFICATION, NEWS, RECEIPT)
LONGEST_TITLE, LONGEST_TEXT = 120, 5_000
_TAG = re.compile(r"</?[a-zA-Z!]")
# Control characters, half pairs, and marks that turn the direction of what follows: a reader would see something else than was approved.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def titles() -> dict[str, str]:
    """The letters for mailings with what they are called."""
    return {letter: kinds.of(letter).title for letter in MAILED}


def checked(letter: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What of the data the letter needs. Refused: news without words, too long or with tags; a period without bills."""
    if letter == NEWS:
        return {"title": _title(str(data.get("title") or "")), "text": _text(str(data.get("text") or ""))}
    if letter == RECEIPT:
        return {"period": _period(str(data.get("period") or "")), **({"again": True} if data.get("again") else {})}
    return {}


def countable(letter: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What of the data decides whom the letter goes to; words may still be missing. Refused: a period without bills."""
    return {"title": "", "text": ""} if letter == NEWS else checked(letter, data)


def about(letter: str, data: Mapping[str, Any]) -> str:
    """What the letter says, in a line for the staff."""
    if letter == NEWS:
        return str(data["title"])
    title = kinds.of(letter).title
    if letter != RECEIPT:
        return title
    again = " — ещё раз, и тем, кому этот счёт уже отправляли" if data.get("again") else ""
    return f"{title}: {words.month(data['period'])}{again}"


def sample(letter: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The letter's data with an invented account, for the employee's own eyes."""
    rules, today = company.current(), clock.today()
    account = rules.number.example
    if letter == NEWS:
        return {"title": data["title"], "text": data["text"]}
    if letter == RECEIPT:
        return {"account": account, "period": data["period"], "kopecks": 166471, "due": today.isoformat()}
    if letter == DEBT:
        return {"account": account, "kopecks": 312550, "months": 2, "day": today.isoformat()}
    if letter == VERIFICATION:
        until = today + timedelta(days=90)
        return {"account": account, "serial": "00000000", "until": until.isoformat(), "months": 3}
    last = periods.last_day(clock.period())
    return {"account": account, "period": clock.period(), "last_day": last.isoformat()}


def test(letter: str, data: Mapping[str, Any], to: str, subject: str) -> None:
    """Post the letter to an employee (`subject` 'staff:3'). Call inside the verb's transaction."""
    outbox.post(letter, to, sample(letter, data), subject=subject)


def is_odd(text: str) -> bool:
    """Whether there is something in it that nobody sees."""
    return bool(_HIDDEN.search(text))


def _title(typed: str) -> str:
    title = " ".join(typed.split())
    if not title or len(title) > LONGEST_TITLE:
        raise Refusal("title", f"Напишите тему письма: от 1 до {LONGEST_TITLE} знаков.", "mailing.title")
    return _plain("title", title)


def _text(typed: str) -> str:
    lines = typed.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n")
    text = "\n".join(line.rstrip() for line in lines)
    if not text or len(text) > LONGEST_TEXT:
        asked = f"Напишите текст письма: от 1 до {words.number(LONGEST_TEXT)} знаков."
        raise Refusal("text", asked, "mailing.text")
    return _plain("text", text)


def _plain(field: str, text: str) -> str:
    if is_odd(text):
        raise Refusal(field, "В тексте есть невидимые знаки. Вставьте его без оформления.", "mailing.hidden")
    if _TAG.search(text):
        raise Refusal(field, "Письмо — простой текст: уберите теги HTML.", "mailing.tags")
    return text


def _period(typed: str) -> str:
    period = periods.parse(typed)
    if not period or not Bill.select().where(Bill.period == period, Bill.state == ISSUED).exists():
        raise Refusal("period", "За этот месяц счета не выставлены. Выберите другой.", "mailing.period")
    return period
