"""Bad input: every field of every form is answered beside the field, keeps what was typed and leaves no row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import clock, schema, tokens
from models.limits import Hit
from models.metering import reading_links
from models.metering.readings import Reading
from tests import cast
from views import assets

NASTY = {
    "empty": "",
    "spaces": "   ",
    "long": "я" * 10_000,
    "nul": "12\x0034",
    "control": "12\x1b[31m34",
    "right-to-left": "\u202e4321\u202c",
    "full-width": "１２３４５",
    "arabic digits": "١٢٣٤٥",
    "minus nought": "-0",
    "googol": "1" + "0" * 400,
    "exponent": "1e3",
    "hex": "0x10",
    "html": "<script>alert(1)</script>",
    "quotes": "\"'><img src=x onerror=alert(1)>",
    "template": "{{ 7*7 }}{% debug %}",
    "sql": "'; DROP TABLE reading; --",
    "line break": "a\r\nBcc: x@example.ru",
    "emoji": "🧾",
    "broken bytes": b"\xed\xa0\x80\xff\xfe",
}
PASSWORDS = ("password", "password_again", "new_password", "new_password_again")
PERSONAL = ("reading", "receipt", "customer", "holding", "consent", "session", "token", "message")
NEW = "chetyre slova podryad"


class Sheet(NamedTuple):
    """A form with good values in all of its fields; what of the nasty is fit for a field, `fit` says."""

    page: str  # the endpoint that shows it
    post: str  # the endpoint that takes it
    good: dict[str, str]
    fit: dict[str, set[str]] = {}
    company: str = "krasnoyarsk"


_WORD_SHAPE = {"empty", "spaces", "long", "googol", "nul", "control", "right-to-left", "line break"}
_WORDS = set(NASTY) - _WORD_SHAPE  # what may stand in a field for words
_SIGN_UP = {"email": "novy@example.ru", "phone": "+79135550199", "password": NEW, "password_again": NEW, "consent": "y"}
SHEETS = [
    Sheet("sign_in.form", "sign_in.enter", {"login": "anna@example.ru", "password": cast.PASSWORD}),
    Sheet("home.front", "sign_in.enter", {"login": "anna@example.ru", "password": cast.PASSWORD}),
    Sheet("sign_up.form", "sign_up.apply", _SIGN_UP, {"phone": {"empty", "spaces"}, "consent": set(NASTY) - {"empty"}}),
    Sheet(
        "sign_up.form",
        "sign_up.apply",
        {**_SIGN_UP, "account": "{vera}", "secret": "8549"},
        {"consent": set(NASTY) - {"empty"}},
        "kaluga",
    ),
    Sheet("sign_up.sent", "sign_up.by_code", {"code": "123456"}),
    Sheet("recovery.form", "recovery.ask", {"login": "anna@example.ru"}, {"login": _WORDS}),
    Sheet("recovery.sent", "recovery.by_code", {"code": "123456"}),
    Sheet("recovery.choose", "recovery.set", {"password": NEW, "password_again": NEW}),
    Sheet("accounts.link", "accounts.attach", {"account": "{vera}", "secret": "8549"}),
    Sheet("readings.form", "readings.send", {"meter-{anna}-t1": "6440", "meter-{anna}-t2": "2720"}),
    Sheet("readings.form", "readings.send_part", {"meter-{anna}-t1": "6440", "meter-{anna}-t2": "2720"}),
    Sheet("home.show", "readings.send", {"meter-{anna}-t1": "6440", "meter-{anna}-t2": "2720"}),
    Sheet("reading_link.form", "reading_link.send", {"meter-{anna}-t1": "6440", "meter-{anna}-t2": "2720"}),
    Sheet("settings.name", "settings.set_name", {"name": "Анна"}, {"name": {*_WORDS, "empty", "spaces"}}),
    Sheet("settings.email", "settings.set_email", {"new_email": "novaya@example.ru", "password": cast.PASSWORD}),
    Sheet("settings.phone", "settings.set_phone", {"phone": "+79135550177", "password": cast.PASSWORD}),
    Sheet(
        "settings.password",
        "settings.set_password",
        {"password": cast.PASSWORD, "new_password": NEW, "new_password_again": NEW},
    ),
]
BUTTONS_ALONE = {
    "sign_in.leave",
    "sign_up.by_link",
    "accounts.unlink",
    "accounts.make_primary",
    "settings.use_email",
    "settings.end_device",
    "settings.end_others",
    "payments.cancel",
    "unsubscribe.take_back",
    "delivery.wish",
    "mail_check.ask",
    "mail_check.use",
    "consent_forms.prefilled",  # the kind is a hidden one: tests/views/test_consent_forms.py
    "appeals.erase",
    "appeals.withdraw",
    "guest_appeals.again",
    "guest_appeals.by_link",
    "guest_appeals.forget",
    "guest_appeals.withdraw",
    "callbacks.cancel",
    "orders.cancel",
}
ELSEWHERE = {
    "appeals.send",  # files and a draft beside the words: tests/views/test_appeals.py
    "appeals.save",
    "appeals.add_files",
    "appeals.say",
    "appeals.save_reply",
    "appeals.add_files_to",
    "appeals.rate",
    "guest_appeals.by_code",  # tests/views/test_guest_appeals.py
    "callbacks.ask",  # nothing typed tells on whose phone a call waits: tests/views/test_callbacks.py
    "orders.place",  # choices that depend on the account: tests/views/test_orders.py
    "orders.move",
    "payments.send",  # shows its form only with a bank behind it: tests/views/test_payments.py
    "delivery.choose",  # a choice of three, nothing is typed: tests/views/test_delivery.py
    "delivery.choose_part",
    "consents.give",  # a tick, an account and a way from lists, a password: tests/views/test_consents.py
    "consents.give_part",
    "consents.withdraw",
}

# Hidden ones that nobody types; `key` may be anything, `next` is answered by leading home.
UNSEEN = {"csrf_token", "key", "next"}


def _cases() -> list[Any]:
    cases = []
    for sheet in SHEETS:
        for field in sheet.good:
            marks = [pytest.mark.company(sheet.company)]
            cases.append(
                pytest.param(sheet, field, id=f"{sheet.page}>{sheet.post}:{field}:{sheet.company}", marks=marks)
            )
    return cases


@pytest.mark.parametrize(("sheet", "field"), _cases())
def test_nasty_value_is_answered_beside_its_field(client, anna, vera, db, sheet, field):
    visit = Visit(client, anna, vera, db, sheet)
    faults = [f"{name}: {fault}" for name in NASTY for fault in visit.send(visit.named(field), name)]
    assert not faults, "\n".join(faults)


def test_every_form_is_here(app):
    """A form added later joins the list, or is only a button; the office's are tried by tests/test_office.py."""
    posts = [rule for rule in app.url_map.iter_rules() if "POST" in rule.methods]
    rules = [rule for rule in posts if not rule.rule.startswith("/staff")]
    posts = {rule.endpoint for rule in rules if app.view_functions[rule.endpoint].door != "machine"}
    assert {sheet.post for sheet in SHEETS} | BUTTONS_ALONE | ELSEWHERE == posts


@pytest.mark.parametrize(
    "sheet",
    [
        pytest.param(sheet, marks=pytest.mark.company(sheet.company), id=f"{sheet.page}:{sheet.company}")
        for sheet in SHEETS
    ],
)
def test_every_field_of_the_form_is_here(client, anna, vera, db, sheet):
    visit = Visit(client, anna, vera, db, sheet)
    forms = [form for form in visit.page.soup.select("main form") if "post" in form.get("method", "get").lower()]
    shown = {str(field["name"]) for form in forms for field in form.select("input[name], textarea[name], select[name]")}
    assert shown - UNSEEN == {visit.named(name) for name in sheet.good}


class Visit:
    """One visitor before one form."""

    def __init__(self, client: Any, anna: Any, vera: Any, db: Any, sheet: Sheet):
        self.client, self.db, self.sheet = client, db, sheet
        client.browser.set_cookie(
            assets.COOKIE, assets.shelf()[assets.STYLES_NAME].digest, domain="127.0.0.1"
        )  # shorter pages
        self.own = {"{anna}": str(anna.meter.id), "{vera}": vera.account.number}
        if sheet.post.partition(".")[0] in ("accounts", "readings", "settings"):
            client.sign_in("anna@example.ru", cast.PASSWORD)
        needs = {"number": anna.account.number} if sheet.page in ("readings.form", "home.show") else {}
        self.values = {"number": anna.account.number} if sheet.post.startswith("readings.") else {}
        if sheet.post == "recovery.set":
            self.values = needs = {"token": tokens.issue("recover", anna.customer.subject, _HOUR).secret}
        if sheet.post == "reading_link.send":
            self.values = needs = {"token": reading_links.token(anna.account.id, clock.period())}
        self.page = client.get(sheet.page, **needs)
        self.hidden = {name: self.page.value(name) for name in ("csrf_token", "key") if self._has(name)}

    def named(self, text: str) -> str:
        for mark, value in self.own.items():
            text = text.replace(mark, value)
        return text

    def send(self, field: str, nasty: str) -> Iterator[str]:
        """What is wrong with the answer to this value."""
        typed = NASTY[nasty]
        data = {
            **self.hidden,
            **{self.named(name): self.named(value) for name, value in self.sheet.good.items()},
            field: typed,
        }
        Hit.delete().execute()
        before = self._rows()
        try:
            page = self.client.post(self.sheet.post, data, **self.values)
        except AssertionError as error:  # the client's own objections to the page
            yield " ".join(str(error).split())
            return
        fit = nasty in next((names for name, names in self.sheet.fit.items() if self.named(name) == field), ())
        if page.status != 422:
            if page.status != 303 or not fit:
                yield f"answered {page.status}"
            return
        if fit:
            yield f"refused: {page.errors}"
        if self._rows() != before:
            yield f"rows were written: {before} {self._rows()}"
        if not page.errors and not page.soup.select('[role="alert"]'):
            yield "no word of what is wrong"
        yield from self._beside(page, field, nasty)
        yield from self._kept(page, data, field)

    def _beside(self, page: Any, field: str, nasty: str) -> Iterator[str]:
        if self.sheet.post == "sign_in.enter" and nasty not in (_WORD_SHAPE if field == "login" else ("empty", "long")):
            return  # one text above the form: it must not tell which of the two is wrong
        others = [name for name in page.fields if name.startswith(field.partition("_again")[0])]
        pair = {"account": "secret"}.get(field, field)
        if not any(page.error(name) for name in {field, pair, *others}):
            yield f"no text beside the field, but {page.errors}"

    def _kept(self, page: Any, data: dict[str, Any], field: str) -> Iterator[str]:
        for name in page.fields & set(data) - UNSEEN - {"consent"}:
            shown = page.value(name)
            if name in PASSWORDS and shown:
                yield f"{name} is shown again"
            elif name not in PASSWORDS and isinstance(data[name], str) and _tame(shown) != _tame(data[name]):
                yield f"{name} is not kept: {shown[:60]!r}"

    def _rows(self) -> dict[str, int]:
        tables = [table for table in schema.tables() if table._meta.table_name in PERSONAL]
        return {table._meta.table_name: table.select().count() for table in tables}

    def _has(self, name: str) -> bool:
        return self.page.soup.find(attrs={"name": name}) is not None


_HOUR = timedelta(hours=1)


def _tame(text: str) -> str:
    """What a browser can show of it: no NUL, no line break in one line."""
    return "".join(character for character in text if character.isprintable())


# ---- the readings form, by a machine


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.tuples(
        *[st.one_of(st.text(max_size=30), st.integers().map(str), st.from_regex(r"[0-9 .,]{0,12}", fullmatch=True))] * 2
    ),
    extra=st.dictionaries(
        st.one_of(
            st.sampled_from(
                [
                    "key",
                    "check",
                    "confirmed",
                    "fix-1",
                    "fix-2",
                    "fix-",
                    "meter--t1",
                    "meter-1-t9",
                    "meter-2-t1",
                    "meter-1-t3",
                ]
            ),
            st.from_regex(r"(meter|fix)-[0-9a-z-]{0,20}", fullmatch=True),
        ),
        st.text(max_size=20),
        max_size=3,
    ),
)
def test_readings_form_never_breaks_and_stores_only_what_a_dial_can_show(home, anna, texts, extra):
    token = getattr(home, "token", None) or home.get("readings.form", number=anna.account.number).value("csrf_token")
    home.token = token
    Reading.delete().where(Reading.period == "2026-11").execute()
    fields = {f"meter-{anna.meter.id}-t{i}": _sendable(text) for i, text in enumerate(texts, 1)}
    extra = {_sendable(name): _sendable(text) for name, text in extra.items()}
    answer = home.browser.post(
        home.path("readings.send", number=anna.account.number),
        base_url=home.base,
        data={**fields, **extra, "csrf_token": token},
    )
    assert answer.status_code in (200, 303, 422), (answer.status_code, texts, extra)
    for reading in Reading.select().where(Reading.period == "2026-11"):
        assert reading.meter_id == anna.meter.id
        assert 0 <= reading.t1 < 10**5
        assert 0 <= reading.t2 < 10**5
        assert reading.t3 is None


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


# ---- beside forms


@pytest.mark.parametrize("token", ["", "x", "x" * 10_000, "%00", "..", "' or 1=1 --", "<script>", "١", "-" * 43])
@pytest.mark.parametrize("endpoint", ["sign_up.confirm", "recovery.choose", "settings.confirm_email"])
def test_link_that_was_never_sent_opens_nothing(client, app, endpoint, token):
    room = {
        "sign_up.confirm": "/activate/",
        "recovery.choose": "/recover/",
        "settings.confirm_email": "/settings/email/",
    }[endpoint]
    page = client.get(room + token)
    assert page.status in (200, 404, 308)
    if page.status == 200:
        assert "Ссылка уже использована или устарела." in page.text


@pytest.mark.parametrize(
    "value", ["", "x", "\x00", "a" * 5000, "é", "x; kabinet=y", "eyJfdXNlcl9pZCI6IjEifQ.aaaa.bbbb"]
)
@pytest.mark.parametrize("name", ["kabinet", "device", "css"])
def test_nonsense_in_a_cookie_is_a_guest(bare, anna, name, value):
    page = bare.get("/settings", headers={"Cookie": f"{name}={value}"})
    assert page.location == "/sign-in?next=/settings"
    assert bare.get("/", headers={"Cookie": f"{name}={value}"}).h1 == "Личный кабинет"
