"""Reading a company's files: one table at a time, each wrong key refused with the file, the key and the reason."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import phonenumbers

ROOT = Path(__file__).resolve().parent.parent
LONGEST_TEXT = 300
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_INN_WEIGHTS = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_ACCOUNT_WEIGHTS = (7, 1, 3)


class CompanyError(Exception):
    """A wrong company file, which stops the start. `key` is dotted, empty when the whole file is wrong."""

    def __init__(self, file: Path | str, key: str, reason: str):
        self.file, self.key, self.reason = str(file), key, reason
        super().__init__(": ".join(part for part in (self.file, key, reason) if part))


class Wrong(Exception):  # noqa: N818  becomes a CompanyError once the key is known
    """The reason why a value cannot be."""


class Table:
    """A table of the file. A key outside `known` is refused at once: a misspelt one would leave its rule out in silence."""

    def __init__(self, file: str, path: str, values: Any, known: Iterable[str]):
        self.file, self.path = file, path
        if not isinstance(values, dict):
            raise CompanyError(file, path, f"must be a table, not {_kind(values)}")
        self.values, self.known = values, tuple(known)
        for key in values:
            if key not in self.known:
                raise self.error(key, "no such key" + _nearest(key, self.known))

    def error(self, key: str, reason: str) -> CompanyError:
        return CompanyError(self.file, f"{self.path}.{key}" if self.path else key, reason)

    def text(self, key: str, check: Callable[[str], str | None] | None = None, *, default: str | None = None) -> str:
        """A line of text with nothing around it; empty only where `default` is the empty string."""
        if key not in self.values and default is not None:
            return default
        value = self._given(key, str, "a text")
        if value == "" and default == "":
            return value
        if not value.strip() or value != value.strip() or not value.isprintable() or len(value) > LONGEST_TEXT:
            raise self.error(key, f"must be one line of 1 to {LONGEST_TEXT} characters with no spaces around it")
        if check:
            try:
                check(value)
            except Wrong as wrong:
                raise self.error(key, f"{wrong}, not {value!r}") from None
        return value

    def whole(self, key: str, least: int, most: int, *, default: int | None = None) -> int:
        if key not in self.values and default is not None:
            return default
        value: int = self._given(key, int, "a whole number")
        if not least <= value <= most:
            raise self.error(key, f"must be {least}…{most}, not {value}")
        return value

    def number(self, key: str, least: float, most: float) -> float:
        """A number, whole or with a fraction."""
        value = self._given(key, float if type(self.values.get(key)) is float else int, "a number")
        # nan lies between no two numbers, so it is refused here too.
        if not least <= value <= most:
            raise self.error(key, f"must be {least}…{most}, not {value}")
        return float(value)

    def month_day(self, key: str) -> int:
        """A day of the month, or one counted from its end: -1 is the last."""
        value: int = self._given(key, int, "a whole number")
        if not (1 <= value <= 31 or -28 <= value <= -1):
            raise self.error(key, f"must be 1…31 or -1…-28, not {value}")
        return value

    def kopecks(self, key: str, least: float, most: float) -> int:
        """Kopecks from a sum in rubles, whole or with up to two decimals."""
        self.number(key, least, most)
        exact = Decimal(str(self.values[key])) * 100
        if exact != exact.to_integral_value():
            raise self.error(key, f"must be rubles with at most two decimals, not {self.values[key]}")
        return int(exact)

    def yes(self, key: str, *, default: bool | None = None) -> bool:
        if key not in self.values and default is not None:
            return default
        value: bool = self._given(key, bool, "true or false")
        return value

    def day(self, key: str) -> date:
        value: date = self._given(key, date, "a date such as 2026-01-31")
        return value

    def one_of(self, key: str, choices: Collection[str], *, default: str | None = None) -> str:
        value = self.text(key, default=default)
        if value not in choices:
            raise self.error(key, f"must be {' or '.join(choices)}, not {value!r}{_nearest(value, choices)}")
        return value

    def table(self, key: str, known: Iterable[str]) -> Table:
        path = f"{self.path}.{key}" if self.path else key
        return Table(self.file, path, self._given(key, dict, "a table"), known)

    def tables(self, key: str, known: Collection[str]) -> list[Table]:
        """The rows of [[key]], at least one; the first is 1 in the errors."""
        rows = self._given(key, list, f"a list of tables [[{key}]]")
        if not rows:
            raise self.error(key, "must have at least one")
        path = f"{self.path}.{key}" if self.path else key
        return [Table(self.file, f"{path}[{place}]", row, known) for place, row in enumerate(rows, 1)]

    def _given(self, key: str, kind: type, words: str) -> Any:
        if key not in self.values:
            raise self.error(key, "is missing")
        value = self.values[key]
        # By exact type: true is an int for Python, and a date-time is a date.
        if type(value) is not kind:
            raise self.error(key, f"must be {words}, not {_kind(value)}")
        return value


def shown(path: Path) -> str:
    """A path as an administrator would write it: from the project's folder where it lies inside."""
    path = path.absolute()
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def read_toml(path: Path, known: Iterable[str]) -> Table:
    try:
        values = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise CompanyError(shown(path), "", f"is not TOML: {error}") from error
    return Table(shown(path), "", values, known)


def read_text(path: Path) -> str:
    """The file's text with plain line ends, so that a checkout on another system changes no hash."""
    try:
        return path.read_text("utf-8").replace("\r\n", "\n")
    except OSError as error:
        raise CompanyError(shown(path), "", f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CompanyError(shown(path), "", f"is not UTF-8 (byte {error.start})") from error


def nearest_folder(name: str, companies_dir: Path) -> str:
    names = sorted(path.parent.name for path in companies_dir.glob("*/company.toml"))
    return f"{_nearest(name, names)}; there are: {', '.join(names) or 'none'}"


def inn(value: str) -> None:
    """Ten digits of a legal person, the last a control digit."""
    _digits(value, 10)
    control = sum(weight * int(digit) for weight, digit in zip(_INN_WEIGHTS, value, strict=False)) % 11 % 10
    if control != int(value[9]):
        raise Wrong(f"must be an INN; its control digit would be {control}")


def kpp(value: str) -> None:
    _digits(value, 9)


def ogrn(value: str) -> None:
    """Thirteen digits, the last the remainder of the first twelve by 11."""
    _digits(value, 13)
    if int(value[:12]) % 11 % 10 != int(value[12]):
        raise Wrong(f"must be an OGRN; its control digit would be {int(value[:12]) % 11 % 10}")


def bic(value: str) -> None:
    _digits(value, 9)
    if not value.startswith("04"):
        raise Wrong("must begin with 04")


def account_key(bank_part: str, number: str) -> None:
    """The key of a bank account (Bank of Russia's order of 08.09.1997 No 515): the weighted digits sum to a multiple of ten."""
    _digits(number, 20)
    total = sum(int(digit) * _ACCOUNT_WEIGHTS[place % 3] for place, digit in enumerate(bank_part + number))
    if total % 10:
        raise Wrong("must have the key that belongs to the bank's BIC")


def email(value: str) -> None:
    if not _EMAIL.fullmatch(value):
        raise Wrong("must be an e-mail address")


def site(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or "." not in parts.hostname:
        raise Wrong("must be an address such as https://example.ru")


def time_zone(value: str) -> None:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise Wrong("must be a time zone such as Europe/Moscow") from None


def phone(value: str) -> None:
    """E.164, as machines dial it."""
    if not re.fullmatch(r"\+[0-9]{10,15}", value) or not phonenumbers.is_valid_number(phonenumbers.parse(value)):
        raise Wrong("must be a phone number such as +78001234567")


def pattern(value: str) -> None:
    try:
        re.compile(value, re.ASCII)
    except re.error as error:
        raise Wrong(f"must be a regular expression ({error})") from None


def _digits(value: str, count: int) -> None:
    if not (value.isascii() and value.isdigit() and len(value) == count):
        raise Wrong(f"must be {count} digits")


def _nearest(word: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


_KINDS: dict[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a fraction",
    list: "a list",
    dict: "a table",
}


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a date or time")
