"""The audit log taken away: what was looked for as CSV or XLSX from its page, all of it as CSV at the console."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from peewee import fn

from models import audit, clock, words
from models.audit import AuditRow
from models.base import Refusal, database
from models.exchange import exports, xlsx
from models.office import audit_log, deeds
from models.office.audit_log import Search

HEADER = ("Место", "Время", "Кто", "Имя", "Адрес", "Код", "Действие", "О ком", "О ком словами", "Подробности", "Хеш")
MOST = {"csv": 50_000, "xlsx": 10_000}  # rows from the page: some seconds of its work; more is for the console
_CHUNK = 1000
_EXPORTED = "audit.exported"


def as_csv(asked: Search) -> str:
    """The rows that match, the newest first, local times. Refused: more than 50 000."""
    return exports.table(HEADER, _taken(asked, "csv"))


def as_xlsx(asked: Search, file: BinaryIO) -> None:
    """The same as a workbook. Refused: more than 10 000."""
    xlsx.write(file, HEADER, _taken(asked, "xlsx"), "Журнал", (9, 20, 14, 28, 16, 22, 34, 26, 30, 60, 20))


def write(path: Path, since: datetime | None = None) -> int:
    """All rows since a moment (naive UTC) into a new file, the oldest first; how many. Memory does not grow with them."""
    count = 0
    with path.open("x", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(HEADER)
        for line in _lines(_all(since)):
            writer.writerow([exports.safe(cell) for cell in line])
            count += 1
    audit.record(_EXPORTED, "audit", format="csv", rows=count, search={"since": since.isoformat() if since else ""})
    return count


def _taken(asked: Search, form: str) -> Iterable[tuple[Any, ...]]:
    """The lines for a file, once the log says that they were taken."""
    most = MOST[form]
    if audit_log.matches(asked, most + 1) > most:
        other = "выгрузите CSV или " if form == "xlsx" else ""
        text = (
            f"В {form.upper()} помещается до {words.number(most)} строк: {other}сузьте отбор по дням. "
            "Журнал целиком выгружает администратор: flask audit export."
        )
        raise Refusal(None, text, "audit.many")
    rows = audit_log.find(asked, limit=most)
    with database.atomic():
        audit.record(_EXPORTED, "audit", format=form, rows=len(rows), search=_facts(asked))
    return _lines(rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))


def _facts(asked: Search) -> dict[str, str]:
    told = {
        "who": ", ".join(asked.who), "deed": asked.deed, "subject": asked.subject, "ip": asked.ip,
        "since": str(asked.first or ""), "until": str(asked.last or ""),
    }  # fmt: skip
    return {name: value for name, value in told.items() if value}


def _all(since: datetime | None) -> Iterator[list[Any]]:
    """The rows since a moment in chunks by id: with the moment in the query each chunk would be sorted out of the rest anew."""
    last = 0
    if since:
        first = AuditRow.select(fn.MIN(AuditRow.id)).where(AuditRow.at >= since).scalar()
        if first is None:
            return
        last = first - 1
    while True:
        rows = list(AuditRow.select().where(AuditRow.id > last).order_by(AuditRow.id).limit(_CHUNK).namedtuples())
        if not rows:
            return
        yield [row for row in rows if since is None or row.at >= since]
        last = rows[-1].id


def _lines(chunks: Iterable[list[Any]]) -> Iterator[tuple[Any, ...]]:
    for rows in chunks:
        names = audit_log.names_of({text for row in rows for text in (row.who, row.subject)})
        for row in rows:
            yield (
                row.place or "",
                f"{clock.local(row.at):%Y-%m-%d %H:%M:%S}",
                row.who,
                names.get(row.who, ""),
                row.ip,
                row.deed,
                deeds.title(row.deed),
                row.subject,
                audit_log.told_subject(row.subject, names),
                json.dumps(row.detail, ensure_ascii=False, sort_keys=True),
                row.hash or "",
            )
