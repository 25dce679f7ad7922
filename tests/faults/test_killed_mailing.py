"""The worker killed in the middle of writing a mailing, again and again: nobody is left out, nobody is written to twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from peewee import Database

from models import base, clock
from models.mailings import expansion, mailings
from models.mailings.audiences import Filters
from models.mailings.mailings import Mailing, Recipient
from models.metering.accounts import Account, Holding
from models.outbox import Message
from models.people.customers import Customer
from tests import cast
from tests.engines import Engine

ROOT = Path(__file__).resolve().parents[2]
PEOPLE, KILLS = 2_000, 6
EXPAND = """
import sys
from models import base, company, company_file, seal, settings
from models.mailings import expansion
from tasks import mailings
seal.use(settings.DEMO_SECRET)
company.use(company.find("krasnoyarsk", company_file.ROOT / "companies"))
base.database.initialize(base.connect(sys.argv[1]))
base.database.connect()
expansion.CHUNK, mailings.BREATH = 20, 0
print("on", flush=True)
mailings.work(int(sys.argv[2]))
"""


@pytest.fixture
def mailing(db: Database) -> Mailing:
    """One to two thousand, approved and running."""
    one, now = cast.account(1), clock.now()
    facts = {name: one.__data__[name] for name in one.__data__ if name not in ("id", "number")}
    people = range(2, PEOPLE + 2)
    base.insert_rows(Account, [{"id": n, "number": cast.number(n), **facts} for n in people])
    base.insert_rows(
        Customer,
        [
            {"id": n, "email": f"p{n}@example.ru", "phone": "", "name": "", "password_hash": "-", "created_at": now}
            for n in people
        ],
    )
    base.insert_rows(Holding, [{"customer": n, "account": n, "since": now} for n in people])
    oleg = cast.employee("operator")
    made = mailings.draft(oleg.id, "news", "Проба", {"title": "Тема", "text": "Текст"}, Filters())
    mailings.plan(made.id, approved=True)
    return made


@pytest.mark.both
@pytest.mark.feature("M14")
@pytest.mark.feature("B5")
def test_kills_leave_nobody_out_and_nobody_twice(mailing: Mailing, engine: Engine) -> None:
    reached = []
    for i in range(KILLS):
        worker = subprocess.Popen(
            [sys.executable, "-c", EXPAND, engine.url, str(mailing.id)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert worker.stdout is not None
        worker.stdout.readline()
        before = _written(mailing)
        while _written(mailing) == before and worker.poll() is None:
            time.sleep(0.001)
        time.sleep(0.007 * i)
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
        worker.stdout.close()
        reached.append(_written(mailing))
        assert Message.select().count() == Recipient.select().where(Recipient.excluded == "").count() == reached[-1]
    assert reached == sorted(reached)
    assert reached[0] < PEOPLE, "nothing was killed in the middle"
    while expansion.expand(mailing.id):
        pass
    rows: Any = Message.select(Message.to, Message.due_at).order_by(Message.id)
    to, due = zip(*rows.tuples(), strict=True)
    assert list(to) == [f"p{n}@example.ru" for n in range(2, PEOPLE + 2)]
    assert list(due) == sorted(due), "the pace began anew"


def _written(mailing: Mailing) -> int:
    return int(Mailing.get_by_id(mailing.id).posted)
