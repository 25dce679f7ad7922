"""One process of the mailing's bench: `python -m tests.bench.mailing_child prepare|bare|draw|write|send|states|sink …` prints JSON.

The settings are those of the environment.
"""

from __future__ import annotations

import asyncio
import json
import os
import smtplib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peewee import fn

from app import create_app
from models import base, clock, schema
from models.base import insert_rows, pairs
from models.billing import run
from models.billing.bills import ISSUED, Bill
from models.billing.delivery import DeliveryChoice
from models.mailings import expansion, mailings
from models.mailings.audiences import Filters
from models.metering.accounts import Account, Holding
from models.outbox import SENT, WAITING, Message
from models.outbox.messages import drafted
from models.people.customers import Customer
from models.people.staff import Employee
from tasks import attachments, messages
from tasks import mailings as background
from tests.bench import billing, house
from tests.bench.child import peak

DOMAINS = 200  # of customers' addresses: nobody's pace stands in the way
PER_MINUTE = 100_000
LATER = {
    "write": "2026-11-03T13:00",
    "send": "2026-11-03T15:00",
}  # than what was made before: each process starts its own clock


def prepare(count: int, folder: Path) -> dict[str, Any]:
    """Accounts whose October is billed, each with a customer whose bills come by e-mail, and a mailing ready to be written."""
    with billing.month(count, folder):
        run.bill(billing.PERIOD)
    clock.unfreeze()
    app = create_app()
    with base.connection():
        schema.migrate(base.database.obj)
        with base.database.atomic():
            _subscribe()
        made = _mailing()
        bills = Bill.select().where(Bill.period == billing.PERIOD, Bill.state == ISSUED).count()
        account = Account.select().order_by(Account.id).get()
        visitor = house._enter(app, account.id, account.number)
        base.database.execute_sql("ANALYZE")
    return {"mailing": made.id, "bills": bills, "account": visitor.account, "cookie": visitor.cookie}


def _subscribe() -> None:
    query: Any = Account.select(Account.id).order_by(Account.id)
    now, ids = clock.now(), [one for (one,) in query.tuples()]
    facts = {"phone": "", "name": "", "password_hash": "-", "created_at": now}
    insert_rows(Customer, [{"id": n, "email": f"p{n}@d{n % DOMAINS}.example", **facts} for n in ids])
    insert_rows(Holding, [{"customer": n, "account": n, "since": now, "primary_since": now} for n in ids])
    choice = {"way": "email", "since": now, "channel": "web", "by": "", "note": ""}
    insert_rows(DeliveryChoice, [{"account": n, "customer": n, **choice} for n in ids])


def _mailing() -> mailings.Mailing:
    author = Employee.create(email="bench@example.ru", name="Проба", role="operator")
    data = {"period": billing.PERIOD}
    made = mailings.draft(author.id, "e_receipt", "Проба", data, Filters(), per_minute=PER_MINUTE)
    return mailings.plan(made.id, approved=True)


def write(mailing_id: int) -> dict[str, Any]:
    """The whole mailing into the outbox, as the background does it."""

    def work() -> int:
        background.work(mailing_id)
        while expansion.expand(mailing_id):
            pass
        return Message.select().where(Message.mailing == mailing_id).count()

    return _measured(work)


def send() -> dict[str, Any]:
    """Everything that waits, by the loop of the worker."""

    def work() -> int:
        taken = 0
        while Message.select().where(Message.state == WAITING).exists():
            taken += messages.hand_over()
        return taken

    return _measured(work)


def bare(count: int) -> dict[str, Any]:
    """One ready letter over and over: what the line and the other side allow."""
    body = messages._envelope(_letter(), "http://127.0.0.1:8030").body
    server = os.environ["KABINET_SMTP_URL"].removeprefix("smtp://").partition("?")[0]

    def work() -> int:
        with smtplib.SMTP(*_address(server)) as line:
            for n in range(count):
                line.sendmail("bench@example.ru", f"p{n}@example.ru", body)
        return count

    return _measured(work)


def draw(count: int) -> dict[str, Any]:
    """The bills alone, as the letters carry them: what no letter can be cheaper than."""
    query: Any = Account.select(Account.number).order_by(Account.id).limit(count)
    numbers = [number for (number,) in query.tuples()]

    def work() -> int:
        return sum(len(attachments._bill(number, billing.PERIOD, "http://127.0.0.1:8030")) for number in numbers)

    return _measured(work)


def _letter() -> Message:
    account = Account.select().order_by(Account.id).get()
    data = {"account": account.number, "period": billing.PERIOD, "kopecks": 100, "due": "2026-11-15"}
    return Message(**drafted("e_receipt", "p@example.ru", data, subject=f"customer:{account.id}"))


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.partition(":")
    return host, int(port)


def states(_folder: Path) -> dict[str, Any]:
    query = Message.select(Message.state, fn.COUNT(Message.id)).group_by(Message.state)
    return dict(pairs(query)) | {SENT: Message.select().where(Message.state == SENT).count()}


def _measured(work: Callable[[], int]) -> dict[str, Any]:
    began, used = time.time(), time.process_time()
    letters = work()
    cpu, ended = time.process_time() - used, time.time()
    return {"letters": letters, "began": began, "ended": ended, "seconds": ended - began, "cpu": cpu, "rss": peak()}


async def sink(port: int) -> None:
    """A mail server that says yes to everything."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                while await reader.readline() not in (b".\r\n", b""):
                    pass
            writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                break
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", port, limit=1 << 20)
    await server.serve_forever()


def main(what: str, *words: str) -> None:
    if what == "sink":
        asyncio.run(sink(int(words[0])))
    if what == "prepare":
        print(json.dumps(prepare(int(words[0]), Path(words[1]))))
        return
    if what in LATER:
        os.environ["KABINET_NOW"] = LATER[what]
    create_app()
    with base.connection():
        found = {
            "bare": lambda: bare(int(words[0])),
            "draw": lambda: draw(int(words[0])),
            "write": lambda: write(int(words[0])),
            "send": send,
            "states": lambda: states(Path(words[0])),
        }[what]()
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
