"""One item as somebody types it, made into what is kept; what is wrong is told for all fields at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from models import words
from models.base import Problem, Refusal
from models.contact.information import links
from models.contact.information.sections import CHOICE, FILE, PHONE, PLACE, RUBLES, TEXT, Field, Section
from models.people.customers import normal_phone

DEAREST = 1_000_000_00  # kopecks
_CODE = re.compile(r"[0-9A-Za-zА-Яа-яЁё][0-9A-Za-zА-Яа-яЁё-]{0,19}")
_COORDINATES = re.compile(r"(-?[0-9]{1,2}[.,][0-9]{1,8})[\s,;]+(-?[0-9]{1,3}[.,][0-9]{1,8})")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")


def item(section: Section, typed: Mapping[str, str], slug: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The item with that slug (an office's is its code, typed once). `kept` is what no field asks: the file.

    Refused: what is missing, too long or unseen, HTML, links other than https, our own pages, phones and mail; a phone that is none;
    a price that is no sum of rubles and kopecks.
    """
    found: dict[str, Any] = {"slug": slug}
    problems: list[Problem] = []
    for field in section.fields:
        if field.kind == FILE or field.name == "slug":
            continue
        try:
            found[field.name] = _value(field, typed.get(field.name, ""))
        except Refusal as refusal:
            problems += refusal.problems
    found.update(kept)
    if "text" in found and "file" in kept and not problems and not found["text"] and not kept["file"]:
        problems.append(Problem("text", "Напишите текст или приложите PDF.", "information.empty"))
    if problems:
        raise Refusal(problems=problems)
    return found


def office_code(typed: str) -> str:
    """The code of a new office. Refused: other than letters, digits and hyphens, more than 20."""
    code = typed.strip()
    if not _CODE.fullmatch(code):
        raise Refusal("slug", "Код — до 20 букв, цифр и дефисов.", "information.code")
    return code


def _value(field: Field, typed: str) -> Any:
    text = _plain(field, typed)
    if not text:
        if field.needed:
            raise Refusal(field.name, f"Заполните поле «{field.title}».", "information.missing")
        return ""
    return _CHECKS.get(field.kind, _line)(field, text)


def _plain(field: Field, typed: str) -> str:
    text = words.normal(typed.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if field.kind != TEXT:
        text = " ".join(text.split())
    if any(unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co", "Cn") for one in text if one != "\n"):
        raise Refusal(field.name, "Есть невидимые знаки. Наберите текст заново, не вставляя его.", "information.unseen")
    if len(text) > field.most:
        raise Refusal(
            field.name, f"Слишком длинно: можно до {field.most} знаков, сейчас {len(text)}.", "information.long"
        )
    return text


def _line(field: Field, text: str) -> str:
    if _TAG.search(text):
        raise Refusal(field.name, "Здесь пишут без HTML: уберите то, что в угловых скобках.", "information.markup")
    return text


def _text(field: Field, text: str) -> str:
    _line(field, text)
    if wrong := links.wrong(text):
        raise Refusal(
            field.name,
            f"Ссылка «{wrong[:60]}» не подойдёт: можно https://…, страницы портала (/about/…), tel: и mailto:.",
            "information.link",
        )
    lines = [line.rstrip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _phone(field: Field, text: str) -> str:
    return normal_phone(text, field.name)


def _rubles(field: Field, text: str) -> int:
    """Kopecks."""
    try:
        exact = Decimal(text.replace("\u202f", "").replace(" ", "").replace("₽", "").replace(",", ".")) * 100
    except InvalidOperation:
        exact = Decimal("NaN")
    if not exact.is_finite() or exact != exact.to_integral_value() or not 0 <= exact <= DEAREST:
        raise Refusal(field.name, "Напишите цену в рублях: 1450 или 1450,50.", "information.price")
    return int(exact)


def _choice(field: Field, text: str) -> Any:
    if text not in field.choices():
        raise Refusal(field.name, "Выберите из списка.", "information.choice")
    return int(text) if field.name == "vat" else text


def _place(field: Field, text: str) -> str:
    match = _COORDINATES.fullmatch(text)
    north, east = (float(one.replace(",", ".")) for one in match.groups()) if match else (99.0, 0.0)
    if abs(north) > 90 or abs(east) > 180:
        raise Refusal(field.name, "Напишите широту и долготу: 56.01060, 92.85250.", "information.place")
    return f"{north:.5f},{east:.5f}"


_CHECKS: Mapping[str, Callable[[Field, str], Any]] = {
    TEXT: _text,
    PHONE: _phone,
    RUBLES: _rubles,
    CHOICE: _choice,
    PLACE: _place,
}
