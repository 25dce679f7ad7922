"""All that staff are shown of one held reading before they decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from peewee import JOIN

from models import company
from models.base import Refusal
from models.metering import checks, decisions, receipts, standings
from models.metering.accounts import Account
from models.metering.checks import Dial, Verdict
from models.metering.decision_letters import addressees
from models.metering.history import Line, Past
from models.metering.meters import unit, values
from models.metering.placing import Place
from models.metering.readings import HELD, Reading, Receipt
from models.metering.standings import Standing
from models.people.customers import Customer

_LINES = 12


@dataclass(frozen=True)
class Review:
    """One reading with what it was judged by, and what would become of it."""

    reading: Any
    account: Any
    meter: Any
    past: Past
    dial: Dial  # as it was compared
    previous_on: date | None
    verdict: Verdict
    place: Place | None  # where it would count if accepted
    obstacle: Refusal | None  # why it cannot be
    others: list[Standing]  # the account's other meters on that day
    addresses: list[str]  # who would get a letter
    no_question: str  # why the customer cannot be asked; empty: they can
    decided: list[Any]  # decisions and questions, the newest first

    @property
    def is_open(self) -> bool:
        return bool(self.reading.state == HELD)

    @property
    def values(self) -> tuple[int, ...]:
        return values(self.reading, self.meter.zones)

    @property
    def usual(self) -> int | None:
        """The usual use for the same days, in the service's unit."""
        return None if self.dial.usual_daily is None else round(self.dial.usual_daily * self.dial.days)

    @property
    def receipt(self) -> str | None:
        """The number of the receipt it came with; none: it was imported."""
        row = self.reading.receipt
        return receipts.number(row.id, row.received_at) if row else None

    @property
    def passed_by(self) -> Any | None:
        """The customer who passed it in the cabinet."""
        return self.reading.receipt.customer if self.reading.receipt else None

    @property
    def lines(self) -> list[Line]:
        """The account's readings, the newest first."""
        return self.past.lines(self.past.first_period, self.past.last_period)[:_LINES]


def load(reading_id: int, today: date) -> Review:
    """One reading that is there, with the whole past of its account."""
    joined = Reading.select(Reading, Account, Receipt, Customer).join(Account).switch(Reading)
    whole = joined.join(Receipt, JOIN.LEFT_OUTER).join(Customer, JOIN.LEFT_OUTER)
    reading = whole.where(Reading.id == reading_id).get()
    account = reading.account
    past = Past(account, today)
    meter = next(one for one in past.meters if one.id == reading.meter_id)
    stood = _stood(reading, past)
    own = next((one for one in stood if one.meter.id == meter.id), None)
    dial, previous_on = _compared(reading, meter, own)
    others = [one for one in stood if one.meter.id != meter.id]
    outlook = decisions.outlook(reading, meter, account) if reading.state == HELD else None
    return Review(
        reading, account, meter, past, dial, previous_on, _judged(reading, meter, dial, others),
        outlook if isinstance(outlook, Place) else None, outlook if isinstance(outlook, Refusal) else None, others,
        [one.email for one in addressees(account)], decisions.not_askable(reading, account), decisions.of_reading(reading=reading_id),
    )  # fmt: skip


def _stood(reading: Any, past: Past) -> list[Standing]:
    """How the account's meters stood before this reading, on its day."""
    before = [one for one in past.readings if one.taken <= reading.taken and one.id != reading.id]
    return standings.of_account(past.account.id, reading.taken, before, past.meters, reading.period)


def _compared(reading: Any, meter: Any, own: Standing | None) -> tuple[Dial, date | None]:
    """What the reading was compared with when it came; of an imported one, what is known of its day."""
    trace = reading.trace
    if "previous" in trace:
        previous_on = date.fromisoformat(trace["previous_on"]) if "previous_on" in trace else None
        dial = Dial(
            meter.serial, meter.zones, trace["digits"], trace["ratio"], tuple(trace["previous"]), trace["days"],
            trace["usual_daily"], unit(meter),
        )  # fmt: skip
        return dial, previous_on
    if own is not None:
        return own.dial(reading.taken), own.previous_on
    initial = values(meter, meter.zones, "initial_")
    days = max(1, (reading.taken - meter.installed).days)
    return Dial(meter.serial, meter.zones, meter.digits, meter.ratio, initial, days, None, unit(meter)), meter.installed


def _judged(reading: Any, meter: Any, dial: Dial, others: Sequence[Standing]) -> Verdict:
    alike = tuple(one.dial(reading.taken) for one in others if one.meter.service == meter.service)
    return checks.judge(dial, values(reading, meter.zones), company.current().checks_of(meter.service), alike)
