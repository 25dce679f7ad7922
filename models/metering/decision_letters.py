"""Letters about decisions on held readings: to everybody who holds the account, else to the account's own address."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote

from models import clock, outbox, words
from models.metering import reading_links, windows
from models.metering.accounts import Holding
from models.metering.meters import in_words, values
from models.people.customers import Customer


class Addressee(NamedTuple):
    """Where to write, and what leads from there to the readings: a page behind the sign-in, or a link that signs for one account."""

    email: str
    page: dict[str, str]
    secret: dict[str, str]


def addressees(account: Any) -> list[Addressee]:
    """Nobody, where the account has no address at all."""
    holders = (
        Customer.select(Customer.email).join(Holding).where(Holding.account == account.id, Holding.until.is_null())
    )
    page = {"path": f"/accounts/{quote(account.number)}/readings"}
    if found := [Addressee(one.email, page, {}) for one in holders.order_by(Customer.id)]:
        return found
    link = {"path": f"/r/{reading_links.token(account.id, clock.period())}"}
    return [Addressee(account.email, {}, link)] if account.email else []


def tell_rejected(decision_id: int, reading: Any, why: str) -> None:
    data = {**_facts(reading), "reason": why, "window": windows.of("web", clock.today()).text}
    for to in addressees(reading.account):
        key = f"reading_rejected:{decision_id}:{to.email}"
        outbox.post("reading_rejected", to.email, {**data, **to.page}, to.secret, key=key)


def tell_corrected(decision_id: int, reading: Any, right: Any, why: str) -> None:
    data = {**_facts(reading), "reason": why, "right": in_words(values(right, reading.meter.zones))}
    for to in addressees(reading.account):
        key = f"reading_corrected:{decision_id}:{to.email}"
        outbox.post("reading_corrected", to.email, {**data, **to.page}, to.secret, key=key)


def tell_asked(decision_id: int, reading: Any, question: str) -> None:
    data = {**_facts(reading), "question": question}
    for to in addressees(reading.account):
        key = f"reading_question:{decision_id}:{to.email}"
        outbox.post("reading_question", to.email, {**data, **to.page}, to.secret, key=key)


def _facts(reading: Any) -> dict[str, str]:
    return {
        "account": reading.account.number,
        "serial": reading.meter.serial,
        "values": in_words(values(reading, reading.meter.zones)),
        "day": words.day(reading.taken),
    }
