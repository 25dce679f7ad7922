"""A picture written anew: its pixels alone, upright, as a JPEG.

Whatever else the file held (place, camera, words, a second file behind the first) is gone.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import BinaryIO

from PIL import Image, ImageOps

LONGEST_SIDE = 3000  # pixels: small print on a photographed sheet of paper can still be read
QUALITY = 85
# A JPEG is decoded at a half, a quarter or an eighth where that is enough; the others whole.
MOST_PIXELS = {"JPEG": 120_000_000, "PNG": 20_000_000, "WEBP": 16_000_000}
_WHITE = (255, 255, 255)


class Unfit(Exception):  # noqa: N818  a word of the house
    """The file is not taken; the reason is a code: large, broken."""


def remake(source: BinaryIO, target: BinaryIO) -> None:
    """Decode the first picture of a JPEG, PNG or WebP and write it anew as a JPEG of at most 3,000 pixels a side."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = max(MOST_PIXELS.values())
    try:
        picture = Image.open(source, formats=list(MOST_PIXELS))
        if picture.width * picture.height > MOST_PIXELS[picture.format or ""]:
            raise Unfit("large")
        upright = ImageOps.exif_transpose(_small(picture)) if _turned(picture) else _small(picture)
        _on_white(upright).save(target, "JPEG", quality=QUALITY, optimize=True)
    except (Unfit, OSError, MemoryError) as error:
        raise _reason(error) from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Unfit("large") from error
    except Exception as error:  # decoders raise whatever comes: SyntaxError, ValueError, struct.error, zlib.error
        raise Unfit("broken") from error


def _reason(error: BaseException) -> Unfit:
    if isinstance(error, Unfit):
        return error
    return Unfit("large" if isinstance(error, MemoryError) else "broken")


def _small(picture: Image.Image) -> Image.Image:
    ratio = LONGEST_SIDE / max(picture.size)
    if ratio < 1:  # a JPEG comes out of its decoder at a half, a quarter or an eighth
        picture.draft(None, (int(picture.width * ratio), int(picture.height * ratio)))
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=None)
    picture.load()
    return picture


def _turned(picture: Image.Image) -> bool:
    """Whether the camera has noted that it was held otherwise; notes that cannot be read turn nothing."""
    with suppress(Exception):
        return picture.getexif().get(0x0112, 1) in range(2, 9)
    return False


def _on_white(picture: Image.Image) -> Image.Image:
    """As grey or colour of eight bits; what is transparent is white paper."""
    if picture.mode.startswith(("I", "F")):  # sixteen bits a pixel
        return picture.convert("I").point(lambda value: value / 257).convert("L")
    if picture.mode in ("L", "RGB"):
        bare = picture.copy()
        bare.info = {}
        return bare
    if picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info:
        return _bare(picture.convert("L" if picture.mode == "1" else "RGB"))
    seen = picture.convert("RGBA")
    paper = Image.new("RGB", seen.size, _WHITE)
    paper.paste(seen, mask=seen.getchannel("A"))
    return paper


def _bare(picture: Image.Image) -> Image.Image:
    picture.info = {}
    return picture
