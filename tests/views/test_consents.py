"""Consents in the cabinet: read whole, given by an unticked box each, withdrawn, taken back."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from models import company as companies
from models import consents
from models.consents import Consent
from models.entrance import linking
from models.metering.accounts import link, unlink
from models.outbox import Message
from models.people.customers import Customer
from models.people.sessions import Session
from tests import cast
from tests.cast import PASSWORD
from tests.views.conftest import enter
from tests.views.test_bad_input import NASTY

PAPERS = "official-papers"
GIVE, WITHDRAW = "Дать согласие", "Отозвать"


def give(home, kind=PAPERS, **filled):
    usual = {"consent": True, "way": "email"} if kind == PAPERS else {"consent": True}
    return home.get("consents.show", kind=kind).submit({**usual, **filled}, button=GIVE)


def headings(page):
    return [head.get_text() for head in page.soup.select("main h2")]


@pytest.mark.feature("S13")
@pytest.mark.feature("B4")
def test_every_document_has_a_card_with_its_state(home, company):
    page = home.get("consents.index")
    assert headings(page) == [
        company.consents[kind].title for kind in ("personal-data", "recording", PAPERS, "payment")
    ]
    assert page.text.count("не дано") == 2 and page.text.count("действует") == 1
    assert "20\u00a0ноября\u00a02026" in page.text and "в кабинете" in page.text and "до отзыва" in page.text


def test_each_consent_is_a_page_of_its_own_with_its_whole_words(home, company):
    for kind, document in company.consents.items():
        page = home.get("consents.show", kind=kind)
        assert page.h1 == document.title
        words = " ".join(page.soup.select_one("#words").get_text().split())
        for line in document.text.split("\n")[1:]:
            assert " ".join(line.removeprefix("- ").split()) in words, line
        assert document.hash[:8] in words


def test_the_box_is_never_ticked_beforehand(home):
    page = home.get("consents.show", kind=PAPERS)
    assert [box for box in page.soup.select("form#agree input:not([type=hidden])") if box.has_attr("checked")] == []
    assert len(page.soup.select("form#agree input[type=checkbox]")) == 1


@pytest.mark.feature("S33")
@pytest.mark.feature("B4")
def test_given_and_shown_with_date_version_channel_and_address(home, anna, company):
    page = give(home)
    assert page.location == f"/consents/{PAPERS}"
    page = page.follow()
    for fact in ("Согласие дано", "действует", "anna@example.ru", "в кабинете", company.consents[PAPERS].version):
        assert fact in page.text
    assert consents.stands(PAPERS, anna.account.number).contact["email"] == "anna@example.ru"
    assert consents.stands(PAPERS, anna.account.number).ip == "127.0.0.1"


def test_without_the_tick_nothing_is_given_and_the_page_says_what_to_do(home):
    page = give(home, consent=False)
    assert page.status == 422
    assert page.error("consent") == "Прочитайте документ и поставьте отметку: без неё согласие не записать."
    assert page.soup.select_one("input[value=email]").has_attr("checked")
    assert not Consent.select().where(Consent.kind == PAPERS).exists()


def test_without_a_way_to_write_the_page_says_so(home):
    page = home.get("consents.show", kind=PAPERS).submit({"consent": True}, button=GIVE)
    assert page.status == 422 and page.errors == ["Выберите, как получать уведомления."]


def test_a_form_sent_twice_is_one_consent(home):
    page = home.get("consents.show", kind="recording")
    assert page.submit({"consent": True}, button=GIVE).status == 303
    assert page.submit({"consent": True}, button=GIVE).status == 303
    assert Consent.select().where(Consent.kind == "recording").count() == 1


@pytest.mark.feature("B4")
def test_htmx_gets_the_form_alone_or_the_way_on(home):
    page = home.get("consents.show", kind="recording")
    token, key = page.token, page.value("key")
    part = home.post("consents.give_part", {"csrf_token": token, "key": key}, {"HX-Request": "true"}, kind="recording")
    assert part.status == 422 and not part.is_whole and part.error("consent")
    done = home.post(
        "consents.give_part",
        {"csrf_token": token, "key": key, "consent": "y"},
        {"HX-Request": "true"},
        kind="recording",
    )
    assert done.status == 204 and done.headers["HX-Redirect"] == "/consents/recording"


def test_another_ones_account_cannot_be_agreed_for(home, vera):
    page = home.get("consents.show", kind=PAPERS)
    data = {"csrf_token": page.token, "key": "k", "consent": "y", "way": "email", "account": vera.account.number}
    assert home.post("consents.give", data, kind=PAPERS).status == 422
    assert consents.stands(PAPERS, vera.account.number) is None


def test_each_account_has_its_own(home, anna):
    second = cast.account(127, last_name="Иванова", first_name="Анна")
    link(anna.id, second)
    give(home, account=second.number)
    page = home.get("consents.show", kind=PAPERS)
    assert f"Лицевой счёт {anna.account.number}: не дано" in page.text
    assert f"Лицевой счёт {second.number}: действует" in page.text
    assert set(consents.standing(PAPERS, [anna.account.number, second.number])) == {second.number}


@pytest.mark.feature("S33")
def test_withdrawn_it_says_until_when_and_may_be_given_again(home, anna):
    page = give(home).follow().click("Отозвать для счёта " + anna.account.number)
    assert "снова будут приходить на бумаге" in page.text
    page = page.submit(button=WITHDRAW).follow()
    assert "Согласие отозвано." in page.text and "отозвано" in page.text
    assert "не позже 20\u00a0декабря\u00a02026" in page.text
    assert consents.stands(PAPERS, anna.account.number) is None
    give(home)
    assert consents.stands(PAPERS, anna.account.number)


def test_looking_at_a_withdrawal_withdraws_nothing(home, anna):
    give(home)
    home.get("consents.ask_withdraw", kind=PAPERS, account=anna.account.number)
    assert consents.stands(PAPERS, anna.account.number)


@pytest.mark.parametrize("account", ["", "241010000171", "nothing", "\0", "x" * 500])
def test_there_is_nothing_to_withdraw_where_nothing_stands(home, vera, account):
    page = home.get("consents.ask_withdraw", kind=PAPERS, account=account)
    assert "отзывать нечего" in page.text
    token = home.get("consents.show", kind=PAPERS).token
    assert home.post("consents.withdraw", {"csrf_token": token}, kind=PAPERS, account=account).status == 422


@pytest.mark.parametrize("kind", ["nothing", "charges-news", "%00", "personal-data.2026-01", "x" * 3000])
def test_a_document_that_the_company_does_not_have_is_not_found(home, kind):
    for path in (f"/consents/{kind}", f"/consents/{kind}/withdraw"):
        assert home.get(path).status == 404


def test_consents_are_for_their_customer_alone(client, app):
    for path in ("/consents", f"/consents/{PAPERS}", f"/consents/{PAPERS}/withdraw"):
        assert client.get(path).location.startswith("/sign-in")


def test_somebody_elses_consents_are_not_shown(home, stranger):
    give(home, "recording")
    page = stranger.get("consents.show", kind="recording")
    assert "Сейчас" not in headings(page) and page.soup.select_one("form#agree") is not None
    assert stranger.get("consents.index").text.count("не дано") == 2


def test_a_paper_signed_for_the_account_is_shown_without_its_address(home, anna, company):
    consents.give(
        f"account:{anna.account.number}", company.consents[PAPERS], channel="office", account=anna.account.number,
        contact={"way": "email", "email": "owner@example.ru"}, paper_number="С-000001-7", registered_by=1,
    )  # fmt: skip
    for page in (home.get("consents.index"), home.get("consents.show", kind=PAPERS)):
        assert "на бумаге в офисе, бланк № С-000001-7" in page.text and "owner@example.ru" not in page.text
        assert "Подписано на бумаге" in page.text
        assert "20\u00a0ноября\u00a02026, на бумаге" in page.text


def test_payments_consents_are_counted_and_withdrawn_for_an_account(home, anna, company):
    for _ in range(2):
        consents.give(anna.customer.subject, company.consents["payment"], channel="web", account=anna.account.number)
    page = home.get("consents.show", kind="payment")
    assert "2\u00a0согласия" in page.text and "agree" not in {form.get("id") for form in page.soup.find_all("form")}
    page = page.click("Отозвать для счёта " + anna.account.number).submit(button=WITHDRAW)
    assert page.location == "/consents" and "Пока таких не было" in page.follow().text


@pytest.mark.feature("S13")
def test_an_older_version_stays_with_its_own_words_and_the_newer_one_is_named(home, company, monkeypatch):
    give(home, "recording")
    old = company.consents["recording"]
    newer = replace(old, version="2027-01", text=old.title + "\n\nСовсем другие слова.", hash="0" * 64)
    changed = replace(
        company,
        consents=MappingProxyType({**company.consents, "recording": newer}),
        consent_versions=MappingProxyType({**company.consent_versions, ("recording", "2027-01"): newer}),
    )
    monkeypatch.setattr(companies, "_current", changed)
    page = home.get("consents.show", kind="recording")
    assert "Совсем другие слова" not in page.text and "биометрическ" in page.text
    assert "Совсем другие слова" in page.click("редакцию 2027-01").text
    assert "прежняя редакция" in home.get("about.document", kind="recording", version=old.version).text


# ---- leaving


def leave(home, **filled):
    page = home.get("consents.ask_withdraw", kind="personal-data")
    return page.submit({"password": PASSWORD, "understood": True, **filled})


@pytest.mark.feature("S13")
def test_leaving_says_plainly_what_goes_what_stays_and_until_when(home):
    text = home.get("consents.ask_withdraw", kind="personal-data").text
    for words in ("он закроется", "30\u00a0дней", "на бумаге", "обязывает закон", "будут стёрты"):
        assert words in text


@pytest.mark.parametrize(
    ("filled", "field"), [({"password": "wrong"}, "password"), ({"password": ""}, "password"), ({"understood": False}, "understood")]
)  # fmt: skip
def test_leaving_wants_the_password_and_the_tick(home, anna, filled, field):
    page = leave(home, **filled)
    assert page.status == 422 and page.error(field)
    assert page.value("password") == ""
    assert Customer.get_by_id(anna.id).closes_at is None


@pytest.mark.feature("S13")
def test_who_leaves_stays_signed_in_here_and_is_out_elsewhere(home, anna):
    other = enter(home.another(), anna)
    page = leave(home)
    assert page.location == "/consents/personal-data"
    assert "кабинет закроется 20\u00a0декабря\u00a02026" in page.follow().text
    assert other.get("settings.show").location.startswith("/sign-in")
    assert Session.live(anna.id).count() == 1


@pytest.mark.feature("S13")
def test_who_has_left_takes_it_back_in_time(home, anna):
    leave(home)
    page = home.get("consents.index").click("Дайте согласие снова").submit({"consent": True}, button=GIVE)
    assert "кабинет остаётся" in page.follow().text
    assert Customer.get_by_id(anna.id).closes_at is None
    letters = [one.letter for one in Message.select().order_by(Message.id)]
    assert letters[-2:] == ["consent_withdrawn", "consent_given"]


def test_while_it_stands_the_cabinets_own_consent_is_not_asked_for(home):
    page = home.get("consents.show", kind="personal-data")
    assert page.soup.select_one("form#agree") is None
    assert (
        home.post("consents.give", {"csrf_token": page.token, "consent": "y", "key": "k"}, kind="personal-data").status
        == 422
    )


@pytest.mark.company("koryak")
@pytest.mark.feature("S14")
def test_being_told_of_charges_is_offered_apart_and_unticked(home, company):
    page = home.get("consents.index")
    assert company.consents["charges-news"].title in headings(page)
    page = home.get("consents.show", kind="charges-news")
    assert "рассрочку" in page.text and not page.field("consent").has_attr("checked")
    assert "действует" in page.submit({"consent": True}, button=GIVE).follow().text


@pytest.mark.company("koryak")
@pytest.mark.feature("S14")
def test_a_new_cabinet_offers_it_and_takes_nothing_for_granted(client, company):
    customer = cast.customer("novy@example.ru", "Новый")
    client.sign_in("novy@example.ru", PASSWORD)
    assert client.get("home.front").click("Прочитать и решить").h1 == company.consents["charges-news"].title
    assert consents.standing_for("charges-news", [customer.subject]) == {}


@pytest.mark.feature("S33")
def test_the_form_is_printed_blank_and_for_the_account(home, anna):
    page = home.get("consents.show", kind=PAPERS)
    assert page.click("Пустой бланк, PDF").answer.data.startswith(b"%PDF")
    printed = page.submit(button=f"Бланк для счёта {anna.account.number}, PDF")
    assert printed.answer.data.startswith(b"%PDF")


@pytest.mark.feature("S16")
def test_what_is_known_and_to_whom_it_goes_is_told_to_everybody(client, company, app):
    page = client.get("about.privacy")
    for words in ("Какие данные", "Кому передаются", "оператору фискальных данных", "Как отозвать", company.legal_name):
        assert words in page.text
    for document in company.consents.values():
        assert page.click(document.title).h1 == document.title
    former = company.consent_versions["personal-data", "2026-01"]
    assert former.hash[:8] in client.get("about.document", kind="personal-data", version="2026-01").text


@pytest.mark.parametrize("version", ["2019-01", "\0", "x" * 3000])
def test_a_version_that_never_was_is_not_found(client, app, version):
    assert client.get("about.document", kind="personal-data", version=version).status == 404


# ---- bad input


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("field", ["account", "way"])
def test_nasty_values_are_answered_and_leave_no_consent(home, field, name):
    page = home.get("consents.show", kind=PAPERS)
    good = {"csrf_token": page.token, "key": "k", "consent": "y", "way": "email", "account": page.value("account")}
    for endpoint in ("consents.give", "consents.give_part"):
        answer = home.post(endpoint, {**good, field: NASTY[name]}, kind=PAPERS)
        assert answer.status == 422 and answer.errors, name
    assert not Consent.select().where(Consent.kind == PAPERS).exists()


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_password_closes_no_cabinet(home, anna, name):
    token = home.get("consents.ask_withdraw", kind="personal-data").token
    data = {"csrf_token": token, "understood": "y", "password": NASTY[name]}
    page = home.post("consents.withdraw", data, kind="personal-data")
    assert page.status == 422 and page.error("password") and page.value("password") == ""
    assert Customer.get_by_id(anna.id).closes_at is None


def test_pages_of_a_customer_without_accounts(home, anna):
    unlink(anna.id, anna.account)
    for path in ("/consents", *(f"/consents/{kind}" for kind in ("personal-data", "recording", PAPERS, "payment"))):
        assert home.get(path).status == 200
    assert home.get("consents.show", kind=PAPERS).soup.select_one("form#agree") is None


def test_without_an_account_the_page_says_what_to_do_first(home, anna):
    linking.unlink(anna.id, anna.account)
    page = home.get("consents.show", kind=PAPERS)
    assert "Это согласие дают для лицевого счёта." in page.text and page.soup.select_one("form#agree") is None
    assert page.soup.select_one('main a[href="/accounts/link"]')


def test_a_paper_for_the_account_is_withdrawn_in_the_cabinet(home, anna, company):
    paper = consents.give(
        f"account:{anna.account.number}", company.consents[PAPERS], channel="office", account=anna.account.number
    )
    page = home.get("consents.show", kind=PAPERS).click("Отозвать для счёта " + anna.account.number)
    page = page.submit(button="Отозвать").follow()
    assert "Согласие отозвано." in page.text
    assert consents.state(Consent.get_by_id(paper.id)) == consents.WITHDRAWN
