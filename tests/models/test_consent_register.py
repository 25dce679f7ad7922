"""The register of consents with its proofs: found, taken away, checked by somebody who trusts nobody."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from models import audit, audit_chain, consents
from models.audit import AuditRow
from models.base import Refusal
from models.company import Company
from models.consents import Consent, given
from models.entrance import agreeing, consent_letters, linking
from models.entrance.agreeing import Agreement
from models.metering.accounts import link
from models.office import consent_check, consent_list, consent_register
from models.office.consent_list import Search
from models.office.consent_register import HEADER
from tests import cast

CONTACT = {"way": "email", "email": "anna@example.ru"}


@pytest.fixture
def anna(db: Any) -> cast.Person:
    return cast.anna(history=False)


@pytest.fixture
def papers(anna: cast.Person, company: Company) -> list[Consent]:
    """Anna's own, one on paper for her account that was withdrawn, one that stands."""
    own = Consent.get(Consent.subject == anna.customer.subject)
    gone = give(anna, company, "official-papers", contact=CONTACT)
    consents.withdraw(gone.id, channel="post", by="staff:1")
    return [own, Consent.get_by_id(gone.id), give(anna, company, "recording")]


def give(anna: cast.Person, company: Company, kind: str, **facts: Any) -> Consent:
    number = anna.account.number
    return consents.give(f"account:{number}", company.consents[kind], channel="office", account=number, **facts)


def taken(asked: Search | None = None, **options: Any) -> bytes:
    file = io.BytesIO()
    consent_register.write(file, asked or Search(), **options)
    return file.getvalue()


def opened(body: bytes) -> tuple[zipfile.ZipFile, list[dict[str, str]]]:
    book = zipfile.ZipFile(io.BytesIO(body))
    return book, list(csv.DictReader(io.StringIO(book.read("consents.csv").decode("utf-8-sig")), delimiter=";"))


def changed(body: bytes, name: str, change: Callable[[bytes], bytes], *, sums: bool = False) -> io.BytesIO:
    """The same ZIP with one file changed; `sums`: by somebody who puts the manifest right as well."""
    book, file = zipfile.ZipFile(io.BytesIO(body)), io.BytesIO()
    bodies = {one: book.read(one) for one in book.namelist()}
    bodies[name] = change(bodies[name])
    if sums:
        manifest = json.loads(bodies["manifest.json"])
        manifest["files"][name] = hashlib.sha256(bodies[name]).hexdigest()
        bodies["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(file, "w") as made:
        for one, content in bodies.items():
            made.writestr(one, content)
    return file


# ---- found


def test_consents_are_found_by_kind_state_channel_account_and_day(
    papers: list[Consent], anna: cast.Person, at: Callable[[str], Any]
) -> None:
    own, gone, stands = papers
    number, day = anna.account.number, date(2026, 11, 20)
    for asked, expected in (
        (Search(), [stands, gone, own]),
        (Search(kind="recording"), [stands]),
        (Search(state=consents.IN_FORCE), [stands, own]),
        (Search(state=consents.WITHDRAWN), [gone]),
        (Search(state=consents.ENDED), []),
        (Search(channel="web"), [own]),
        (Search(account=number), [stands, gone]),
        (Search(first=day, last=day), [stands, gone, own]),
        (Search(last=date(2026, 11, 19)), []),
    ):
        assert consent_list.find(asked) == expected, asked
    assert consent_list.find(Search(), before=gone.id) == [own]
    at("2027-11-01T10:00")
    assert consent_list.find(Search(state=consent_list.RUNNING_OUT)) == [stands]
    at("2027-12-01T10:00")
    assert consent_list.find(Search(state=consents.EXPIRED)) == [stands]
    assert consent_list.find(Search(state=consents.ENDED)) == [gone]


def test_the_list_says_of_a_state_what_the_consent_itself_says(papers: list[Consent], at: Callable[[str], Any]) -> None:
    for day in ("2026-11-20T10:00", "2026-12-20T10:01", "2027-11-20T10:00", "2027-11-21T10:00"):
        at(day)
        for state in consent_list.STATES:
            assert all(consents.state(one) == state for one in consent_list.find(Search(state=state))), (day, state)


def test_the_consents_of_an_account_are_its_own_and_its_holders(
    papers: list[Consent], anna: cast.Person, company: Company
) -> None:
    vera = cast.vera()
    consents.give(anna.customer.subject, company.consents["payment"], channel="web", account=anna.account.number)
    assert consent_list.of_account(anna.account) == papers[::-1]
    assert [one.subject for one in consent_list.of_account(vera.account)] == [vera.customer.subject]
    assert consent_list.standing_of(anna.account) == [papers[2], papers[0]]


def test_what_is_about_a_person_goes_with_the_person_whatever_account_they_signed_up_with(anna: cast.Person) -> None:
    more = cast.account(127)
    link(anna.id, more)
    (own,) = consent_list.of_account(more)
    assert (own.subject, own.account) == (anna.customer.subject, anna.account.number)
    linking.unlink(anna.id, anna.account)
    assert consent_list.of_account(anna.account) == []
    shown = consent_list.open_one(own.id)
    assert shown is not None and shown.numbers == [more.number]


def test_every_way_a_consent_ends_has_words() -> None:
    ways = {given.REPLACED, given.UNLINKED, given.CLOSED, given.SOLD, *consents.CHANNELS}
    assert ways == set(consent_list.ENDINGS)


def test_a_cabinet_that_was_kept_after_all_leaves_nothing_to_wind_up(anna: cast.Person) -> None:
    agreeing.withdraw_own(anna.id, "personal-data", "", password=cast.PASSWORD)
    assert consent_list.due().number == 1
    agreeing.agree(anna.id, "personal-data", Agreement(ticked=True), key="again")
    assert consent_list.due().number == 0


def test_what_is_being_wound_up_is_counted_until_it_is_over(papers: list[Consent], at: Callable[[str], Any]) -> None:
    assert (consent_list.due().number, consent_list.due().first) == (1, papers[1].ends_at)
    at("2026-12-21T10:00")
    assert consent_list.due() == (0, None)


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        (CONTACT, "ann***@example.ru"),
        ({"way": "sms", "phone": "+79135550123"}, "+7 *** 01-23"),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_contact_is_shown_in_part(contact: Any, shown: str) -> None:
    assert consent_letters.masked(contact) == shown


# ---- taken away


@pytest.mark.feature("S13")
def test_the_register_proves_each_consent_without_the_portal(papers: list[Consent]) -> None:
    """What an inspector does by hand: digests of the files, words by their hash, rows of the log by theirs."""
    book, rows = opened(taken())
    manifest = json.loads(book.read("manifest.json"))
    sums = dict(reversed(line.split("  ")) for line in book.read("SHA256SUMS").decode().splitlines())
    assert set(sums) == set(book.namelist()) - {"SHA256SUMS"}
    assert all(hashlib.sha256(book.read(name)).hexdigest() == digest for name, digest in sums.items())
    proofs = [json.loads(line) for line in book.read("proofs.jsonl").splitlines()]
    assert all(hashlib.sha256(f"{one['before']}\n{one['text']}".encode()).hexdigest() == one["hash"] for one in proofs)
    assert len(rows) == 3 == manifest["consents"]
    for row in rows:
        words = book.read(f"texts/{row['SHA-256 текста']}.txt")
        assert hashlib.sha256(words).hexdigest() == row["SHA-256 текста"]
        proof = next(
            one
            for one in proofs
            if (str(one["place"]), one["hash"]) == (row["Место записи о согласии"], row["Хеш записи"])
        )
        told = json.loads(proof["text"])
        assert told[4] == "consent.given" and told[5] == row["Чьё"] and told[6]["hash"] == row["SHA-256 текста"]
    gone = next(row for row in rows if row["Закончено"])
    assert gone["Хеш записи об отзыве"] and gone["Способ связи"] == "anna@example.ru"


def test_of_a_paper_the_register_tells_the_day_alone(papers: list[Consent]) -> None:
    _, rows = opened(taken())
    told = {row["Как"]: row["Дано"] for row in rows}
    assert len(told["web"]) == len("2026-11-20 10:00:00")
    assert {len(day) for how, day in told.items() if how != "web"} == {len("2026-11-20")}


def test_the_end_of_the_log_is_one_that_the_portal_still_holds(papers: list[Consent]) -> None:
    place, _, digest = json.loads(opened(taken())[0].read("manifest.json"))["audit_end"].partition(":")
    audit.record("period.closed", "period:2026-10")
    audit_chain.seal_rows()
    assert audit_chain.hash_at(int(place)) == digest


def test_taking_it_is_written_down(papers: list[Consent]) -> None:
    taken()
    row = AuditRow.get(AuditRow.deed == "consents.exported")
    assert row.detail["count"] == 3 and len(row.detail["hash"]) == 64


def test_a_register_that_nobody_touched_is_right(papers: list[Consent]) -> None:
    assert consent_check.complaints(io.BytesIO(taken())) == []


@pytest.mark.parametrize("sums", [False, True], ids=["clumsy", "careful"])
def test_a_changed_proof_is_noticed(papers: list[Consent], sums: bool) -> None:
    body = taken()
    file = changed(body, "proofs.jsonl", lambda text: text.replace(b"personal-data", b"personal-date"), sums=sums)
    assert consent_check.complaints(file)


def test_a_line_or_words_that_were_taken_out_are_noticed(papers: list[Consent]) -> None:
    body = taken()
    assert consent_check.complaints(changed(body, "consents.csv", lambda text: text.replace(b"recording", b"payment")))
    first = b"\r\n".join
    invented = changed(
        body, "consents.csv", lambda text: text + b"99;" + first([text.splitlines()[1].partition(b";")[2].rpartition(b";")[0][:-70], b""]),
        sums=True,
    )  # fmt: skip
    assert consent_check.complaints(invented)


def test_a_log_that_was_changed_since_is_noticed(papers: list[Consent]) -> None:
    body = taken()
    AuditRow.update(hash="0" * 64).where(AuditRow.deed == "consent.given", AuditRow.place > 1).execute()
    assert consent_check.complaints(io.BytesIO(body))


def _other_contact(files: dict[str, bytes]) -> None:
    files["consents.csv"] = files["consents.csv"].replace(b"anna@example.ru", b"evil@example.ru")


def _never_withdrawn(files: dict[str, bytes]) -> None:
    rows = list(csv.reader(io.StringIO(files["consents.csv"].decode("utf-8-sig")), delimiter=";"))
    for row in rows[1:]:
        if row[HEADER.index("Закончено")]:
            for name in HEADER[HEADER.index("Закончено") : HEADER.index("SHA-256 скана отзыва") + 1]:
                row[HEADER.index(name)] = ""
            row[HEADER.index("Состояние")] = "действует"
            row[-2:] = ["", ""]
    made = io.StringIO()
    csv.writer(made, delimiter=";", lineterminator="\r\n").writerows(rows)
    files["consents.csv"] = made.getvalue().encode("utf-8-sig")
    lines = files["proofs.jsonl"].splitlines(keepends=True)
    files["proofs.jsonl"] = b"".join(line for line in lines if b'"deed": "consent.withdrawn"' not in line)


def _a_line_less(files: dict[str, bytes]) -> None:
    files["consents.csv"] = b"".join(files["consents.csv"].splitlines(keepends=True)[:-1])


def _other_words(files: dict[str, bytes]) -> None:
    files[next(name for name in files if name.startswith("texts/"))] += " и ещё".encode()


def _words_of_another(files: dict[str, bytes]) -> None:
    one, other = [name[6:-4].encode() for name in files if name.startswith("texts/")][:2]
    table = files["consents.csv"].replace(one, b"*").replace(other, one)
    files["consents.csv"] = table.replace(b"*", other)


FORGERIES = (_other_contact, _never_withdrawn, _a_line_less, _other_words, _words_of_another)


@pytest.mark.parametrize("is_known", [False, True], ids=["alone", "manifest-in-the-log"])
@pytest.mark.parametrize("forgery", FORGERIES, ids=[one.__name__.strip("_") for one in FORGERIES])
def test_a_forged_register_is_noticed(
    papers: list[Consent], forgery: Callable[[dict[str, bytes]], None], is_known: bool
) -> None:
    """However carefully its sums were made anew, and even if its manifest got into the log."""
    book = zipfile.ZipFile(io.BytesIO(taken()))
    files = {name: book.read(name) for name in book.namelist() if name != "SHA256SUMS"}
    forgery(files)
    manifest = json.loads(files.pop("manifest.json"))
    manifest["files"] = {name: hashlib.sha256(body).hexdigest() for name, body in files.items()}
    files["manifest.json"] = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    if is_known:
        audit.record("consents.exported", "consents", hash=hashlib.sha256(files["manifest.json"]).hexdigest())
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as forged:
        for name, body in files.items():
            forged.writestr(name, body)
    found = consent_check.complaints(made)
    assert (found and any("manifest" in one for one in found) != is_known) or forgery is _a_line_less


def test_a_table_that_was_changed_behind_the_portal_does_not_go_with_its_proofs(papers: list[Consent]) -> None:
    gone = next(one for one in papers if one.withdrawn_at)
    Consent.update(
        withdrawn_at=None, withdrawal_channel="", ends_at=None, contact={"way": "email", "email": "evil@example.ru"}
    ).where(Consent.id == gone.id).execute()
    assert consent_check.complaints(io.BytesIO(taken())) == [
        f"consent {gone.id}: «Способ связи» is not what its proof says",
        f"consent {gone.id}: the log says otherwise of its withdrawal",
    ]


@pytest.mark.parametrize("body", [b"", b"PK", b"nothing of the kind"])
def test_what_is_no_register_is_said_to_be_none(db: Any, body: bytes) -> None:
    assert consent_check.complaints(io.BytesIO(body)) == ["the file is no register of consents"]


def test_a_log_whose_end_was_tampered_with_gives_no_register(papers: list[Consent]) -> None:
    audit_chain.seal_rows()
    AuditRow.update(hash="0" * 64).where(AuditRow.place == audit_chain.end().place).execute()
    with pytest.raises(Refusal, match="не сходится"):
        taken()


def test_more_than_a_page_can_bear_is_for_the_console(papers: list[Consent]) -> None:
    assert taken(most=3)
    with pytest.raises(Refusal, match="сузьте"):
        taken(most=2)


def test_a_register_of_many_goes_in_chunks(
    papers: list[Consent], anna: cast.Person, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_register, "_CHUNK", 2)
    for _ in range(4):
        consents.give(anna.customer.subject, company.consents["payment"], channel="web", account=anna.account.number)
    _, rows = opened(taken())
    assert len(rows) == 7 and len({row["Номер"] for row in rows}) == 7
    assert len({row["Хеш записи"] for row in rows}) == 7
