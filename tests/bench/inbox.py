"""The staff's inbox among a hundred thousand appeals, of which three thousand are open: its queues, their counts, a search, statistics.

`python -m tests.bench.inbox APPEALS URL ROUNDS` is one engine in a process of its own; it prints JSON.
"""

from __future__ import annotations

import json
import random
import statistics as figures_of
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from models import base, clock, company, schema
from models.base import database, insert_rows, is_sqlite
from models.contact.appeals import search
from models.contact.appeals.answering import AppealAnswer
from models.contact.appeals.rows import OPEN, Appeal, AppealEntry
from models.office.inbox import queue, statistics
from models.office.inbox.queue import Filters
from models.people.staff import Employee
from tests.bench.house import ROOT
from tests.bench.table import Table
from tests.engines import Ground, Postgres

APPEALS, QUICK_APPEALS = 100_000, 3_000
ROUNDS, QUICK_ROUNDS, CONTROL_ROUNDS = 60, 5, 3
SHARE_OPEN = 0.03
BUDGET, A_YEAR, LONGER = 50.0, 300.0, 1000.0  # ms, p95; statistics show a year unless more is asked for
NOW = datetime(2026, 11, 20, 3)
YEARS = 3
SEED = 2026
CHUNK = 5_000
OFFICERS, OFFICES = 40, 8
COLUMNS = {
    "what": "what is asked", "engine": "engine", "median": "ms", "p95": "p95 ms", "queries": "queries", "control": "control ms",
    "ratio": "control ×", "same": "same",
}  # fmt: skip

_BEGINNINGS = (
    "Прошу проверить", "Не понимаю, откуда взялись", "Второй раз пишу про", "Помогите разобраться, почему такие", "Верните деньги за",
)  # fmt: skip
_THINGS = (
    "начисления за октябрь", "показания счётчика", "пени в квитанции", "платежи через терминал", "общедомовые нужды", "поверку прибора",
    "отключение света", "перерасчёт за отпуск", "новый лицевой счёт", "визит контролёра", "рассрочку долга", "электроплиту в доме",
)  # fmt: skip
_ENDINGS = ("жду ответа", "спасибо", "очень надеюсь на помощь", "уже звонили дважды", "фото приложу")


def measure(*, quick: bool = False) -> Table:
    appeals = QUICK_APPEALS if quick else APPEALS
    table = Table(
        "inbox", f"The inbox among {appeals:,} appeals, {round(appeals * SHARE_OPEN):,} of them open", COLUMNS
    )
    table.notes = [
        "Control: the same answer without our indices and entries: all appeals are read, filtered and sorted; a text by LIKE.",
        "«same»: the control gives the same rows.",
    ]
    with tempfile.TemporaryDirectory(prefix="kabinet-inbox-") as folder:
        _add(table, "SQLite", _child(appeals, f"sqlite:///{folder}/bench.db", quick))
    ground = Ground.make()
    try:
        with Postgres(ground.postgres()).fresh() as url:
            _add(table, "Postgres", _child(appeals, url, quick))
    finally:
        ground.remove()
    return table


def _add(table: Table, engine: str, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        table.add(engine=engine, **row, ratio=round(row["control"] / row["median"], 1))
        budget = {"statistics of a year": A_YEAR, "statistics of three years": LONGER}.get(row["what"], BUDGET)
        if not row["same"]:
            table.errors.append(f"{engine}: {row['what']} is not what the control gives")
        if row["p95"] > budget:
            table.misses.append(f"{engine}: {row['what']} takes {row['p95']} ms (p95), the aim is {budget:.0f}")


def _child(appeals: int, url: str, quick: bool) -> list[dict[str, Any]]:
    rounds = str(QUICK_ROUNDS if quick else ROUNDS)
    command = [sys.executable, "-m", "tests.bench.inbox", str(appeals), url, rounds]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return list(json.loads(done.stdout.splitlines()[-1]))


def main(appeals: int, url: str, rounds: int) -> None:
    company.use(company.find("krasnoyarsk", ROOT / "companies"))
    clock.freeze(NOW)
    base.database.initialize(base.connect(url))
    with base.connection():
        schema.migrate(base.database.obj)
        populate(appeals)
        database.execute_sql("ANALYZE" if is_sqlite() else "VACUUM ANALYZE")
        print(json.dumps([_row(one, rounds) for one in QUESTIONS]))


# ---- a reception


def populate(appeals: int) -> None:
    """Appeals of three years, the latest ones open; an entry and a half each, most of them answered and found."""
    dice = random.Random(SEED)
    Employee.insert_many(
        {"id": i, "email": f"o{i}@example.ru", "name": f"Оператор {i}", "role": "operator"}
        for i in range(1, OFFICERS + 1)
    ).execute()
    for start in range(1, appeals + 1, CHUNK):
        ids = range(start, min(start + CHUNK, appeals + 1))
        with database.atomic():
            made = [_appeal(i, appeals, dice) for i in ids]
            insert_rows(Appeal, made)
            insert_rows(AppealEntry, [_entry(row, dice) for row in made])
            insert_rows(AppealAnswer, [_answer(row) for row in made if row["answered_at"]])
    search.fill()


def _appeal(i: int, appeals: int, dice: random.Random) -> dict[str, Any]:
    is_open = i > appeals * (1 - SHARE_OPEN)
    at = NOW - timedelta(days=YEARS * 365 * (1 - i / (appeals + 1)), minutes=dice.randint(0, 600))
    state = dice.choice(OPEN) if is_open else ("answered" if i > appeals * (1 - 2 * SHARE_OPEN) else "closed")
    days = min(int(dice.expovariate(1 / 5)), 30)
    topics = list(company.current().reception.topics)
    return {
        "id": i, "email": f"user{i % 40_000}@mail.example", "name": f"Клиент {i % 40_000}", "topic": topics[i * 7 % len(topics)],
        "office": f"{i * 5 % OFFICES:03}", "title": _text(i), "state": state, "state_at": at, "registered_at": at,
        "due_on": (at + timedelta(days=10 + i % 20)).date(), "owner": None if is_open and i % 3 == 0 else 1 + i % OFFICERS,
        "last_entry": i, "answered_at": None if is_open else at + timedelta(days=days), "rating": None if is_open or i % 4 else 1 + i % 5,
        "phone": "", "typed_account": "", "channel": "web", "rating_text": "", "link_no": 1,
        "is_news": state == "answered" and i % 50 == 0,
    }  # fmt: skip


def _text(i: int) -> str:
    parts = _BEGINNINGS[i % 5], _THINGS[i * 11 % 12], _ENDINGS[i * 13 % 5]
    return f"{parts[0]} {parts[1]}, {parts[2]}"


def _entry(row: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    place = f"Улица {dice.randint(1, 900)}-я, дом {dice.randint(1, 99)}. Заявка {row['id'] * 104_729 % 9_999_991}."
    return {
        "id": row["id"], "appeal": row["id"], "kind": "message", "author": "guest", "text": f"{row['title']}. {place}",
        "is_public": True, "data": {}, "at": row["registered_at"],
    }  # fmt: skip


def _answer(row: dict[str, Any]) -> dict[str, Any]:
    took = (row["answered_at"] - row["registered_at"]).days
    return {
        "appeal": row["id"], "place": 1, "employee": row["owner"], "at": row["answered_at"], "days": took * 5 // 7,
        "is_in_time": row["answered_at"].date() <= row["due_on"], "is_answer": True,
    }  # fmt: skip


# ---- what is asked


class Question(NamedTuple):
    """Something that the inbox asks, and the same asked plainly; both of a round's number."""

    what: str
    ask: Callable[[int], Any]
    control: Callable[[int], Any]


def _page(name: str, **chosen: Any) -> Callable[[int], Any]:
    return lambda i: [row.id for row in queue.page(Filters(name, **chosen), 1 + i % OFFICERS, f"{i % OFFICES:03}").rows]


def _deep(i: int) -> Any:
    """The page in the middle of the queue of all open ones."""
    day, number = _middle()
    filters = Filters("open")
    return [row.id for row in queue.page(filters, 1, "", after=f"{day.isoformat()}.{number}").rows]


def _middle() -> tuple[date, int]:
    place = round(Appeal.select().count() * SHARE_OPEN) // 2
    row = Appeal.select(Appeal.due_on, Appeal.id).where(Appeal.state.in_(OPEN)).order_by(Appeal.due_on, Appeal.id)
    return row.offset(place).limit(1).tuples()[0]  # type: ignore[return-value]


def _all(keep: Callable[[Any, int], bool], *, skip: int = 0, most: int = 50) -> Callable[[int], list[int]]:
    """The control: every appeal read, kept or not, sorted."""

    def read(i: int) -> list[int]:
        rows = (
            Appeal.select(Appeal.id, Appeal.state, Appeal.owner, Appeal.office, Appeal.due_on).namedtuples().iterator()
        )
        kept = sorted((row.due_on, row.id) for row in rows if row.state in OPEN and keep(row, i))
        return [number for _, number in kept[skip : skip + most]]

    return read


def _middle_control(i: int) -> list[int]:
    return _all(lambda *_: True, skip=round(Appeal.select().count() * SHARE_OPEN) // 2 + 1)(i)


def _counts_control(i: int) -> Any:
    rows = list(Appeal.select(Appeal.state, Appeal.owner, Appeal.due_on, Appeal.is_news).namedtuples().iterator())
    own = [row for row in rows if row.state in OPEN]
    written = [row for row in rows if row.state == "answered" and row.is_news]
    mine = sum(row.owner == 1 + i % OFFICERS for row in [*own, *written])
    return [len(own), mine, sum(row.owner is None for row in own), sum(row.due_on < NOW.date() for row in own)]


def _counts(i: int) -> Any:
    found = queue.counts(1 + i % OFFICERS, f"{i % OFFICES:03}")
    return [found[name] for name in ("open", "mine", "nobody", "overdue")]


def _like(i: int) -> Any:
    """The newest fifty with the words somewhere in a text, as typed: without forms of words."""
    mark = database.param
    sql = (
        f"SELECT appeal_id FROM appeal_entry WHERE lower(text) LIKE {mark} AND lower(text) LIKE {mark} "
        "GROUP BY appeal_id ORDER BY appeal_id DESC LIMIT 50"
    )
    one, two = _words(i)
    return [number for (number,) in database.execute_sql(sql, (f"%{one}%", f"%{two}%")).fetchall()]


def _words(i: int) -> tuple[str, str]:
    return ("показания", "спасибо") if i % 2 else ("рассрочку", "дважды")


def _report(days: int) -> Callable[[int], Any]:
    def ask(_: int) -> Any:
        total = statistics.report(NOW.date() - timedelta(days=days), NOW.date()).total
        return [total.registered, total.answered, total.in_time, total.rated, total.stars]

    return ask


def _report_control(days: int) -> Callable[[int], Any]:
    def read(_: int) -> Any:
        since = clock.utc(datetime.combine(NOW.date() - timedelta(days=days), datetime.min.time()))
        answers = {row.appeal_id: row for row in AppealAnswer.select()}
        rows = [row for row in Appeal.select().iterator() if row.registered_at >= since]
        rated = [row.rating for row in rows if row.rating]
        answered = [answers[row.id].is_in_time for row in rows if row.id in answers]
        return [len(rows), len(answered), sum(answered), len(rated), sum(rated)]

    return read


def _mine_control(i: int) -> list[int]:
    return _sorted(lambda row: row.owner == 1 + i % OFFICERS and (row.state in OPEN or _is_written(row)))


def _written_control(_: int) -> list[int]:
    return _sorted(_is_written)


def _is_written(row: Any) -> bool:
    return bool(row.state == "answered" and row.is_news)


def _sorted(keep: Callable[[Any], bool]) -> list[int]:
    columns = Appeal.id, Appeal.state, Appeal.owner, Appeal.due_on, Appeal.is_news
    kept = sorted((row.due_on, row.id) for row in Appeal.select(*columns).namedtuples().iterator() if keep(row))
    return [number for _, number in kept[:50]]


QUESTIONS = (
    Question("counts of all queues", _counts, _counts_control),
    Question("page: mine", _page("mine"), _mine_control),
    Question("page: written after the answer", _page("written"), _written_control),
    Question("page: nobody's", _page("nobody"), _all(lambda row, _: row.owner is None)),
    Question("page: my office's", _page("office"), _all(lambda row, i: row.office == f"{i % OFFICES:03}")),
    Question("page: all open", _page("open"), _all(lambda *_: True)),
    Question("page: overdue", _page("overdue"), _all(lambda row, _: row.due_on < NOW.date())),
    Question("page in the middle", _deep, _middle_control),
    Question("words of a text", lambda i: search.find(" ".join(_words(i))).ids, _like),
    Question("statistics of a year", _report(365), _report_control(365)),
    Question("statistics of three years", _report(YEARS * 365 + 1), _report_control(YEARS * 365 + 1)),
)


def _row(question: Question, rounds: int) -> dict[str, Any]:
    question.ask(0)
    times = [_took(question.ask, i) for i in range(rounds)]
    control = figures_of.median(_took(question.control, i) for i in range(min(CONTROL_ROUNDS, rounds)))
    with _counted() as queries:
        answer = question.ask(1)
    return {
        "what": question.what, "median": round(figures_of.median(times), 2), "p95": round(sorted(times)[len(times) * 95 // 100], 2),
        "queries": len(queries), "control": round(control, 1), "same": answer == question.control(1),
    }  # fmt: skip


def _took(work: Callable[[int], Any], i: int) -> float:
    began = time.perf_counter()
    work(i)
    return 1000 * (time.perf_counter() - began)


@contextmanager
def _counted():  # type: ignore[no-untyped-def]
    """The statements that run inside."""
    engine, seen = base.database.obj, []
    run = engine.execute_sql

    def noted(sql: str, *rest: Any, **more: Any) -> Any:
        seen.append(sql)
        return run(sql, *rest, **more)

    engine.execute_sql = noted
    try:
        yield seen
    finally:
        del engine.execute_sql


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
