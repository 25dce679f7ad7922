"""Sixty files that somebody might send to do harm, and some that merely look odd; each made here, with what has to become of it."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image, PngImagePlugin

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SCRIPT = b"<html><script>alert(document.cookie)</script></html>"
TAKEN = ""  # harmless after it has been made anew


class Attack(NamedTuple):
    what: str
    name: str
    content: bytes
    refused: str  # the rule that refuses it; TAKEN when it comes through harmless


def picture(kind: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (90, 60), **options: object) -> bytes:
    """A picture with something on it: noise that does not pack to nothing."""
    noise = Image.frombytes("L", size, random.Random(1).randbytes(size[0] * size[1]))
    made = io.BytesIO()
    noise.convert("RGB").convert(mode).save(made, kind, **options)
    return made.getvalue()


def pdf(objects: bytes = b"", trailer: bytes = b"") -> bytes:
    """A page with nothing on it, and more objects beside it."""
    return (
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n" + objects + b"\ntrailer<</Root 1 0 R" + trailer
        + b">>\n%%EOF\n"
    )  # fmt: skip


def packed(objects: bytes, words: bytes = b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode") -> bytes:
    body = zlib.compress(objects)
    return b"7 0 obj<<%s/Length %d>>stream\n%s\nendstream endobj" % (words, len(body), body)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, depth: int = 8, colour: int = 2, rows: bytes = b"", more: bytes = b"") -> bytes:
    """A PNG of that size as its header says, with the rows that are given, packed."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def animated(frames: int) -> bytes:
    rows = zlib.compress(b"\0" + bytes(3))
    body = chunk(b"acTL", struct.pack(">II", frames, 0))
    control = struct.pack(">IIIIHHBB", 1, 1, 0, 0, 1, 100, 0, 0)
    body += chunk(b"fcTL", struct.pack(">I", 0) + control) + chunk(b"IDAT", rows)
    for n in range(1, frames):
        body += chunk(b"fcTL", struct.pack(">I", 2 * n - 1) + control) + chunk(b"fdAT", struct.pack(">I", 2 * n) + rows)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


def archive(*names: str, content: bytes = b"x") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as files:
        for name in names:
            files.writestr(name, content)
    return made.getvalue()


def jpeg_sized(width: int, height: int) -> bytes:
    """A JPEG whose header claims another size."""
    body = picture()
    at = body.index(b"\xff\xc0") + 5
    return body[:at] + struct.pack(">HH", height, width) + body[at + 4 :]


def _texts() -> Iterator[Attack]:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    yield Attack("an SVG with a script", "logo.svg", svg, "file.kind")
    yield Attack("an SVG that calls itself a picture", "logo.png", svg, "file.kind")
    yield Attack("a page", "page.html", SCRIPT, "file.kind")
    yield Attack("a page that calls itself a photo", "photo.jpg", SCRIPT, "file.kind")
    yield Attack("an old page", "page.htm", SCRIPT, "file.kind")
    yield Attack(
        "a script with a byte order mark as a PDF", "bill.pdf", b"\xef\xbb\xbf<script>alert(1)</script>", "file.kind"
    )
    yield Attack("a program", "setup.exe", b"MZ" + bytes(200), "file.kind")
    yield Attack("a program that calls itself a photo", "photo.jpg", b"MZ" + bytes(200), "file.kind")
    yield Attack("a server page", "shell.php", b"<?php system($_GET['c']); ?>", "file.kind")
    yield Attack("the test virus as a text", "eicar.txt", EICAR, "file.kind")
    yield Attack("the test virus as a photo", "eicar.jpg", EICAR, "file.kind")
    yield Attack("nothing", "empty.jpg", b"", "file.empty")
    yield Attack("a GIF", "funny.gif", b"GIF89a" + bytes(100), "file.kind")
    yield Attack("a program with a GIF's head", "photo.jpg", b"GIF89a/*" + SCRIPT + b"*/=1;", "file.kind")
    yield Attack("an iPhone's own kind", "IMG_1.heic", b"\0\0\0\x18ftypheic" + bytes(100), "file.kind")
    yield Attack("PostScript", "page.jpg", b"%!PS\n(/etc/passwd) (r) file", "file.kind")
    yield Attack("a TIFF that calls itself a photo", "photo.jpg", b"II*\0" + bytes(100), "file.kind")


def _archives() -> Iterator[Attack]:
    yield Attack("a ZIP", "papers.zip", archive("a.txt"), "file.kind")
    yield Attack(
        "a ZIP bomb as a workbook", "table.xlsx", archive("xl/sheet.xml", content=bytes(20_000_000)), "file.kind"
    )
    yield Attack("a document with a macro", "letter.docx", archive("word/vbaProject.bin"), "file.kind")
    yield Attack("a ZIP that calls itself a photo", "photo.jpg", archive("a.txt"), "file.kind")
    yield Attack("a packed bomb", "bomb.gz", gzip.compress(bytes(20_000_000)), "file.kind")
    yield Attack("a Java archive behind a GIF's head", "gifar.jpg", b"GIF89a" + archive("Evil.class"), "file.kind")
    yield Attack("a Java archive behind a photo", "photo.jpg", picture() + archive("Evil.class"), TAKEN)
    yield Attack("a page behind a photo", "photo.jpg", picture() + SCRIPT, TAKEN)
    yield Attack("a page inside a photo's comment", "photo.jpg", picture(comment=SCRIPT), TAKEN)
    yield Attack("the test virus in a photo's comment", "photo.jpg", picture(comment=EICAR), TAKEN)
    yield Attack("the test virus behind a picture", "photo.png", picture("PNG") + EICAR, TAKEN)
    yield Attack(
        "a server page in a picture's texts",
        "photo.png",
        png(1, 1, rows=bytes(4), more=chunk(b"tEXt", b"a\0<?php 1 ?>")),
        TAKEN,
    )


def _papers() -> Iterator[Attack]:
    act = b"9 0 obj<</S/JavaScript/JS(app.alert(1))>>endobj"
    yield Attack("a PDF with a script", "bill.pdf", pdf(act), "file.acts")
    yield Attack(
        "a PDF with a script in other spelling",
        "bill.pdf",
        pdf(act.replace(b"/JavaScript", b"/J#61vaScri#70t")),
        "file.acts",
    )
    yield Attack("a PDF with a packed script", "bill.pdf", pdf(packed(b"9 0 <</S/JavaScript/JS(1)>>")), "file.acts")
    yield Attack(
        "a PDF with a script packed in an unusual way", "bill.pdf",
        pdf(packed(b"x", b"/Type/ObjStm/Filter[/ASCIIHexDecode/FlateDecode]")), "file.broken",
    )  # fmt: skip
    yield from _hidden_scripts()
    yield Attack("a PDF that starts a program", "bill.pdf", pdf(b"9 0 obj<</S/Launch/F(cmd.exe)>>endobj"), "file.acts")
    yield Attack("a PDF with a file inside", "bill.pdf", pdf(b"9 0 obj<</Type/EmbeddedFile>>endobj"), "file.acts")
    yield Attack("a PDF that posts a form", "bill.pdf", pdf(b"9 0 obj<</S/SubmitForm>>endobj"), "file.acts")
    yield Attack("a PDF with an XML form", "bill.pdf", pdf(b"9 0 obj<</XFA 8 0 R>>endobj"), "file.acts")
    yield Attack("a PDF under a password", "bill.pdf", pdf(trailer=b"/Encrypt 9 0 R"), "file.locked")
    yield Attack("a PDF whose objects unpack to 100 MB", "bill.pdf", pdf(packed(bytes(100_000_000))), "file.large")
    yield Attack("a PDF that is cut off", "bill.pdf", pdf()[:-8], "file.broken")
    yield Attack("a PDF behind a ZIP", "bill.pdf", archive("a.txt") + pdf(), "file.kind")
    yield Attack("a ZIP behind a PDF", "bill.pdf", pdf() + archive("a.txt"), TAKEN)
    yield Attack("a ZIP that ends in a PDF's end", "bill.pdf", pdf() + archive("a.txt") + b"%%EOF", "file.broken")
    yield Attack("a page behind a PDF", "bill.pdf", pdf() + SCRIPT, TAKEN)
    yield Attack("a PDF that calls itself a photo", "bill.jpg", pdf(), "file.kind")


def _hidden_scripts() -> Iterator[Attack]:
    """Packed objects that readers of PDFs find, each where a simple search does not."""
    script = b"9 0 <</S/JavaScript/JS(1)>>"
    usual = b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode"
    for what, words in (
        ("behind the word endobj", usual + b"/X (endobj)"),
        ("behind another object in a string", usual + b"/X (endobj 8 0 obj<<%)\n"),
        ("behind another object in a comment", usual + b"%endobj 8 0 obj<<\n"),
        ("behind a long dictionary", usual + b"/X (" + b"a" * 3000 + b")"),
        ("behind what looks like the end", b"/A [>> stream\n]" + usual),
        ("as differences", usual + b"/DecodeParms<</Predictor 12/Columns 3>>"),
        ("under a short name", b"/Type/ObjStm/N 1/First 4/F/FlateDecode"),
        ("without its type", b"/Predictor 1/N 1/First 4/Filter/FlateDecode"),
    ):
        yield Attack(f"a PDF with a script {what}", "bill.pdf", pdf(packed(script, words)), "file.broken")
    line_ends = {b"stream\r": "a lone line end", b"stream \t\n": "blanks"}
    commented = packed(script).replace(b"stream\n", b" %\rstream\n", 1)
    yield Attack("a PDF with a packed script behind a comment", "bill.pdf", pdf(commented), "file.broken")
    before_it = packed(script).replace(b"obj<<", b"obj%\r<<", 1)
    yield Attack("a PDF with a comment before a packed script", "bill.pdf", pdf(before_it), "file.broken")
    for before, what in line_ends.items():
        hidden = packed(script).replace(b"stream\n", before, 1)
        yield Attack(f"a PDF with a packed script behind {what}", "bill.pdf", pdf(hidden), "file.acts")
    for deed in (b"/Rendition/JS(1)", b"/GoToE/F(x.pdf)", b"/GoToR/F(\\\\\\\\host\\\\share)", b"/Sound", b"/Movie"):
        name = deed[1:].split(b"/")[0].decode()
        yield Attack(f"a PDF with a {name}", "bill.pdf", pdf(packed(b"9 0 <</S" + deed + b">>")), "file.acts")
    untyped = packed(script, b"/N 1/First 4/Filter/FlateDecode")
    yield Attack("a PDF with a packed script of no type", "bill.pdf", pdf(untyped), "file.acts")
    yield Attack("a PDF with a few packed objects", "bill.pdf", pdf(packed(b"9 0 <</S/GoTo/D[3 0 R/Fit]>>")), TAKEN)
    spaced = b"/Type /ObjStm\n/N 1 /First 4\r\n/Extends 7 0 R /Filter [ /FlateDecode ]"
    yield Attack(
        "a PDF with packed objects, spaced", "bill.pdf", pdf(packed(b"9 0 <</A(%)/B<41>/C[1]>>", spaced)), TAKEN
    )


def _bombs() -> Iterator[Attack]:
    yield Attack("2.5 gigapixels of a PNG", "bomb.png", png(50_000, 50_000, 1, 0, bytes(6251)), "file.large")
    yield Attack("a PNG a pixel high and very long", "bomb.png", png(2**31 - 1, 1), "file.large")
    yield Attack("a JPEG that claims 4 gigapixels", "bomb.jpg", jpeg_sized(65_000, 65_000), "file.large")
    yield Attack(
        "a WebP that claims 268 megapixels",
        "bomb.webp",
        picture("WEBP")[:24] + b"\xff\x3f\xff\x3f" + bytes(60),
        "file.broken",
    )
    yield Attack(
        "a text of a PNG that unpacks to 80 MB",
        "bomb.png",
        png(1, 1, rows=bytes(4), more=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000)))),
        "file.broken",
    )
    yield Attack(
        "a colour profile that unpacks to 80 MB",
        "bomb.png",
        png(1, 1, rows=bytes(4), more=chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(80_000_000)))),
        "file.broken",
    )
    yield Attack("10,000 frames", "bomb.png", animated(10_000), TAKEN)
    yield Attack("rows that go on for ever", "bomb.png", png(10, 10, rows=bytes(80_000_000)), TAKEN)
    yield Attack("a photo cut in the middle", "photo.jpg", picture()[:900], "file.broken")
    yield Attack("a picture cut in the middle", "photo.png", picture("PNG")[:900], "file.broken")
    yield Attack("a photo of noise", "photo.jpg", b"\xff\xd8\xff" + random.Random(2).randbytes(5000), "file.broken")
    yield Attack("a megabyte of colour profile", "photo.jpg", picture(icc_profile=bytes(1_000_000)), TAKEN)


def _odd_ones() -> Iterator[Attack]:
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "<script>")
    yield Attack("printer's colours", "photo.jpg", picture(mode="CMYK"), TAKEN)
    yield Attack("sixteen bits", "scan.png", png(2, 2, 16, 0, bytes(10)), TAKEN)
    yield Attack("a palette with a hole", "scan.png", picture("PNG", "P", transparency=0), TAKEN)
    yield Attack("two colours", "scan.png", picture("PNG", "1"), TAKEN)
    yield Attack("transparent", "scan.webp", picture("WEBP", "RGBA"), TAKEN)
    yield Attack("line after line", "photo.jpg", picture(progressive=True), TAKEN)
    yield Attack("a script in a text of a picture", "scan.png", picture("PNG", pnginfo=text), TAKEN)
    yield Attack("a PNG that calls itself a JPEG", "scan.jpg", picture("PNG"), "file.kind")
    yield Attack("nothing but dots", "....jpg", picture(), "file.kind")
    yield Attack("two endings, the last one a program's", "photo.jpg.exe", picture(), "file.kind")
    yield Attack("two endings, the first one a script's", "shell.php.jpg", picture(), TAKEN)
    yield Attack("an ending that is no text", "photo.jpg\0.exe", picture(), "file.kind")


ATTACKS = (*_texts(), *_archives(), *_papers(), *_bombs(), *_odd_ones())

# How a file may be called, and what it is called after it has come.
NAMES = (
    ("../../../etc/cron.d/x.jpg", "x.jpg"),
    ("..\\..\\windows\\win.jpg", "win.jpg"),
    ("a\r\nSet-Cookie: k=v.jpg", "aSet-Cookie_ k=v.jpg"),
    ("a\0b.jpg", "ab.jpg"),
    ("\u202egpj.exe\u202c.jpg", "gpj.exe.jpg"),
    ("п" * 300 + ".jpg", "п" * 116 + ".jpg"),
    ("CON.jpg", "CON.jpg"),
    ("-rf.jpg", "-rf.jpg"),
    ("😀.jpg", "😀.jpg"),
    ("%2e%2e%2fx.jpg", "%2e%2e%2fx.jpg"),
    ("UTF-8''%D1%84.jpg", "UTF-8''%D1%84.jpg"),
    ('"; rm -rf "a.jpg', "_; rm -rf _a.jpg"),
    ("Счёт за октябрь.JPEG", "Счёт за октябрь.jpeg"),
)
