"""Photos from a phone: made smaller, sent at once with their progress, listed; what breaks off is sent again; without scripts too."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests import upload_corpus
from tests.browser.portal import Portal
from tests.browser.visitor import Visitor


def photo(width: int, height: int, turned: int = 1) -> bytes:
    """A photo of noise, which packs badly; its left part is black."""
    picture = Image.effect_noise((width, height), 90).convert("RGB")
    picture.paste("black", (0, 0, width // 4, height))
    exif = Image.Exif()
    exif[0x0112] = turned
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=97, exif=exif.tobytes())
    return made.getvalue()


def sent(name: str, content: bytes) -> Any:
    return {"name": name, "mimeType": "image/jpeg" if name.endswith("jpg") else "application/pdf", "buffer": content}


def choose(visitor: Visitor, *files: Any) -> None:
    visitor.page.locator("input[type=file]").set_input_files(list(files))


def stored(portal: Portal) -> list[Any]:
    with closing(sqlite3.connect(portal.database, timeout=10)) as database:
        return database.execute("SELECT name, title, size FROM stored_file ORDER BY id").fetchall()


def picture_of(portal: Portal, name: str) -> Image.Image:
    return Image.open(Path(portal.database).parent / "files" / name[:2] / name)


@pytest.mark.feature("S36")
def test_a_photo_is_made_smaller_before_it_goes_and_stands_upright(newcomer: Visitor, portal: Portal) -> None:
    before = len(stored(portal))
    newcomer.open("/appeals/new")
    lengths: list[int] = []
    newcomer.page.on(
        "request", lambda one: one.url.endswith("/files") and lengths.append(len(one.post_data_buffer or b""))
    )
    large = photo(3200, 2400, turned=6)
    choose(newcomer, sent("IMG_1.jpg", large))
    expect(newcomer.page.locator("#draft-files")).to_contain_text("IMG_1.jpg")
    assert len(lengths) == 1 and lengths[0] < len(large) / 2
    [(name, title, _)] = stored(portal)[before:]
    picture = picture_of(portal, name)
    assert (title, picture.size) == ("IMG_1.jpg", (1500, 2000))
    assert picture.convert("L").getpixel((750, 100)) < 20 < picture.convert("L").resize((1, 1)).getpixel((0, 0))  # type: ignore[operator]
    expect(newcomer.page.locator("progress")).to_be_hidden()


@pytest.mark.feature("S36")
def test_several_files_go_one_after_another_and_the_form_keeps_its_words(newcomer: Visitor, portal: Portal) -> None:
    newcomer.open("/appeals/new")
    newcomer.page.locator("textarea").first.fill("Счётчик остановился.")
    choose(newcomer, sent("a.jpg", photo(60, 40)), sent("b.pdf", upload_corpus.pdf()), sent("c.jpg", photo(50, 40)))
    listed = newcomer.page.locator("#draft-files li")
    expect(listed).to_have_count(3)
    expect(newcomer.page.locator("textarea").first).to_have_value("Счётчик остановился.")
    newcomer.page.reload()
    expect(listed).to_have_count(3)


def test_what_is_refused_is_named_and_the_others_go(newcomer: Visitor, portal: Portal) -> None:
    newcomer.open("/appeals/new")
    newcomer.page.locator("input[type=file]").evaluate("input => (input.dataset.most = 90000)")
    choose(
        newcomer,
        sent("good.jpg", photo(60, 40)),
        sent("evil.pdf", upload_corpus.pdf(b"9 0 obj<</S/JavaScript>>endobj")),
        sent("huge.pdf", b"%PDF-1.7" + bytes(100_000)),
        sent("last.pdf", upload_corpus.pdf()),
    )
    expect(newcomer.page.locator("#draft-files li")).to_have_count(2)
    said = newcomer.page.locator("input[type=file] ~ .error")
    expect(said).to_contain_text("«evil.pdf»")
    expect(said).to_contain_text("huge.pdf: больше 10\u00a0МБ")


@pytest.mark.feature("S36")
def test_a_file_whose_link_broke_is_sent_again(newcomer: Visitor, portal: Portal) -> None:
    newcomer.open("/appeals/new")
    newcomer.context.set_offline(True)
    choose(newcomer, sent("a.jpg", photo(60, 40)), sent("b.jpg", photo(70, 40)))
    said = newcomer.page.locator("input[type=file] ~ .error")
    expect(said).to_contain_text("a.jpg: связь прервалась")
    expect(said).to_contain_text("b.jpg: связь прервалась")
    newcomer.context.set_offline(False)
    newcomer.noise.clear()
    choose(newcomer, sent("a.jpg", photo(60, 40)), sent("b.jpg", photo(70, 40)))
    expect(newcomer.page.locator("#draft-files li")).to_have_count(2)
    expect(said).to_have_text("")


def test_the_form_waits_for_files_on_their_way(newcomer: Visitor, portal: Portal) -> None:
    newcomer.open("/appeals/new")
    held: list[Any] = []
    newcomer.page.route("**/files", lambda route: held.append(route))
    choose(newcomer, sent("a.jpg", photo(60, 40)))
    expect(newcomer.page.locator("progress")).to_be_visible()
    newcomer.page.locator("form:has(input[type=file])").evaluate("form => form.requestSubmit()")
    newcomer.sees("Файлы ещё отправляются")
    while not held:
        newcomer.page.wait_for_timeout(50)
    held[0].continue_()
    expect(newcomer.page.locator("#draft-files li")).to_have_count(1)
    expect(newcomer.page.locator("progress")).to_be_hidden()


def test_what_was_pressed_while_files_go_is_done_when_they_have_come(newcomer: Visitor, portal: Portal) -> None:
    newcomer.open("/appeals/new")
    held: list[Any] = []
    newcomer.page.route("**/files", lambda route: held.append(route))
    newcomer.page.get_by_label("Что случилось").fill("Снимок внутри")
    choose(newcomer, sent("a.jpg", photo(60, 40)))
    newcomer.page.get_by_role("button", name="Сохранить черновик").click()
    newcomer.sees("Файлы ещё отправляются")
    while not held:
        newcomer.page.wait_for_timeout(50)
    held[0].continue_()
    newcomer.page.wait_for_url("**/appeals/new#attached")
    expect(newcomer.page.locator("#draft-files li")).to_have_count(1)


@pytest.mark.parametrize("guest", [False], indirect=True)
def test_without_scripts_the_plain_form_takes_them(newcomer: Visitor, portal: Portal) -> None:
    newcomer.open("/appeals/new")
    expect(newcomer.page.locator("progress")).to_be_hidden()
    choose(newcomer, sent("a.jpg", photo(60, 40)))
    newcomer.page.get_by_role("button", name="Сохранить черновик").first.click()
    expect(newcomer.page.locator("#draft-files li")).to_have_count(1)
