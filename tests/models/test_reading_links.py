"""Links of bills and letters: a signature names one account and period; nothing else opens anything."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peewee import Database

from models import periods, seal
from models import settings as portal
from models.metering import reading_links
from models.metering.accounts import Account
from tests import cast

HERE = "2026-11"
SHORTEST = 40  # what a code on paper holds easily


@pytest.fixture
def flat(db: Database) -> Account:
    return cast.account(54)


@pytest.mark.feature("M3")
def test_link_names_its_account_and_period(flat: Account) -> None:
    cast.account(55)
    named = reading_links.find(reading_links.token(flat.id, HERE))
    assert named is not None and (named.account.id, named.period) == (flat.id, HERE)


def test_address_is_short_and_tells_nothing(flat: Account) -> None:
    address = reading_links.address("https://kabinet.example", flat.id, HERE)
    head, _, token = address.rpartition("/r/")
    assert head == "https://kabinet.example" and len(token) <= SHORTEST
    assert re.fullmatch(r"[0-9a-f-]+", token) and flat.number not in address and flat.access_code not in address


@pytest.mark.feature("M3")
def test_altered_link_opens_nothing(flat: Account) -> None:
    """Every character changed to every other one of the alphabet, taken away, or doubled."""
    cast.account(55)
    token = reading_links.token(flat.id, HERE)
    forged = set()
    for i, char in enumerate(token):
        forged |= {token[:i] + other + token[i + 1 :] for other in "0123456789abcdef-" if other != char}
        forged |= {token[:i] + token[i + 1 :], token[:i] + char + token[i:], token[:i], token[i:] if i else ""}
    assert [one for one in forged if reading_links.find(one)] == []


@pytest.mark.feature("M3")
def test_other_period_or_account_with_this_signature_opens_nothing(flat: Account) -> None:
    other = cast.account(55)
    signature = reading_links.token(flat.id, HERE).rpartition("-")[2]
    for account in (flat.id, other.id, 0, 10**9):
        for month in periods.span("2026-01", "2027-12"):
            if (account, month) != (flat.id, HERE):
                assert reading_links.find(f"{account:x}-{month[2:4]}{month[5:]}-{signature}") is None


def test_each_link_has_a_signature_of_its_own(flat: Account) -> None:
    links = {
        reading_links.token(account, month) for account in range(1, 30) for month in periods.span("2026-01", "2026-12")
    }
    assert len({link.rpartition("-")[2] for link in links}) == len(links)


@pytest.mark.feature("M3")
def test_other_case_opens_nothing(flat: Account) -> None:
    token = reading_links.token(flat.id, HERE)
    changed = [token.upper(), token[:-1] + token[-1].swapcase(), token.swapcase(), token.title()]
    assert [one for one in changed if one != token and reading_links.find(one)] == []


@pytest.mark.feature("M3")
@pytest.mark.parametrize(
    "junk",
    [
        "",
        "-",
        "--",
        "\u0000",
        "1-2611-",
        "1-2611-" + "0" * 24,
        "a" * 10_000,
        "١-2611-" + "f" * 24,
        "-1-2611-" + "e" * 24,
        "٠" * 24,
    ],
)
def test_junk_opens_nothing(flat: Account, junk: str) -> None:
    assert reading_links.find(junk) is None


HEX = st.text("0123456789abcdef", min_size=24, max_size=24)
SHAPED = st.builds("{:x}-{}-{}".format, st.integers(0, 5), st.text(string.digits, min_size=4, max_size=4), HEX)


@pytest.mark.feature("M3")
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=st.text() | SHAPED | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_fuzz_opens_nothing(flat: Account, token: str) -> None:
    assert reading_links.find(token) is None


@pytest.mark.feature("M3")
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_edits_of_a_true_link_open_nothing(flat: Account, data: st.DataObject) -> None:
    token = reading_links.token(flat.id, HERE)
    start = data.draw(st.integers(0, len(token)))
    end = data.draw(st.integers(start, len(token)))
    edited = token[:start] + data.draw(st.text("0123456789abcdef-ABCDEF \u0430", max_size=6)) + token[end:]
    if edited != token:
        assert reading_links.find(edited) is None


def test_link_of_an_account_that_is_gone(flat: Account) -> None:
    token = reading_links.token(flat.id, HERE)
    flat.delete_instance()
    assert reading_links.find(token) is None


def test_another_secret_makes_other_links_and_an_old_one_still_opens(flat: Account) -> None:
    old = reading_links.token(flat.id, HERE)
    try:
        seal.use("another secret of at least thirty-two characters")
        assert reading_links.token(flat.id, HERE) != old and reading_links.find(old) is None
        seal.use("another secret of at least thirty-two characters", portal.DEMO_SECRET)
        assert reading_links.find(old) is not None
    finally:
        seal.use(portal.DEMO_SECRET)


def test_signature_of_another_purpose_is_none_here(flat: Account) -> None:
    head = f"{flat.id:x}-2611"
    assert reading_links.find(f"{head}-{seal.digest('receipt', head)[:24]}") is None
