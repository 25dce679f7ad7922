"""Mass printing: the bills of a period as print files by office and delivery route, with lists of what is on which page.

A lot is up to 2,000 bills of one office in one PDF, or a folder with a PDF an account; its list (CSV) lies beside it. A lot is written
under a temporary name and renamed when whole. So a run that was stopped goes on with what is missing, and bills issued since go
into lots of their own. Memory is that of one lot a process, however many bills there are.
"""

from __future__ import annotations

import csv
import fcntl
import os
import re
import shutil
import signal
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

from models import base, company, seal, words
from models.base import Refusal
from models.billing import print_run
from models.billing.shown import Bill
from models.exchange import exports
from models.metering.routes import order
from models.settings import Settings
from tasks.papers import bill as paper
from tasks.papers.sheet import Sheet

PER_LOT = 2_000
LEAST_APART = 1_000  # bills: fewer are drawn before a second process has started
TOLD_EVERY = 100
_HEADER = ("Файл", "Страница с", "Страница по", "Лицевой счёт", "Адрес")
_ACCOUNT = _HEADER.index("Лицевой счёт")
_PART = ".part"  # what is not whole
_UNSAFE = re.compile(r"[^\w-]")
Told = Callable[[int], None]  # how many bills more are drawn


class Stopped(Exception):  # noqa: N818  no error of ours: the disk is full, a process was killed
    """The run ended before its end; whole lots stay."""


@dataclass(frozen=True)
class Job:
    """What to print, and where to."""

    period: str
    folder: Path
    single: bool
    public_url: str

    @property
    def name(self) -> str:
        """What the names of its files begin with."""
        return f"{'single' if self.single else 'bills'}-{self.period}"

    def paper(self, lot: str) -> Path:
        return self.folder / (lot if self.single else f"{lot}.pdf")

    def listing(self, lot: str) -> Path:
        return self.folder / f"{lot}.csv"


class Lot(NamedTuple):
    name: str
    bills: array[int]


@dataclass
class Summary:
    """What a run did: bills drawn and their lots, and bills that an earlier run had printed."""

    bills: int = 0
    lots: int = 0
    before: int = 0
    held: int = 0  # wait for a decision, not printed


def print_bills(
    period: str,
    folder: Path,
    chosen: Settings,
    *,
    single: bool = False,
    office: str | None = None,
    left_over: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Print the issued bills of a period, of one office or of all; `progress` is told how many of how many are drawn.

    `left_over`: only those that were left to a letter, and the letter has reached nobody.

    Refused: a period that is not billed, an office that is not there, a folder that cannot be written or is being printed to. Raises
    Stopped.
    """
    job = Job(period, folder, single, chosen.public_url)
    with _alone(folder):
        whole = _whole(job)
        printed = {account for name in whole for account in _accounts(job, name)}
        lots = _lots(job, print_run.routes(period, office=office, without=printed, left_over=left_over), set(whole))
        summary = Summary(sum(len(lot.bills) for lot in lots), len(lots), len(printed), print_run.held(period))
        _draw_all(job, lots, chosen, _counted(progress, summary.bills))
        _write_manifest(job)
        if lots:
            print_run.record(period, summary.bills, summary.lots)
    return summary


def _counted(progress: Callable[[int, int], None] | None, whole: int) -> Told:
    drawn = 0

    def tell(more: int) -> None:
        nonlocal drawn
        drawn += more
        if progress:
            progress(drawn, whole)

    return tell


# ---- lots


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The folder, made if need be, for this run alone; what a stopped run has left half-written is gone."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # names and addresses: for nobody else's eyes
        tempfile.TemporaryFile(dir=folder).close()
        place = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise Refusal("folder", f"в папку {folder} нельзя писать: {error.strerror}", "printing.folder") from error
    try:
        _hold(place, folder)
        for left in folder.glob(f".*{_PART}"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield
    finally:
        os.close(place)


def _hold(place: int, folder: Path) -> None:
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Refusal("folder", f"в папку {folder} уже печатает другой запуск", "printing.busy") from error


def _whole(job: Job) -> list[str]:
    """The names of the lots that are there, in the order of the offices."""
    names = [path.stem for path in job.folder.glob(f"{job.name}-*.csv") if job.paper(path.stem).exists()]
    return sorted(names, key=lambda name: order([name]))


def _accounts(job: Job, lot: str) -> Iterator[str]:
    """The numbers of the accounts in a lot, from its list."""
    with job.listing(lot).open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter=";")
        next(rows)
        for row in rows:
            yield row[_ACCOUNT]


def _lots(job: Job, routes: dict[str, array[int]], taken: set[str]) -> list[Lot]:
    """What is to be printed, in lots whose names are free."""
    lots = []
    for office, ids in routes.items():
        number = 0
        for start in range(0, len(ids), PER_LOT):
            while (name := f"{job.name}-{_UNSAFE.sub('_', office) or '0'}-{number + 1:03}") in taken:
                number += 1
            taken.add(name)
            lots.append(Lot(name, ids[start : start + PER_LOT]))
    return lots


def _draw(job: Job, lot: Lot, tell: Told) -> None:
    """Draw a lot, write its list, then give both their names: the paper's comes last and makes the lot whole."""
    draft = job.folder / f".{lot.name}-{os.getpid()}{_PART}"
    bills = _told(print_run.shown(lot.bills, job.period, job.public_url), tell)
    rows = _draw_apart(lot, bills, draft) if job.single else _draw_together(job, lot, bills, draft)
    listed = draft.with_name(f".{lot.name}-{os.getpid()}-list{_PART}")
    with listed.open("w", encoding="utf-8", newline="") as file:
        file.write(exports.table(_HEADER, rows))
        _settle(file)
    parent = parent_process()
    if parent is not None and not parent.is_alive():
        raise Stopped("the run has ended without this process")
    listed.replace(job.listing(lot.name))
    draft.replace(job.paper(lot.name))


def _draw_together(job: Job, lot: Lot, bills: Iterable[Bill], draft: Path) -> list[tuple[Any, ...]]:
    """All bills of a lot in one file; the rows of its list."""
    rows, last, name = [], 0, job.paper(lot.name).name
    with draft.open("wb") as file:
        for bill, pages in _print(bills, file, f"Счета за {words.month(job.period)}".replace(words.NBSP, " ")):
            rows.append((name, last + 1, last + pages, bill.account, bill.address))
            last += pages
        _settle(file)
    return rows


def _draw_apart(lot: Lot, bills: Iterable[Bill], draft: Path) -> list[tuple[Any, ...]]:
    """Each bill of a lot in a file of its own; the rows of its list."""
    draft.mkdir(mode=0o700)
    rows = []
    for bill in bills:
        name = f"{_UNSAFE.sub('_', bill.account)}.pdf"
        with (draft / name).open("wb") as file:
            for _, pages in _print([bill], file, f"Счёт № {bill.number}"):
                rows.append((f"{lot.name}/{name}", 1, pages, bill.account, bill.address))
    os.sync()  # all of them at once: the folder's new name must not outlive a power cut without its files
    return rows


def _print(bills: Iterable[Bill], file: BinaryIO, title: str) -> Iterator[tuple[Bill, int]]:
    """Draw the bills into one file; each with the number of its pages."""
    sheet = Sheet(file, title=title, author=company.current().legal_name)
    for bill in bills:
        yield bill, paper.add(sheet, bill, company.current())
    sheet.save()


def _told(bills: Iterable[Bill], tell: Told) -> Iterator[Bill]:
    """The bills, each told of when the next one is asked for."""
    drawn = 0
    for bill in bills:
        yield bill
        drawn += 1
        if drawn == TOLD_EVERY:
            tell(drawn)
            drawn = 0
    tell(drawn)


def _settle(file: IO[Any]) -> None:
    """Bring what was written to the disk itself."""
    file.flush()
    os.fsync(file.fileno())


def _write_manifest(job: Job) -> None:
    """One list of all whole lots, put together from theirs."""
    draft = job.folder / f".{job.name}{_PART}"
    with draft.open("w", encoding="utf-8", newline="") as file:
        file.write(exports.table(_HEADER, ()))
        for name in _whole(job):
            with job.listing(name).open(encoding="utf-8-sig", newline="") as listed:
                next(listed)
                shutil.copyfileobj(listed, file)
        _settle(file)
    draft.replace(job.folder / f"{job.name}.csv")


# ---- processes


def _draw_all(job: Job, lots: Sequence[Lot], chosen: Settings, tell: Told) -> None:
    """Draw the lots, in a process a core when there is enough of them. Raises Stopped."""
    workers = min(os.cpu_count() or 1, len(lots))
    if workers > 1 and sum(len(lot.bills) for lot in lots) >= LEAST_APART:
        _draw_in_processes(job, [lots[i::workers] for i in range(workers)], chosen, tell)
        return
    try:
        for lot in lots:
            _draw(job, lot, tell)
    except OSError as error:
        raise Stopped(str(error)) from error


def _draw_in_processes(job: Job, shares: Sequence[Sequence[Lot]], chosen: Settings, tell: Told) -> None:
    context = get_context("spawn")  # a fork would share the database connection
    lines: dict[Any, Any] = {}
    for share in shares:
        mine, its = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(job, share, chosen, its), daemon=True)
        process.start()
        its.close()
        lines[mine] = process
    running = list(lines.values())
    try:
        while lines:
            for line in connection.wait(list(lines)):
                _hear(line, lines, tell)
    finally:
        for process in running:
            process.terminate()
            process.join()


def _hear(line: Any, lines: dict[Any, Any], tell: Told) -> None:
    """Take what a process says: how many bills it has drawn, why it stops, or nothing more."""
    try:
        said = line.recv()
    except EOFError:
        process = lines.pop(line)
        process.join()
        if process.exitcode:
            raise Stopped(f"процесс печати закончился с кодом {process.exitcode}") from None
        return
    if isinstance(said, str):
        raise Stopped(said)
    tell(said)


def _work(job: Job, lots: Sequence[Lot], chosen: Settings, line: Connection) -> None:
    """A process of its own: the same company and database, a share of the lots. Ends when nobody listens any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches all; the first process ends the others
    company.use(company.find(chosen.company, chosen.companies_dir))
    seal.use(chosen.secret_key, *chosen.old_secret_keys)
    base.database.initialize(base.connect(chosen.database_url))
    try:
        with base.connection():
            for lot in lots:
                _draw(job, lot, line.send)
    except (BrokenPipeError, Stopped):
        return
    except OSError as error:
        line.send(str(error))
