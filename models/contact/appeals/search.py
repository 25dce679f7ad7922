"""Finding appeals by what was said in them, whoever said it, and by number, name, account, phone and e-mail address.

An appeal has one entry of words: the stems of its texts and the words themselves, so that «начисление» finds «начисления» and «начисл»
finds both. Marked words tell the rest: ¦annaexampleru an e-mail address, №3210 the end of a number written backwards, §open the state.
No text that is said or typed makes such a word: `stems.words` keeps letters and digits alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from peewee import JOIN, ForeignKeyField, ModelSelect, TextField, fn

from models import stems
from models.base import Row, database, locked, pairs
from models.contact.appeals.rows import OPEN, Appeal, AppealEntry, by_number
from models.full_text import Atom, Index, Term
from models.metering.accounts import Account
from models.people.customers import Customer

OPEN_ONES, CLOSED_ONES = "open", "closed"
_BATCH = 500
_MOST_WORDS = 12  # of a query
_LONGEST_QUERY = 200
_MOST_KEPT = 15_000  # words of an entry: Postgres keeps no vector above a megabyte
_SHORTEST_BEGINNING = 3
_LONGEST_NUMBER = 40  # digits
_WHOLE = 11  # digits of a phone with its +7 or 8: no sum or date has as many
_STATE = "§"
_INDEX = Index("appeal_search_entry", "appeal_id", "appeal_words")
_EMAIL = re.compile(r"\S+@\S*")
_NUMBER = re.compile(r"(?<![\w+])\+?\d[\d ()-]{2,}\d(?!\w)")
_APPEAL = re.compile(r"(?<!\w)\d{4}-\d{6,9}(?!\w)")
_ENDING = re.compile(r"\d{1,9}", re.ASCII)
# Words that tell nothing: an appeal is found without them.
_SILENT = frozenset(
    "а без был была было были бы в во вы где да для до его ее если есть же за и из или их к как когда ко ли мне меня мой моя мы на не "
    "нет но о об он она они от по под при с со так то у уже что чтобы эта это этот я".split()
)


class AppealSearchEntry(Row):
    """The words an appeal is found by, with spaces between."""

    appeal = ForeignKeyField(Appeal, primary_key=True, on_delete="CASCADE")
    words = TextField()


class Found(NamedTuple):
    """Ids of appeals: the one whose number was typed, those with the very words, those with what they begin; newest first in each."""

    ids: list[int]
    more: bool


def find(text: str, *, state: str = "", limit: int = 50, within: ModelSelect[Any] | None = None) -> Found:
    """The appeals that have all that is typed, in any order, case and form of the words; `state` is '', open or closed.

    `within` selects the ids of those that are looked through; None: all.
    """
    text = text[:_LONGEST_QUERY].replace("\0", "")
    only: list[Term] = [(Atom(_state_word(state == OPEN_ONES)),)] if state else []
    found = {appeal.id: None for appeal in _named(text, state, within)}
    found |= dict.fromkeys(_written_from(text.strip(), state, within)[: limit + 1])
    for terms in _readings(text):
        if len(found) <= limit:
            found |= dict.fromkeys(_INDEX.with_all([*terms, *only], limit + 1, newest_first=True, within=within))
    return Found(list(found)[:limit], len(found) > limit)


def refresh(appeal_id: int) -> None:
    """Make the entry anew; call it in the transaction that changed the appeal, the appeal held."""
    _INDEX.write(_words([appeal_id]))


def said(appeal_id: int, text: str) -> None:
    """Add these words to the entry, and how the appeal stands now; call it in the transaction that said them, the appeal held.

    What was said before is not read again: a long conversation costs no more with each word than a short one.
    """
    before = AppealSearchEntry.get_or_none(AppealSearchEntry.appeal == appeal_id)
    if before is None:
        refresh(appeal_id)
        return
    appeal = (
        Appeal.select(Appeal, Account.number.alias("held")).join(Account, JOIN.LEFT_OUTER).where(Appeal.id == appeal_id)
    )
    row = appeal.objects().get()
    kept = [word for word in before.words.split(" ") if not word.startswith(_STATE)]
    _INDEX.write([(appeal_id, _joined([*_marks(row, row.held or ""), *kept, *_said([text])]))])


def missing() -> int:
    """How many appeals have no entry, so that nobody finds them."""
    return int(_without_entry().count())


def fill(progress: Callable[[int], Any] | None = None, *, anew: bool = False) -> int:
    """Make the entries that are missing, or all of them; how many. A batch is a transaction: it may be stopped and run again."""
    done = last = 0
    while ids := _next(last, anew):
        with database.atomic():
            _INDEX.write(_words(_held(ids)))
        done, last = done + len(ids), ids[-1]
        if progress:
            progress(len(ids))
    _INDEX.settle()
    return done


# ---- entries


def _next(last: int, anew: bool) -> list[int]:
    appeals = Appeal.select(Appeal.id) if anew else _without_entry()
    return [one.id for one in appeals.where(Appeal.id > last).order_by(Appeal.id).limit(_BATCH)]


def _held(ids: list[int]) -> list[int]:
    """Held first: what somebody says at this moment must not be missing in the entry."""
    return [one.id for one in locked(Appeal.select(Appeal.id).where(Appeal.id.in_(ids)).order_by(Appeal.id))]


def _without_entry() -> ModelSelect[Any]:
    entry = AppealSearchEntry.select(AppealSearchEntry.appeal).where(AppealSearchEntry.appeal == Appeal.id)
    return Appeal.select(Appeal.id).where(~fn.EXISTS(entry))


def _words(ids: list[int]) -> list[tuple[int, str]]:
    texts: dict[int, list[str]] = {}
    entries: Any = AppealEntry.select(AppealEntry.appeal, AppealEntry.text)
    for appeal_id, text in entries.where(AppealEntry.appeal.in_(ids)).order_by(AppealEntry.id).tuples():
        texts.setdefault(appeal_id, []).append(text)
    accounts = dict(pairs(Appeal.select(Appeal.id, Account.number).join(Account).where(Appeal.id.in_(ids))))
    appeals: Any = Appeal.select().where(Appeal.id.in_(ids)).order_by(Appeal.id)
    return [(one.id, _of_appeal(one, accounts.get(one.id, ""), texts.get(one.id, []))) for one in appeals]


def _of_appeal(appeal: Appeal, account: str, texts: list[str]) -> str:
    return _joined([*_marks(appeal, account), *_said([appeal.title, appeal.name, appeal.rating_text, *texts])])


def _marks(appeal: Appeal, account: str) -> list[str]:
    """What is known of the appeal apart from its texts."""
    numbers = [_backwards(one) for one in (appeal.number, account, appeal.typed_account, appeal.phone) if one]
    return [_state_word(appeal.state in OPEN), _email(appeal.email), *numbers]


def _joined(words: list[str]) -> str:
    return " ".join(list(dict.fromkeys(words))[:_MOST_KEPT])


def _said(texts: list[str]) -> Iterator[str]:
    """Each word of texts with its stem; the numbers in them also from their end."""
    for text in texts:
        for word in stems.words(text):
            yield word
            yield stems.stem(word)
        for found in _NUMBER.finditer(text):
            if _is_one_number(found.group()):
                yield _backwards(found.group())[:_LONGEST_NUMBER]


def _state_word(is_open: bool) -> str:
    return _STATE + (OPEN_ONES if is_open else CLOSED_ONES)


def _backwards(number: str) -> str:
    return f"№{_squeezed(number)[::-1]}"


def _email(address: str) -> str:
    return f"¦{_squeezed(address)}"


def _squeezed(text: str) -> str:
    return "".join(stems.words(text))


# ---- what is typed


def _named(text: str, state: str, within: ModelSelect[Any] | None) -> list[Appeal]:
    """The appeals whose whole numbers are in the text, and the one whose running number it is: «35» of 2611-000035."""
    named = [by_number(number) for number in _APPEAL.findall(text)]
    if ending := _ENDING.fullmatch(text.strip()):
        named.append(Appeal.get_or_none(Appeal.id == int(ending[0])))
    known = [one for one in named if one and (not state or one.is_open == (state == OPEN_ONES))]
    return [one for one in known if within is None or within.where(Appeal.id == one.id).exists()]


def _written_from(address: str, state: str, within: ModelSelect[Any] | None) -> list[int]:
    """A customer's appeals by the cabinet's present address: their entries have the one at that time. Newest first."""
    customer = Customer.get_or_none(Customer.email == address.lower()) if "@" in address else None
    if customer is None:
        return []
    query = within if within is not None else Appeal.select(Appeal.id)
    query = query.where(Appeal.customer == customer.id)
    if state:
        query = query.where(Appeal.state.in_(OPEN) if state == OPEN_ONES else Appeal.state.not_in(OPEN))
    return [one.id for one in query.order_by(Appeal.id.desc()).limit(_BATCH)]


def _readings(text: str) -> Iterator[list[Term]]:
    """What the text asks for: first its words whole, then as beginnings of others. Nothing where there is nothing to look for."""
    marked: list[Term] = [(Atom(_email(one), True),) for one in _EMAIL.findall(text) if _squeezed(one)]
    rest = _EMAIL.sub(" ", text)
    for number in (one.group() for one in _NUMBER.finditer(rest)):
        if _is_one_number(number):
            marked.append(_numbers(_squeezed(number)))
            rest = rest.replace(number, " ", 1)
    words = list(stems.words(rest))[:_MOST_WORDS]
    words = [word for word in words if word not in _SILENT] or words
    whole: list[Term] = [*marked, *((Atom(stems.stem(word)),) for word in words)]
    if whole:
        yield whole
    if any(len(word) >= _SHORTEST_BEGINNING for word in words):
        yield [*marked, *(_begun(word) for word in words)]


def _is_one_number(typed: str) -> bool:
    """«8 (913) 555-01-77» and «2611-000123» are; «1 664» and «23-32» are two words each."""
    return typed.isdigit() or len(_squeezed(typed)) >= _WHOLE or _APPEAL.fullmatch(typed) is not None


def _numbers(digits: str) -> Term:
    """The end of a number, or its beginning; of a phone without its +7 or 8."""
    own = digits[1:] if len(digits) == _WHOLE and digits[0] in "78" else digits
    return tuple(Atom(word, True) for word in dict.fromkeys((_backwards(digits), _backwards(own), digits)))


def _begun(word: str) -> Term:
    stem = Atom(stems.stem(word))
    return (stem, Atom(word, True)) if len(word) >= _SHORTEST_BEGINNING else (stem,)
