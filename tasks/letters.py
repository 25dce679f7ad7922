"""Putting a message together from its letter's three files: subject, text, html (an SMS has a text alone).

The html says what the text says, set by `letter_blocks`: a line that ends with a colon above one of the portal's
addresses is a button.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound, UndefinedError, select_autoescape
from peewee import JOIN, ModelSelect

from models import clock, company, periods, words
from models.base import compiled, param
from models.billing.bills import ISSUED, Bill
from models.contact import unsubscribing
from models.metering import reading_links
from models.metering.accounts import Account
from models.outbox import Message, kinds
from tasks import letter_blocks
from tasks.letter_blocks import HIDDEN, flowed, linked

__all__ = ["Letter", "flowed", "linked", "put_together", "subject_of"]

_HELD_BACK: Mapping[str, str] = {"token": HIDDEN, "code": HIDDEN, "link": HIDDEN, "path": f"/{HIDDEN}"}
_TO_COLLEAGUES = ("appeal_opinion",)
_READ_AFTER = {
    "e_receipt": 1,
    "window_closing": 0,
}  # months from the letter's period to the one its link takes readings for
_BLANKS = re.compile(r"\n\s*\n\s*")
_TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


class Letter(NamedTuple):
    """What goes out; an SMS has neither subject nor html. Paragraphs of the text are one line each: see `flowed`."""

    subject: str
    text: str
    html: str


def put_together(message: Message, public_url: str, *, shown: bool = False) -> Letter:
    """The words of a message; links begin with the portal's public address.

    `shown`: for the staff's eyes; what lets one in (codes, signed links) is left out, and need not be there any more. So it is in
    a mailing's letter that an employee sends to themselves.
    """
    context = _context(message, public_url, shown or message.is_a_test)
    if message.kind == "sms":
        return Letter("", _rendered(f"sms/{message.letter}.txt", context), "")
    subject = _one_line(_rendered(f"mail/{message.letter}.subject", context))
    body, footer = _paragraphs(f"mail/{message.letter}.txt", context), _paragraphs("mail/_footer.txt", context)
    blocks = letter_blocks.read(body, public_url)
    whole = {
        **context,
        "subject": subject,
        "heading": subject.removesuffix(f" — {company.current().name}"),
        "preheader": letter_blocks.opening(blocks),
        "blocks": blocks,
        "footer": letter_blocks.read(footer, public_url),
    }
    return Letter(subject, f"{body}\n\n-- \n{footer}\n", _rendered(f"mail/{message.letter}.html", whole))


def subject_of(message: Any) -> str:
    """What a letter is about, without the company's name and without its secrets; an SMS, and one of an older day, by its title."""
    title = kinds.title(message.letter)
    if message.kind == "sms":
        return f"СМС: {title}"
    context = {**_HELD_BACK, **message.data, "company": company.current()}
    try:
        whole = _one_line(_rendered(f"mail/{message.letter}.subject", context))
    except (UndefinedError, TemplateNotFound):
        return title
    return whole.removesuffix(f" — {company.current().name}")


def _one_line(text: str) -> str:
    """A header takes no line break of any kind; no-break spaces stay."""
    return " ".join(re.split(r"[^\S\u00a0\u202f]+", text.strip()))


def _context(message: Message, public_url: str, shown: bool) -> dict[str, Any]:
    """The letter's data and secrets, and what every letter may say."""
    own = {**_HELD_BACK, **message.data} if shown else message.context
    return {
        **own,
        "company": company.current(),
        "public_url": public_url,
        "basis": kinds.of(message.letter).basis,
        "today": clock.today().isoformat(),
        "is_staffs": message.letter.startswith("staff_") or message.letter in _TO_COLLEAGUES,
        "unsubscribe": _way_out(message, public_url, shown),
        **_of_account(message, public_url, shown),
    }


def _way_out(message: Message, public_url: str, shown: bool) -> str:
    if kinds.of(message.letter).basis not in kinds.UNSUBSCRIBED:
        return ""
    return f"{public_url}/unsubscribe/{HIDDEN}" if shown else unsubscribing.link(message, public_url)


@compiled
def _months() -> ModelSelect[Any]:
    """An account's id beside its issued bills of a month and of the month before."""
    is_one = (Bill.period == param("period")) | (Bill.period == param("before"))
    its_own = (Bill.account == Account.id) & (Bill.state == ISSUED) & is_one
    return (
        Account.select(Account.id, Bill.period, Bill.charged, Bill.recalculated, Bill.penalty)
        .join(Bill, JOIN.LEFT_OUTER, on=its_own)
        .where(Account.number == param("number"))
    )


def _of_account(message: Message, public_url: str, shown: bool) -> dict[str, Any]:
    """Where a letter about an account and a month leads, and what the month's bill came to beside the one before, as the portal
    compares them (kopecks; None: no bill)."""
    if message.letter not in _READ_AFTER:
        return {}
    number, period = message.data["account"], message.data["period"]
    before = periods.shift(period, -1)
    rows = _months(number=number, period=period, before=before)
    cost = {row.period: row.charged + row.recalculated + row.penalty for row in rows if row.period}
    own, link = next((row for row in rows if row.period == period), None), ""
    if rows:
        read = periods.shift(period, _READ_AFTER[message.letter])
        link = f"{public_url}/r/{HIDDEN}" if shown else reading_links.address(public_url, rows[0].id, read)
    return {
        "reading_link": link, "cost": cost.get(period), "cost_before": cost.get(before),
        "recalculated": bool(own and own.recalculated), "penalty": bool(own and own.penalty),
    }  # fmt: skip


def _paragraphs(name: str, context: Mapping[str, object]) -> str:
    return _BLANKS.sub("\n\n", _rendered(name, context))


def _rendered(name: str, context: Mapping[str, object]) -> str:
    return _environment().get_template(name).render(context).strip()


def _day(iso: str) -> date:
    return date.fromisoformat(iso[:10])


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        iso_day=lambda text: words.day(_day(text)), month=words.month, rubles=words.rubles,
        iso_day_month=lambda text: words.day_month(_day(text)), quoted=lambda text: quote(text, safe=""),
    )  # fmt: skip
    environment.globals.update(plural=words.plural)
    return environment
