"""Whether a register of consents is what the portal gave out: its files, its proofs, its lines, and the audit log beside them."""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from io import TextIOWrapper
from typing import Any, BinaryIO, NamedTuple

from models import audit_chain, consents, seal
from models.audit import AuditRow
from models.consents.given import CONTACT
from models.exchange.exports import safe
from models.office.consent_list import STATES
from models.office.consent_register import CSV, MANIFEST, PROOFS, SUMS

_GIVEN, _WITHDRAWN = "consent.given", "consent.withdrawn"
_OPEN = {STATES[consents.IN_FORCE][0], STATES[consents.EXPIRED][0]}
_DEED, _SUBJECT, _DETAIL = 4, 5, 6  # places in a proof's text


class _Log(NamedTuple):
    """What the log itself says up to the register's end, and the proofs that came along, by place and hash."""

    withdrawn: set[int]
    proofs: Mapping[tuple[str, str], Mapping[str, Any]]


def complaints(file: BinaryIO) -> list[str]:
    """What is wrong with a register's file, alone and beside the log as it stands now; in words an inspector can act on."""
    try:
        book = zipfile.ZipFile(file)
        body = book.read(MANIFEST)
        manifest = json.loads(body)
        sums: dict[str, str] = manifest["files"]
        place, _, digest = manifest["audit_end"].partition(":")
        count = int(manifest["consents"])
        end = int(place)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError):
        return ["the file is no register of consents"]
    found = [f"{name}: not what the manifest says" for name, one in sums.items() if _digest_in(book, name) != one]
    found += [f"{name}: unknown to the manifest" for name in set(book.namelist()) - set(sums) - {MANIFEST, SUMS}]
    if audit_chain.hash_at(end) != digest and end:
        found.append(f"the audit log no longer holds {manifest['audit_end']}")
    if not _was_given_out(body):
        found.append("the audit log knows no export with this manifest: the portal did not give it out like this")
    return found if found else [*_wrong_texts(book), *_wrong_proofs(book), *_wrong_table(book, count, end)]


def _was_given_out(manifest: bytes) -> bool:
    digest = hashlib.sha256(manifest).hexdigest()
    exports = AuditRow.select(AuditRow.detail).where(AuditRow.deed == "consents.exported")
    return any(row.detail.get("hash") == digest for row in exports)


def _wrong_texts(book: zipfile.ZipFile) -> Iterator[str]:
    for name in book.namelist():
        if name.startswith("texts/") and _digest_in(book, name) != name[len("texts/") : -len(".txt")]:
            yield f"{name}: other words than its name says"


def _wrong_proofs(book: zipfile.ZipFile) -> Iterator[str]:
    """Proofs that do not prove, and those that the log does not hold."""
    for one in _proofs(book):
        if audit_chain.link_hash(one["before"], one["text"]) != one["hash"]:
            yield f"consent {one['consent']}: the proof of {one['deed']} does not add up"
        elif audit_chain.hash_at(one["place"]) != one["hash"]:
            yield f"consent {one['consent']}: the log says otherwise at place {one['place']}"


def _wrong_table(book: zipfile.ZipFile, count: int, end: int) -> Iterator[str]:
    """Lines that say something else than their proofs, have none, or are missing."""
    names = set(book.namelist())
    log = _Log(_withdrawn(end), {(str(one["place"]), one["hash"]): one for one in _proofs(book)})
    lines = 0
    with book.open(CSV) as table:
        for row in csv.DictReader(TextIOWrapper(table, encoding="utf-8-sig", newline=""), delimiter=";"):
            lines += 1
            if f"texts/{row['SHA-256 текста']}.txt" not in names:
                yield f"consent {row['Номер']}: its words are missing"
            for complaint in (*_about_giving(row, log), *_about_withdrawal(row, log)):
                yield f"consent {row['Номер']}: {complaint}"
    if lines != count:
        yield f"{CSV}: {lines} lines, the manifest says {count}"


def _about_giving(row: Mapping[str, str], log: _Log) -> Iterator[str]:
    proof = log.proofs.get((row["Место записи о согласии"], row["Хеш записи"]))
    text = json.loads(proof["text"]) if proof else []
    if not proof or text[_DEED] != _GIVEN:
        yield "no proof that it was given"
        return
    for name, said in _facts(row, text).items():
        if row[name] != safe(said):
            yield f"«{name}» is not what its proof says"
    if not _is_contact(row["Способ связи"], text[_DETAIL].get("contact", "")):
        yield "«Способ связи» is not what its proof says"


def _facts(row: Mapping[str, str], text: list[Any]) -> dict[str, str]:
    """What the row of the log says of the line's cells; rows of before a consent was named in them say less."""
    detail = text[_DETAIL]
    facts = {
        "Чьё": text[_SUBJECT],
        "Согласие": detail["kind"],
        "Редакция": detail["version"],
        "SHA-256 текста": detail["hash"],
    }
    if "consent" in detail:
        named = {"Номер": str(detail["consent"]), "Как": detail["channel"], "Лицевой счёт": detail.get("account", "")}
        facts |= named | {"Номер бланка": detail.get("paper", "")}
    return facts


def _is_contact(cell: str, sealed: str) -> bool:
    if not cell or not sealed:
        return not cell and not sealed
    return any(seal.matches(CONTACT, one, sealed) for one in (cell, cell.removeprefix("'")))


def _about_withdrawal(row: Mapping[str, str], log: _Log) -> Iterator[str]:
    is_withdrawn = int(row["Номер"]) in log.withdrawn
    if is_withdrawn != (row["Как закончено"] in consents.CHANNELS):
        yield "the log says otherwise of its withdrawal"
    elif is_withdrawn:
        proof = log.proofs.get((row["Место записи об отзыве"], row["Хеш записи об отзыве"]))
        text = json.loads(proof["text"]) if proof else []
        if not proof or (text[_DEED], str(text[_DETAIL].get("consent"))) != (_WITHDRAWN, row["Номер"]):
            yield "no proof of its withdrawal"
    if (row["Состояние"] in _OPEN) != (not row["Закончено"]):
        yield "«Состояние» does not go with «Закончено»"


def _withdrawn(end: int) -> set[int]:
    """The consents that the log calls withdrawn up to that place."""
    rows = AuditRow.select(AuditRow.detail).where(AuditRow.deed == _WITHDRAWN, AuditRow.place <= end)
    return {int(row.detail["consent"]) for row in rows.iterator() if "consent" in row.detail}


def _proofs(book: zipfile.ZipFile) -> Iterator[dict[str, Any]]:
    with book.open(PROOFS) as lines:
        yield from map(json.loads, lines)


def _digest_in(book: zipfile.ZipFile, name: str) -> str:
    try:
        with book.open(name) as member:
            return hashlib.file_digest(member, "sha256").hexdigest()  # type: ignore[arg-type]
    except (KeyError, zipfile.BadZipFile):
        return ""
