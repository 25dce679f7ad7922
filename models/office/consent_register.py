"""The register of consents with its proofs: a ZIP that an inspector can check without us, and then against the portal.

    consents.csv      a line a consent: who, what, which words (hash), how given and withdrawn, scan, its place in the audit log
    texts/<hash>.txt  the very words, each file's SHA-256 its own name
    proofs.jsonl      a line an audit row: the hash before it, its text, its hash = SHA-256(before + "\\n" + text)
    manifest.json     when and what was taken, the end of the audit log (place:hash), SHA-256 of every other file
    SHA256SUMS        the same for `sha256sum -c SHA256SUMS`
    README.txt        how to check it, in Russian

The end of the log, noted by somebody outside, is what binds it all: `flask audit verify --expect PLACE:HASH` says whether the log
still holds that very row there, `flask consents verify FILE` (consent_check) does the rest.
"""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from io import TextIOWrapper
from typing import Any, BinaryIO

from models import audit, audit_chain, clock, company, consents
from models.audit import AuditRow
from models.audit_chain import Proof
from models.base import Refusal, database
from models.consents import Consent, ConsentText
from models.consents.given import address_of
from models.exchange.exports import safe
from models.files import StoredFile
from models.office import consent_list
from models.office.consent_list import Search
from models.words import NBSP, number

MOST = 5_000  # consents of a file from the page: some seconds of its work; more is for the console
HEADER = (
    "Номер", "Чьё", "Лицевой счёт", "Согласие", "Редакция", "SHA-256 текста", "Дано", "Как", "Адрес в сети", "Способ связи", "Номер бланка",
    "SHA-256 скана", "Зарегистрировал", "Действует до", "Состояние", "Закончено", "Как закончено", "Кто закончил", "Обработка до",
    "SHA-256 скана отзыва", "Место записи о согласии", "Хеш записи", "Место записи об отзыве", "Хеш записи об отзыве",
)  # fmt: skip
CSV, PROOFS, MANIFEST, SUMS, README = "consents.csv", "proofs.jsonl", "manifest.json", "SHA256SUMS", "README.txt"
_CHUNK = 500
_ON_PAPER = ("office", "post")
_GIVEN, _WITHDRAWN = "consent.given", "consent.withdrawn"
_WHEN = (2000, 1, 1, 0, 0, 0)  # of every member: the same register gives the same bytes
_HOW = """Реестр согласий на обработку персональных данных: {company}
Выгружен {at} (UTC), согласий: {count}. Конец журнала действий: {head}

Как проверить без портала (Linux, любой компьютер):
1. sha256sum -c SHA256SUMS — все файлы целы. Имя каждого файла в texts/ и есть SHA-256 его текста.
2. consents.csv: столбец «SHA-256 текста» называет файл в texts/ — это слова, с которыми согласились.
3. proofs.jsonl: в каждой строке SHA-256 от (before + перевод строки + text) равен hash; запись журнала названа
   в столбцах «Место записи…» и «Хеш записи…». В text стоит, кто, когда и с чем согласился: вид, редакция и SHA-256
   текста те же, что в строке таблицы.

Как проверить по порталу (делает администратор при вас):
4. flask --app app audit verify --expect {head} — журнал цел, и на этом месте стоит та же запись.
5. flask --app app consents verify ФАЙЛ.zip — пункты 1–3 и сверка каждой записи с журналом.
"""


def write(file: BinaryIO, asked: Search, *, most: int | None = None) -> int:
    """Write the register of what matches; how many consents. Refused: more than `most`, or a log whose end was tampered with."""
    query = consent_list.matching(asked)
    if most is not None and query.limit(most + 1).count() > most:
        text = f"В файл помещается до {number(most)}{NBSP}согласий: сузьте отбор по дням. Весь реестр: flask export consents."
        raise Refusal(None, text, "consents.many")
    head = _sealed_end()
    book = _Book(file)
    count = book.consents(asked)
    book.texts()
    made = clock.now().isoformat(timespec="seconds")
    book.add(README, _HOW.format(company=company.current().legal_name, at=made, count=count, head=head).encode())
    facts = {
        "company": company.current().legal_name,
        "made_at": made,
        "consents": count,
        "audit_end": head,
        "files": book.sums,
    }
    manifest = json.dumps(facts, ensure_ascii=False, indent=1).encode()
    book.add(MANIFEST, manifest)
    book.add(SUMS, "".join(f"{digest}  {name}\n" for name, digest in book.sums.items()).encode())
    book.close()
    with database.atomic():
        audit.record("consents.exported", "consents", count=count, end=head, hash=hashlib.sha256(manifest).hexdigest())
    return count


class _Book:
    """A ZIP in the making, with the digest of each of its files."""

    def __init__(self, file: BinaryIO):
        self._zip = zipfile.ZipFile(file, "w")
        self.sums: dict[str, str] = {}
        self._hashes: set[str] = set()

    def add(self, name: str, body: bytes) -> None:
        self._zip.writestr(_member(name), body)
        self.sums[name] = hashlib.sha256(body).hexdigest()

    def consents(self, asked: Search) -> int:
        """The table and the proofs of its lines, a chunk at a time: memory does not grow with them."""
        proofs: list[bytes] = []
        count = 0
        with _Summed(self, CSV) as stream:
            text = TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)  # type: ignore[type-var]
            writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
            writer.writerow(HEADER)
            for rows in _chunks(asked):
                proven = _proofs(rows)
                writer.writerows([safe(cell) for cell in line] for line in _lines(rows, proven))
                proofs += [_proof_line(*one, proof) for one, proof in proven.items()]
                self._hashes |= {one.text_id for one in rows}
                count += len(rows)
            text.detach()
        self.add(PROOFS, b"".join(proofs))
        return count

    def texts(self) -> None:
        for one in ConsentText.select().where(ConsentText.hash.in_(sorted(self._hashes))).order_by(ConsentText.hash):
            self.add(f"texts/{one.hash}.txt", one.text.encode())

    def close(self) -> None:
        self._zip.close()


class _Summed:
    """A member of the ZIP that is written piece by piece, and its digest with it."""

    def __init__(self, book: _Book, name: str):
        self._book, self._name, self._digest = book, name, hashlib.sha256()

    def __enter__(self) -> _Summed:
        self._member = self._book._zip.open(_member(self._name), "w")
        return self

    def __exit__(self, *_error: object) -> None:
        self._member.close()
        self._book.sums[self._name] = self._digest.hexdigest()

    closed = False

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def flush(self) -> None:
        pass

    def write(self, body: bytes) -> int:
        self._digest.update(body)
        return self._member.write(body)


def _member(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, _WHEN)
    made.compress_type, made.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
    return made


def _sealed_end() -> str:
    """The end of the log once every row has its place: «1234:ab12…»."""
    try:
        audit_chain.seal_rows()
    except audit_chain.Broken as broken:
        text = "Журнал действий не сходится со своей печатью: выгружать нечего, скажите администратору."
        raise Refusal(None, text, "audit.broken") from broken
    end = audit_chain.end()
    return f"{end.place}:{end.hash}"


def _chunks(asked: Search) -> Iterator[list[Consent]]:
    before: int | None = None
    while rows := consent_list.find(asked, before, _CHUNK):
        yield rows
        before = rows[-1].id


def _proofs(rows: Sequence[Consent]) -> dict[tuple[int, str], Proof]:
    """The proofs of what the log says of these consents, by consent and deed."""
    subjects = sorted({one.subject for one in rows})
    query: Any = AuditRow.select(AuditRow.id, AuditRow.at, AuditRow.deed, AuditRow.subject, AuditRow.detail).where(
        AuditRow.subject.in_(subjects), AuditRow.deed.in_([_GIVEN, _WITHDRAWN])
    )
    told: dict[tuple[str, str], list[Any]] = {}
    for row in query.order_by(AuditRow.id).namedtuples():
        told.setdefault((row.subject, row.deed), []).append(row)
    ids = {}
    for one in rows:
        for deed in (_GIVEN, _WITHDRAWN):
            if row := _told_of(one, told.get((one.subject, deed), []), deed):
                ids[one.id, deed] = row.id
    found = audit_chain.proofs(sorted(set(ids.values())))
    return {key: found[row_id] for key, row_id in ids.items() if row_id in found}


def _told_of(one: Consent, rows: Iterable[Any], deed: str) -> Any | None:
    """The audit row of a consent; those of before it was named in the row are known by words and moment."""
    rows = list(rows)
    named = [row for row in rows if row.detail.get("consent") == one.id]
    if named or deed == _WITHDRAWN:
        return named[0] if named else None
    same = [row for row in rows if "consent" not in row.detail and row.detail.get("hash") == one.text_id]
    return min(same, key=lambda row: abs(row.at - one.given_at), default=None)


def _lines(rows: Sequence[Consent], proven: dict[tuple[int, str], Proof]) -> Iterator[tuple[Any, ...]]:
    scans = _scans(rows)
    for one in rows:
        given, ended = proven.get((one.id, _GIVEN)), proven.get((one.id, _WITHDRAWN))
        yield (
            one.id, one.subject, one.account, one.kind, one.text.version, one.text_id, _local(one.given_at, one.channel), one.channel,
            one.ip, address_of(one), one.paper_number, scans.get(one.file, ""),
            f"staff:{one.registered_by}" if one.registered_by else "", one.term_until or "",
            consent_list.STATES[consents.state(one)][0], _local(one.withdrawn_at, one.withdrawal_channel), one.withdrawal_channel,
            one.withdrawn_by, _local(one.ends_at), scans.get(one.withdrawal_file, ""), given.place if given else "",
            given.hash if given else "", ended.place if ended else "", ended.hash if ended else "",
        )  # fmt: skip


def _scans(rows: Sequence[Consent]) -> dict[int | None, str]:
    ids = {one for row in rows for one in (row.file, row.withdrawal_file) if one}
    query: Any = StoredFile.select(StoredFile.id, StoredFile.sha256).where(StoredFile.id.in_(sorted(ids))).tuples()
    return dict(query) if ids else {}


def _proof_line(consent_id: int, deed: str, proof: Proof) -> bytes:
    row = {
        "consent": consent_id,
        "deed": deed,
        "place": proof.place,
        "before": proof.previous,
        "text": proof.text,
        "hash": proof.hash,
    }
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _local(moment: Any, channel: str = "") -> str:
    """The local moment, of a paper the day alone: the hour is nobody's."""
    if not moment:
        return ""
    return f"{clock.local(moment):%Y-%m-%d}" if channel in _ON_PAPER else f"{clock.local(moment):%Y-%m-%d %H:%M:%S}"
