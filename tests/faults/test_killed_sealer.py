"""The sealer of the audit log killed in the middle of its work, again and again: the chain is whole each time and ends complete."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from peewee import Database

from models import audit_chain, base, clock
from models.audit import AuditRow
from tests.engines import Engine

ROOT = Path(__file__).resolve().parents[2]
ROWS, KILLS = 3_000, 5
SEAL = """
import sys
from models import audit_chain, base, company, seal, settings
seal.use(settings.DEMO_SECRET)
base.database.initialize(base.connect(sys.argv[1]))
base.database.connect()
audit_chain.BATCH, audit_chain.PAUSE = 20, 0
print("on", flush=True)
audit_chain.seal_rows()
"""


@pytest.mark.both
def test_kills_leave_a_whole_chain(db: Database, engine: Engine) -> None:
    row = {"at": clock.now(), "who": "system", "ip": "", "deed": "test", "detail": {}}
    base.insert_rows(AuditRow, [{**row, "subject": str(i)} for i in range(ROWS)])
    reached = []
    for i in range(KILLS):
        sealer = subprocess.Popen([sys.executable, "-c", SEAL, engine.url], cwd=ROOT, stdout=subprocess.PIPE)
        assert sealer.stdout is not None
        sealer.stdout.readline()
        before = audit_chain.end().place
        while audit_chain.end().place == before and sealer.poll() is None:
            time.sleep(0.001)
        time.sleep(0.005 * i)
        sealer.send_signal(signal.SIGKILL)
        sealer.wait(10)
        sealer.stdout.close()
        assert audit_chain.verify() == []
        reached.append(audit_chain.end().place)
    assert reached == sorted(reached) and all(place % 20 == 0 for place in reached), reached
    assert reached[0] < ROWS, "nothing was killed in the middle"
    audit_chain.seal_rows()
    assert audit_chain.end().place == ROWS and audit_chain.verify() == []
