"""Finding accounts among a million: ten ways to name one, each beside a scan with LIKE that reads every account.

`python -m tests.bench.finding ACCOUNTS URL` is one engine in a process of its own; it prints JSON.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from models import base, company, schema
from models.base import database, insert_rows, is_sqlite
from models.metering import finding
from models.metering.accounts import Account, Office
from models.metering.meters import Meter
from tests.bench.house import ROOT
from tests.bench.table import Table
from tests.engines import Ground, Postgres

ACCOUNTS, QUICK_ACCOUNTS = 1_000_000, 5_000
SEARCHES, QUICK_SEARCHES, SCANS = 100, 10, 3
BUDGET = 50.0  # ms, p95
SEED = 2026
CHUNK = 5_000
COLUMNS = {
    "what": "what is typed", "example": "for example", "engine": "engine", "median": "ms", "p95": "p95 ms", "scan": "LIKE scan ms",
    "ratio": "scan ×", "found": "found",
}  # fmt: skip

_FAMILIES = (
    "Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров Морозов Волков Алексеев Лебедев Семёнов Егоров Павлов "
    "Козлов Степанов Николаев Орлов Андреев Макаров Никитин Захаров Зайцев Соловьёв Борисов Яковлев Григорьев Романов Воробьёв Сергеев "
    "Кузьмин Фролов Александров Дмитриев Королёв Гусев Киселёв Ильин Максимов Поляков Сорокин Виноградов Ковалёв Белов Медведев Антонов "
    "Тарасов Жуков Баранов Филиппов Комаров Давыдов Беляев Герасимов Богданов Осипов Сидоров Матвеев Титов Марков Миронов Крылов Куликов "
    "Карпов Власов Мельников Денисов Гаврилов Тихонов Казаков Афанасьев Данилов Савельев Тимофеев Фомин Чернов Абрамов Мартынов Ефимов "
    "Федотов Щербаков Назаров Калинин Исаев Чернышёв Быков Маслов Родионов Коновалов Лазарев Воронин Климов Филатов Пономарёв Голубев"
).split()
_ENDINGS = ("", "ский", "ченко", "ов", "ин", "ук")  # rarer families made of the common ones
_WOMEN = (
    "Анна Мария Елена Ольга Наталья Татьяна Ирина Светлана Екатерина Юлия Галина Вера Надежда Людмила Алла Зоя".split()
)
_MEN = (
    "Александр Сергей Дмитрий Андрей Алексей Иван Николай Владимир Михаил Пётр Олег Павел Борис Юрий Егор Лев".split()
)
_FATHERS = "Александр Сергее Иван Николае Владимир Михайл Петр Андрее Алексее Степан Фёдор Егор".split()
_STREETS = (
    "Мира Ленина Садовая Советская Школьная Молодёжная Центральная Новая Лесная Набережная Заводская Зелёная Комсомольская Гагарина "
    "Пушкина Кирова Полевая Луговая Октябрьская Первомайская Северная Южная Речная Победы Калинина Маяковского Чехова Горького Весенняя "
    "Вокзальная Парковая Солнечная Степная Озёрная Пролетарская Партизанская Космонавтов Энергетиков Строителей Металлургов"
).split()
_TWO_WORDS = ["8 Марта", "9 Мая", "Карла Маркса", "60 лет Октября", "Академика Павлова", "Парижской Коммуны"]
_TOWNS = ["г. Красноярск"] * 6 + [
    "г. Ачинск",
    "г. Канск",
    "г. Минусинск",
    "пгт Берёзовка",
    "с. Шушенское",
    "СНТ «Берёзка», Емельяновский район",
]


def measure(*, quick: bool = False) -> Table:
    accounts = QUICK_ACCOUNTS if quick else ACCOUNTS
    table = Table("finding", f"Finding accounts among {accounts:,}", COLUMNS)
    table.notes = [
        "Each figure is of different accounts in turn; the engines run one after another, each in a process of its own.",
        f"LIKE scan: «%word%» over all columns it needs, the control, median of {SCANS}.",
    ]
    with tempfile.TemporaryDirectory(prefix="kabinet-finding-") as folder:
        _add(table, "SQLite", _child(accounts, f"sqlite:///{folder}/bench.db", quick))
    ground = Ground.make()
    try:
        with Postgres(ground.postgres()).fresh() as url:
            _add(table, "Postgres", _child(accounts, url, quick))
    finally:
        ground.remove()
    return table


def _add(table: Table, engine: str, found: dict[str, Any]) -> None:
    for row in found["rows"]:
        table.add(engine=engine, **row, ratio=round(row["scan"] / row["median"]))
        if not row["found"]:
            table.errors.append(f"{engine}: «{row['example']}» was not found")
        if row["p95"] > BUDGET:
            table.misses.append(f"{engine}: {row['what']} takes {row['p95']} ms (p95), the aim is {BUDGET:.0f}")
    table.notes.append(
        f"{engine}: {found['speed']:,} entries a second made, {found['size']} bytes of index an account."
    )


def _child(accounts: int, url: str, quick: bool) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "tests.bench.finding",
        str(accounts),
        url,
        str(QUICK_SEARCHES if quick else SEARCHES),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main(accounts: int, url: str, searches: int) -> None:
    company.use(company.find("krasnoyarsk", ROOT / "companies"))
    base.database.initialize(base.connect(url))
    with base.connection():
        schema.migrate(base.database.obj)
        populate(accounts)
        before, began = _size(), time.perf_counter()
        finding.fill()
        speed = round(accounts / (time.perf_counter() - began))
        rows = [_row(kind, accounts, searches) for kind in KINDS]
        print(json.dumps({"rows": rows, "speed": speed, "size": round((_size() - before) / accounts)}))


# ---- a region


def populate(accounts: int) -> None:
    """Accounts with a meter each, names and streets as often as they are; the same for the same number."""
    Office.insert_many(
        {"code": f"{i:03}", "name": f"Участок {i}", "settlement": "г. Красноярск", "address": "ул. Мира, 1"}
        for i in range(8)
    ).execute()
    offices = [one.id for one in Office.select().order_by(Office.id)]
    dice = random.Random(SEED)
    for start in range(1, accounts + 1, CHUNK):
        ids = range(start, min(start + CHUNK, accounts + 1))
        with database.atomic():
            insert_rows(Account, [_account(i, dice, offices) for i in ids])
            insert_rows(Meter, [_meter(i) for i in ids])


def _account(i: int, dice: random.Random, offices: list[int]) -> dict[str, Any]:
    family = _often(dice, _FAMILIES) + dice.choices(_ENDINGS, (20, 1, 1, 1, 1, 1))[0]
    father = _often(dice, _FATHERS)
    father += "" if father.endswith("е") else "о"
    is_woman = dice.random() < 0.6
    return {
        "id": i, "number": _number(i), "office": offices[i * 8 // 9 % len(offices)],
        "last_name": family + ("а" if is_woman and family.endswith(("ов", "ев", "ёв", "ин", "ын")) else ""),
        "first_name": _often(dice, _WOMEN if is_woman else _MEN), "middle_name": father + ("вна" if is_woman else "вич"),
        "settlement": dice.choice(_TOWNS), "street": f"ул. {_often(dice, _STREETS + _TWO_WORDS)}",
        "house": f"{dice.randint(1, 160)}{dice.choices(('', 'А', 'Б', '/1'), (20, 1, 1, 1))[0]}", "flat": str(dice.randint(1, 200)),
        "dwelling": "urban", "persons": 2, "area": 5000, "services": "electricity", "access_code": str(i), "opened": date(2015, 1, 1),
        "closed": None, "email": f"user{i * 7919 % 1_000_003}@mail.example", "phone": _phone(i),
    }  # fmt: skip


def _often(dice: random.Random, words: list[str]) -> str:
    """One of the words, the first ones more often."""
    return words[int(len(words) * dice.random() ** 2)]


def _meter(i: int) -> dict[str, Any]:
    return {
        "id": i, "account": i, "serial": _serial(i), "service": "electricity", "model": "Меркурий 201", "zones": 1, "digits": 5,
        "ratio": 1, "installed": date(2015, 1, 1), "initial_t1": 0,
    }  # fmt: skip


def _number(i: int) -> str:
    return f"2410{i:08}"


def _serial(i: int) -> str:
    return f"{i * 104_729 % 99_999_989:08}"


def _phone(i: int) -> str:
    return f"+79{i * 7_919 % 999_999_937:09}"


# ---- what is typed


class Kind(NamedTuple):
    """A way to name an account: what is typed, and the columns and words that a scan would look at."""

    what: str
    typed: Callable[[Any], str]
    scan: Callable[[Any], list[tuple[str, str]]]


KINDS = (
    Kind("account number", lambda a: a.number, lambda a: [("number", a.number)]),
    Kind("its last five", lambda a: a.number[-5:], lambda a: [("number", a.number[-5:])]),
    Kind("its first nine", lambda a: a.number[:9], lambda a: [("number", a.number[:9])]),
    Kind("family name", lambda a: a.last_name, lambda a: [("last_name", a.last_name)]),
    Kind(
        "full name", lambda a: f"{a.first_name} {a.middle_name} {a.last_name}",
        lambda a: [("last_name", a.last_name), ("first_name", a.first_name), ("middle_name", a.middle_name)],
    ),
    Kind(
        "two beginnings", lambda a: f"{a.last_name[:3]} {a.first_name[:3]}",
        lambda a: [("last_name", a.last_name[:3]), ("first_name", a.first_name[:3])],
    ),
    Kind(
        "street, house-flat", lambda a: f"{a.street[4:]} {a.house}-{a.flat}",
        lambda a: [("street", a.street[4:]), ("house", a.house), ("flat", a.flat)],
    ),
    Kind(
        "name, street, house", lambda a: f"{a.last_name} {a.street[4:]} {a.house}",
        lambda a: [("last_name", a.last_name), ("street", a.street[4:]), ("house", a.house)],
    ),
    Kind("phone", lambda a: f"8 ({a.phone[2:5]}) {a.phone[5:8]}-{a.phone[8:10]}-{a.phone[10:]}", lambda a: [("phone", a.phone[2:])]),
    Kind("e-mail", lambda a: a.email, lambda a: [("email", a.email)]),
    Kind("meter's last six", lambda a: _serial(a.id)[-6:], lambda a: [("serial", _serial(a.id)[-6:])]),
)  # fmt: skip


def _row(kind: Kind, accounts: int, searches: int) -> dict[str, Any]:
    chosen = list(_chosen(accounts, searches))
    times, found = [], True
    for account in chosen:
        began = time.perf_counter()
        rows = finding.find(kind.typed(account)).rows
        times.append(1000 * (time.perf_counter() - began))
        found = found and bool(rows)
    scans = [_scan(kind.scan(account)) for account in chosen[:SCANS]]
    return {
        "what": kind.what, "example": kind.typed(chosen[0]), "median": round(statistics.median(times), 2),
        "p95": round(sorted(times)[len(times) * 95 // 100], 2), "scan": round(statistics.median(scans)), "found": found,
    }  # fmt: skip


def _chosen(accounts: int, count: int) -> Iterator[Any]:
    dice = random.Random(SEED + 1)
    for _ in range(count):
        yield Account.get_by_id(dice.randint(1, accounts))


def _scan(words: list[tuple[str, str]]) -> float:
    """Milliseconds of a query that reads all accounts (or meters)."""
    table = "meter" if words[0][0] == "serial" else "account"
    where = " AND ".join(f"lower({column}) LIKE {database.param}" for column, _ in words)
    began = time.perf_counter()
    database.execute_sql(
        f"SELECT count(*) FROM {table} WHERE {where}",
        [f"%{word.lower()}%" for _, word in words],
    ).fetchone()
    return 1000 * (time.perf_counter() - began)


def _size() -> int:
    if is_sqlite():
        return Path(base.database.obj.database).stat().st_size
    return int(database.execute_sql("SELECT pg_database_size(current_database())").fetchone()[0])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
