"""Consents on paper: numbers that notice a mistake, blanks printed once, signed papers registered once, withdrawals by paper."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import audit, base, clock, consents, files
from models.audit import AuditRow
from models.base import Refusal
from models.company import Company
from models.consents import Consent
from models.contact import consent_forms, consent_papers
from models.contact.consent_forms import ConsentForm
from models.contact.consent_papers import Paper
from models.entrance import agreeing
from models.entrance.agreeing import Agreement
from models.files import StoredFile
from models.outbox import Message
from models.people.staff import Employee
from tests import cast

PDF = b"%PDF-1.7\n%%EOF\n"
TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(files, "_folder", tmp_path)
    return tmp_path


@pytest.fixture
def anna(db: Any) -> cast.Person:
    return cast.anna(history=False)


@pytest.fixture
def galina(db: Any) -> Iterator[Employee]:
    employee = cast.employee("clerk")
    with audit.acting(employee.subject):
        yield employee


def scan(body: bytes = PDF) -> files.Draft:
    return files.put(io.BytesIO(body), "согласие.pdf")


def paper(**facts: Any) -> Paper:
    usual = {"signed_on": date(2026, 11, 18), "channel": "office", "way": "email", "address": "anna@example.ru"}
    return Paper(**{**usual, **({} if "scan" in facts else {"scan": scan()}), **facts})


def official(company: Company) -> Any:
    return company.consents["official-papers"]


def register(
    anna: cast.Person, galina: Employee, company: Company, *, form: ConsentForm | None = None, key: str = "1", **facts: Any
) -> tuple[Consent, bool]:  # fmt: skip
    return consent_papers.register(
        official(company), anna.account, paper(**facts), form=form, key=key, employee_id=galina.id
    )


def printed_for(account: Any, document: Any) -> ConsentForm:
    """A blank with the account's data, printed before it was signed."""
    form = consent_forms.print_for(account, document)
    ConsentForm.update(printed_at=datetime(2026, 11, 17)).where(ConsentForm.id == form.id).execute()
    return ConsentForm.get_by_id(form.id)


# ---- numbers


def test_a_number_is_read_however_it_is_typed(db: Any, company: Company) -> None:
    (form,) = consent_forms.print_blank(official(company))
    digits = form.number[-1]
    for typed in (
        form.number,
        form.code,
        f" c - {form.id:06} - {digits}",
        f"{form.id:06}{digits}",
        form.number.lower(),
    ):
        assert consent_forms.scan(typed).form == form, typed


@given(st.integers(1, 10**8), st.data())
def test_one_wrong_digit_or_two_that_changed_places_are_noticed(number: int, data: Any) -> None:
    digits = f"{number:06}" + consent_forms.check_digit(f"{number:06}")
    place = data.draw(st.integers(0, len(digits) - 1))
    wrong = (
        digits[:place]
        + data.draw(st.sampled_from([d for d in "0123456789" if d != digits[place]]))
        + digits[place + 1 :]
    )
    assert consent_forms.check_digit(wrong[:-1]) != wrong[-1]
    if place + 1 < len(digits) and digits[place] != digits[place + 1]:
        swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
        assert consent_forms.check_digit(swapped[:-1]) != swapped[-1]


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        ("", "number"),
        ("С-12", "number"),
        ("9" * 30, "number"),
        ("С-000001-1", "misread"),
        ("С-000123-4", "unknown"),
        ("\0", "number"),
    ],
)
def test_a_number_that_cannot_be_is_refused_in_words(db: Any, company: Company, typed: str, rule: str) -> None:
    with pytest.raises(Refusal) as refused:
        consent_forms.scan(typed)
    assert refused.value.problems[0].rule == f"consent_form.{rule}"


def test_the_code_of_a_public_blank_names_the_document(db: Any, company: Company) -> None:
    for document in consent_forms.documents().values():
        scanned = consent_forms.scan(consent_forms.code_of(document))
        assert (scanned.form, scanned.document) == (None, document)


# ---- printing


@pytest.mark.feature("S33")
def test_each_blank_is_a_row_with_who_and_which_words(galina: Employee, company: Company) -> None:
    made = consent_forms.print_blank(official(company), 3)
    assert [one.number for one in ConsentForm.select().order_by(ConsentForm.id)] == [one.number for one in made]
    assert {(one.printed_by, one.text_id, one.account_id) for one in made} == {
        (galina.subject, official(company).hash, None)
    }
    row = AuditRow.get(AuditRow.deed == "consent.form_printed")
    assert (row.detail["count"], row.detail["first"]) == (3, made[0].number)


def test_a_blank_with_data_is_the_same_one_until_it_is_brought_back(
    anna: cast.Person, galina: Employee, company: Company
) -> None:
    first = printed_for(anna.account, official(company))
    assert consent_forms.print_for(anna.account, official(company)).id == first.id
    register(anna, galina, company, form=first)
    assert consent_forms.print_for(anna.account, official(company)).id != first.id


def test_no_more_blanks_than_fifty_at_once(galina: Employee, company: Company) -> None:
    for copies in (0, -1, 51):
        with pytest.raises(Refusal):
            consent_forms.print_blank(official(company), copies)
    assert not ConsentForm.select().exists()


# ---- registering


@pytest.mark.feature("S33")
def test_a_signed_blank_becomes_a_consent_with_its_scan(anna: cast.Person, galina: Employee, company: Company) -> None:
    form = printed_for(anna.account, official(company))
    consent, is_new = register(anna, galina, company, form=form)
    assert is_new
    assert (consent.subject, consent.account) == (f"account:{anna.account.number}", anna.account.number)
    assert consent.contact == {"way": "email", "email": "anna@example.ru"}
    assert (consent.channel, consent.paper_number, consent.registered_by) == ("office", form.number, galina.id)
    assert clock.local(consent.given_at) == datetime(2026, 11, 18)
    stored = StoredFile.get_by_id(consent.file)
    assert stored.path.read_bytes() == PDF and consent_papers.scan_of(consent.id, stored.id) == stored
    assert consents.stands("official-papers", anna.account.number) == consent
    row = AuditRow.get(AuditRow.deed == "consent.registered")
    assert (row.who, row.detail["consent"]) == (galina.subject, consent.id)
    assert Message.get().to == "anna@example.ru"


def test_the_same_blank_once_more_shows_the_first_and_keeps_one_scan(
    anna: cast.Person, galina: Employee, company: Company, folder: Path
) -> None:
    form = printed_for(anna.account, official(company))
    first, _ = register(anna, galina, company, form=form)
    again, is_new = register(
        anna, galina, company, form=form, key="2", address="other@example.ru", scan=scan(PDF + b"\n%%EOF")
    )
    assert (again, is_new) == (first, False)
    assert StoredFile.select().count() == 1
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


def test_a_paper_without_a_number_gets_one_and_is_registered_once(
    anna: cast.Person, galina: Employee, company: Company
) -> None:
    first, is_new = register(anna, galina, company, key="1")
    assert is_new and consent_forms.scan(first.paper_number).form == consent_papers.of_consent(first.id)
    assert register(anna, galina, company, key="1") == (first, False)  # a double click
    assert register(anna, galina, company, key="2") == (first, False)  # another clerk has the same paper
    other, is_new = register(anna, galina, company, key="3", way="sms", address="8 913 555-01-23")
    assert is_new and other.contact == {"way": "sms", "phone": "+79135550123"}
    assert consents.state(Consent.get_by_id(first.id)) == consents.REPLACED


def test_a_version_that_is_not_in_force_any_more_counts_as_it_was_printed(
    anna: cast.Person, galina: Employee, company: Company
) -> None:
    now = official(company)
    old = type(now)(now.kind, "2026-01", "Прежняя редакция", "Прежняя редакция\n\nСлова", "0" * 64)
    form = printed_for(anna.account, old)
    scanned = consent_forms.scan(form.number)
    assert (scanned.document.hash, scanned.document.title) == ("0" * 64, "Прежняя редакция")
    consent, _ = consent_papers.register(
        scanned.document, anna.account, paper(), form=scanned.form, key="1", employee_id=galina.id
    )
    assert consent.text_id == "0" * 64


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"signed_on": date(2026, 11, 21)}, "signed_on"),
        ({"signed_on": date(2023, 11, 19)}, "signed_on"),
        ({"signed_on": date(1, 1, 1)}, "signed_on"),
        ({"way": ""}, "way"),
        ({"address": ""}, "address"),
        ({"address": "anna"}, "address"),
        ({"way": "sms", "address": "112"}, "address"),
        ({"channel": "web"}, "channel"),
        ({"scan": None}, "scan"),
        ({"scan": None, "without_scan": "-"}, "scan"),
        ({"without_scan": "х" * 201}, "without_scan"),
    ],
)
def test_a_paper_that_cannot_be_is_refused_and_nothing_stays(
    anna: cast.Person, galina: Employee, company: Company, folder: Path, facts: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        register(anna, galina, company, **facts)
    assert [one.field for one in refused.value.problems] == [field]
    assert not ConsentForm.select().exists() and not consents.stands("official-papers", anna.account.number)
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_a_reason_stands_in_for_a_scan(anna: cast.Person, galina: Employee, company: Company) -> None:
    consent, _ = register(anna, galina, company, scan=None, without_scan="сканер  сломан")
    form = consent_papers.of_consent(consent.id)
    assert form is not None and form.without_scan == "сканер сломан" and consent.file is None
    assert AuditRow.get(AuditRow.deed == "consent.registered").detail["reason"] == "сканер сломан"


def test_a_paper_without_a_scan_sends_nothing_where_nobody_of_the_account_was_reached(
    anna: cast.Person, galina: Employee, company: Company
) -> None:
    with pytest.raises(Refusal) as refused:
        register(anna, galina, company, address="thief@example.ru", scan=None, without_scan="нет")
    assert [one.field for one in refused.value.problems] == ["scan"]
    assert not ConsentForm.select().exists()


def test_a_paper_that_moves_what_a_customer_chose_shows_the_signature_and_is_told_to_all(
    anna: cast.Person, galina: Employee, company: Company, at: Callable[[str], Any]
) -> None:
    own = agreeing.agree(anna.id, "official-papers", Agreement(True, anna.account.number, "sms"), key="1")
    at("2026-11-23T10:00")
    facts = {"signed_on": date(2026, 11, 21), "address": "other@example.ru"}
    with pytest.raises(Refusal) as refused:
        register(anna, galina, company, **{**facts, "address": "anna@example.ru"}, scan=None, without_scan="нет")
    assert refused.value.problems[0].rule == "consent.scan_needed"
    consent, _ = register(anna, galina, company, **facts)
    assert consents.stands("official-papers", anna.account.number) == consent
    assert consents.state(Consent.get_by_id(own.id)) == consents.IN_FORCE, "the customer goes on hearing of it too"
    told = Message.select().where(Message.letter == "consent_given", Message.key.contains(f":{consent.id}:"))
    assert sorted((one.to, one.subject, one.data["where"]) for one in told) == [
        ("anna@example.ru", anna.customer.subject, "oth***@example.ru"),
        ("other@example.ru", "", "other@example.ru"),
    ]


def test_a_paper_older_than_what_a_customer_chose_in_the_cabinet_undoes_nothing(
    anna: cast.Person, galina: Employee, company: Company
) -> None:
    agreeing.agree(anna.id, "official-papers", Agreement(True, anna.account.number, "sms"), key="1")
    with pytest.raises(Refusal, match="подписанное позже"):
        register(anna, galina, company, address="other@example.ru")


def test_a_blank_is_not_signed_before_it_was_printed(anna: cast.Person, galina: Employee, company: Company) -> None:
    form = consent_forms.print_for(anna.account, official(company))
    with pytest.raises(Refusal, match="подписать его раньше нельзя"):
        register(anna, galina, company, form=form)
    assert register(anna, galina, company, form=form, signed_on=TODAY)[1]


def test_a_blank_printed_for_one_account_is_not_taken_for_another(
    anna: cast.Person, galina: Employee, company: Company
) -> None:
    form = printed_for(cast.vera().account, official(company))
    with pytest.raises(Refusal, match="напечатан для счёта"):
        register(anna, galina, company, form=form)


def test_a_paper_that_lay_about_undoes_nothing_that_came_after_it(
    anna: cast.Person, galina: Employee, company: Company, at: Callable[[str], Any]
) -> None:
    newer, _ = register(anna, galina, company, key="1", signed_on=date(2026, 11, 19))
    with pytest.raises(Refusal, match="подписанное позже"):
        register(anna, galina, company, key="2", signed_on=date(2026, 11, 10), address="old@example.ru")
    consents.withdraw(newer.id, channel="office", by=galina.subject)
    at("2026-11-24T10:00")
    with pytest.raises(Refusal, match="отозвали"):
        register(anna, galina, company, key="3", signed_on=date(2026, 11, 18))
    assert register(anna, galina, company, key="4", signed_on=date(2026, 11, 23))[1]


def test_two_clerks_with_one_blank_make_one_consent(anna: cast.Person, galina: Employee, company: Company) -> None:
    form = printed_for(anna.account, official(company))
    made = _together(
        lambda n: consent_papers.register(
            official(company), anna.account, paper(without_scan=str(n)), form=form, key=str(n), employee_id=galina.id
        )
    )
    assert len({consent.id for consent, _ in made}) == 1 and sorted(is_new for _, is_new in made) == [False, True]


def test_two_clerks_with_one_paper_without_a_number_make_one_consent(
    anna: cast.Person, galina: Employee, company: Company
) -> None:
    made = _together(lambda n: register(anna, galina, company, key=str(n)))
    assert len({consent.id for consent, _ in made}) == 1 and ConsentForm.select().count() == 1


# ---- withdrawals


def withdraw(consent: Consent, galina: Employee, **facts: Any) -> tuple[Consent, bool]:
    usual: dict[str, Any] = {"received": TODAY, "channel": "post", "without_scan": ""}
    facts.setdefault("scan", scan(PDF + b"%%EOF"))
    return consent_papers.withdraw(consent.id, employee_id=galina.id, **{**usual, **facts})


@pytest.mark.feature("S13")
def test_a_paper_ends_a_consent_from_the_day_it_came(anna: cast.Person, galina: Employee, company: Company) -> None:
    consent, _ = register(anna, galina, company)
    ended, is_new = withdraw(consent, galina, received=date(2026, 11, 19))
    assert is_new and consents.stands("official-papers", anna.account.number) is None
    assert (ended.withdrawal_channel, ended.withdrawn_by) == ("post", galina.subject)
    assert clock.local(ended.ends_at).date() == date(2026, 12, 19)
    assert [one.id for one in consent_papers.scans(consent.id, consent_papers.of_consent(consent.id))] == [
        consent.file, ended.withdrawal_file,
    ]  # fmt: skip
    assert withdraw(consent, galina) == (ended, False)


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"received": date(2026, 11, 21)}, "received"),
        ({"received": date(2026, 11, 17)}, "received"),
        ({"scan": None}, "scan"),
        ({"channel": "web"}, "channel"),
    ],
)
def test_a_withdrawal_that_cannot_be_is_refused(
    anna: cast.Person, galina: Employee, company: Company, facts: dict[str, Any], field: str
) -> None:
    consent, _ = register(anna, galina, company)
    with pytest.raises(Refusal) as refused:
        withdraw(consent, galina, **facts)
    assert [one.field for one in refused.value.problems] == [field]
    assert consents.stands("official-papers", anna.account.number)


def test_two_clerks_with_one_withdrawal_end_it_once(anna: cast.Person, galina: Employee, company: Company) -> None:
    consent, _ = register(anna, galina, company)
    made = _together(lambda n: withdraw(consent, galina, scan=None, without_scan="сломан сканер"))
    assert sorted(is_new for _, is_new in made) == [False, True]
    assert AuditRow.select().where(AuditRow.deed == "consent.withdrawn").count() == 1


def _together(deed: Callable[[int], Any], count: int = 2) -> list[Any]:
    """The same deed by several at once, each with a connection of its own."""
    gate, made = threading.Barrier(count), []

    def one(n: int) -> None:
        with base.connection():
            gate.wait()
            made.append(deed(n))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == count
    return made
