"""The words an account is found by, and what a typed query asks of them: pure, texts in, words out.

A word is small letters and digits alone. Plain words are names, streets and settlements; a first letter tells the others apart:
h23 a house, f32 a flat, s8 a number in a street's name, iа an initial or a house's letter, mannaexampleru an e-mail address,
t3210 the end of a number written backwards (account, phone, meter), o7 the office.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.full_text import Atom, Term

_MOST_RUNS = 10
_LONGEST_TEXT, _LONGEST_WORD = 200, 40
_ENDING = 4  # digits that are enough to look for the end of a number
_RUN = re.compile(r"[^\W_]+")
_EMAIL = re.compile(r"\S+@\S*")
_PHONE = re.compile(r"(?<![\w+])(?:\+?[78][ -]?)?\(?(\d{3})\)?[ -]?(\d{3})[ -]?(\d{2})[ -]?(\d{2})(?!\w)")
_GLUED = re.compile(r"(?<![^\W_])(д|дом|корп|к|стр|кв|ком|оф)(?=\d)")
_HOUSE = re.compile(r"(\d{1,4})([а-я]?)")
_TYPES = frozenset(
    "г город ул улица пр пркт проспект пер переулок п пос поселок пгт рп с село дер деревня ст станица х хутор ш шоссе наб проезд "
    "прзд бр бульвар пл площадь тер мкр мкрн микрорайон р н район обл область край снт тсн днт нп".split()
)
_HOUSES = frozenset("д дом корп корпус к стр строение вл".split())
_FLATS = frozenset("кв квартира ком комната оф офис пом".split())
_SILENT = _TYPES | _HOUSES | _FLATS
_ANY_NUMBER = "hfs"
_KEYS = str.maketrans("qwertyuiop[]asdfghjkl;'zxcvbnm,.`", "йцукенгшщзхъфывапролджэячсмитьбюё")
_LATIN_TWINS = str.maketrans("abcehkmoptxy", "авсенкмортху")


@dataclass
class Query:
    """What is asked for: searches, the likeliest first, each of terms that must all be met."""

    searches: list[list[Term]] = field(default_factory=list)
    beginning: str = ""  # of an account number
    last_resort: list[Term] = field(default_factory=list)  # for when they found nothing


def of_account(account: Any, serials: Iterable[str], contacts: Iterable[tuple[str, str]]) -> str:
    """The words of one account, each once; `contacts` are e-mail addresses and phones (E.164), its own and its holders'."""
    words = [_ending(_squeezed(account.number)), *map(_ending, map(_squeezed, serials))]
    for name in (account.last_name, account.first_name, account.middle_name):
        words += _of_text(name)
    words += [f"i{_plain(name)[0]}" for name in (account.first_name, account.middle_name) if _plain(name)[:1].isalpha()]
    words += [*_of_text(account.settlement), *_of_text(account.street)]
    words += [*_of_number("h", account.house), *_of_number("f", account.flat)]
    for email, phone in contacts:
        words += [*_of_email(email), *([_ending(_squeezed(phone)[-10:])] if phone else [])]
    if account.office_id is not None:
        words.append(of_office(account.office_id))
    return " ".join(dict.fromkeys(word[:_LONGEST_WORD] for word in words))


def in_russian_letters(typed: str) -> str:
    """«bdfyjdf» as «иванова»: what the same keys give on a Russian keyboard; nothing where it is Russian already, or an address."""
    text = typed[:_LONGEST_TEXT].lower()
    is_meant = re.search(r"[a-z]", text) and not re.search(r"[а-яё@]", text)
    return text.translate(_KEYS) if is_meant else ""


def of_office(office_id: int) -> str:
    return f"o{office_id}"


def read(typed: str) -> Query:
    """What a typed text asks for; nothing when there is nothing in it to look for."""
    text = _plain(typed[:_LONGEST_TEXT])
    query = Query(beginning=_beginning(text))
    if number := _number(text):
        query.searches.append([tuple(_endings(number))])
    marked, text = _taken_out(text)
    runs = list(_marked_runs(text))[:_MOST_RUNS]
    for first in _first_numbers(runs):
        terms = [*marked, *_terms(runs, first)]
        if _is_broad(terms):  # whole words come first, and are found faster
            query.searches.append([*marked, *_whole(terms[len(marked) :])])
        if terms and terms not in query.searches:
            query.searches.append(terms)
    query.last_resort = [*marked, *_terms(runs, ())]
    return query


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower().replace("ё", "е")


def _squeezed(text: str) -> str:
    return "".join(_RUN.findall(_plain(text)))


def _ending(number: str) -> str:
    return f"t{number[::-1].translate(_LATIN_TWINS)}"[:_LONGEST_WORD]


def _of_text(text: str) -> Iterator[str]:
    for run in _RUN.findall(_plain(text)):
        if run[0].isdigit():
            yield from _of_number("s", run)
        elif len(run) == 1:
            yield f"i{run}"
        elif run not in _SILENT:
            yield run


def _of_number(mark: str, text: str) -> Iterator[str]:
    """«23А/1» as h23а, h23, iа, h1."""
    for run in _RUN.findall(_plain(text)):
        run = run.translate(_LATIN_TWINS)
        if run in _SILENT:
            continue
        yield mark + run
        digits = re.match(r"\d*", run)[0]  # type: ignore[index]
        if digits and digits != run:
            yield mark + digits
            yield f"i{run[len(digits) :]}"


def _of_email(email: str) -> Iterator[str]:
    if email:
        yield f"m{_squeezed(email)}"
        yield from (run for run in _RUN.findall(_plain(email.partition("@")[0])) if len(run) > 1)


def _number(text: str) -> str:
    """The text as one number, whatever signs it was typed with; nothing if it has too few digits."""
    return _squeezed(text) if len(re.findall(r"\d", text)) >= _ENDING and "@" not in text else ""


def _beginning(text: str) -> str:
    """The text as the beginning of an account number, if it is one word with a digit in it."""
    runs = _RUN.findall(text)
    is_number = len(runs) == 1 and len(runs[0]) >= _ENDING and bool(re.search(r"\d", runs[0]))
    return str(runs[0]).upper() if is_number else ""


def _endings(number: str) -> Iterator[Atom]:
    yield Atom(_ending(number), True)
    if re.fullmatch(r"[78]\d{10}", number):  # a phone with its +7 or 8
        yield Atom(_ending(number[1:]), True)


def _taken_out(text: str) -> tuple[list[Term], str]:
    """E-mail addresses and phones, and the text without them."""
    terms: list[Term] = [(Atom(f"m{_squeezed(email)}"[:_LONGEST_WORD], True),) for email in _EMAIL.findall(text)]
    text = _EMAIL.sub(" ", text)
    for phone in _PHONE.finditer(text):
        numbers = ("".join(phone.groups()), _squeezed(phone[0]))
        terms.append(tuple(Atom(_ending(number), True) for number in dict.fromkeys(numbers)))
    return terms, _PHONE.sub(" ", text)


def _marked_runs(text: str) -> Iterator[tuple[str, str]]:
    """The runs of letters and digits, each with «h» or «f» where the word before says so: «дом 23», «кв. 32»."""
    mark = ""
    for run in _RUN.findall(_GLUED.sub(r"\1 ", text)):
        if run in _HOUSES:
            mark = "h"
        elif run in _FLATS:
            mark = "f"
        elif run not in _SILENT:
            yield mark if run[0].isdigit() else "", run[:_LONGEST_WORD]
            mark = ""


def _is_broad(terms: list[Term]) -> bool:
    """Whether there are several words of letters, each of which may begin many others."""
    return sum(1 for term in terms if len(term) == 1 and term[0].is_beginning and term[0].word.isalpha()) > 1


def _whole(terms: list[Term]) -> list[Term]:
    return [(Atom(term[0].word),) if len(term) == 1 and term[0].word.isalpha() else term for term in terms]


def _first_numbers(runs: list[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    """What the first short numbers may be: a house, as in «мира 23-32», or a street's, as in «8 марта 23-32»."""
    is_one = sum(1 for mark, run in runs if not mark and _HOUSE.fullmatch(run.translate(_LATIN_TWINS))) < 2
    return (("hs",),) if is_one else (("h",), ("s", "h"))


def _terms(runs: list[tuple[str, str]], first: Sequence[str]) -> list[Term]:
    """A term a run. `first` says what the first short numbers are; those that follow are a house or a flat.

    Without it each may be anything.
    """
    places = iter(first)
    rest = "hf" if first else _ANY_NUMBER
    terms: list[Term] = []
    for mark, run in runs:
        twin = run.translate(_LATIN_TWINS)
        if _HOUSE.fullmatch(twin):
            marks = mark or next(places, rest)
            endings = _endings(run) if len(run) >= _ENDING and not mark else ()
            terms.append((*(Atom(one + twin) for one in marks), *endings))
        elif run.isdigit():
            terms.append(tuple(_endings(run)))
        elif any(one.isdigit() for one in run):
            places_in_address = (Atom(one + twin) for one in _ANY_NUMBER)
            terms.append((Atom(run, len(run) >= _ENDING), *_endings(run), *places_in_address))
        elif len(run) == 1:
            terms.append((Atom(f"i{run}"),))
        else:
            terms.append((Atom(run, len(run) > 2),))
    return terms
