"""The chain through the audit log: whatever is done to a sealed row is found, and sealing harms nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from peewee import Database

from models import audit, audit_chain, base, clock, doctor, seal
from models.audit import AuditRow
from models.audit_chain import AuditSeal
from tests.crowd import at_once
from tests.engines import Engine

SECRET = "another-secret-that-is-long-enough"


def write(count: int, start: int = 0) -> None:
    with audit.acting("customer:1", "192.0.2.7"):
        for i in range(start, start + count):
            audit.record("test", f"account:{i}", words="ё ж \u2028", nested={"b": [1, 2.5, None], "a": True})


@pytest.fixture
def sealed(db: Database) -> list[AuditRow]:
    """Ten rows in three batches, sealed."""
    for start, count in ((0, 4), (4, 3), (7, 3)):
        write(count, start)
        assert audit_chain.seal_rows() == count
    assert audit_chain.verify() == []
    return list(AuditRow.select().order_by(AuditRow.id))


def told() -> str:
    return "\n".join(audit_chain.verify())


def test_rows_get_places_in_the_order_of_their_numbers(sealed: list[AuditRow]) -> None:
    assert [row.place for row in sealed] == list(range(1, 11))
    assert len({row.hash for row in sealed}) == 10
    assert [one.place for one in AuditSeal.select().order_by(AuditSeal.id)] == [4, 7, 10]


def test_second_sealing_does_nothing(sealed: list[AuditRow]) -> None:
    assert audit_chain.seal_rows() == 0
    assert AuditSeal.select().count() == 3


def test_empty_log_is_well(db: Database) -> None:
    assert audit_chain.seal_rows() == 0
    assert audit_chain.verify() == []
    assert audit_chain.end() == (0, audit_chain.ORIGIN)


def test_batches_join_into_one_chain(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "BATCH", 3)
    monkeypatch.setattr(audit_chain, "_CHUNK", 2)
    write(8)
    seen: list[int] = []
    assert audit_chain.seal_rows() == 8
    assert audit_chain.verify(seen.append) == []
    assert (sum(seen), AuditSeal.select().count()) == (8, 3)


def test_row_committed_late_with_a_lower_number_comes_next(db: Database) -> None:
    write(3)
    AuditRow.update(id=100).where(AuditRow.subject == "account:0").execute()
    audit_chain.seal_rows()
    AuditRow.insert(
        id=50, at=clock.now(), who="system", ip="", deed="late", subject="account:9", detail={}
    ).execute()  # fmt: skip
    assert audit_chain.seal_rows() == 1
    assert AuditRow.get_by_id(50).place == 4
    assert audit_chain.verify() == []


# ---- what somebody does who can write into the tables


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", datetime(2026, 11, 1)),
        ("who", "system"),
        ("ip", "192.0.2.8"),
        ("deed", "other"),
        ("subject", "account:77"),
        ("detail", {"words": "другие"}),
        ("hash", "f" * 64),
    ],
)
@pytest.mark.parametrize("place", [1, 5, 10])
def test_changed_cell_is_found(sealed: list[AuditRow], column: str, value: Any, place: int) -> None:
    AuditRow.update({column: value}).where(AuditRow.place == place).execute()
    assert f"place {place} is not" in told() or f"at place {place} is not" in told()


def test_detail_that_is_no_json_is_found(sealed: list[AuditRow], engine: Engine) -> None:
    if engine.name == "sqlite":
        base.database.execute_sql("UPDATE audit SET detail = '{', at = 'вчера' WHERE place = 5")
        assert "place 5 is not what was sealed" in told()


@pytest.mark.parametrize("place", [1, 5, 10])
def test_removed_row_is_found(sealed: list[AuditRow], place: int) -> None:
    AuditRow.delete().where(AuditRow.place == place).execute()
    assert f"from place {place} to {place} are missing" in told()


def test_end_cut_off_is_found(sealed: list[AuditRow]) -> None:
    AuditRow.delete().where(AuditRow.place > 5).execute()
    assert "from place 6 to 10 are missing at the end" in told()


def test_row_without_its_place_is_found(sealed: list[AuditRow]) -> None:
    AuditRow.update(place=None, hash=None).where(AuditRow.place == 5).execute()
    assert "from place 5 to 5 are missing" in told()


def test_two_rows_that_changed_places_are_found(sealed: list[AuditRow]) -> None:
    AuditRow.update(place=99).where(AuditRow.place == 4).execute()
    AuditRow.update(place=4).where(AuditRow.place == 6).execute()
    AuditRow.update(place=6).where(AuditRow.place == 99).execute()
    assert "place 4 is not what was sealed" in told() and "place 6 is not what was sealed" in told()


def test_two_rows_that_changed_contents_are_found(sealed: list[AuditRow]) -> None:
    AuditRow.update(subject="account:5").where(AuditRow.place == 4).execute()
    AuditRow.update(subject="account:3").where(AuditRow.place == 6).execute()
    assert told().count("is not what was sealed") == 2


def test_row_forged_behind_the_end_is_found(sealed: list[AuditRow]) -> None:
    forge(11)
    assert "from place 11 to 11 were added behind the newest seal" in told()


def test_row_forged_in_the_middle_with_everything_after_it_hashed_anew_is_found(sealed: list[AuditRow]) -> None:
    AuditRow.update(who="customer:2").where(AuditRow.place == 5).execute()
    hash_anew()
    assert "the hash at place 7 is not the one that was sealed" in told()


def test_seals_written_by_somebody_without_the_secret_are_found(sealed: list[AuditRow]) -> None:
    AuditRow.update(who="customer:2").where(AuditRow.place == 5).execute()
    hash_anew()
    for one in AuditSeal.select():
        AuditSeal.update(hash=audit_chain.hash_at(one.place)).where(AuditSeal.id == one.id).execute()
    assert "not made under a known secret" in told()


def test_last_row_replaced_without_the_secret_is_found(sealed: list[AuditRow]) -> None:
    AuditRow.delete().where(AuditRow.place == 10).execute()
    forge(10)
    assert "the hash at place 10 is not the one that was sealed" in told()


def test_all_seals_removed_is_found(sealed: list[AuditRow]) -> None:
    AuditSeal.delete().execute()
    assert "there is no seal" in told()


def test_row_before_the_first_is_found(sealed: list[AuditRow]) -> None:
    forge(0)
    assert "before the first" in told()


def test_many_faults_are_told_briefly(sealed: list[AuditRow], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "MOST_TOLD", 3)
    AuditRow.update(who="customer:2").execute()
    assert audit_chain.verify()[3:] == ["audit: and 7 more"]


def test_end_that_was_tampered_with_is_not_sealed_over(sealed: list[AuditRow]) -> None:
    forge(11)
    write(1, 11)
    with pytest.raises(audit_chain.Broken, match="the newest seal is of place 10"):
        audit_chain.seal_rows()
    assert AuditSeal.select().count() == 3


def test_after_an_examination_the_chain_goes_on_and_says_so(sealed: list[AuditRow]) -> None:
    AuditRow.delete().where(AuditRow.place == 10).execute()
    assert audit_chain.seal_rows(anew=True) == 1
    row = AuditRow.get(AuditRow.deed == "audit.sealed_anew")
    assert (row.place, row.detail) == (10, {"was": 10, "now": 9})
    assert "the hash at place 10 is not the one that was sealed" in told()  # for ever: it did happen


def forge(place: int) -> None:
    """A row as the portal would have written it, by somebody who knows everything but the secret."""
    row = AuditRow.create(who="customer:1", deed="forged", subject="account:1", place=place)
    (link,) = audit_chain._links("place = ?", "place", place, 1)
    AuditRow.update(hash=link.hash_after(audit_chain.hash_at(place - 1) or audit_chain.ORIGIN)).where(
        AuditRow.id == row.id
    ).execute()


def hash_anew() -> None:
    previous = audit_chain.ORIGIN
    for link in audit_chain._links("place > ?", "place", 0, 1000):
        previous = link.hash_after(previous)
        AuditRow.update(hash=previous).where(AuditRow.id == link.id).execute()


# ---- the secret changes


@pytest.fixture
def other_secret(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    before = seal._keys[0].decode()
    monkeypatch.setattr(seal, "_keys", seal._keys)
    return lambda *, keep: seal.use(SECRET, *([before] if keep else []))


def test_seal_under_an_old_secret_holds_and_is_renewed(
    sealed: list[AuditRow], other_secret: Callable[..., None]
) -> None:
    other_secret(keep=True)
    assert audit_chain.verify() == []
    audit_chain.seal_rows()
    seal.use(SECRET)
    assert audit_chain.verify() == []


def test_lost_secret_is_told_and_needs_a_decision(sealed: list[AuditRow], other_secret: Callable[..., None]) -> None:
    other_secret(keep=False)
    assert "not made under a known secret" in told()
    with pytest.raises(audit_chain.Broken):
        audit_chain.seal_rows()
    audit_chain.seal_rows(anew=True)
    assert audit_chain.verify() == []


# ---- the sealer


def test_sealer_that_does_not_run_is_told(db: Database) -> None:
    write(2)
    assert audit_chain.unsealed() == []
    clock.freeze(clock.now() + timedelta(minutes=11))
    write(1, 2)
    (complaint,) = audit_chain.unsealed()
    assert complaint.startswith("audit: 2 rows wait for their seal; start the worker")
    assert doctor.standing_still() == audit_chain.examine() == [complaint]
    assert doctor.complaints() == []  # nothing is wrong with the data
    audit_chain.seal_rows()
    assert doctor.standing_still() == []


def test_doctor_tells_of_a_changed_row(sealed: list[AuditRow]) -> None:
    AuditRow.update(who="customer:2").where(AuditRow.place == 5).execute()
    assert doctor.complaints() == [f"audit: row {sealed[4].id} at place 5 is not what was sealed"]


def test_sealer_killed_between_batches_goes_on(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "BATCH", 2)
    write(7)
    put, count = audit_chain._put_seal, 0

    def dying(last: audit_chain.End) -> None:
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        put(last)

    monkeypatch.setattr(audit_chain, "_put_seal", dying)
    with pytest.raises(KeyboardInterrupt):
        audit_chain.seal_rows()
    assert audit_chain.end().place == 4 and audit_chain.verify() == []
    monkeypatch.setattr(audit_chain, "_put_seal", put)
    assert audit_chain.seal_rows() == 3
    assert audit_chain.verify() == []


def test_many_sealers_and_writers_at_once(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "BATCH", 7)
    writing = threading.Event()

    def work(i: int) -> None:
        if i < 4:
            for n in range(25):
                with base.database.atomic():
                    audit.record("test", f"account:{i}-{n}")
        else:
            while not writing.wait(0.005):
                audit_chain.seal_rows()

    def watch(i: int) -> None:
        if i < 8:
            work(i)
            if i < 4:
                done.append(i)
            return
        while len(done) < 4:
            threading.Event().wait(0.01)
        writing.set()

    done: list[int] = []
    assert [one for one in at_once(9, watch) if one] == []
    audit_chain.seal_rows()
    assert audit_chain.verify() == []
    assert audit_chain.end().place == 100


def test_writing_waits_for_no_sealer(db: Database, engine: Engine) -> None:
    """On Postgres a deed that is not committed yet holds up neither the sealer nor another deed."""
    if engine.name == "sqlite":
        pytest.skip("SQLite has one writer")
    written, sealed_up = threading.Event(), threading.Event()

    def work(i: int) -> int:
        if i == 0:
            with base.database.atomic():
                audit.record("test", "slow")
                written.set()
                assert sealed_up.wait(10)
            return 0
        assert written.wait(10)
        audit.record("test", "quick")
        count = audit_chain.seal_rows()
        sealed_up.set()
        return count

    assert at_once(2, work) == [0, 1]
    assert audit_chain.seal_rows() == 1
    assert AuditRow.get(AuditRow.subject == "slow").place == 2
    assert audit_chain.verify() == []


def test_examination_writes_itself_into_the_log(sealed: list[AuditRow]) -> None:
    AuditRow.update(who="customer:2").where(AuditRow.place == 5).execute()
    assert len(audit_chain.examine()) == 1
    row = AuditRow.get(AuditRow.deed == audit_chain.VERIFIED)
    assert (row.detail["rows"], row.detail["complaints"]) == (10, 1)


@pytest.mark.parametrize("count", [20_000])
def test_twenty_thousand_rows_are_sealed_and_verified(db: Database, count: int) -> None:
    lines = [
        {
            "at": clock.now(),
            "who": "customer:1",
            "ip": "",
            "deed": "test",
            "subject": f"account:{i}",
            "detail": {"i": i},
        }
        for i in range(count)
    ]
    base.insert_rows(AuditRow, lines)
    assert audit_chain.seal_rows() == count
    assert audit_chain.verify() == []
    AuditRow.update(subject="account:1").where(AuditRow.place == 17_777).execute()
    assert "place 17777 is not what was sealed" in told()
