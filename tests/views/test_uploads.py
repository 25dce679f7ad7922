"""Files on their way in: names and types as browsers and others send them, how much, from whom; what is left behind (nothing)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from models import files
from models.audit import AuditRow
from models.base import Refusal
from models.contact.appeals.rows import AppealDraft
from models.file_check import kinds
from models.files import StoredFile
from tests import upload_corpus
from tests.cast import Person
from tests.page import Client, Page
from views import uploads

PHOTO = upload_corpus.picture()
EDGE = "----edge"
MULTIPART = f"multipart/form-data; boundary={EDGE}"


@pytest.fixture(autouse=True)
def folder(app: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(files, "_folder", tmp_path / "files")
    return tmp_path / "files"


def on_disk(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def bring(client: Client, *sent: tuple[bytes, str], **options: Any) -> Page:
    """As files.js does: to the part's address, with the page's token."""
    token = client.get("appeals.new").token
    data: dict[str, Any] = {"csrf_token": token, "files": [(io.BytesIO(body), name) for body, name in sent]}
    return client.open("/appeals/new/files", method="POST", data=data, content_type="multipart/form-data", **options)


def raw(client: Client, *parts: bytes, end: bytes = f"--{EDGE}--\r\n".encode()) -> Page:
    """A body written by hand: what a browser would not send."""
    token = client.get("appeals.new").token.encode()
    first = b'Content-Disposition: form-data; name="csrf_token"\r\n\r\n' + token
    body = b"".join(b"--" + EDGE.encode() + b"\r\n" + part + b"\r\n" for part in (first, *parts)) + end
    return client.open("/appeals/new/files", method="POST", data=body, content_type=MULTIPART)


def part(disposition: str, media: str = "image/jpeg", content: bytes = PHOTO) -> bytes:
    return f"Content-Disposition: form-data; {disposition}\r\nContent-Type: {media}\r\n\r\n".encode() + content


def titles() -> list[str]:
    return [one.title for one in StoredFile.select().order_by(StoredFile.id)]


@pytest.mark.feature("S36")
def test_a_photo_becomes_part_of_the_draft_and_is_listed(home: Client, folder: Path) -> None:
    page = bring(home, (PHOTO, "Счётчик.jpg"))
    assert page.status == 200 and "Счётчик.jpg" in page.text
    [stored] = StoredFile.select()
    assert (stored.kind, stored.owner) == ("jpeg", AppealDraft.get().subject)
    assert on_disk(folder) == [stored.name]


@pytest.mark.parametrize(
    ("disposition", "title"),
    [
        ('name="files"; filename="../../../etc/x.jpg"', "x.jpg"),
        ('name="files"; filename="..\\\\..\\\\x.jpg"', "x.jpg"),
        ('name="files"; filename="C:\\Users\\x.jpg"', "C_Usersx.jpg"),
        ("name=\"files\"; filename*=UTF-8''%D1%84%D0%BE%D1%82%D0%BE.jpg", "фото.jpg"),
        ("name=\"files\"; filename*=UTF-8''..%2F..%2Fx%0D%0ASet-Cookie%3A%20a.jpg", "xSet-Cookie_ a.jpg"),
        ("name=\"files\"; filename*=UTF-8''a%00b.jpg", "ab.jpg"),
        ("name=\"files\"; filename*=UTF-8''%E2%80%AEgpj.exe%E2%80%AC.jpg", "gpj.exe.jpg"),
        ('name="files"; filename="-rf.jpg"', "-rf.jpg"),
        ('name="files"; filename="x%0d%0ay.jpg"', "x%0d%0ay.jpg"),
    ],
)
def test_a_name_is_harmless_however_it_is_sent(home: Client, disposition: str, title: str) -> None:
    assert raw(home, part(disposition)).status == 200
    assert titles() == [title]


def test_a_line_end_in_a_name_makes_no_header(home: Client) -> None:
    page = raw(home, part('name="files"; filename="a\r\nSet-Cookie: k=v.jpg"'))
    assert "k=v" not in str(page.headers)
    assert all(title.isprintable() for title in titles())


@pytest.mark.parametrize("media", ["text/html", "image/svg+xml", "application/x-msdownload", "", "x" * 200])
def test_what_a_file_says_it_is_is_not_asked(home: Client, media: str) -> None:
    assert raw(home, part('name="files"; filename="a.jpg"', media)).status == 200
    assert StoredFile.get().media == "image/jpeg"


@pytest.mark.parametrize("disposition", ['name="files"; filename=""', 'name="files"', 'name="other"; filename="a.jpg"'])
def test_a_file_without_a_name_or_in_another_field_is_nothing(home: Client, folder: Path, disposition: str) -> None:
    assert raw(home, part(disposition)).status == 200
    assert titles() == [] and on_disk(folder) == []


def test_a_thousand_parts_are_refused(home: Client, folder: Path) -> None:
    assert raw(home, *[part(f'name="x{n}"', content=b"1") for n in range(1000)]).status == 413
    assert on_disk(folder) == []


@pytest.mark.parametrize("end", [b"", b"--", b"--" + EDGE.encode()[:4]])
def test_a_body_that_ends_in_the_middle_leaves_nothing(home: Client, folder: Path, end: bytes) -> None:
    assert raw(home, part('name="files"; filename="a.jpg"'), end=end).status in (200, 302, 303, 400, 422)
    assert titles() == [] and on_disk(folder) == []


@pytest.mark.feature("S36")
def test_all_files_are_taken_or_none(home: Client, folder: Path) -> None:
    page = bring(home, (PHOTO, "a.jpg"), (upload_corpus.SCRIPT, "b.jpg"), (PHOTO, "c.jpg"))
    assert page.status == 422 and "«b.jpg»" in page.answer.text
    assert titles() == [] and on_disk(folder) == []


def test_more_than_ten_files_at_once_are_refused_before_one_is_looked_at(home: Client, folder: Path) -> None:
    page = bring(home, *[(PHOTO, f"{n}.jpg") for n in range(11)])
    assert page.status == 422 and "до 10 файлов" in page.answer.text
    assert on_disk(folder) == []


def test_an_eleventh_file_is_refused_and_leaves_nothing(home: Client, folder: Path) -> None:
    for n in range(10):
        assert bring(home, (upload_corpus.pdf(b"%% %d" % n), f"{n}.pdf")).status == 200
    page = bring(home, (PHOTO, "11.jpg"))
    assert page.status == 422 and "до 10" in page.answer.text
    assert len(titles()) == len(on_disk(folder)) == 10


def test_files_above_forty_megabytes_together_are_refused(
    home: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        kinds, "CUSTOMER", kinds.Limits(kinds.STAFF.kinds, 10**7, 10, len(upload_corpus.pdf()) + 50, 60, True)
    )
    assert bring(home, (upload_corpus.pdf(), "1.pdf")).status == 200
    page = bring(home, (upload_corpus.pdf(b"% more"), "2.pdf"))
    assert page.status == 422 and "Вместе файлы больше" in page.answer.text
    assert len(on_disk(folder)) == 1


def test_what_is_refused_at_a_glance_is_not_counted(client: Client) -> None:
    """Else fifteen bytes would keep a guest from sending a photo that day."""
    for _ in range(kinds.GUEST.a_day + 1):
        assert "не JPEG" in bring(client, (b"<svg/>", "a.svg")).text
    assert bring(client, (PHOTO, "a.jpg")).status == 200


def test_one_address_brings_ten_times_as_many_as_one_guest(app: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for neighbour in range(10):
        files.spend(f"guest:{neighbour}", kinds.GUEST.a_day, "10.0.0.1")
    with pytest.raises(Refusal):
        files.spend("guest:last", 1, "10.0.0.1")
    files.spend("guest:another", 1, "10.0.0.2")


def test_a_customer_brings_so_many_files_a_day(home: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "CUSTOMER", kinds.Limits(kinds.STAFF.kinds, 10**7, 10, 10**7, 2, True))
    assert [bring(home, (PHOTO, "a.jpg")).status for _ in range(3)] == [200, 200, 422]


def test_a_guest_brings_fewer(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "GUEST", kinds.Limits(kinds.STAFF.kinds, 10**7, 5, 10**7, 2, True))
    assert [bring(client, (PHOTO, "a.jpg")).status for _ in range(3)] == [200, 200, 422]


def test_a_browser_that_makes_much_work_waits(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the seconds that its files take, not by their number alone."""
    now = iter(range(0, 10_000, 25))
    monkeypatch.setattr(uploads, "monotonic", lambda: next(now))
    assert bring(client, (PHOTO, "a.jpg")).status == 200
    assert "Подождите" in bring(client.another(), (PHOTO, "a.jpg"), (PHOTO, "b.jpg")).text


def test_a_request_above_all_files_together_is_refused_and_the_draft_stays(home: Client, folder: Path) -> None:
    page = home.get("appeals.new")
    home.post("appeals.save", {"csrf_token": page.token, "topic": "meter", "text": "Счётчик стоит."})
    largest = kinds.CUSTOMER.together + 1_000_001
    page = bring(home, (b"-" * largest, "a.jpg"))
    assert page.status == 413 and "Слишком большой файл" in page.text
    assert on_disk(folder) == [] and AppealDraft.get().fields["text"] == "Счётчик стоит."


@pytest.mark.company("koryak")
def test_who_may_not_write_sends_no_more_than_a_usual_form(client: Client) -> None:
    data: dict[str, Any] = {"csrf_token": "x", "files": [(io.BytesIO(bytes(3_000_000)), "a.jpg")]}
    assert client.open("/appeals/new/files", method="POST", data=data, content_type="multipart/form-data").status == 413


@pytest.mark.parametrize("path", ["/sign-in", "/callbacks", "/settings/name"])
def test_no_other_form_takes_files(home: Client, path: str) -> None:
    data: dict[str, Any] = {"csrf_token": "x", "files": [(io.BytesIO(bytes(3_000_000)), "a.jpg")]}
    assert home.open(path, method="POST", data=data, content_type="multipart/form-data").status == 413


@pytest.mark.feature("S36")
def test_the_field_says_its_limits_before_anything_is_chosen(home: Client) -> None:
    page = home.get("appeals.new")
    field = page.soup.select_one("input[type=file]")
    assert (
        "каждый до 10\u00a0МБ; до 10 файлов, вместе до 40\u00a0МБ" in page.soup.select_one(f"#{field['id']}-hint").text
    )
    assert field["accept"] == ".jpg,.jpeg,.png,.webp,.pdf"
    assert field["data-most"] == str(kinds.CUSTOMER.one)


def test_what_came_is_in_the_audit_log(home: Client, anna: Person) -> None:
    bring(home, (PHOTO, "a.jpg"))
    row = AuditRow.get(AuditRow.deed == "file.added")
    assert (row.who, row.subject) == (anna.customer.subject, AppealDraft.get().subject)
