"""Pictures for the README, of a phone, a desk, the office and a bill on paper: `make screenshots` puts them into docs/screenshots."""

from __future__ import annotations

import argparse
import io
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.portal import PASSWORD, ROOT, Portal, served
from tests.browser.visitor import Visitor, visiting

ANNAS = "241010000054"
PHONE = {"width": 360, "height": 820}
TALL = {"width": 360, "height": 1280}  # the whole of what the page is for
LONG = {"width": 360, "height": 1620}
DESK = {"width": 1280, "height": 860}
PILE = {"width": 1280, "height": 1080}
MOST = 60_000  # bytes a picture
COLOURS = (256, 128, 64, 32, 16, 8)
PERIOD = "2026-10"
PAPER_DPI = 80
_MINUTES = 150_000  # milliseconds: what the bell has missed, the job of each minute does
BELOW = 3  # the place in the pile of the form that is below the reading before
PAPERS = (
    "241050000305",
    "241050000806",
    "241050001072",
    "241050000961",
    "241050001858",
)  # one, two, three zones, one, one


def home(anna: Visitor) -> None:
    anna.open(f"/accounts/{ANNAS}/")


def readings(anna: Visitor) -> None:
    anna.open(f"/accounts/{ANNAS}/readings")
    anna.type_readings(*anna.used(141, 67))


def doubt(anna: Visitor) -> None:
    anna.open(f"/accounts/{ANNAS}/readings")
    anna.type_readings(*reversed(anna.used(141, 67)))
    anna.press("Передать")
    anna.summary().wait_for()


def history(anna: Visitor) -> None:
    anna.open(f"/accounts/{ANNAS}/history/consumption")


def bill(anna: Visitor) -> None:
    anna.open(f"/accounts/{ANNAS}/bills/{PERIOD}")


def payment(anna: Visitor) -> None:
    anna.open(f"/accounts/{ANNAS}/pay")


def delivery(anna: Visitor) -> None:
    """E-mail instead of paper is chosen here: the letter below needs it."""
    anna.open(f"/accounts/{ANNAS}/delivery")
    anna.page.get_by_label(re.compile("^На почту .* отказываюсь$")).check()
    anna.press("Сохранить")
    anna.sees("На почту, без бумажной квитанции")


def appeal(anna: Visitor) -> None:
    """One being written: the topic's advice and likely answers stand below the words."""
    anna.open("/appeals/new")
    anna.field("О чём вы пишете").select_option("charges")
    anna.field("Что случилось").fill("Почему в счёте за октябрь такая большая сумма? В квартире никто не жил.")
    anna.sees("Возможно, ответ здесь")


def receipt(anna: Visitor) -> None:
    """Last of all: it passes the reading."""
    readings(anna)
    anna.press("Передать")
    anna.heading("Показания переданы")


def desk(oleg: Visitor) -> None:
    oleg.open("/staff/")


def forms(oleg: Visitor) -> None:
    """A batch with rows of every outcome, and the next form begun."""
    oleg.open("/staff/paperforms")
    oleg.field("Участок").select_option(label="Минусинский участок")
    oleg.page.get_by_label(re.compile("^Сколько бланков")).fill("9")
    oleg.press("Начать ввод")
    oleg.page.wait_for_url(re.compile(r"/staff/paperforms/\d+$"))
    rows = oleg.page.get_by_role("main").locator("tbody tr[data-line]")
    pile = _pile(oleg.portal)
    for place, (account, *values) in enumerate(pile, start=1):
        _type(oleg, f"{account}\n" + "".join(f"{value}\n" for value in values))
        expect(rows).to_have_count(place)
    for _ in pile[BELOW:]:
        oleg.page.keyboard.press("Control+ArrowUp")
    _type(oleg, f"{pile[BELOW][1]}\n")  # the same once more: it is what the paper says
    expect(rows.nth(BELOW)).to_contain_text("на проверке")
    _type(oleg, "241050002084")
    expect(oleg.page.get_by_role("textbox", name=re.compile("^Т2"))).to_be_visible()


def _pile(portal: Portal) -> list[tuple[str | int, ...]]:
    """Forms: three usual ones, one below the reading before, one with a digit too many, one again, one the customer has passed."""
    was = {account: _before(portal, account) for account in PAPERS}
    usual, two, three, below, much = PAPERS
    passed = _passed(portal)
    return [
        (usual, was[usual][0] + 137),
        (two, was[two][0] + 148, was[two][1] + 48),
        (three, was[three][0] + 96, was[three][1] + 51, was[three][2] + 63),
        (below, was[below][0] - 149),
        (much, was[much][0] + 3_700),
        (usual, was[usual][0] + 137),
        passed,
    ]


def _before(portal: Portal, account: str) -> tuple[int, ...]:
    """What an account's meter showed last."""
    return _dials(portal, "a.number = ? AND r.period < '2026-11'", account)[1:]


def _passed(portal: Portal) -> tuple[str | int, ...]:
    """An account of the office whose customer has passed this month's reading, with its values."""
    return _dials(portal, "r.period = '2026-11' AND r.channel = ? AND a.number < '2490'", "web")


def _dials(portal: Portal, where: str, value: str) -> tuple[Any, ...]:
    sql = f"""SELECT a.number, r.t1, r.t2, r.t3 FROM reading r JOIN account a ON a.id = r.account_id JOIN meter m ON m.id = r.meter_id
              WHERE {where} AND r.state IN ('accepted', 'billed') AND m.removed IS NULL AND m.zones < 4
              ORDER BY r.period DESC, r.id LIMIT 1"""
    with closing(sqlite3.connect(portal.database, timeout=10)) as database:
        account, *values = database.execute(sql, (value,)).fetchone()
    return account, *(one for one in values if one is not None)


def _type(visitor: Visitor, text: str) -> None:
    for character in text:
        visitor.page.keyboard.press("Enter" if character == "\n" else character)


def held(oleg: Visitor) -> None:
    oleg.open("/staff/readings?office=103")
    oleg.page.keyboard.press("n")
    oleg.page.wait_for_url(re.compile(r"/staff/readings/\d+"))


def card(oleg: Visitor) -> None:
    oleg.open("/staff/customers?q=0054")
    oleg.field("Зачем открываете").select_option("call")
    oleg.page.get_by_role("button", name=f"Открыть {ANNAS}").click()
    oleg.page.wait_for_url(f"**/{ANNAS}")


def inbox(oleg: Visitor) -> None:
    oleg.open("/staff/appeals?queue=open")


def talk(oleg: Visitor) -> None:
    """An appeal with what colleagues say of it among themselves."""
    oleg.open("/staff/appeals?queue=all&q=рассрочка")
    oleg.page.locator("[data-step]").first.click()
    oleg.page.wait_for_url(re.compile(r"/staff/appeals/\d{4}-\d{6}"))


def mailing(oleg: Visitor) -> None:
    """News on their way: how far they are, who is left out and why."""
    _begin(
        oleg,
        "news",
        Название_рассылки="Работы на Центральном участке 28 ноября",
        Тема_письма="28 ноября с 10 до 14 часов не будет света",
        Текст_письма="В субботу 28 ноября с 10 до 14 часов чиним линию на улице Садовой.\n\nПоказания можно передать как всегда.",
        Участок="Центральный участок",
        Писем_в_минуту="1",
    )
    expect(oleg.page.get_by_role("main")).to_contain_text(
        re.compile(r"отправлены\s*1", re.IGNORECASE), timeout=_MINUTES
    )


def letter(irina: Visitor) -> None:
    """The e-receipt that a mailing sends to whoever has chosen e-mail."""
    _begin(irina, "e_receipt", Название_рассылки="Счета за октябрь")
    letters = irina.context.request.get("/demo/letters").text()
    irina.open(re.search(r"/demo/letters/\d+", letters)[0])


def _begin(employee: Visitor, letter: str, **fields: str) -> None:
    employee.open(f"/staff/mailings/letters/{letter}")
    if office := fields.pop("Участок", ""):
        employee.field("Участок").select_option(label=office)
    employee.fill(**fields)
    employee.page.get_by_role("button", name="Сохранить черновик").last.click()
    employee.page.get_by_role("button", name=re.compile(r"^Отправить \d")).click()
    whole = re.compile(r"Отправлено \d+ из \d+.пис[а-я]+, больше писать некому")
    expect(employee.page.get_by_role("main")).to_contain_text(whole, timeout=_MINUTES)


Picture = tuple[str, Callable[[Visitor], None], dict[str, int], str]
PICTURES: tuple[Picture, ...] = (
    ("home-phone", home, PHONE, "light"),
    ("home-phone-dark", home, PHONE, "dark"),
    ("home-desk", home, DESK, "light"),
    ("readings-phone", readings, PHONE, "light"),
    ("doubt-phone", doubt, PHONE, "light"),
    ("history-phone", history, PHONE, "light"),
    ("bill-phone", bill, TALL, "light"),
    ("payment-phone", payment, TALL, "light"),
    ("delivery-phone", delivery, TALL, "light"),
    ("appeal-phone", appeal, LONG, "light"),
    ("receipt-phone", receipt, PHONE, "light"),
)


OFFICE: tuple[Picture, ...] = (
    ("office-forms", forms, PILE, "light"),
    ("office-held", held, DESK, "light"),
    ("office-held-phone", held, TALL, "light"),
    ("office-card", card, DESK, "light"),
    ("office-desk", desk, DESK, "light"),
    ("office-inbox", inbox, PILE, "light"),
    ("office-appeal", talk, PILE, "light"),
    ("office-mailing", mailing, DESK, "light"),
)
LETTERS: tuple[Picture, ...] = (("letter-phone", letter, PHONE, "light"),)


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    words.add_argument("--to", type=Path, default=ROOT / "docs" / "screenshots")
    words.add_argument("names", nargs="*", help="only these, such as office-desk")
    given = words.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        _take(browser, Path(folder), given.to, given.names)
        browser.close()
    return 0


def _take(browser: Browser, folder: Path, to: Path, names: list[str]) -> None:
    with served("krasnoyarsk", folder) as portal:
        with visiting(browser, portal) as anna:
            anna.sign_in("anna@example.ru")
            _show(anna, PICTURES, to, names)
            if not names or "bill-paper" in names:
                _keep(to / "bill-paper.png", paper(anna))
        with visiting(browser, portal) as oleg:
            _enter_office(oleg, "oleg@example.ru")
            _show(oleg, OFFICE, to, names)
        with visiting(browser, portal) as irina:
            _enter_office(irina, "irina@example.ru")
            _show(irina, LETTERS, to, names)


def _show(visitor: Visitor, pictures: tuple[Picture, ...], to: Path, names: list[str]) -> None:
    for name, show, size, scheme in pictures:
        if names and name not in names:
            continue
        visitor.page.set_viewport_size(size)
        visitor.page.emulate_media(color_scheme=scheme)
        show(visitor)
        visitor.page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0) }")
        _keep(to / f"{name}.png", Image.open(io.BytesIO(visitor.page.screenshot())))


def _enter_office(visitor: Visitor, email: str) -> None:
    """With both factors: the demo shows the code."""
    visitor.open("/staff/sign-in")
    visitor.fill(Рабочая_почта=email, Пароль=PASSWORD)
    visitor.press("Дальше")
    code = visitor.page.get_by_text("код сейчас").locator("b").inner_text()
    visitor.fill(Код=code.replace(" ", ""))
    visitor.press("Войти")
    visitor.page.wait_for_url(re.compile("/staff/?$"))


def paper(anna: Visitor) -> Image.Image:
    """The first page of the bill on paper."""
    answer = anna.context.request.get(f"/accounts/{ANNAS}/bills/{PERIOD}.pdf")
    document = pypdfium2.PdfDocument(answer.body())
    image: Image.Image = document[0].render(scale=PAPER_DPI / 72).to_pil()
    return image


def _keep(path: Path, image: Image.Image) -> None:
    picture = small(image)
    path.write_bytes(picture)
    print(f"{path.name}  {len(picture) / 1000:.0f} kB")


def small(picture: Image.Image) -> bytes:
    """The picture as a PNG with as many colours as fit into MOST bytes."""
    image = picture.convert("RGB")
    for colours in COLOURS:
        file = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        if file.tell() <= MOST:
            return file.getvalue()
    raise SystemExit(f"a picture of {image.size} does not fit into {MOST} bytes")


if __name__ == "__main__":
    sys.exit(main())
