"""Putting a message together from its letter's three files: subject, text, html (an SMS has a text alone)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from models import company, words
from models.outbox import Message

_TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


class Letter(NamedTuple):
    subject: str
    text: str
    html: str


def put_together(message: Message, public_url: str) -> Letter:
    """The words of a message; links begin with the portal's public address."""
    context = {**message.context, "company": company.current(), "public_url": public_url}
    if message.kind == "sms":
        return Letter("", _rendered(f"sms/{message.letter}.txt", context), "")
    subject = " ".join(_rendered(f"mail/{message.letter}.subject", context).split())  # never a line break in a header
    text = _rendered(f"mail/{message.letter}.txt", context)
    return Letter(
        subject, text, _rendered(f"mail/{message.letter}.html", {**context, "subject": subject, "text": text})
    )


def linked(text: str) -> Markup:
    """Plain paragraphs as HTML, addresses of ours as links."""
    paragraphs = [
        Markup("<br>").join(
            Markup('<a href="{0}">{0}</a>').format(line) if line.startswith(("http://", "https://")) else escape(line)
            for line in block.split("\n")
        )
        for block in text.strip().split("\n\n")
    ]
    return Markup("").join(Markup("<p>{}</p>").format(paragraph) for paragraph in paragraphs)


def _rendered(name: str, context: dict[str, object]) -> str:
    return _environment().get_template(name).render(context).strip()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(linked=linked, day=words.day, number=words.number, rubles=words.rubles)
    return environment
