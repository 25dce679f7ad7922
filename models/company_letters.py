"""[letters] and [delivery] of company.toml: from whom letters come, how fast they go, when customers are written to by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models import company_file as rules
from models.company_file import Table

WAYS = ("paper", "email", "both")
_LETTERS = (
    "sender", "bounces", "per_minute", "pace", "remind_days", "debt_day", "debt_from", "verification_months", "two_from",
)  # fmt: skip


@dataclass(frozen=True)
class Letters:
    """How the company writes to its customers."""

    sender: str  # the address letters come from
    bounces: str  # the envelope's address, to which reports of what was not delivered come
    per_minute: int  # letters a minute to one mail domain
    pace: Mapping[str, int]  # the same for domains that want it otherwise
    remind_days: int  # so many days before the window closes the reminder goes; 0: none
    debt_day: int  # the day of the month on which debtors are written to; 0: none
    debt_from: int  # kopecks; a smaller debt is not written about
    verification_months: tuple[int, ...]  # so many months before a meter's verification expires its owner is written to
    two_from: int  # a mailing to so many people or more needs a second employee


@dataclass(frozen=True)
class Delivery:
    """How bills may come."""

    ways: tuple[str, ...]  # of WAYS
    accounts: str  # all | primary: for which of a customer's accounts the choice is theirs


def letters(top: Table) -> Letters:
    table = top.table("letters", _LETTERS)
    given = table.values.get("pace")
    pace = table.table("pace", given if isinstance(given, dict) else ()) if "pace" in table.values else None
    return Letters(
        sender=table.text("sender", rules.email),
        bounces=table.text("bounces", rules.email),
        per_minute=table.whole("per_minute", 1, 100_000),
        pace=MappingProxyType({name.lower(): pace.whole(name, 1, 100_000) for name in pace.values} if pace else {}),
        remind_days=table.whole("remind_days", 0, 20),
        debt_day=table.whole("debt_day", 0, 28),
        debt_from=table.kopecks("debt_from", 0.01, 1_000_000),
        verification_months=_months(table),
        two_from=table.whole("two_from", 1, 10_000_000),
    )


def delivery(top: Table) -> Delivery:
    table = top.table("delivery", ("ways", "accounts"))
    ways = table.values.get("ways")
    if not isinstance(ways, list) or set(ways) - set(WAYS) or "paper" not in ways or len(ways) < 2:
        raise table.error("ways", f"must be a list of {', '.join(WAYS)}: paper and at least one more")
    return Delivery(tuple(way for way in WAYS if way in ways), table.one_of("accounts", ("all", "primary")))


def _months(table: Table) -> tuple[int, ...]:
    given = table.values.get("verification_months")
    if not isinstance(given, list) or any(type(one) is not int or not 1 <= one <= 24 for one in given):
        raise table.error("verification_months", "must be a list of whole numbers 1…24, such as [6, 3, 1]")
    return tuple(sorted(set(given), reverse=True))
