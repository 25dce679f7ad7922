"""Scans of a batch's forms: how much a batch takes, when one may be taken away."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from peewee import Database

from models import audit, files, seal
from models.base import Refusal
from models.files import Draft, StoredFile
from models.metering import scans
from models.metering.accounts import Office
from models.metering.paperforms import batches, closing, entry
from models.metering.paperforms.batches import Batch
from models.people.staff import Employee
from tests import cast
from tests.crowd import at_once

JPEG = b"\xff\xd8\xff\xe0%s\xff\xd9"


@pytest.fixture
def galina(db: Database) -> Employee:
    return cast.employee("clerk", email="galina@example.ru", name="Галина Петрова")


@pytest.fixture
def batch(galina: Employee, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Batch]:
    monkeypatch.setattr(files, "_folder", tmp_path)
    office = Office.create(code="len", name="Ленинский", settlement="г. Красноярск", address="ул. Мира, 1")
    with audit.acting(galina.subject):
        yield batches.start(office.id, date(2026, 11, 20), "staff", key=seal.token(), employee_id=galina.id)


def put(content: bytes = b"1") -> Draft:
    return files.put(io.BytesIO(JPEG % content), "скан.jpg")


def closed(batch: Batch, galina: Employee) -> None:
    entry.enter(batch.id, cast.anna().account.number, list(map(str, cast.USUAL)), key="1", employee_id=galina.id)
    closing.close(batch.id, galina.id)


@pytest.mark.feature("M10")
def test_scans_belong_to_their_batch(batch: Batch, galina: Employee) -> None:
    one, two = scans.add(batch.id, [put(b"1"), put(b"2")])
    assert [scan.id for scan in scans.of(batch)] == [one.id, two.id]
    assert one.owner == batch.subject and one.added_by == galina.subject
    assert scans.one_of(batch, one.id) == one


def test_the_same_scan_twice_is_one(batch: Batch) -> None:
    scans.add(batch.id, [put(), put()])
    scans.add(batch.id, [put()])
    assert len(scans.of(batch)) == 1


def test_two_clerks_with_the_same_scan_bring_it_once(batch: Batch) -> None:
    drafts = [put() for _ in range(4)]
    at_once(4, lambda i: scans.add(batch.id, [drafts[i]]))
    assert len(scans.of(batch)) == 1


def test_a_batch_takes_so_much_and_no_more(batch: Batch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = put(b"1" * 100)
    monkeypatch.setattr(scans, "LARGEST", first.size * 2)
    scans.add(batch.id, [first])
    with pytest.raises(Refusal) as caught:
        scans.add(batch.id, [put(b"2" * 100), put(b"3")])
    assert caught.value.problems[0].rule == "scans.large"
    assert len(scans.of(batch)) == 1 and len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
    scans.add(batch.id, [put(b"2" * 100), put(b"1" * 100)])


def test_a_scan_is_removed_once_while_the_batch_is_open(batch: Batch, galina: Employee) -> None:
    [scan] = scans.add(batch.id, [put()])
    assert scans.remove(batch.id, scan.id) and not scans.remove(batch.id, scan.id)
    assert StoredFile.get_by_id(scan.id).removed_by == galina.subject


def test_a_closed_batch_takes_scans_and_gives_none_away(batch: Batch, galina: Employee) -> None:
    [scan] = scans.add(batch.id, [put(b"1")])
    closed(batch, galina)
    scans.add(batch.id, [put(b"2")])
    with pytest.raises(Refusal) as caught:
        scans.remove(batch.id, scan.id)
    assert caught.value.problems[0].rule == "batch.closed"
    assert len(scans.of(batch)) == 2
