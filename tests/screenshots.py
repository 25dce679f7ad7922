"""Pictures for the README, of a phone, of one desk and of the bill on paper: `make screenshots` puts them into docs/screenshots."""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pypdfium2
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.browser.portal import ROOT, served
from tests.browser.visitor import Visitor, visiting

ANNAS = "241010000054"
PHONE = {"width": 360, "height": 820}
TALL = {"width": 360, "height": 1280}  # the whole of what the page is for
DESK = {"width": 1280, "height": 860}
MOST = 60_000  # bytes a picture
COLOURS = (256, 128, 64, 32, 16, 8)
PERIOD = "2026-10"
PAPER_DPI = 80


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


def receipt(anna: Visitor) -> None:
    """Last of all: it passes the reading."""
    readings(anna)
    anna.press("Передать")
    anna.heading("Показания переданы")


PICTURES: tuple[tuple[str, Callable[[Visitor], None], dict[str, int], str], ...] = (
    ("home-phone", home, PHONE, "light"),
    ("home-phone-dark", home, PHONE, "dark"),
    ("home-desk", home, DESK, "light"),
    ("readings-phone", readings, PHONE, "light"),
    ("doubt-phone", doubt, PHONE, "light"),
    ("history-phone", history, PHONE, "light"),
    ("bill-phone", bill, TALL, "light"),
    ("payment-phone", payment, TALL, "light"),
    ("receipt-phone", receipt, PHONE, "light"),
)


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    words.add_argument("--to", type=Path, default=ROOT / "docs" / "screenshots")
    given = words.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        _take(browser, Path(folder), given.to)
        browser.close()
    return 0


def _take(browser: Browser, folder: Path, to: Path) -> None:
    with served("krasnoyarsk", folder) as portal, visiting(browser, portal) as anna:
        anna.sign_in("anna@example.ru")
        for name, show, size, scheme in PICTURES:
            anna.page.set_viewport_size(size)
            anna.page.emulate_media(color_scheme=scheme)
            show(anna)
            anna.page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0) }")
            _keep(to / f"{name}.png", Image.open(io.BytesIO(anna.page.screenshot())))
        _keep(to / "bill-paper.png", paper(anna))


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
