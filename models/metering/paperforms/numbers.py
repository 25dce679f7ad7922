"""Which account a clerk or a scanner means: a whole number, a part of one, a payment code, a reading link; in either keyboard layout."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, NamedTuple

from models import company
from models.metering import reading_links
from models.metering.accounts import Account

LEAST_DIGITS = 4  # of a part of a number
MOST_CANDIDATES = 6
LONGEST = 1500  # a payment code is up to 1 kB

_LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,./" + 'QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>?'
_CYRILLIC = "йцукенгшщзхъфывапролджэячсмитьбю." + "ЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ,"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)
_PAYER = re.compile(r"persacc=([^|/\\]+)", re.IGNORECASE)  # a stroke typed in the other layout is a slash
_TOKEN = re.compile(r"[0-9a-f]+-[0-9]{4}-[0-9a-f]{24}$")


class Meant(NamedTuple):
    """One account; or none, with the accounts it may be."""

    account: Any | None
    candidates: list[Any]


def recognise(text: str, office_id: int | None = None) -> Meant:
    """The account meant by what was typed or scanned. A part of a number is looked for in the office first."""
    given = unicodedata.normalize("NFKC", text[:LONGEST]).replace("\0", "").strip()
    whole = _by_code(given) or _by_number(given)
    if whole is not None:
        return Meant(whole, [])
    digits = "".join(character for character in _payer(given) or given if character in "0123456789")
    return _by_part(digits, office_id) if len(digits) >= LEAST_DIGITS else Meant(None, [])


def whole_pattern() -> str:
    """The company's pattern of a number, also as the other keyboard layout would type its letters; for the page's script."""
    pattern = company.current().number.pattern.pattern
    letters = re.sub("[А-ЯЁ]+", lambda match: re.escape(match[0].lower().translate(_TO_LATIN)), pattern)
    return pattern if letters == pattern else f"{pattern}|{letters}"


def _by_number(text: str) -> Any | None:
    for written in (text, text.translate(_TO_CYRILLIC)):
        number = company.current().normal_number(written)
        if number and (account := Account.get_or_none(Account.number == number)):
            return account
    return None


def _by_code(text: str) -> Any | None:
    """The account of a bill's payment code or of a reading link."""
    if payer := _payer(text):
        return _by_number(payer)
    for written in (text, text.translate(_TO_LATIN)):
        token = _TOKEN.search(written.lower())
        named = reading_links.find(token[0]) if token else None
        if named:
            return named.account
    return None


def _payer(text: str) -> str | None:
    """PersAcc of a payment code (ГОСТ Р 56042), whichever layout the scanner typed in."""
    for written in (text, text.translate(_TO_LATIN)):
        if written.upper().startswith("ST0001") and (match := _PAYER.search(written)):
            return match[1]
    return None


def _by_part(digits: str, office_id: int | None) -> Meant:
    """The only number that ends so, since people read a tail; else the only one with these digits; the batch's office first."""
    for where in ([Account.office == office_id], []) if office_id is not None else ([],):
        found: list[Any] = []
        for fits in (Account.number.endswith(digits), Account.number.contains(digits)):
            query = Account.select().where(fits, *where).order_by(Account.number)
            found = list(query.limit(MOST_CANDIDATES + 1))
            if len(found) == 1:
                return Meant(found[0], [])
        if found:
            return Meant(None, found[:MOST_CANDIDATES])
    return Meant(None, [])
