"""Consents a company asks for: one table of their kinds, and the documents in companies/<code>/consents/<kind>.<version>.txt."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from models import company_file as rules
from models.company_file import CompanyError

PERSONAL_DATA, PAYMENT, RECORDING = "personal-data", "payment", "recording"
OFFICIAL_PAPERS, CHARGES_NEWS = "official-papers", "charges-news"
CUSTOMER, ACCOUNT = "customer", "account"
SIGN_UP, EACH_PAYMENT, CABINET = "sign-up", "payment", "cabinet"
_FILE = re.compile(r"(?P<kind>[a-z]+(-[a-z]+)*)\.(?P<version>20[0-9]{2}-(0[1-9]|1[0-2])(-[0-9]{2})?)\.txt")

# about: one consent of a person, or one for each account; asked: where a person is asked; years: how long it stands, -: until withdrawn;
# contact: whether it names where to write; paper: whether it can be signed on paper; needed: what nobody can do without the document.
_TABLE = """
kind             about     asked    years  contact  paper  needed
personal-data    customer  sign-up  -      -        +      sign up
payment          account   payment  -      -        -      pay on line
recording        customer  cabinet  1      -        +      -
official-papers  account   cabinet  -      +        +      -
charges-news     customer  cabinet  -      -        +      -
"""


class Kind(NamedTuple):
    code: str
    about: str  # CUSTOMER | ACCOUNT
    asked: str  # SIGN_UP | EACH_PAYMENT | CABINET
    years: int | None  # None: until it is withdrawn
    contact: bool
    on_paper: bool
    needed: str  # English, empty when a company may do without


@dataclass(frozen=True)
class ConsentDocument:
    """A consent's exact words: the title is the first line; `hash` is the SHA-256 of `text` in hex."""

    kind: str
    version: str
    title: str
    text: str
    hash: str


def _read(table: str) -> Mapping[str, Kind]:
    kinds = {}
    for line in table.strip().splitlines()[1:]:
        code, about, asked, years, contact, paper, needed = line.split(maxsplit=6)
        term = None if years == "-" else int(years)
        kinds[code] = Kind(code, about, asked, term, contact == "+", paper == "+", needed.strip("-"))
    return MappingProxyType(kinds)


KINDS = _read(_TABLE)

Versions = Mapping[tuple[str, str], ConsentDocument]


def consents(folder: Path, legal_name: str) -> tuple[Mapping[str, ConsentDocument], Versions]:
    """The version in force of each kind, and all versions by kind and version.

    Refused: a kind that the table does not have, one that is needed and missing, a document in force that names another operator.
    """
    versions = {(document.kind, document.version): document for document in _documents(folder)}
    in_force = {kind: document for (kind, _), document in sorted(versions.items())}
    for kind in KINDS.values():
        if kind.needed and kind.code not in in_force:
            file = rules.shown(folder / f"{kind.code}.<version>.txt")
            raise CompanyError(file, "", f"is missing: nobody can {kind.needed} without it")
    for document in in_force.values():
        if legal_name not in document.text:
            file = rules.shown(folder / f"{document.kind}.{document.version}.txt")
            raise CompanyError(file, "", f"must name the operator as company.toml does: {legal_name}")
    return MappingProxyType(in_force), MappingProxyType(versions)


def _documents(folder: Path) -> Iterable[ConsentDocument]:
    for path in sorted(folder.glob("*")):
        name = _FILE.fullmatch(path.name)
        if not name:
            raise CompanyError(
                rules.shown(path), "", "must be named <kind>.<version>.txt, such as personal-data.2026-01.txt"
            )
        if name["kind"] not in KINDS:
            raise CompanyError(rules.shown(path), "", f"no such kind of consent; there are: {', '.join(KINDS)}")
        text = rules.read_text(path).strip()
        title, _, body = text.partition("\n")
        if not title or not body.strip():
            raise CompanyError(rules.shown(path), "", "must have a title on its first line and a text below it")
        digest = hashlib.sha256(text.encode()).hexdigest()
        yield ConsentDocument(name["kind"], name["version"], title.strip(), text, digest)
