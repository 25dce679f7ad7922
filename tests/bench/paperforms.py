"""A scripted operator with a pile of paper forms (M10): the keyboard alone, on loopback and behind a slow link, with errors in between."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from models import audit, base, clock, company
from models.metering import finding
from models.metering.accounts import Account, Office
from models.metering.meters import Meter
from models.metering.paperforms import batches
from models.metering.paperforms.batches import Batch, PaperForm
from models.metering.readings import Reading
from models.people import staff_sessions
from models.people.staff import Employee
from tests.bench import house
from tests.bench.browser import chromium
from tests.bench.house import House
from tests.bench.link import slow
from tests.bench.table import Table
from views import staff_door

SEED, FORMS, LATE_FORMS, QUICK_FORMS = 2026, 300, 60, 24
ROUND_TRIP, RATE = 0.6, 1_000_000
PATIENCE = 600
KEY_MS = 60  # between two keys behind the slow link: 16 a second, faster than anybody types
MOST_KEYS, MOST_MS = 2.0, 100
PLANS, PARTS, WRONG = ((1, 0.6), (2, 0.3), (3, 0.1)), 0.15, 0.05
ERRORS = ("digits swapped", "zones swapped", "wrong account", "digit missing")
COLUMNS = {
    "link": "link", "forms": "forms", "keys": "keys beyond digits", "most": "most a form", "p50": "next field p50 ms", "p95": "p95 ms",
    "fits": "≤ 100 ms", "wrong": "errors put in", "caught": "caught", "grave": "of the grave", "asked": "right ones asked", "lost": "lost",
    "twice": "twice",
}  # fmt: skip

# From the press of Enter to the frame that shows the next field ready.
_WATCH = """
window.benchTimes = [];
addEventListener('keydown', (event) => {
  if (event.key === 'Enter') requestAnimationFrame(() => setTimeout(() => window.benchTimes.push(performance.now() - event.timeStamp)));
}, true);
"""
# Nothing waits to be sent, and the last row is a blank one: a late answer may still have to end a form.
_DONE = "Object.values(localStorage).join('').length < 3 && !document.querySelector('tbody tr:last-child label')"


@dataclass
class Paper:
    """A form: what is on it, and what the operator types."""

    account: Account
    values: tuple[int, ...]
    before: tuple[int, ...]
    typed_account: str
    typed: tuple[str, ...]
    error: str = ""

    @property
    def digits(self) -> int:
        return len(self.typed_account) + sum(map(len, self.typed))

    @property
    def is_grave(self) -> bool:
        """Whether the error moves the bill by more than the form's own use."""
        if self.error in ("wrong account", "zones swapped"):
            return True
        off = sum(abs(int(text or 0) - value) for text, value in zip(self.typed, self.values, strict=True))
        return off > sum(self.values) - sum(self.before)


def measure(home: House, *, quick: bool = False) -> Table:
    """Needs the portal served."""
    table = Table("paperforms", "A scripted operator types paper forms, keyboard only (M10)", COLUMNS)
    table.notes = [
        f"Loopback: without a pause between keys. Link: {ROUND_TRIP * 1000:.0f} ms there and back, a key each {KEY_MS} ms.",
        "The operator presses Enter after each value and after a part of a number; a whole number needs none.",
        "Caught: a doubt, held or refused while the paper is in the hand. Grave: wrong by more than the whole use of the form.",
    ]
    dice = random.Random(SEED)
    with base.connection():
        cookie = _badge(home)
        first = pile(dice, QUICK_FORMS if quick else FORMS)
        late = pile(dice, QUICK_FORMS if quick else LATE_FORMS)
    late_url = f"http://127.0.0.1:{home.port + 2}"
    link = slow(home.port + 2, home.port, bits_a_second=RATE, round_trip=ROUND_TRIP)
    with link, chromium() as browser:
        _row(table, "loopback", first, *_typed(browser, home.url, cookie, first, 0))
        _row(table, "600 ms", late, *_typed(browser, late_url, cookie, late, KEY_MS))
    return table


def _row(table: Table, link: str, papers: list[Paper], batch_id: int, times: list[float], keys: int, most: int) -> None:
    with base.connection():
        rows = batches.rows(batch_id)
    by_account = {row.account_text: row for row in rows}
    found = [(paper, by_account.get(paper.typed_account)) for paper in papers]
    known = {paper.typed_account for paper in papers}
    wrong = [(paper, row) for paper, row in found if paper.error]
    grave = [(paper, row) for paper, row in wrong if paper.is_grave]
    times.sort()
    p95 = round(times[int(len(times) * 0.95)], 1)
    beyond = round((keys - sum(paper.digits for paper in papers)) / len(papers), 2)
    lost = sum(row is None for _, row in found)
    table.add(
        link=link, forms=len(papers), keys=beyond, most=most, p50=round(times[len(times) // 2], 1), p95=p95, fits=p95 <= MOST_MS,
        wrong=len(wrong), caught=_caught(wrong), grave=_caught(grave), asked=sum(_is_odd(row) for paper, row in found if not paper.error),
        lost=lost, twice=sum(row.account_text in known for row in rows) + lost - len(papers),
    )  # fmt: skip
    if beyond > MOST_KEYS:
        table.misses.append(f"{link}: {beyond} keys beyond the digits a form, at most {MOST_KEYS}")
    if p95 > MOST_MS:
        table.misses.append(f"{link}: the next field after {p95} ms (p95), at most {MOST_MS}")
    if lost:
        table.errors.append(f"{link}: {lost} of {len(papers)} forms are not stored")
    table.errors += [f"{link}: {text}" for text in _mismatches(found, rows)][:5]


def _caught(wrong: list[tuple[Paper, PaperForm | None]]) -> str:
    return f"{sum(_is_odd(row) for _, row in wrong)} of {len(wrong)}"


def _is_odd(row: PaperForm | None) -> bool:
    return row is not None and row.state in ("doubt", "held", "refused")


def _mismatches(found: list[tuple[Paper, PaperForm | None]], rows: list[PaperForm]) -> Iterator[str]:
    """Rows that are not what was typed: no digit may be lost or move from one form to another. What is typed past the zones of a wrong
    account stands in a refused row of its own."""
    apart = {row.account_text for row in rows if row.state == "refused"}
    for paper, row in found:
        typed = [text for text in row.typed if text] if row else []
        over = [text for text in paper.typed[len(typed) :] if paper.error == "wrong account" and text in apart]
        if row and typed + over != [text for text in paper.typed if text]:
            yield f"typed {paper.typed_account} {paper.typed}, stored {row.typed}"


# ---- the pile


def pile(dice: random.Random, count: int) -> list[Paper]:
    """So many accounts of one office with a year of readings, and a form for each; some forms are typed wrongly."""
    office = Office.select().order_by(Office.name).first()
    homes = [_home(dice, office, n) for n in range(count + count // 4)]
    finding.refresh([account.id for account, _, _ in homes])
    papers = [_paper(dice, *one) for one in homes[:count]]
    strangers = [account.number for account, _, _ in homes[count:]]
    for paper in dice.sample(papers, max(1, round(count * WRONG))):
        _spoil(dice, paper, strangers)
    return papers


def _home(dice: random.Random, office: Office, n: int) -> tuple[Account, tuple[int, ...], list[int]]:
    while True:
        example = company.current().number.example
        number = example[:3] + "".join(dice.choice("0123456789") for _ in example[3:])
        if not Account.select().where(Account.number == number).exists():
            break
    account = Account.create(
        number=number, office=office, last_name="Жилец", first_name="Некий", settlement="г. Красноярск", street="ул. Стендовая",
        house=str(1 + n // 60), flat=str(1 + n % 60), dwelling="urban", persons=2, area=5000, services="electricity",
        access_code=f"{n:08d}", opened=date(2015, 1, 1),
    )  # fmt: skip
    zones = dice.choices([plan for plan, _ in PLANS], [share for _, share in PLANS])[0]
    used = [dice.randint(40, 300) // zone for zone in range(1, zones + 1)]
    start = [dice.randint(1_000, 80_000) for _ in range(zones)]
    meter = Meter.create(
        account=account, serial=f"B{number[-9:]}", service="electricity", model="Меркурий 200.02", zones=zones, digits=5,
        installed=date(2020, 1, 15), **{f"initial_t{i}": value for i, value in enumerate(start, 1)},
    )  # fmt: skip
    now = start
    for month in range(1, 11):
        now = [value + round(use * dice.uniform(0.7, 1.3)) for value, use in zip(now, used, strict=True)]
        taken = date(2026, month, 20)
        Reading.create(
            meter=meter, account=account, period=clock.period(taken), taken=taken, received_at=clock.now(), channel="web",
            state="accepted", trace={"rule": "imported"}, **{f"t{i}": value for i, value in enumerate(now, 1)},
        )  # fmt: skip
    return account, tuple(now), used


def _paper(dice: random.Random, account: Account, before: tuple[int, ...], used: list[int]) -> Paper:
    values = tuple(value + round(use * dice.uniform(0.7, 1.3)) for value, use in zip(before, used, strict=True))
    written = account.number[-7:] if dice.random() < PARTS else account.number
    return Paper(account, values, before, written, tuple(map(str, values)))


def _spoil(dice: random.Random, paper: Paper, strangers: list[str]) -> None:
    """One of the usual errors; zones are swapped only where there are several."""
    paper.error = dice.choice([error for error in ERRORS if error != "zones swapped" or len(paper.typed) > 1])
    if paper.error == "wrong account":
        paper.typed_account = dice.choice(strangers)
        return
    texts = list(paper.typed)
    zone = dice.randrange(len(texts))
    text = texts[zone]
    if paper.error == "zones swapped":
        texts[0], texts[1] = texts[1], texts[0]
    elif paper.error == "digit missing":
        place = dice.randrange(len(text))
        texts[zone] = text[:place] + text[place + 1 :]
    else:
        places = [i for i in range(len(text) - 1) if text[i] != text[i + 1]] or [0]
        place = dice.choice(places)
        texts[zone] = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    paper.typed = tuple(texts)


# ---- the operator


def _typed(browser: Any, url: str, cookie: str, papers: list[Paper], key_ms: int) -> tuple[int, list[float], int, int]:
    """The batch, the times from Enter to the next field, all keys pressed, and the most beyond the digits of one form."""
    with _desk(browser, url, cookie) as page:
        batch_id = _begin(page, url, len(papers))
        keys = [_type(page, paper, key_ms) for paper in papers]
        _until(page, _DONE)
        times = page.evaluate("window.benchTimes")
        most = max(count - paper.digits for count, paper in zip(keys, papers, strict=True))
        return batch_id, times, sum(keys), most


def _type(page: Any, paper: Paper, key_ms: int) -> int:
    """Type a form as it lies there; how many keys it took."""
    is_part = paper.typed_account != paper.account.number and paper.error != "wrong account"
    keys = [*paper.typed_account, *(["Enter"] if is_part else [])]
    for text in paper.typed:
        keys += [*text, "Enter"]
    for key in keys:
        page.keyboard.press(key)
        if key_ms:
            page.wait_for_timeout(key_ms)
    return len(keys)


@contextmanager
def _desk(browser: Any, url: str, cookie: str) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="ru-RU")
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": url}])
    try:
        page = context.new_page()
        page.add_init_script(_WATCH)
        yield page
    finally:
        context.close()


def _begin(page: Any, url: str, count: int) -> int:
    page.goto(f"{url}/staff/paperforms")
    page.get_by_label("Сколько бланков").fill(str(count))
    page.get_by_role("button", name="Начать ввод").click()
    _until(page, "document.activeElement.className === 'acc'")
    with base.connection():
        return int(Batch.select().order_by(Batch.id.desc()).get().id)


def _until(page: Any, condition: str) -> None:
    """Wait until the page says so; the policy forbids Playwright's own way of asking."""
    deadline = time.monotonic() + PATIENCE
    while not page.evaluate(condition):
        if time.monotonic() > deadline:
            raise SystemExit(f"the page never came to: {condition}")
        time.sleep(0.1)


def _badge(home: House) -> str:
    """The cookie of a clerk who has signed in with both factors."""
    employee = Employee.get(Employee.email == "galina@example.ru")
    with audit.acting("bench", "127.0.0.1"):
        secret = staff_sessions.begin(employee, "bench")
    return house._cookie(home.app, {staff_door.KEY: secret, "_permanent": True, "csrf_token": house.FORM_TOKEN})
