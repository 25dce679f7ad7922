"""What comes from outside: refused with advice, or made harmless. The corpus is `tests/upload_corpus.py`."""

from __future__ import annotations

import io
import os
import resource
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from models import files
from models.base import Refusal
from models.file_check import child, pdf, pictures, process
from models.file_check.kinds import CUSTOMER, GUEST, KINDS, SCANS, STAFF, harmless, limits_of
from models.files import Draft
from tests import upload_corpus
from tests.upload_corpus import ATTACKS, EICAR, NAMES, TAKEN, Attack

ORIENTATION, GPS = 0x0112, 0x8825
BAD_WORDS = (EICAR, b"<script", b"<?php", b"Evil.class", b"PK\x03\x04")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(files, "_folder", tmp_path / "files")
    return tmp_path / "files"


def put(content: bytes, name: str) -> tuple[Draft, bytes]:
    draft = files.put(io.BytesIO(content), name, CUSTOMER)
    return draft, files._place(draft.name).read_bytes()


def refused(content: bytes, name: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        files.put(io.BytesIO(content), name, CUSTOMER)
    return caught.value


def left(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def named(attack: Attack) -> str:
    return attack.what


@pytest.mark.feature("S36")
@pytest.mark.parametrize("attack", [one for one in ATTACKS if one.refused], ids=named)
def test_an_attack_is_refused_by_name_and_leaves_nothing(folder: Path, attack: Attack) -> None:
    refusal = refused(attack.content, attack.name)
    [(field, text, rule)] = refusal.problems
    assert (field, rule) == ("files", attack.refused)
    assert f"«{harmless(attack.name)}»" in text and len(text.split(". ")) > 1  # what, and what to do
    assert left(folder) == []


@pytest.mark.feature("S36")
@pytest.mark.parametrize("attack", [one for one in ATTACKS if one.refused == TAKEN], ids=named)
def test_what_is_taken_is_harmless(folder: Path, attack: Attack) -> None:
    draft, made = put(attack.content, attack.name)
    assert not [word for word in BAD_WORDS if word in made]
    assert draft.title.endswith(KINDS[draft.kind].endings)
    assert (draft.size, [path.name for path in left(folder)]) == (len(made), [draft.name])
    if draft.kind == "pdf":
        assert made.endswith(b"%%EOF\n") and len(pypdfium2.PdfDocument(made)) == 1
    else:
        picture = Image.open(io.BytesIO(made), formats=["JPEG"])
        picture.load()
        assert picture.mode in ("L", "RGB") and set(picture.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
        }


def test_there_are_sixty_attacks() -> None:
    assert len(ATTACKS) >= 60 and len({one.what for one in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize(("given", "shown"), NAMES)
def test_a_name_is_made_harmless(given: str, shown: str) -> None:
    draft, _ = put(upload_corpus.picture(), given)
    assert draft.title == shown


@given(st.text(), st.sampled_from([".jpg", ".png", ".webp", ".pdf", ".jpg.exe", ""]))
def test_no_name_leads_elsewhere(text: str, ending: str) -> None:
    name = harmless(text + ending)
    assert "/" not in name and "\\" not in name and name.strip(". ") and name.isprintable()


def test_a_name_of_marks_without_end_is_cut() -> None:
    assert len(harmless("а" + "\u0301" * 30_000 + "\u0323" * 30_000 + ".jpg")) < 50


def test_where_a_photo_was_taken_is_not_kept_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # held upright: its rows run along the long side
    exif[GPS] = {1: "N", 2: (56.0, 0.0, 50.0)}
    exif[0x010F] = "Кубик"
    sent = upload_corpus.picture(size=(90, 60), exif=exif.tobytes(), icc_profile=bytes(500), comment=b"at home")
    _, made = put(sent, "IMG_1.jpg")
    picture = Image.open(io.BytesIO(made))
    assert picture.size == (60, 90)
    assert not picture.getexif() and "icc_profile" not in picture.info and b"at home" not in made
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(sent)))
    assert (
        sum(
            abs(one - other)
            for one, other in zip(upright.convert("L").tobytes(), picture.convert("L").tobytes(), strict=True)
        )
        / 5400
        < 20
    )


def test_a_large_photo_becomes_smaller_and_a_small_one_stays() -> None:
    large = Image.new("RGB", (6000, 4000), "teal")
    sent = io.BytesIO()
    large.save(sent, "JPEG")
    for content, size in ((sent.getvalue(), (3000, 2000)), (upload_corpus.picture(size=(40, 30)), (40, 30))):
        _, made = put(content, "a.jpg")
        assert Image.open(io.BytesIO(made)).size == size


@pytest.mark.parametrize(
    ("mode", "colour", "seen"),
    [
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("LA", (0, 0), (255, 255, 255)),
        ("CMYK", (0, 0, 0, 0), (255, 255, 255)),
        ("1", 1, 255),
        ("L", 90, 90),
    ],
)
def test_colours_stay_and_nothing_is_white_paper(mode: str, colour: object, seen: object) -> None:
    sent = io.BytesIO()
    Image.new(mode, (20, 20), colour).save(sent, "JPEG" if mode == "CMYK" else "PNG")  # type: ignore[arg-type]
    _, made = put(sent.getvalue(), "a.jpg" if mode == "CMYK" else "a.png")
    assert Image.open(io.BytesIO(made)).getpixel((9, 9)) == seen


def test_sixteen_bits_of_grey_become_eight() -> None:
    sent = io.BytesIO()
    Image.new("I;16", (20, 20), 40_000).save(sent, "PNG")
    _, made = put(sent.getvalue(), "scan.png")
    assert abs(Image.open(io.BytesIO(made)).getpixel((9, 9)) - 40_000 / 257) < 2  # type: ignore[operator]


def test_the_same_photo_twice_is_made_the_same() -> None:
    assert put(upload_corpus.picture(), "a.jpg")[0].sha256 == put(upload_corpus.picture(), "b.jpg")[0].sha256


def test_an_office_scan_stays_as_it_came() -> None:
    sent = upload_corpus.picture(comment=b"proof")
    draft = files.put(io.BytesIO(sent), "скан.jpg", SCANS)
    assert files._place(draft.name).read_bytes() == sent


def test_a_file_above_ten_megabytes_is_refused_while_it_comes(folder: Path) -> None:
    refusal = refused(b"\xff\xd8\xff" + bytes(CUSTOMER.one), "a.jpg")
    assert refusal.problems[0].rule == "file.large" and "10\u00a0МБ" in refusal.text
    assert left(folder) == []


def test_every_author_has_limits() -> None:
    assert (limits_of("customer:1"), limits_of("staff:3")) == (CUSTOMER, STAFF)
    assert limits_of("guest") == limits_of("guest:abc") == limits_of("") == GUEST


def test_the_process_has_no_secret_and_little_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KABINET_SECRET_KEY", "s" * 40)
    seen: list[object] = []
    monkeypatch.setattr(process, "subprocess", _Spy(seen))
    process._run("picture", tmp_path / "none", tmp_path / "made")
    assert seen == [{}]
    asked = (
        "import resource; from models.file_check import child; child._be_small(); "
        "print(resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_CPU))"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, check=True, text=True, cwd=process._ROOT)
    assert told.stdout.strip() == f"{(child.MEMORY,) * 2} {(child.SECONDS,) * 2}"
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != child.MEMORY  # not ours


class _Spy:
    """What is asked of the system, and done."""

    DEVNULL, TimeoutExpired = subprocess.DEVNULL, subprocess.TimeoutExpired

    def __init__(self, seen: list[object]):
        self.seen = seen

    def run(self, command: list[str], **options: object) -> object:
        self.seen.append(options["env"])
        return subprocess.run(command, **options)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("ends", "rule"),
    [
        ("os.kill(os.getpid(), 9)", "file.large"),
        ("os.kill(os.getpid(), 11)", "file.broken"),
        ("sys.exit(1)", "file.broken"),
        ("print('?'); sys.exit(3)", "file.broken"),
    ],
)
def test_a_process_that_dies_takes_the_file_with_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ends: str, rule: str
) -> None:
    program = tmp_path / "dies.py"
    program.write_text(f"import os, sys\n{ends}\n")
    monkeypatch.setattr(child, "__file__", str(program))
    assert refused(upload_corpus.picture(), "a.jpg").problems[0].rule == rule
    assert left(folder) == []


def test_a_process_that_hangs_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "hangs.py"
    program.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(child, "__file__", str(program))
    monkeypatch.setattr(process, "_WAIT", 0.3)
    assert refused(upload_corpus.picture(), "a.jpg").problems[0].rule == "file.busy"
    assert left(folder) == []


def test_who_gets_no_turn_is_asked_to_come_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(process.AT_ONCE):
        process._turns.acquire()
    try:
        with monkeypatch.context() as hurry:
            hurry.setattr(process, "_TURN", 0.1)
            assert refused(upload_corpus.picture(), "a.jpg").problems[0].rule == "file.busy"
    finally:
        for _ in range(process.AT_ONCE):
            process._turns.release()
    assert left(folder) == []
    put(upload_corpus.picture(), "a.jpg")


def test_where_one_waits_already_the_next_is_told_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many send large files, one thread works and one waits; the others serve pages."""
    assert process.AT_ONCE + process.IN_LINE == 2
    monkeypatch.setattr(process, "_PLACE", 0)
    monkeypatch.setattr(process, "_TURN", 30)
    told: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        go_on.wait(20)
        return ""

    working = threading.Thread(target=lambda: told.append(process._in_turn(slow)))
    working.start()
    assert begun.wait(10)
    waiting = threading.Thread(target=lambda: told.append(process._in_turn(lambda: "")))
    waiting.start()
    while process._line._value:
        time.sleep(0.01)
    assert process._in_turn(lambda: "") == "busy"
    go_on.set()
    working.join()
    waiting.join()
    assert told == ["", ""] and process._in_turn(lambda: "") == ""


@given(st.binary(max_size=3000))
def test_no_bytes_break_the_reader_of_papers(noise: bytes) -> None:
    with suppress(pictures.Unfit):
        pdf.look(io.BytesIO(upload_corpus.pdf(noise)), io.BytesIO())


@given(st.binary(max_size=3000), st.sampled_from(["JPEG", "PNG", "WEBP"]))
def test_no_bytes_break_the_maker_of_pictures(noise: bytes, kind: str) -> None:
    head = upload_corpus.picture(kind)
    with suppress(pictures.Unfit):
        pictures.remake(io.BytesIO(head[: len(head) // 2] + noise), io.BytesIO())


def test_a_paper_keeps_its_pages() -> None:
    sheet = pypdfium2.PdfDocument.new()
    for _ in range(3):
        sheet.new_page(200, 200)
    sent = io.BytesIO()
    sheet.save(sent)
    draft, made = put(sent.getvalue(), "договор.pdf")
    assert len(pypdfium2.PdfDocument(made)) == 3 and draft.kind == "pdf"


def test_nobody_else_may_read_what_was_made(folder: Path) -> None:
    draft, _ = put(upload_corpus.picture(), "a.jpg")
    assert stat.S_IMODE(os.stat(files._place(draft.name)).st_mode) == 0o600
