"""Accounts: who holds them, which is primary, and the secret that proves it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest
from peewee import Database

from models import audit
from models.audit import AuditRow
from models.base import Refusal
from models.company import Company
from models.metering import accounts, proof
from models.metering.accounts import Account, Holding
from models.metering.proof import proven
from models.outbox import Message
from tests import cast
from tests.crowd import at_once


@pytest.fixture
def anna(db: Database) -> cast.Person:
    return cast.anna()


def numbers(who: cast.Person) -> list[str]:
    return [row.number for row in accounts.held_by(customer=who.id)]


# ---- holding


@pytest.mark.feature("S6")
def test_linked_account_is_held(anna: cast.Person) -> None:
    more = cast.account(75)
    accounts.link(anna.id, more)
    assert numbers(anna) == [anna.account.number, more.number]


def test_linking_twice_changes_nothing(anna: cast.Person) -> None:
    rows = AuditRow.select().count()
    assert accounts.link(anna.id, anna.account).account_id == anna.account.id
    assert (Holding.select().count(), AuditRow.select().count()) == (1, rows)


def test_family_holds_one_account_together(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    assert anna.account.number in numbers(boris)
    accounts.unlink(anna.id, anna.account)
    assert numbers(anna) == []
    assert anna.account.number in numbers(boris)


@pytest.mark.feature("S9")
@pytest.mark.company("kaluga")
def test_one_primary_and_five_additional(anna: cast.Person) -> None:
    for n in range(5):
        accounts.link(anna.id, cast.account(200 + n))
    with pytest.raises(Refusal, match="Привязано уже 6\u00a0счетов") as caught:
        accounts.link(anna.id, cast.account(300))
    assert caught.value.problems[0].field == "account"
    assert len(numbers(anna)) == 6


def test_room_again_after_unlinking(anna: cast.Person, company: Company) -> None:
    for n in range(company.accounts_limit - 1):
        accounts.link(anna.id, cast.account(200 + n))
    accounts.unlink(anna.id, anna.account)
    assert accounts.link(anna.id, cast.account(300))


@pytest.mark.company("kaluga")
def test_limit_holds_when_many_link_at_once(anna: cast.Person) -> None:
    more = [cast.account(200 + n) for n in range(12)]
    at_once(12, lambda i: accounts.link(anna.id, more[i]))
    assert len(numbers(anna)) == 6


def test_linking_the_same_at_once_is_one_holding(anna: cast.Person) -> None:
    more = cast.account(75)
    done = at_once(10, lambda i: accounts.link(anna.id, more))
    assert len({holding.id for holding in done}) == 1


def test_first_account_is_primary_the_next_are_not(anna: cast.Person) -> None:
    more = cast.account(75)
    assert accounts.link(anna.id, more).primary_since is None
    assert numbers(anna)[0] == anna.account.number


def test_made_primary_comes_first(anna: cast.Person, at: Callable[[str], datetime]) -> None:
    more = cast.account(75)
    accounts.link(anna.id, more)
    at("2026-11-20T10:01")
    accounts.make_primary(anna.id, more)
    assert numbers(anna) == [more.number, anna.account.number]


def test_removing_the_primary_keeps_the_others(anna: cast.Person) -> None:
    older, newer = cast.account(75), cast.account(76)
    accounts.link(anna.id, older)
    accounts.link(anna.id, newer)
    accounts.unlink(anna.id, anna.account)
    assert numbers(anna) == [older.number, newer.number]


def test_linked_again_after_unlinking_is_a_new_fact(anna: cast.Person) -> None:
    accounts.unlink(anna.id, anna.account)
    accounts.link(anna.id, anna.account)
    assert [(row.until is None) for row in Holding.select().order_by(Holding.id)] == [False, True]


def letters() -> list[tuple[str, str]]:
    return [(row.letter, row.to) for row in Message.select().order_by(Message.id)]


def test_holders_learn_that_one_more_person_sees_the_account(anna: cast.Person) -> None:
    cast.boris(anna)
    assert letters() == [("one_more_holder", "anna@example.ru")]
    accounts.link(cast.vera().id, anna.account)
    assert letters()[1:] == [("one_more_holder", "anna@example.ru"), ("one_more_holder", "boris@example.ru")]


def test_nobody_learns_of_a_link_that_was_there_or_of_an_account_nobody_holds(anna: cast.Person) -> None:
    accounts.link(anna.id, anna.account)
    accounts.link(anna.id, cast.account(75))
    assert letters() == []


def test_who_has_unlinked_learns_nothing(anna: cast.Person) -> None:
    accounts.unlink(anna.id, anna.account)
    accounts.link(cast.vera().id, anna.account)
    assert letters() == []


def test_nobody_unlinks_for_somebody_else(anna: cast.Person) -> None:
    accounts.unlink(cast.vera().id, anna.account)
    assert numbers(anna) == [anna.account.number]


def test_nobody_makes_primary_what_is_not_theirs(anna: cast.Person) -> None:
    vera = cast.vera()
    accounts.make_primary(vera.id, anna.account)
    assert numbers(vera) == [vera.account.number]


def test_each_change_is_in_the_audit(anna: cast.Person) -> None:
    accounts.make_primary(anna.id, anna.account)
    with audit.acting("customer:1", "192.0.2.7"):
        accounts.unlink(anna.id, anna.account)
        accounts.unlink(anna.id, anna.account)
    rows = AuditRow.select().where(AuditRow.subject == f"account:{anna.account.number}").order_by(AuditRow.id)
    assert [row.deed for row in rows] == ["account.linked", "account.made_primary", "account.unlinked"]
    assert (rows[-1].who, rows[-1].ip) == ("customer:1", "192.0.2.7")


def test_only_ones_own_account_is_found_by_number(anna: cast.Person) -> None:
    vera = cast.vera()
    assert accounts.one_of(anna.id, anna.account.number).id == anna.account.id
    assert accounts.one_of(vera.id, anna.account.number) is None
    assert list(Account.of(vera.id)) == [vera.account]


@pytest.mark.parametrize("number", ["", "24101000005", "9" * 400, "' OR 1=1 --"])
def test_number_that_is_none_is_not_found(anna: cast.Person, number: str) -> None:
    assert accounts.one_of(anna.id, number) is None


def test_unlinked_account_is_not_found_from_that_moment(anna: cast.Person) -> None:
    accounts.unlink(anna.id, anna.account)
    assert accounts.one_of(anna.id, anna.account.number) is None


def test_sign_in_by_number_is_for_those_whose_primary_it_is(anna: cast.Person) -> None:
    boris = cast.boris(anna)
    assert [one.id for one in accounts.primary_holders(anna.account.number, 3)] == [anna.id]
    assert [one.id for one in accounts.primary_holders(boris.account.number, 3)] == [boris.id]
    assert accounts.primary_holders(cast.number(99999), 3) == []


@pytest.mark.parametrize(
    ("closed", "day", "is_open"),
    [
        (None, date(2026, 11, 20), True),
        (None, date(2012, 4, 1), False),
        (date(2026, 11, 20), date(2026, 11, 20), True),
        (date(2026, 11, 19), date(2026, 11, 20), False),
    ],
)
def test_open_from_the_first_day_to_the_last(anna: cast.Person, closed: date | None, day: date, is_open: bool) -> None:
    anna.account.closed = closed
    assert accounts.is_open(anna.account, day) == is_open


def test_address_and_holder(anna: cast.Person) -> None:
    assert accounts.full_address(anna.account) == "г. Красноярск, ул. Садовая, 33, кв.\u00a091"
    assert accounts.holder(anna.account) == "Иванова Анна Сергеевна"


@pytest.mark.parametrize(
    ("name", "shown"), [("Иванова Анна Сергеевна", "И*** Анна Сергеевна"), ("Ли", "Л***"), ("", "***")]
)
def test_name_is_masked(name: str, shown: str) -> None:
    assert accounts.masked(name) == shown


def test_house_has_no_flat(db: Database) -> None:
    vera = cast.vera()
    assert (vera.account.address, accounts.holder(vera.account)) == ("ул. Садовая, 33", "Седых Вера")


# ---- proof


@pytest.mark.parametrize("secret", [cast.SECRET, " 96 21 ", "16359559", "1635 9559"])
def test_meters_last_four_or_the_access_code(anna: cast.Person, secret: str) -> None:
    assert proven(anna.account.number, secret).id == anna.account.id


def test_letters_of_any_case(anna: cast.Person) -> None:
    cast.hang(anna.account, "АБ12вг")
    assert proven(anna.account.number, "12ВГ") == proven(anna.account.number, "12вг")


@pytest.mark.parametrize("secret", ["", " ", "9622", "621", "87749621", "1635", "\x00", "９６２１", "\u202e9621"])
def test_wrong_secret(anna: cast.Person, secret: str) -> None:
    assert told(anna.account.number, secret).problems[0].rule == "account.secret"


def test_known_and_unknown_account_are_told_the_same(anna: cast.Person) -> None:
    assert told(anna.account.number, "0000").problems == told(cast.number(99999), "0000").problems


def test_secret_of_another_account(anna: cast.Person) -> None:
    assert told(cast.vera().account.number, cast.SECRET).problems[0].rule == "account.secret"


def test_meter_that_was_taken_down_proves_nothing(anna: cast.Person) -> None:
    cast.hang(anna.account, "11113333", removed="2026-01-01", final=(1,))
    assert told(anna.account.number, "3333").problems[0].rule == "account.secret"


def test_closed_account_cannot_be_proven(anna: cast.Person) -> None:
    Account.update(closed=date(2026, 11, 1)).execute()
    assert told(anna.account.number, cast.SECRET).problems[0].rule == "account.secret"


@pytest.mark.parametrize("number", ["", "12", "24101000005", "\x00", "24101000005x", "9" * 10_000])
def test_what_is_no_number_says_what_one_looks_like(anna: cast.Person, number: str) -> None:
    problem = told(number, cast.SECRET).problems[0]
    assert (problem.field, problem.rule) == ("account", "account.shape")
    assert "240124680135" in problem.text


# ---- guesses


def guess(number: str, times: int, secret: str = "0000") -> None:
    """A wrong secret, each time from another address: nobody's own limit is reached."""
    for n in range(times):
        with audit.acting("guest", f"198.51.100.{n}"):
            assert told(number, secret).problems[0].rule == "account.secret"


def test_tries_of_one_customer_are_limited(anna: cast.Person) -> None:
    with audit.acting("customer:7", "192.0.2.7"):
        for _ in range(10):
            assert told(anna.account.number, "00000").problems[0].rule == "account.secret"
        assert told(anna.account.number, cast.SECRET).problems[0].rule == "limit.secret.actor"


def test_tries_of_one_customer_are_limited_for_an_hour(anna: cast.Person, at: Callable[[str], datetime]) -> None:
    for _ in range(11):
        told(anna.account.number, "00000")
    at("2026-11-20T11:00")
    assert proven(anna.account.number, cast.SECRET)


def test_strangers_tries_leave_the_holder_hers(anna: cast.Person) -> None:
    with audit.acting("customer:7", "192.0.2.7"):
        for _ in range(11):
            told(anna.account.number, "0000")
    with audit.acting(f"customer:{anna.id}", "192.0.2.8"):
        assert proven(anna.account.number, cast.SECRET)


def test_tails_of_one_account_are_guessed_at_twenty_times_a_day(anna: cast.Person) -> None:
    guess(anna.account.number, 20)
    assert told(anna.account.number, cast.SECRET).problems[0].rule == "account.secret"


def test_nineteen_guesses_leave_the_tail(anna: cast.Person) -> None:
    guess(anna.account.number, 19)
    assert proven(anna.account.number, cast.SECRET)


def test_right_tail_is_no_guess(anna: cast.Person) -> None:
    for n in range(25):
        with audit.acting(f"customer:{n}", f"198.51.100.{n}"):
            assert proven(anna.account.number, cast.SECRET)


def test_holder_of_the_access_code_is_never_locked_out(anna: cast.Person) -> None:
    guess(anna.account.number, 40)
    assert proven(anna.account.number, anna.account.access_code)


def test_right_tail_past_the_budget_gives_nothing_back(anna: cast.Person) -> None:
    guess(anna.account.number, 20)
    guess(anna.account.number, 5, cast.SECRET)
    assert told(anna.account.number, cast.SECRET).problems[0].rule == "account.secret"


def test_tail_opens_again_the_next_day(anna: cast.Person, at: Callable[[str], datetime]) -> None:
    guess(anna.account.number, 40)
    at("2026-11-21T10:00")
    assert proven(anna.account.number, cast.SECRET)


def test_tails_of_other_accounts_still_open(anna: cast.Person) -> None:
    guess(anna.account.number, 40)
    assert proven(cast.vera().account.number, "8549")


def test_wrong_access_codes_leave_the_tail(anna: cast.Person) -> None:
    guess(anna.account.number, 40, "16359558")
    assert proven(anna.account.number, cast.SECRET)


def test_once_all_guesses_of_a_day_are_made_no_tail_opens(anna: cast.Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "TAILS_OF_ALL", 30)
    for n in range(30):
        guess(cast.number(1000 + n), 1)
    vera = cast.vera().account
    assert told(vera.number, "8549").problems[0].rule == "account.secret"
    assert proven(vera.number, vera.access_code)


def test_guesses_made_at_once_count_each(anna: cast.Person) -> None:
    def wrong(i: int) -> Refusal:
        with audit.acting("guest", f"198.51.100.{i}"):
            return told(anna.account.number, "0000")

    assert all(isinstance(one, Refusal) for one in at_once(20, wrong))
    assert told(anna.account.number, cast.SECRET).problems[0].rule == "account.secret"


def test_without_an_address_no_limit_of_addresses(anna: cast.Person) -> None:
    with audit.acting("customer:7"):
        for n in range(60):
            assert told(cast.number(1000 + n), "00000").problems[0].rule == "account.secret"
        assert proven(anna.account.number, cast.SECRET)


def test_guesses_from_one_address_are_limited(anna: cast.Person) -> None:
    with audit.acting("guest", "192.0.2.7"):
        for n in range(50):
            assert told(cast.number(1000 + n), "0000").problems[0].rule == "account.secret"
        assert told(anna.account.number, cast.SECRET).problems[0].rule == "limit.secret.address"
    with audit.acting("guest", "192.0.2.8"):
        assert proven(anna.account.number, cast.SECRET)


def told(number: str, secret: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        proven(number, secret)
    return caught.value
