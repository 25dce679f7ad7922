"""One step of a transfer in a process of its own: `python -m tests.bench.exchange_child check-readings FILE`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from app import create_app
from models import base
from models.exchange import handling, outgoing, transfers
from models.exchange.transfers import CHECKED, LOADING, UNDOING, Transfer
from models.metering.readings import Reading, Receipt
from models.people.staff import Employee
from tests.bench.child import peak


def main(how: str, file: Path) -> None:
    deed, _, kind = how.partition("-")
    create_app()
    with base.connection():
        transfer = _exported() if deed == "export" else _given(deed, kind, file)
        began = time.perf_counter()
        handling.step(transfer.id)
        seconds = time.perf_counter() - began
        done = transfers.find(transfer.id)
    assert done is not None and done.state not in (transfers.FAILED, transfer.state), done and done.reason
    faults = done.counts.get("bad", 0) + (deed in ("load", "undo") and done.state == CHECKED)
    print(json.dumps({"lines": done.counts["read"], "faults": faults, "seconds": seconds, "rss": peak()}))


def _given(deed: str, kind: str, file: Path) -> Transfer:
    """A transfer of the file, as it stands before the step that is measured."""
    if deed == "undo":
        last = (
            Transfer.select()
            .where(Transfer.kind == kind, Transfer.state == transfers.LOADED)
            .order_by(Transfer.id.desc())
            .get()
        )
        Transfer.update(state=UNDOING).where(Transfer.id == last.id).execute()
        last.state = UNDOING
        return last
    register = "sberbank" if kind == "register" else ""
    employee = Employee.select().order_by(Employee.id).get()
    with file.open("rb") as stream:
        made = transfers.receive(
            stream, file.name, kind="payments" if register else kind, register=register, employee_id=employee.id
        )
    if deed == "load":
        Transfer.update(state=LOADING).where(Transfer.id == made.id).execute()
        made.state = LOADING
    return made


def _exported() -> Transfer:
    """All readings of the file, as if they had been passed on the site and told to nobody."""
    with base.database.atomic():
        receipt = Receipt.select().order_by(Receipt.id).get()
        Reading.update(receipt=receipt.id).where(Reading.loaded_by.is_null(False)).execute()
    return outgoing.order("readings", "csv")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
