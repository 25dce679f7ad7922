"""Demo only: every letter and SMS that goes out, with what is secret in them, so that the demo can be tried to the end."""

from __future__ import annotations

import io
from typing import Any

from flask import Blueprint, abort, current_app
from jinja2 import TemplateError

from models.office.messages import STATES
from models.outbox import Message, kinds
from tasks import attachments, letters
from tasks.letters import Letter
from views import downloads, letter_page
from views.door import public
from views.page import page

room = Blueprint("demo", __name__)
SHOWN = 50


@room.get("/demo/letters", endpoint="letters")
@public
def show() -> Any:
    messages = [(message, _put_together(message), STATES[message.state]) for message in Message.newest(SHOWN)]
    return page("demo/letters.html", messages=messages, with_files=letter_page.WITH_FILES)


@room.get("/demo/letters/<int:message_id>", endpoint="html")
@public
def as_html(message_id: int) -> Any:
    letter = _put_together(_found(message_id))
    return letter_page.as_page(letter.html) if letter.html else abort(404)


@room.get("/demo/letters/<int:message_id>/file", endpoint="file")
@public
def file(message_id: int) -> Any:
    found = attachments.of(_found(message_id), _public_url())
    return downloads.made(io.BytesIO(found[0].body), found[0].name, found[0].kind) if found else abort(404)


def _found(message_id: int) -> Message:
    return Message.get_or_none(Message.id == message_id) or abort(404)


def _put_together(message: Message) -> Letter:
    """Its words; without its secrets once they are wiped, and nothing of a letter to somebody whose data are destroyed."""
    for shown in (False, True):
        try:
            return letters.put_together(message, _public_url(), shown=shown)
        except (TemplateError, KeyError, ValueError):
            continue
    return Letter(kinds.title(message.letter), "", "")


def _public_url() -> str:
    return str(current_app.extensions["kabinet"].public_url)
