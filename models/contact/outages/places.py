"""Where the power goes: streets and houses as staff type them, and whether an address is among them. Pure.

«ул. Садовая, 30–40, чётные 2–20, 12а; пер. Тихий»: streets parted by semicolons or lines, houses after commas, no houses for the
whole street; «все улицы» for the whole settlement. A range takes every house between its numbers, letters and fractions too; a
number alone is that house and no other.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from models import words
from models.base import Refusal

EVERYWHERE = "все улицы"
LONGEST, MOST_STREETS, MOST_PARTS = 4000, 200, 300
_LARGEST = 9999
_LAST = "\uffff"  # sorts after every letter
_TYPES = {
    "ул": "ул", "улица": "ул", "пер": "пер", "переулок": "пер", "пр": "пр", "просп": "пр", "проспект": "пр", "пркт": "пр", "прт": "пр",
    "проезд": "проезд", "прзд": "проезд", "прд": "проезд", "б": "бул", "бул": "бул", "бульвар": "бул", "бр": "бул", "ш": "ш", "шоссе": "ш",
    "пл": "пл", "площадь": "пл", "наб": "наб", "набережная": "наб", "мкр": "мкр", "мкрн": "мкр", "микрорайон": "мкр", "туп": "туп",
    "тупик": "туп", "кв": "квл", "квл": "квл", "квартал": "квл", "аллея": "аллея",
}  # fmt: skip
_TOWNS = frozenset("г город п пос поселок пгт рп с село д деревня дер ст станция х хутор снт днт".split())
_LATIN_TWINS = str.maketrans("abcehkmoptxy", "авсенкмортху")
_WORD = re.compile(r"[^\W_]+")
_HOUSE = re.compile(r"(\d{1,4})([^\d].*)?", re.DOTALL)
_PARITY = re.compile(r"(не)?ч[её]т(?:ные|ная|н)?\.?", re.IGNORECASE)
_PREFIX = re.compile(r"(?:дома?|д)\.?\s*(?=\d)|(?:дома)\s+", re.IGNORECASE)
_ENDS = re.compile(r"(\d{1,4})\s*([а-яё]?)\s*[-–—]\s*(\d{1,4})\s*([а-яё]?)", re.IGNORECASE)
_ONE = re.compile(r"\d{1,4}(?:\s?[а-яё])?(?:\s?/\s?\d{1,4}[а-яё]?)?(?:\s?(?:к|корп|стр)\.?\s?\d{1,3})?", re.IGNORECASE)
_GLUED = re.compile(r"(.+?)[\s.]+((?:д\.?|дома?)?\s*\d.*)", re.IGNORECASE)
_MOST_TOLD = 5
_HINT = "Пишите так: 30–40, 12, 12а, 12/3, чётные 2–20."


class Street(NamedTuple):
    """A street's kind («ул», '' where it was not typed) and its name as compared."""

    kind: str
    name: str


class House(NamedTuple):
    number: int  # 0 for a house without one
    rest: str  # «а», «/3», «к2»


@dataclass(frozen=True)
class Houses:
    """One part of a list: a house, or all of one parity between two."""

    low: House
    high: House
    parity: int | None = None  # 0 even, 1 odd
    is_one: bool = False

    def has(self, house: House) -> bool:
        if self.is_one:
            return house == self.low
        fits = self.parity is None or house.number % 2 == self.parity
        return fits and house.number > 0 and self.low <= house <= self.high

    @property
    def text(self) -> str:
        if self.is_one:
            return f"{self.low.number}{self.low.rest}"
        kind = {None: "", 0: "чётные", 1: "нечётные"}[self.parity]
        if self.high.number == _LARGEST and self.low.number == 1:
            return kind
        ends = f"{self.low.number}{self.low.rest}–{self.high.number}{self.high.rest.rstrip(_LAST)}"
        return f"{kind} {ends}".strip()


@dataclass(frozen=True)
class Place:
    """A street as the accounts write it, and its houses; none: the whole street."""

    street: str
    houses: tuple[Houses, ...] = ()
    key: Street = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", street_key(self.street))

    def has(self, street: Street, house: House) -> bool:
        return street == self.key and (not self.houses or any(one.has(house) for one in self.houses))

    @property
    def text(self) -> str:
        return ", ".join([self.street, *(one.text for one in self.houses)])


def parse(typed: str, streets: Iterable[str]) -> tuple[Place, ...]:
    """The places of a text, by the settlement's streets; nothing for the whole settlement.

    Refused (field «streets»): an empty text, a street that no account lies on or that several are called alike, a house that cannot
    be read, too much of it; what is wrong with each street is told at once.
    """
    known, places, wrong = _by_name(streets), [], []
    for line in lines(typed):
        try:
            places.append(_place(line, known))
        except Refusal as refusal:
            wrong.append(refusal.text)
    if wrong:
        more = f" И ещё ошибки: {len(wrong) - _MOST_TOLD}." if len(wrong) > _MOST_TOLD else ""
        raise _wrong(" ".join(wrong[:_MOST_TOLD]) + more)
    if sum(len(place.houses) for place in places) > MOST_PARTS:
        raise _wrong(f"Слишком много домов: можно до {MOST_PARTS} частей, ставьте диапазоны.")
    return tuple(_joined(places))


def lines(typed: str) -> list[str]:
    """What is typed, street by street; none for the whole settlement. Refused: an empty text, too long a one, too many streets."""
    text = typed.strip()
    if len(text) > LONGEST:
        raise _wrong(f"Слишком длинно: можно до {LONGEST} знаков, сейчас {len(text)}.")
    if text.casefold().replace("ё", "е").rstrip(".") == EVERYWHERE:
        return []
    found = [line.strip() for line in re.split(r"[;\n]", text) if line.strip(" .")]
    if not found:
        raise _wrong(f"Напишите улицы и дома, например: ул. Садовая, 30–40. Если весь населённый пункт: {EVERYWHERE}.")
    if len(found) > MOST_STREETS:
        raise _wrong(f"Слишком много улиц: можно до {MOST_STREETS}, сейчас {len(found)}.")
    return found


def settlement(typed: str, known: Iterable[str]) -> str:
    """The settlement that is meant among those there are: «красноярск» is «г. Красноярск». Refused with those alike."""
    by_name: dict[str, list[str]] = {}
    for name in known:
        by_name.setdefault(_town(name), []).append(name)
    same = by_name.get(_town(typed), [])
    if len(same) == 1:
        return same[0]
    near = difflib.get_close_matches(_town(typed), by_name, n=3, cutoff=0.6)
    names = same or sorted(name for one in near for name in by_name[one])
    meant = f" Похожие: {', '.join(names[:5])}." if names else ""
    text = f"Выберите населённый пункт, в котором есть лицевые счета.{meant}"
    raise Refusal("settlement", text, "outage.settlement")


def stored(places: Sequence[Place]) -> list[list[str]]:
    """What the database keeps: a street and its parts, as texts."""
    return [[place.street, *(one.text for one in place.houses)] for place in places]


def restored(rows: Iterable[Sequence[str]]) -> tuple[Place, ...]:
    return tuple(Place(row[0], tuple(_part(text, row[0]) for text in row[1:])) for row in rows)


def text_of(places: Sequence[Place]) -> str:
    return "; ".join(place.text for place in places) or EVERYWHERE


def has(places: Sequence[Place], street: str, house: str) -> bool:
    """Whether an account's address is among the places; no places: the whole settlement."""
    if not places:
        return True
    key, number = street_key(street), house_of(house)
    return any(place.has(key, number) for place in places)


def on(places: Sequence[Place], street: str) -> tuple[Place, ...]:
    """Those of the places that are on one street."""
    key = street_key(street)
    return tuple(place for place in places if place.key == key)


@lru_cache(maxsize=20_000)
def street_key(text: str) -> Street:
    """«ул. Садовая», «Садовая улица» and «УЛИЦА САДОВАЯ» are one."""
    found = _WORD.findall(text.casefold().replace("ё", "е").replace("-", ""))
    kinds = [_TYPES[word] for word in found if word in _TYPES]
    names = [word for word in found if word not in _TYPES]
    if not names:  # a street that is called by its kind alone
        return Street("", " ".join(found))
    return Street(kinds[0] if kinds else "", " ".join(names))


def house_of(text: str) -> House:
    """A house as compared: «12 А» is «12а», «12 корп. 2» is «12к2»."""
    plain = text.casefold().translate(_LATIN_TWINS).replace("ё", "е")
    plain = re.sub(r"[\s.]", "", plain).replace("корпус", "к").replace("корп", "к").replace("строение", "стр")
    found = _HOUSE.fullmatch(plain)
    return House(int(found[1]), found[2] or "") if found else House(0, plain)


def _town(text: str) -> str:
    found = _WORD.findall(text.casefold().replace("ё", "е"))
    return " ".join(word for word in found if word not in _TOWNS) or " ".join(found)


def _by_name(streets: Iterable[str]) -> dict[str, dict[Street, str]]:
    known: dict[str, dict[Street, str]] = {}
    for street in sorted(streets):
        key = street_key(street)
        known.setdefault(key.name, {}).setdefault(key, street)
    return known


def _place(line: str, known: dict[str, dict[Street, str]]) -> Place:
    name, *parts = (part.strip() for part in line.rstrip(" .,").split(","))
    street = _street(name, known)
    return Place(street, tuple(_part(part, street) for part in parts if part))


def _street(typed: str, known: dict[str, dict[Street, str]]) -> str:
    key = street_key(typed)
    same = known.get(key.name, {})
    fitting = [street for one, street in same.items() if not key.kind or not one.kind or one.kind == key.kind]
    if len(fitting) == 1:
        return fitting[0]
    shown = typed[:60]
    if fitting:
        raise _wrong(f"«{shown}» здесь не одна: {words.listed(sorted(fitting))}. Напишите, какая из них.")
    if glued := _GLUED.fullmatch(typed):
        before = known.get(street_key(glued[1]).name)
        if before and len(before) == 1:
            raise _wrong(f"«{shown}»: перед домом нужна запятая: {next(iter(before.values()))}, {glued[2][:20]}.")
    near = difflib.get_close_matches(key.name, known, n=3, cutoff=0.6)
    names = sorted(street for name in near for street in known[name].values())
    meant = f" Похожие: {', '.join(names[:5])}." if names else ""
    raise _wrong(f"Улицы «{shown}» нет ни в одном лицевом счёте этого населённого пункта.{meant}")


def _part(typed: str, street: str) -> Houses:
    text = _PREFIX.sub("", typed.strip(), count=1).translate(_LATIN_TWINS)
    parity = None
    if found := _PARITY.search(text):
        parity = 1 if found[1] else 0
        text = (text[: found.start()] + text[found.end() :]).strip(" :")
        if not text:
            return Houses(House(1, ""), House(_LARGEST, _LAST), parity)
    if ends := _ENDS.fullmatch(text):
        low, high = House(int(ends[1]), ends[2].lower()), House(int(ends[3]), ends[4].lower() or _LAST)
        if low.number == 0 or (low.number, low.rest) > (high.number, high.rest):
            raise _wrong(f"{street}: «{typed[:40]}» идёт не по порядку, сначала меньший номер.")
        return Houses(low, high, parity)
    if parity is None and _ONE.fullmatch(text) and house_of(text).number:
        house = house_of(text)
        return Houses(house, house, is_one=True)
    raise _wrong(f"{street}: непонятно «{typed[:40]}». {_HINT}")


def _joined(places: Sequence[Place]) -> Iterable[Place]:
    """One place a street; a street named without houses anywhere is meant whole."""
    by_street: dict[str, list[Place]] = {}
    for place in places:
        by_street.setdefault(place.street, []).append(place)
    for street, same in by_street.items():
        is_whole = any(not place.houses for place in same)
        houses = () if is_whole else tuple(dict.fromkeys(one for place in same for one in place.houses))
        yield Place(street, houses)


def _wrong(text: str) -> Refusal:
    return Refusal("streets", text, "outage.streets")
