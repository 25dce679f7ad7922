"""The readings that a billing system has not been told of: what counts now, and what it was told to count and should not any more.

They are marked some thousand at a time, so that nobody who writes meanwhile waits for the whole, and told when all are marked. A mark
without its file is taken up by the next try, or taken back when there is none.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from datetime import time as wall_time
from typing import Any

from models import clock
from models.base import database, locked
from models.exchange import transfers
from models.exchange.transfers import Transfer
from models.metering.accounts import Account
from models.metering.meters import Meter
from models.metering.readings import ACCEPTED, BILLED, COUNTED, UNCOUNTED, Reading

_CHUNK = 500
PART = 2000  # readings marked in one transaction
_TURN = 0.02  # seconds between two of them: whoever waits for the database tries again meanwhile

Rows = Iterator[Sequence[Any]]

HEADER = ("account", "serial", "taken", "channel", "t1", "t2", "t3", "state", "reason")
STATE = HEADER.index("state")
_PASSED_HERE = Reading.receipt.is_null(False)  # the others came from a file of the billing system
_NEW = Reading.exported_by.is_null() & _PASSED_HERE & Reading.state.in_(COUNTED)
_COUNTED_AGAIN = (
    Reading.retracted_by.is_null(False) & (Reading.retracted_by > Reading.exported_by) & Reading.state.in_(COUNTED)
)
_TOLD_LAST = Reading.retracted_by.is_null() | (Reading.retracted_by < Reading.exported_by)
_RETRACTED = Reading.exported_by.is_null(False) & UNCOUNTED & _TOLD_LAST
UNTOLD = (_NEW, _COUNTED_AGAIN, _RETRACTED)


def count() -> int:
    """How many readings the next export would hold."""
    return sum(Reading.select().where(which).count() for which in UNTOLD)


def since(day: date) -> Rows:
    """All counted readings passed here since a day, told or not; nothing is marked."""
    which = (Reading.received_at >= midnight(day)) & _PASSED_HERE & Reading.state.in_(COUNTED)
    return (_shown(row) for row in paged(_told(), Reading.id, which))


class Untold:
    """What one export tells. `rows` marks and gives it; `settle` then belongs into the transaction that ends the export."""

    def __init__(self, transfer: Transfer):
        self.transfer = transfer
        self._moved: dict[Any, list[int]] = {Reading.exported_by: [], Reading.retracted_by: []}

    def rows(self) -> Rows:
        """First what counts no longer, so that its place is free for what counts now."""
        counting = self._mark(Reading.exported_by, _NEW, _COUNTED_AGAIN & (Reading.retracted_by != self.transfer.id))
        # Afterwards: whatever those have taken the place of counts no longer by now.
        retracted = self._mark(Reading.retracted_by, _RETRACTED & (Reading.exported_by != self.transfer.id))
        yield from self._told(Reading.retracted_by, retracted, counts=False)
        yield from self._told(Reading.exported_by, counting, counts=True)

    def settle(self) -> None:
        """Take the mark off what was decided otherwise after it was marked: it is in no file, the next export tells it."""
        for column, ids in self._moved.items():
            _clear(column, ids, self.transfer)

    def _mark(self, column: Any, *conditions: Any) -> list[int]:
        """Mark the readings with the export's number; their ids, those that an earlier try has marked among them."""
        ids = array("q", _marked(column, self.transfer.id) if self.transfer.tries else ())
        for which in conditions:
            unmarked = which & (column.is_null() | (column != self.transfer.id))
            while some := _ids(Reading.select(Reading.id).where(unmarked).limit(PART)):
                with database.atomic():
                    transfers.hold(self.transfer)
                    mine = Reading.select(Reading.id).where(Reading.id.in_(some), unmarked).order_by(Reading.id)
                    held = _ids(locked(mine))
                    Reading.update({column: self.transfer.id}).where(Reading.id.in_(held)).execute()
                    transfers.renew(self.transfer)
                ids.extend(held)
                time.sleep(_TURN)
        return sorted(set(ids))

    def _told(self, column: Any, ids: Sequence[int], *, counts: bool) -> Rows:
        for some in _chunks(ids, _CHUNK):
            for row in _told().where(Reading.id.in_(some), column == self.transfer.id).order_by(Reading.id).tuples():
                if (row[1 + STATE] in COUNTED) == counts:
                    yield _shown(row)
                else:
                    self._moved[column].append(row[0])


def forget(transfer: Transfer) -> None:
    """Take the marks of an export off that could not be made: the next one tells it all."""
    for column in (Reading.exported_by, Reading.retracted_by):
        _clear(column, list(_marked(column, transfer.id)), transfer)


def _clear(column: Any, ids: Sequence[int], transfer: Transfer) -> None:
    for some in _chunks(ids, PART):
        with database.atomic():
            Reading.update({column: None}).where(Reading.id.in_(some), column == transfer.id).execute()


def _marked(column: Any, transfer_id: int) -> Iterator[int]:
    return (row[0] for row in paged(Reading.select(Reading.id), Reading.id, column == transfer_id))


def _ids(query: Any) -> list[int]:
    return [reading_id for (reading_id,) in query.tuples()]


def _chunks(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _told() -> Any:
    columns = (
        Reading.id, Account.number, Meter.serial, Reading.taken, Reading.channel, Reading.t1, Reading.t2, Reading.t3, Reading.state,
        Reading.reason,
    )  # fmt: skip
    return Reading.select(*columns).join(Meter).join(Account)


def _shown(row: Sequence[Any]) -> Sequence[Any]:
    """A reading as the import takes it: what is billed is told as accepted."""
    told = list(row[1:])
    if told[STATE] == BILLED:
        told[STATE] = ACCEPTED
    return told


def paged(query: Any, key: Any, which: Any) -> Rows:
    """The rows of a query whose first column is the key, some hundreds at a time: memory does not grow with them."""
    last = 0
    while rows := list(query.where(which, key > last).order_by(key).limit(_CHUNK).tuples()):
        last = rows[-1][0]
        yield from rows


def midnight(day: date) -> datetime:
    return clock.utc(datetime.combine(day, wall_time()))
