"""Sign-up: an application, a letter, an activation; nothing tells whether a customer exists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import pytest
from peewee import Database

from models import audit, seal, tokens
from models import company as companies
from models.audit import AuditRow
from models.base import Refusal
from models.company import Company
from models.consents import Consent, ConsentText
from models.entrance import sign_up
from models.entrance.sign_up import Application
from models.metering import accounts
from models.outbox import Message
from models.people import passwords
from models.people.customers import Customer
from models.tokens import Token
from tests import cast
from tests.crowd import at_once

NEW = "nina@example.ru"
GOOD = "трава-у-дома"
TYPED = {
    "email": NEW, "password": GOOD, "password_again": GOOD, "phone": "8 (913) 555-01-23", "account": "", "secret": "", "consented": True,
}  # fmt: skip


def apply(**typed: Any) -> str:
    return sign_up.apply(Application(**{**TYPED, **typed}))


def letter() -> Message:
    return Message.newest(1).get()


def token(message: Message | None = None) -> Token:
    """What the link of the letter opens."""
    found = tokens.find(sign_up.PURPOSE, (message or letter()).secrets["token"])
    assert found is not None
    return found


def refusal(**typed: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        apply(**typed)
    return caught.value


# ---- the application


@pytest.mark.feature("S6")
def test_letter_with_link_and_code_goes_to_the_address(db: Database) -> None:
    apply()
    message = letter()
    assert (message.letter, message.to, message.kind, message.state) == ("activate", NEW, "email", "waiting")
    assert (
        len(message.secrets["token"]) > 40 and message.secrets["code"].isdigit() and len(message.secrets["code"]) == 6
    )


def test_no_customer_before_the_address_is_confirmed(db: Database) -> None:
    apply()
    assert not Customer.select().exists() and not Consent.select().exists()


def test_address_is_written_one_way(db: Database) -> None:
    apply(email="  Nina@Example.RU ")
    assert letter().to == NEW


@pytest.mark.feature("S4")
def test_all_that_is_wrong_is_told_at_once(db: Database) -> None:
    problems = refusal(email="nina", password="123", password_again="124", phone="12", consented=False).problems
    assert [problem.field for problem in problems] == ["email", "phone", "password", "password_again", "consent"]
    assert not Message.select().exists()


@pytest.mark.feature("S4")
@pytest.mark.parametrize(
    ("typed", "field", "rule"),
    [
        ({"email": ""}, "email", "email.shape"),
        ({"email": "nina@"}, "email", "email.shape"),
        ({"email": "nina@example.ru\r\nBcc: all@example.ru"}, "email", "email.shape"),
        ({"email": "nina\x00@example.ru"}, "email", "email.shape"),
        ({"phone": "+1 212 555 0123"}, "phone", "phone.shape"),
        ({"phone": "\x00"}, "phone", "phone.shape"),
        ({"password": "корова", "password_again": "корова"}, "password", "password.short"),
        ({"password": NEW, "password_again": NEW}, "password", "password.own"),
        ({"password_again": "трава-у-дама"}, "password_again", "password.again"),
        ({"consented": False}, "consent", "consent.missing"),
    ],
)
def test_one_thing_wrong(db: Database, typed: dict[str, Any], field: str, rule: str) -> None:
    problems = refusal(**typed).problems
    assert [(problem.field, problem.rule) for problem in problems] == [(field, rule)]


def test_phone_may_be_left_out(db: Database) -> None:
    apply(phone=" ")
    assert token().data["phone"] == ""


@pytest.mark.company("irkutsk")
def test_phone_is_wanted_where_it_is_the_key_for_the_bot(db: Database) -> None:
    assert refusal(phone="").problems[0].field == "phone"


def test_password_lies_nowhere_as_typed(db: Database) -> None:
    apply()
    assert GOOD not in str([row.__data__ for table in (Token, Message, AuditRow) for row in table.select()])


def test_code_and_link_lie_nowhere_in_the_tokens(db: Database) -> None:
    apply()
    row, secrets = str(Token.get().__data__), letter().secrets
    assert secrets["token"] not in row and secrets["code"] not in row


# ---- nothing tells whether a customer exists


def test_known_address_gets_one_letter_too(db: Database) -> None:
    anna = cast.anna(history=False)
    apply(email=anna.customer.email)
    assert [(message.letter, message.to) for message in Message.select()] == [("known", anna.customer.email)]
    assert not Token.select().where(Token.purpose == sign_up.PURPOSE).exists()


def test_answer_is_the_same_for_a_known_address(db: Database) -> None:
    anna = cast.anna(history=False)
    known, unknown = apply(email=anna.customer.email), apply()
    assert type(known) is type(unknown) is str
    assert len(known) == len(unknown)
    assert tokens.find_by_code(sign_up.PURPOSE, known, "000000") is None


def test_both_cost_one_hash_and_one_letter(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = cast.anna(history=False)
    costs = []
    hashed = sign_up.hashed
    monkeypatch.setattr(sign_up, "hashed", lambda password: costs.append("hash") or hashed(password))
    for email in (anna.customer.email, NEW):
        apply(email=email)
        costs.append(Message.select().count())
    assert costs == ["hash", 1, "hash", 2]


def test_letters_to_one_address_are_limited_known_or_not(db: Database) -> None:
    anna = cast.anna(history=False)
    for email in (anna.customer.email, NEW):
        for _ in range(5):
            apply(email=email)
        assert refusal(email=email).problems[0].rule == "limit.sign_up.email"


def test_applications_from_one_address_are_limited(db: Database) -> None:
    with audit.acting("guest", "192.0.2.7"):
        for n in range(60):
            apply(email=f"n{n}@example.ru")
        assert refusal(email="n60@example.ru").problems[0].rule == "limit.sign_up.address"
    apply(email="n60@example.ru")


# ---- the activation


@pytest.mark.feature("S5")
def test_link_makes_the_customer(db: Database) -> None:
    apply()
    customer = sign_up.activate(token())
    assert (customer.email, customer.phone) == (NEW, "+79135550123")
    assert passwords.verify(customer.password_hash, GOOD)


@pytest.mark.feature("S5")
def test_code_makes_the_customer(db: Database) -> None:
    handle = apply()
    found = tokens.find_by_code(sign_up.PURPOSE, handle, letter().secrets["code"])
    assert found is not None and sign_up.activate(found).email == NEW


def test_password_of_the_application_is_known_again(db: Database) -> None:
    apply()
    assert sign_up.knows_password(token(), GOOD)
    assert not sign_up.knows_password(token(), "трава-у-дама")


def test_guesses_at_the_password_of_an_application_are_limited(db: Database) -> None:
    apply()
    for _ in range(10):
        sign_up.knows_password(token(), "трава-у-дама")
    with pytest.raises(Refusal) as caught:
        sign_up.knows_password(token(), GOOD)
    assert caught.value.problems[0].rule == "limit.activate.password"


@pytest.mark.feature("S5")
def test_link_works_once(db: Database) -> None:
    apply()
    once = token()
    sign_up.activate(once)
    assert tokens.find(sign_up.PURPOSE, letter().secrets["token"]) is None
    with pytest.raises(Refusal):
        sign_up.activate(once)
    assert Customer.select().count() == 1


def test_link_works_once_when_opened_many_times_at_once(db: Database) -> None:
    apply()
    once = token()
    done = at_once(10, lambda i: sign_up.activate(once))
    assert sum(isinstance(one, Customer) for one in done) == 1
    assert sum(isinstance(one, Refusal) for one in done) == 9
    assert (Customer.select().count(), Consent.select().count()) == (1, 1)


def test_link_of_a_second_application_after_the_first(db: Database) -> None:
    apply()
    first = token()
    apply(password="другой-пароль-совсем", password_again="другой-пароль-совсем")
    second = token()
    sign_up.activate(first)
    with pytest.raises(Refusal):
        sign_up.activate(second)
    assert passwords.verify(Customer.get().password_hash, GOOD)


def test_link_lives_three_days(db: Database, at: Callable[[str], datetime]) -> None:
    apply()
    secret = letter().secrets["token"]
    at("2026-11-23T09:59")
    assert tokens.find(sign_up.PURPOSE, secret)
    at("2026-11-23T10:00")
    assert tokens.find(sign_up.PURPOSE, secret) is None


@pytest.mark.feature("S13")
def test_consent_keeps_text_version_hash_time_address(
    db: Database, company: Company, at: Callable[[str], datetime]
) -> None:
    given_at = at("2026-11-20T10:00")
    with audit.acting("guest", "192.0.2.7"):
        apply()
    at("2026-11-21T08:00")
    with audit.acting("guest", "198.51.100.9"):
        customer = sign_up.activate(token())
    consent, document = Consent.get(), company.consents["personal-data"]
    assert (consent.subject, consent.given_at, consent.ip, consent.channel) == (
        customer.subject,
        given_at,
        "192.0.2.7",
        "web",
    )
    text = ConsentText.get()
    assert (text.hash, text.kind, text.version, text.text) == (
        document.hash,
        "personal-data",
        document.version,
        document.text,
    )
    assert consent.withdrawn_at is None


@pytest.mark.feature("S13")
def test_consent_is_to_the_text_that_was_shown(db: Database, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """The company changes its document between the application and the activation."""
    shown = company.consents["personal-data"]
    apply()
    newer = replace(shown, version="2026-12", text=shown.text + "\nИ ещё одно условие.", hash="f" * 64)
    versions = MappingProxyType({**company.consent_versions, ("personal-data", "2026-12"): newer})
    changed = replace(company, consents=MappingProxyType({"personal-data": newer}), consent_versions=versions)
    monkeypatch.setattr(companies, "_current", changed)
    sign_up.activate(token())
    assert Consent.get().text_id == shown.hash


def test_activation_is_in_the_audit(db: Database) -> None:
    apply()
    customer = sign_up.activate(token())
    deeds = {row.deed for row in AuditRow.select().where(AuditRow.subject == customer.subject)}
    assert {"customer.activated", "consent.given"} <= deeds


# ---- where one signs up by account


@pytest.fixture
def flat(db: Database) -> accounts.Account:
    made = cast.account(54)
    cast.hang(made, "87749621")
    return made


@pytest.mark.feature("S4")
@pytest.mark.company("kaluga")
def test_kaluga_links_the_proven_account_as_primary(flat: accounts.Account) -> None:
    apply(account=flat.number, secret="9621")
    assert letter().data == {"account": flat.number}
    customer = sign_up.activate(token())
    assert [row.number for row in accounts.held_by(customer=customer.id)] == [flat.number]
    assert accounts.primary_holders(flat.number, 3) == [customer]
    assert Consent.get().account == flat.number


@pytest.mark.feature("S4")
@pytest.mark.company("kaluga")
@pytest.mark.parametrize("secret", ["", "9622", "0000"])
def test_kaluga_account_number_alone_is_no_proof(flat: accounts.Account, secret: str) -> None:
    assert [problem.rule for problem in refusal(account=flat.number, secret=secret).problems] == ["account.secret"]
    assert not Message.select().exists()


@pytest.mark.company("kaluga")
def test_kaluga_known_and_unknown_account_are_told_the_same(flat: accounts.Account) -> None:
    known = refusal(account=flat.number, secret="0000").problems
    assert refusal(account=cast.number(99999), secret="0000").problems == known


@pytest.mark.company("kaluga")
def test_kaluga_wants_an_account(flat: accounts.Account) -> None:
    assert refusal(account="", secret="").problems[0].rule == "account.shape"


@pytest.mark.company("kaluga")
def test_kaluga_guessing_the_secret_by_signing_up_is_limited(flat: accounts.Account) -> None:
    for _ in range(10):
        refusal(account=flat.number, secret="0000")
    assert refusal(account=flat.number, secret="9621").problems[0].rule == "limit.secret.actor"


@pytest.mark.feature("S6")
def test_elsewhere_accounts_are_linked_afterwards(flat: accounts.Account) -> None:
    apply(account=flat.number, secret="0000")
    customer = sign_up.activate(token())
    assert accounts.held_by(customer=customer.id) == []


def test_handle_proves_nothing(db: Database) -> None:
    handle = apply()
    assert tokens.find(sign_up.PURPOSE, handle) is None
    assert seal.fingerprint(handle) != Token.get().fingerprint
