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
    subject: str = ""  # 'customer:12', '' where the account's own address is all that is known


def addressees(account: Any) -> list[Addressee]:
    """Nobody, where the account has no address at all."""
    holders = (
        Customer.select(Customer.id, Customer.email)
        .join(Holding)
        .where(Holding.account == account.id, Holding.until.is_null())
    )
    page = {"path": f"/accounts/{quote(account.number)}/readings"}
    if found := [Addressee(one.email, page, {}, one.subject) for one in holders.order_by(Customer.id)]:
        return found
    link = {"path": f"/r/{reading_links.token(account.id, clock.period())}"}
    return [Addressee(account.email, {}, link)] if account.email else []


def tell_rejected(decision_id: int, reading: Any, why: str) -> None:
    data = {**_facts(reading), "reason": why, "window": windows.of("web", clock.today()).text}
    _tell("reading_rejected", decision_id, reading.account, data)


def tell_corrected(decision_id: int, reading: Any, right: Any, why: str) -> None:
    data = {**_facts(reading), "reason": why, "right": in_words(values(right, reading.meter.zones))}
    _tell("reading_corrected", decision_id, reading.account, data)


def tell_asked(decision_id: int, reading: Any, question: str) -> None:
    data = {**_facts(reading), "question": question}
    _tell("reading_question", decision_id, reading.account, data)


def _tell(letter: str, decision_id: int, account: Any, data: dict[str, str]) -> None:
    for to in addressees(account):
        outbox.post(
            letter, to.email, {**data, **to.page}, to.secret, key=f"{letter}:{decision_id}:{to.email}", subject=to.subject,
            account=account.number,
        )  # fmt: skip


def _facts(reading: Any) -> dict[str, str]:
    return {
        "account": reading.account.number,
        "serial": reading.meter.serial,
        "values": in_words(values(reading, reading.meter.zones)),
        "day": words.day(reading.taken),
    }
