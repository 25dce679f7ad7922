"""Signed receipts: the genuine verify, whatever was changed does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from peewee import Database

from models import seal, settings
from models.metering import intake, receipts
from models.metering.readings import Reading, Receipt
from models.metering.receipts import Shown
from tests import cast


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna()


@pytest.fixture
def shown(anna: cast.Person) -> Shown:
    """The receipt of Anna's usual reading."""
    return pass_reading(anna)


def pass_reading(anna: cast.Person, key: str = "k") -> Shown:
    typed = {anna.meter.id: tuple(map(str, cast.USUAL))}
    received = intake.receive(anna.account, typed, channel="web", key=key, customer_id=anna.id)
    return found(receipts.number_of(received.receipt_id))


def found(number: str, account_id: int | None = None) -> Shown:
    shown = receipts.find(number, account_id)
    assert shown is not None
    return shown


@pytest.mark.feature("M8")
def test_genuine_receipt_verifies(shown: Shown) -> None:
    assert receipts.matches_code(found(shown.number), shown.code)


@pytest.mark.feature("S23")
def test_says_number_account_channel_local_time_and_values(anna: cast.Person, shown: Shown) -> None:
    assert shown.number == f"2611-{int(shown.number[5:]):06d}"
    assert (shown.account, shown.channel, shown.received) == (anna.account.number, "web", datetime(2026, 11, 20, 10))
    assert [(line.reading.serial, line.values, line.was_held) for line in shown.lines] == [
        ("87749621", (6440, 2720), False)
    ]


def test_code_is_short_enough_to_type(shown: Shown) -> None:
    assert [len(group) for group in shown.code.split("-")] == [4] * 5
    assert receipts.matches_code(shown, shown.code.lower().replace("-", " "))


@pytest.mark.feature("M8")
def test_any_changed_character_of_the_code(shown: Shown) -> None:
    for place, character in enumerate(shown.code):
        if character != "-":
            other = "0" if character != "0" else "1"
            assert not receipts.matches_code(shown, shown.code[:place] + other + shown.code[place + 1 :])


@pytest.mark.feature("M8")
@pytest.mark.parametrize("code", ["", "0", "-", "0000-0000-0000-0000-0000", "0" * 64, "код", "\x00" * 20, "０" * 20])
def test_no_code(shown: Shown, code: str) -> None:
    assert not receipts.matches_code(shown, code)


@pytest.mark.feature("M8")
def test_part_of_the_code_or_more_than_it(shown: Shown) -> None:
    assert not receipts.matches_code(shown, shown.code[:-1])
    assert not receipts.matches_code(shown, shown.code + "0")


@pytest.mark.feature("M8")
def test_any_changed_digit_of_number_account_values_or_time(shown: Shown) -> None:
    line = shown.lines[0]
    forged = [
        *(shown._replace(number=text) for text in one_digit_changed(shown.number)),
        *(shown._replace(account=text) for text in one_digit_changed(shown.account)),
        *(shown._replace(received=shown.received + timedelta(**{unit: 1})) for unit in ("minutes", "hours", "days")),
        *(
            shown._replace(lines=[line._replace(values=(*line.values[:i], int(text), *line.values[i + 1 :]))])
            for i in range(2)
            for text in one_digit_changed(str(line.values[i]))
        ),
        shown._replace(lines=[line._replace(values=line.values[::-1])]),
        shown._replace(lines=[]),
        shown._replace(lines=[line, line]),
    ]
    assert len(forged) > 30
    assert not [one for one in forged if receipts.matches_code(one, shown.code)]


def one_digit_changed(text: str) -> list[str]:
    return [text[:i] + str((int(digit) + 1) % 10) + text[i + 1 :] for i, digit in enumerate(text) if digit.isdigit()]


@pytest.mark.feature("M8")
@pytest.mark.parametrize("change", [{"t1": 6439}, {"t2": 2721}])
def test_value_altered_in_the_database(shown: Shown, change: dict[str, int]) -> None:
    Reading.update(change).where(Reading.id == shown.lines[0].reading.id).execute()
    assert not receipts.matches_code(found(shown.number), shown.code)


@pytest.mark.feature("M8")
def test_time_altered_in_the_database(shown: Shown) -> None:
    Receipt.update(received_at=datetime(2026, 11, 19, 3)).execute()
    assert not receipts.matches_code(found(shown.number), shown.code)


@pytest.mark.feature("M8")
def test_reading_gone_from_the_database(shown: Shown) -> None:
    Reading.delete().where(Reading.id == shown.lines[0].reading.id).execute()
    assert not receipts.matches_code(found(shown.number), shown.code)


@pytest.mark.feature("M8")
def test_code_of_another_receipt(anna: cast.Person, shown: Shown, at: Callable[[str], datetime]) -> None:
    at("2026-12-20T10:00")
    typed = {anna.meter.id: ("6560", "2780")}
    later = intake.receive(anna.account, typed, channel="web", key="next")
    assert not receipts.matches_code(found(receipts.number_of(later.receipt_id)), shown.code)


@pytest.mark.feature("M8")
def test_old_secret_still_verifies(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "_keys", (b"a new secret, long and random enough", settings.DEMO_SECRET.encode()))
    again = found(shown.number)
    assert again.code != shown.code
    assert receipts.matches_code(again, shown.code)


@pytest.mark.feature("M8")
def test_forgotten_secret_does_not(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "_keys", (b"a new secret, long and random enough",))
    assert not receipts.matches_code(found(shown.number), shown.code)


@pytest.mark.feature("M8")
def test_replaced_reading_keeps_its_receipt(anna: cast.Person, shown: Shown) -> None:
    typed = {anna.meter.id: ("6450", "2725")}
    intake.receive(anna.account, typed, channel="web", key="again")
    assert receipts.matches_code(found(shown.number), shown.code)


def test_receipt_of_somebody_else_is_not_found(anna: cast.Person, shown: Shown) -> None:
    assert receipts.find(shown.number, anna.account.id)
    assert receipts.find(shown.number, cast.vera().account.id) is None


@pytest.mark.parametrize(
    "number",
    ["", "-", "2611-", "2611", "2610-{0:06d}", "2611-{0}", "2611-{0:07d}", "2611-{0:06d} ", "2611-９", "2611--1", "2611-" + "9" * 15,
     "2611-" + "9" * 400, "2611-00000\x00", "\x00-{0:06d}"],
)  # fmt: skip
def test_number_that_is_none(shown: Shown, number: str) -> None:
    assert receipts.find(number.format(int(shown.number[5:]))) is None


def test_number_carries_the_local_month(anna: cast.Person, at: Callable[[str], datetime]) -> None:
    at("2026-12-06T00:30")
    assert pass_reading(anna).number.startswith("2612-")
    assert receipts.number(7, datetime(2026, 11, 30, 17, 30)) == "2612-000007"


def test_held_reading_is_told_as_such(anna: cast.Person) -> None:
    typed = {anna.meter.id: ("6319", "2720")}
    received = intake.receive(anna.account, typed, channel="web", key="k", confirmed=True)
    assert found(receipts.number_of(received.receipt_id)).lines[0].was_held
