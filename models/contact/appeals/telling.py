"""Letters about an appeal to whoever wrote it, at their present address, with the secret link. Call inside the verb's transaction."""

from __future__ import annotations

from models import clock, outbox
from models.contact.appeals import links
from models.contact.appeals.rows import TITLES, Appeal
from models.people.customers import subject

LONGEST_COPY = 2_000  # characters of a text in a letter; the whole is behind its link


def tell(appeal: Appeal, text: str) -> None:
    """That something is new in the appeal, in these words; one letter for each newest entry."""
    data = {"number": appeal.number, "state": TITLES[appeal.state], "text": shortened(text)}
    _post("appeal_news", appeal, data, f"appeal-news:{appeal.id}:{appeal.last_entry}")


def tell_registered(appeal: Appeal, text: str) -> None:
    """The number, the day and the term of a new appeal, with a copy of what was written."""
    data = {
        "number": appeal.number, "topic": appeal.rules.title, "day": clock.local(appeal.registered_at).date().isoformat(),
        "due": appeal.due_on.isoformat(), "text": shortened(text),
    }  # fmt: skip
    _post("appeal_registered", appeal, data, f"appeal-registered:{appeal.id}")


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST_COPY else text[: LONGEST_COPY - 1].rstrip() + "…"


def _post(letter: str, appeal: Appeal, data: dict[str, str], key: str) -> None:
    place = links.address(appeal)
    if place:
        reader = subject(appeal.customer_id) if appeal.customer_id else ""
        outbox.post(letter, place, data, {"link": links.token(appeal)}, key=key, subject=reader)  # type: ignore[misc]
