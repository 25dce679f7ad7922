"""A process that hands messages over, to be killed: warm, so that a new one stands at once.

    python -m tests.faults.sender DATABASE PORT LEASE [once]

It says «ready». With «once» it waits for a line, sends what is due and prints how many. Else it forks a sender for each line it
reads, says its pid, and ends with its input.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

from peewee import SqliteDatabase

from models import base, company, seal, settings
from models.mail_settings import NEVER, MailServer
from tasks import messages
from tasks.gateways.smtp import Relay, Relays

ROOT = Path(__file__).resolve().parents[2]


def work(url: str, port: int, lease: float) -> int:
    """Send until nothing is due."""
    database = base.connect(url)
    if isinstance(database, SqliteDatabase):
        database.pragma("synchronous", 0, permanent=True)  # a kill is no power cut
    base.database.initialize(database)
    relay = Relay(MailServer("127.0.0.1", port, "", "", NEVER), "lk.example.ru")
    messages._desk = messages.Desk(Relays([relay]), None, "http://127.0.0.1:8000")
    with base.connection():
        return messages.hand_over(600, timedelta(seconds=lease))


def main(url: str, port: str, lease: str, *rest: str) -> None:
    company.use(company.find("krasnoyarsk", ROOT / "companies"))
    seal.use(settings.DEMO_SECRET)
    print("ready", flush=True)
    if rest:
        sys.stdin.readline()
        print(work(url, int(port), float(lease)))
        return
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            work(url, int(port), float(lease))
            os._exit(0)
        print(pid, flush=True)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
