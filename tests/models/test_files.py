"""Files that people attach: what is taken, where it lies, what becomes of it."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peewee import Database, IntegrityError

from models import audit, clock, files
from models.base import Refusal, database
from models.file_check import arrival
from models.files import StoredFile

JPEG = b"\xff\xd8\xff\xe0" + bytes(100) + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100) + b"IEND\xaeB`\x82"
PDF = b"%PDF-1.7\n" + bytes(100) + b"%%EOF\n"


@pytest.fixture(autouse=True)
def folder(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(files, "_folder", tmp_path / "files")
    with audit.acting("staff:3"):
        yield tmp_path / "files"


def put(content: bytes = JPEG, title: str = "скан.jpg") -> files.Draft:
    return files.put(io.BytesIO(content), title)


def attach(owner: str = "batch:1", content: bytes = JPEG, title: str = "скан.jpg") -> StoredFile:
    with database.atomic():
        return files.attach(put(content, title), owner)


def on_disk(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def refused(content: bytes, title: str) -> str:
    with pytest.raises(Refusal) as caught:
        put(content, title)
    return caught.value.problems[0].rule


@pytest.mark.parametrize(
    ("content", "title", "kind", "media"),
    [
        (JPEG, "Скан 1.JPG", "jpeg", "image/jpeg"),
        (JPEG, "a.jpeg", "jpeg", "image/jpeg"),
        (PNG, "b.png", "png", "image/png"),
        (PDF, "c.pdf", "pdf", "application/pdf"),
    ],
)
def test_a_file_is_kept_as_it_is(folder: Path, content: bytes, title: str, kind: str, media: str) -> None:
    stored = attach("batch:1", content, title)
    assert stored.path.read_bytes() == content
    assert (stored.kind, stored.media, stored.size) == (kind, media, len(content))
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert (stored.owner, stored.added_by, stored.added_at) == ("batch:1", "staff:3", clock.now())


def test_its_name_on_the_disk_tells_nothing_and_nobody_else_may_read_it(folder: Path) -> None:
    stored = attach(title="../../Иванова Анна.jpg")
    [path] = on_disk(folder)
    assert path == folder / stored.name[:2] / stored.name
    assert len(stored.name) == 32 and "." not in stored.name
    assert [one.stat().st_mode & 0o077 for one in (path, path.parent, folder)] == [0, 0, 0]
    assert stored.title == "Иванова Анна.jpg"


@pytest.mark.parametrize(
    ("content", "title", "rule"),
    [
        (PNG, "скан.jpg", "file.kind"),
        (JPEG, "скан.exe", "file.kind"),
        (JPEG, "скан", "file.kind"),
        (b"GIF89a" + bytes(50), "скан.gif", "file.kind"),
        (b"<script>alert(1)</script>", "скан.pdf", "file.kind"),
        (b"\n%PDF-1.7 %%EOF", "скан.pdf", "file.kind"),
        (JPEG[:-2], "скан.jpg", "file.cut"),
        (PDF[:50], "скан.pdf", "file.cut"),
        (b"", "скан.jpg", "file.empty"),
    ],
)
def test_anything_else_is_refused_and_leaves_nothing(folder: Path, content: bytes, title: str, rule: str) -> None:
    assert refused(content, title) == rule
    assert on_disk(folder) == []


def test_what_is_too_large_is_refused_while_it_comes(folder: Path) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return JPEG[:4] + bytes(size - 4)

    stream = Endless()
    with pytest.raises(Refusal) as caught:
        files.put(stream, "скан.jpg")  # type: ignore[arg-type]
    assert caught.value.problems[0].rule == "file.large"
    assert stream.given <= files.SCANS.one + 2 * arrival.CHUNK
    assert on_disk(folder) == []


def test_the_largest_that_is_taken_is_taken() -> None:
    assert put(JPEG[:4] + bytes(files.SCANS.one - 6) + JPEG[-2:]).size == files.SCANS.one


def test_the_same_bytes_are_one_file_of_an_owner_and_another_one_of_another(folder: Path) -> None:
    first, again, other = attach(), attach(title="копия.jpg"), attach("batch:2")
    assert first.id == again.id != other.id
    assert {path.name for path in on_disk(folder)} == {first.name, other.name}


def test_two_who_bring_the_same_bytes_at_once_leave_one_row() -> None:
    one, two = put(), put()
    facts = {"title": "x", "kind": "jpeg", "size": 1, "owner": "batch:1", "added_by": "x", "sha256": one.sha256}
    StoredFile.create(name=one.name, **facts)
    with pytest.raises(IntegrityError), database.atomic():
        StoredFile.create(name=two.name, **facts)


def test_a_removed_file_is_gone_for_its_owner_and_its_row_says_who_and_when() -> None:
    stored = attach()
    assert files.remove("batch:1", stored.id)
    assert list(files.of("batch:1")) == [] and files.one_of("batch:1", stored.id) is None
    row = StoredFile.get_by_id(stored.id)
    assert (row.removed_by, row.removed_at) == ("staff:3", clock.now())
    assert not files.remove("batch:1", stored.id)


def test_a_file_belongs_to_its_owner_alone() -> None:
    stored = attach()
    assert files.one_of("batch:2", stored.id) is None and not files.remove("batch:2", stored.id)
    assert files.one_of("batch:1", stored.id) == stored


def test_what_was_removed_can_be_brought_again() -> None:
    first = attach()
    files.remove("batch:1", first.id)
    assert attach().id != first.id


def test_deeds_are_in_the_audit_log() -> None:
    stored = attach()
    files.remove("batch:1", stored.id)
    rows = list(audit.AuditRow.select().order_by(audit.AuditRow.id))
    assert [(row.deed, row.subject, row.detail["file"]) for row in rows] == [
        ("file.added", "batch:1", stored.id), ("file.removed", "batch:1", stored.id),
    ]  # fmt: skip
    assert rows[0].detail["title"] == "скан.jpg"


def test_a_rolled_back_deed_leaves_no_row(folder: Path) -> None:
    with database.atomic() as deed:
        files.attach(put(), "batch:1")
        deed.rollback()
    assert StoredFile.select().count() == 0
    assert len(on_disk(folder)) == 1  # until the sweep


def age(path: Path, seconds: int) -> None:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


@pytest.fixture
def real_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The world's clock beside the frozen one: it stamps files."""
    mark = tmp_path / "mark"
    mark.touch()
    monkeypatch.setattr(clock, "real_seconds", lambda: mark.stat().st_mtime)


def test_the_sweep_takes_what_belongs_to_nobody_after_a_day(folder: Path, real_time: None) -> None:
    old, fresh, owned = put(), put(), attach()
    half = folder / "ab" / f"{'ab' * 16}.part"
    half.parent.mkdir(exist_ok=True)
    half.touch()
    strange = folder / "ab" / "README"
    strange.touch()
    for name in (old.name, owned.name):
        age(files._place(name), files._UNCLAIMED + 60)
    for path in (half, strange):
        age(path, files._UNCLAIMED + 60)
    assert files.sweep() == 2
    assert {path.name for path in on_disk(folder)} == {fresh.name, owned.name, "README"}


def test_the_sweep_takes_what_was_removed_a_month_ago(
    folder: Path, at: Callable[[str], datetime], real_time: None
) -> None:
    stored, stays = attach(), attach("batch:2")
    files.remove("batch:1", stored.id)
    at("2026-12-19T09:00")
    assert files.sweep() == 0
    at("2026-12-21T09:00")
    assert files.sweep() == 1
    assert [path.name for path in on_disk(folder)] == [stays.name]
    assert StoredFile.select().count() == 2


def test_what_was_taken_out_of_a_draft_goes_a_day_later(
    folder: Path, at: Callable[[str], datetime], real_time: None
) -> None:
    stored = attach("appeal-draft:1")
    files.remove(stored.owner, stored.id)
    at("2026-11-21T09:00")
    assert files.sweep() == 0
    at("2026-11-21T10:01")
    assert files.sweep() == 1 and on_disk(folder) == []


def test_a_disk_that_is_nearly_full_takes_no_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LEAST_FREE", 1 << 60)
    with pytest.raises(Refusal) as caught:
        files.put(io.BytesIO(PDF), "a.pdf")
    assert caught.value.problems[0].rule == "file.full" and on_disk(folder) == []


def test_the_sweep_of_nothing_is_nothing() -> None:
    assert files.sweep() == 0


def test_what_ought_to_be_there_and_is_not_is_known() -> None:
    gone, removed, stays = attach(), attach("batch:2"), attach("batch:3")
    files.remove("batch:2", removed.id)
    for one in (gone, removed):
        one.path.unlink()
    assert files.missing() == [gone.name] and stays.path.exists()


@pytest.mark.parametrize(
    ("title", "harmless"),
    [
        ("C:\\Users\\Галина\\Скан 1.JPG", "Скан 1.jpg"),
        ("/etc/passwd", "passwd"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie_ x.png"),
        ('<img src="x">.png', "_img src=_x__.png"),
        (".htaccess", "htaccess"),
        ("..", "файл"),
        ("", "файл"),
        ("и\u0306.pdf", "й.pdf"),
    ],
)
def test_a_title_is_made_harmless(title: str, harmless: str) -> None:
    assert files.harmless(title) == harmless


@given(st.text())
def test_no_title_is_long_or_has_unseen_characters(title: str) -> None:
    made = files.harmless(title)
    assert 0 < len(made) <= files.LONGEST_TITLE and made.isprintable() and "/" not in made


@pytest.mark.parametrize("name", ["../../etc/passwd", "ab", "AB" * 16, "ab" * 16 + "/x", ""])
def test_no_other_name_leads_to_a_file(name: str) -> None:
    with pytest.raises(ValueError):
        files._place(name)


def test_without_a_folder_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_folder", None)
    with pytest.raises(RuntimeError):
        put()


def test_media_of_every_kind_is_known() -> None:
    kinds: dict[str, Any] = files.KINDS
    assert {kind.media for kind in kinds.values()} == {"image/jpeg", "image/png", "image/webp", "application/pdf"}
