"""Settings from the environment: a wrong or missing one stops the start with its name and the reason."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from models import settings
from models.settings import Settings, SettingsError

SECRET = "0123456789abcdef0123456789abcdef"
PRODUCTION = {"KABINET_ENV": "production", "KABINET_SECRET_KEY": SECRET, "KABINET_PUBLIC_URL": "https://lk.example.ru"}


def read(**given: str) -> Settings:
    return settings.read({f"KABINET_{name}": value for name, value in given.items()})


def wrong(environ: dict[str, str]) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        settings.read(environ)
    return caught.value


def test_nothing_given_is_the_demo_in_krasnoyarsk() -> None:
    chosen = settings.read({"PATH": "/bin", "HOME": "/root"})
    assert (chosen.is_demo, chosen.company, chosen.secret_key, chosen.queue_url) == (
        True,
        "krasnoyarsk",
        settings.DEMO_SECRET,
        "",
    )
    assert chosen.database_url == f"sqlite:///{settings.ROOT}/var/kabinet.db"
    assert (chosen.public_url, chosen.is_https, chosen.trusted_proxies, chosen.now) == (
        "http://127.0.0.1:8000",
        False,
        0,
        None,
    )


def test_empty_is_not_given() -> None:
    assert read(COMPANY="", NOW="", DATABASE_URL="") == settings.read({})


def test_database_lies_in_the_var_folder() -> None:
    assert read(VAR_DIR="/srv/kabinet").database_url == "sqlite:////srv/kabinet/kabinet.db"


def test_secret_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    assert read(SECRET_KEY_FILE=str(tmp_path / "secret")).secret_key == SECRET


def test_old_secrets_between_spaces() -> None:
    assert read(OLD_SECRET_KEYS="one two").old_secret_keys == ("one", "two")


def test_clock_starts_where_told() -> None:
    assert read(NOW="2026-11-20T10:00").now == datetime(2026, 11, 20, 10)


def test_address_without_the_last_slash() -> None:
    assert read(PUBLIC_URL="http://localhost:8000/").public_url == "http://localhost:8000"


def test_demo_on_the_net_wants_a_secret_of_its_own() -> None:
    """Or whoever forgets KABINET_ENV has opened a portal whose secret anybody can read."""
    with pytest.raises(SettingsError) as caught:
        read(PUBLIC_URL="https://lk.example.ru")
    assert caught.value.name == "KABINET_ENV"
    assert read(PUBLIC_URL="https://lk.example.ru", SECRET_KEY="a-secret-of-its-own-that-is-long-enough").is_demo


def test_production() -> None:
    chosen = settings.read(PRODUCTION)
    assert not chosen.is_demo and chosen.is_https


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ENV", "prod", "must be demo or production"),
        ("DATABASE_URL", "mysql://localhost/k", "must begin with sqlite:/// or postgresql://"),
        ("DATABASE_URL", "postgresql://[", "must begin with"),
        ("QUEUE_URL", "amqp://localhost", "must be empty"),
        ("PUBLIC_URL", "lk.example.ru", "must be http(s)://host"),
        ("PUBLIC_URL", "https://", "must be http(s)://host"),
        ("PUBLIC_URL", "https://lk.example.ru/cabinet", "no path"),
        ("PUBLIC_URL", "ftp://lk.example.ru", "must be http(s)://host"),
        ("PUBLIC_URL", "http://[", "must be http(s)://host"),
        ("TRUSTED_PROXIES", "-1", "number of proxies"),
        ("TRUSTED_PROXIES", "6", "number of proxies"),
        ("TRUSTED_PROXIES", "²", "number of proxies"),
        ("TRUSTED_PROXIES", "one", "number of proxies"),
        ("NOW", "вчера", "must be an ISO date-time"),
        ("NOW", "2026-02-30", "must be an ISO date-time"),
        ("COMPANIES_DIR", "/nowhere", "no such folder: /nowhere"),
        ("SECRET_KEY_FILE", "/nowhere", "cannot be read: No such file or directory"),
        ("SECRETKEY", "x", "no such setting"),
        ("COMPANY_FILE", "x", "no such setting"),
    ],
)
def test_wrong_value_is_named_with_the_reason(name: str, value: str, reason: str) -> None:
    error = wrong({f"KABINET_{name}": value})
    assert error.name == f"KABINET_{name}" and reason in error.reason
    assert str(error) == f"{error.name}: {error.reason}"


def test_secret_given_twice(tmp_path: Path) -> None:
    error = wrong({"KABINET_SECRET_KEY": SECRET, "KABINET_SECRET_KEY_FILE": str(tmp_path)})
    assert error.name == "KABINET_SECRET_KEY" and "given twice" in error.reason


@pytest.mark.parametrize(
    ("change", "name", "reason"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY", "at least 32 characters"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY", "at least 32 characters"),
        ({"SECRET_KEY": settings.DEMO_SECRET}, "SECRET_KEY", "random secret"),
        ({"NOW": "2026-11-20"}, "NOW", "cannot be set in production"),
        ({"PUBLIC_URL": ""}, "PUBLIC_URL", "needs the address customers type"),
        ({"PUBLIC_URL": "http://lk.example.ru"}, "PUBLIC_URL", "needs https://"),
    ],
)
def test_production_refuses_what_is_for_demo(change: dict[str, str], name: str, reason: str) -> None:
    error = wrong({**PRODUCTION, **{f"KABINET_{key}": value for key, value in change.items()}})
    assert error.name == f"KABINET_{name}" and reason in error.reason


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_production_may_be_tried_at_home_without_tls(host: str) -> None:
    assert settings.read({**PRODUCTION, "KABINET_PUBLIC_URL": f"http://{host}"})


def test_error_does_not_print_the_secret() -> None:
    assert "short-secret" not in str(wrong({**PRODUCTION, "KABINET_SECRET_KEY": "short-secret"}))


BANK = {"ACQUIRER_URL": "https://bank.example/payment/rest/", "ACQUIRER_USER": "lk", "ACQUIRER_PASSWORD": "word"}


def bank(**change: str) -> dict[str, str]:
    return {f"KABINET_{name}": value for name, value in {**BANK, **change}.items()}


def test_without_an_acquirer_no_payments_are_taken() -> None:
    chosen = settings.read({})
    assert not chosen.takes_payments
    assert not settings.read(PRODUCTION).takes_payments


def test_acquirer() -> None:
    chosen = settings.read(PRODUCTION | bank(ACQUIRER_CALLBACK_KEY="sixteen-letters-"))
    assert chosen.takes_payments
    assert (chosen.acquirer_url, chosen.acquirer_user, chosen.acquirer_password, chosen.acquirer_callback_key) == (
        "https://bank.example/payment/rest",
        "lk",
        "word",
        "sixteen-letters-",
    )


def test_acquirers_secrets_from_files(tmp_path: Path) -> None:
    given = PRODUCTION | {"KABINET_ACQUIRER_URL": BANK["ACQUIRER_URL"]}
    for name in ("USER", "PASSWORD", "CALLBACK_KEY"):
        (tmp_path / name).write_text(f"{name.lower()}-from-a-file\n")
        given[f"KABINET_ACQUIRER_{name}_FILE"] = str(tmp_path / name)
    chosen = settings.read(given)
    assert (chosen.acquirer_user, chosen.acquirer_password) == ("user-from-a-file", "password-from-a-file")
    assert chosen.acquirer_callback_key == "callback_key-from-a-file"


@pytest.mark.parametrize(
    ("url", "style", "read"),
    [
        ("https://bank.example/payment/rest/", "", "form"),
        ("https://bank.example/ecomm/gw/partner/api/v1/", "", "json"),
        ("https://bank.example/payment/rest/", "json", "json"),
        ("https://bank.example/pay", "form", "form"),
    ],
)
def test_style_follows_the_path_unless_told(url: str, style: str, read: str) -> None:
    assert settings.read(bank(ACQUIRER_URL=url, ACQUIRER_STYLE=style)).acquirer_style == read


@pytest.mark.parametrize(
    ("change", "name", "reason"),
    [
        ({"ACQUIRER_URL": "bank.example/payment/rest"}, "ACQUIRER_URL", "must be http(s)://"),
        ({"ACQUIRER_URL": "https://lk:word@bank.example/"}, "ACQUIRER_URL", "must be http(s)://"),
        ({"ACQUIRER_URL": "https://bank.example/?a=b"}, "ACQUIRER_URL", "without a query"),
        ({"ACQUIRER_URL": "https://["}, "ACQUIRER_URL", "must be http(s)://"),
        ({"ACQUIRER_STYLE": "xml"}, "ACQUIRER_STYLE", "must be json or form"),
        ({"ACQUIRER_USER": ""}, "ACQUIRER_USER", "is needed with ACQUIRER_URL"),
        ({"ACQUIRER_PASSWORD": ""}, "ACQUIRER_PASSWORD", "is needed with ACQUIRER_URL"),
        ({"ACQUIRER_CALLBACK_KEY": "fifteen-letters"}, "ACQUIRER_CALLBACK_KEY", "at least 16 characters"),
        ({"ACQUIRER_STYLE_FILE": "/nowhere"}, "ACQUIRER_STYLE_FILE", "no such setting"),
    ],
)
def test_wrong_acquirer_stops_demo_and_production(change: dict[str, str], name: str, reason: str) -> None:
    for environ in (bank(**change), PRODUCTION | bank(**change)):
        error = wrong(environ)
        assert error.name == f"KABINET_{name}" and reason in error.reason


@pytest.mark.parametrize(
    ("change", "name", "reason"),
    [
        ({"ACQUIRER_URL": "http://bank.example/payment/rest"}, "ACQUIRER_URL", "needs https://"),
        ({"ACQUIRER_USER": settings.DEMO_ACQUIRER_USER}, "ACQUIRER_USER", "is the stand-in acquirer's"),
        ({"ACQUIRER_PASSWORD": settings.DEMO_ACQUIRER_PASSWORD}, "ACQUIRER_PASSWORD", "is the stand-in acquirer's"),
        ({"ACQUIRER_CALLBACK_KEY": settings.DEMO_CALLBACK_KEY}, "ACQUIRER_CALLBACK_KEY", "is the stand-in acquirer's"),
    ],
)
def test_production_refuses_an_open_line_and_the_stand_in(change: dict[str, str], name: str, reason: str) -> None:
    assert settings.read(bank(**change))
    error = wrong(PRODUCTION | bank(**change))
    assert error.name == f"KABINET_{name}" and reason in error.reason


def test_production_may_reach_an_acquirer_through_a_proxy_at_home() -> None:
    assert settings.read(PRODUCTION | bank(ACQUIRER_URL="http://127.0.0.1:9000/payment/rest")).takes_payments


def test_error_does_not_print_the_acquirers_password() -> None:
    assert "hush-hush" not in str(wrong(bank(ACQUIRER_USER="", ACQUIRER_PASSWORD="hush-hush")))


# ---- mail


def test_mail_providers() -> None:
    first, second = read(SMTP_URL="smtps://lk%40e.ru:p%40ss%2F%D1%8F@smtp.e.ru smtp://u:p@mail.e.ru:2525").smtp
    assert (first.host, first.port, first.user, first.password, first.tls) == (
        "smtp.e.ru", 465, "lk@e.ru", "p@ss/я", "implicit",
    )  # fmt: skip
    assert (second.name, second.tls) == ("mail.e.ru:2525", "starttls")
    assert read(SMTP_URL="smtp://mail.e.ru").smtp[0].port == 587
    assert "p@ss" not in repr(first)


def test_mail_without_tls_is_for_this_machine_or_the_demo() -> None:
    assert read(SMTP_URL="smtp://mail.e.ru:25?tls=never").smtp[0].tls == "never"
    production = PRODUCTION | {"KABINET_SMTP_URL": "smtp://[::1]:25?tls=never"}
    assert settings.read(production).smtp[0].host == "::1"
    error = wrong(PRODUCTION | {"KABINET_SMTP_URL": "smtp://mail.e.ru?tls=never"})
    assert error.name == "KABINET_SMTP_URL" and "this machine" in error.reason


def test_mailbox_of_reports() -> None:
    found = read(IMAP_URL="imaps://b%40e.ru:pass@imap.e.ru/INBOX/Reports").imap
    assert found is not None
    assert (found.host, found.port, found.user, found.folder) == ("imap.e.ru", 993, "b@e.ru", "INBOX/Reports")
    found = read(IMAP_URL="imap://b:p@127.0.0.1:1143").imap
    assert found is not None and (found.port, found.folder, found.tls) == (1143, "INBOX", "never")
    assert read().imap is None


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("SMTP_URL", "mail.e.ru", "must be smtp://"),
        ("SMTP_URL", "http://mail.e.ru", "must be smtp://"),
        ("SMTP_URL", "smtp://", "must be smtp://"),
        ("SMTP_URL", "smtp://mail.e.ru:port", "must be smtp://"),
        ("SMTP_URL", "smtp://mail.e.ru:0", "must be smtp://"),
        ("SMTP_URL", "smtp://mail.e.ru#x", "must be smtp://"),
        ("SMTP_URL", "smtp://[", "must be smtp://"),
        ("SMTP_URL", "smtp://mail.e.ru/folder", "takes no path"),
        ("SMTP_URL", "smtp://mail.e.ru?tls=no", "no parameter but"),
        ("SMTP_URL", "smtps://mail.e.ru?tls=never", "no parameter but"),
        ("SMTP_URL", "smtp://user@mail.e.ru", "user and password together"),
        ("SMTP_URL", "smtp://us%0Aer:p@mail.e.ru", "control character"),
        ("SMTP_URL", "smtp://mail.e.ru smtp://mail.e.ru:587", "twice"),
        ("IMAP_URL", "imap://u:p@imap.e.ru/INBOX", "must be imaps://"),
        ("IMAP_URL", "imaps://imap.e.ru/INBOX", "must be imaps://user"),
        ("IMAP_URL", "pop3://u:p@imap.e.ru", "must be imaps://"),
        ("SMS_URL", "http://sms.e.ru", "must be smpp://"),
        ("BOUNCE_KEY", "short", "at least 16 characters"),
    ],
)
def test_wrong_mail_is_named_without_its_password(name: str, value: str, reason: str) -> None:
    error = wrong({f"KABINET_{name}": value})
    assert error.name == f"KABINET_{name}" and reason in error.reason


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:3310", "tcp://[::1]:3310", "unix:///run/clamav/clamd.ctl", ""])
def test_the_scanner_is_a_host_or_a_socket(url: str) -> None:
    assert read(CLAMAV_URL=url).clamav_url == url


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:3310", "tcp://127.0.0.1", "tcp://h:x", "tcp://h:1/path", "unix://run/clamd", "http://h:1", "tcp://["],
)
def test_another_address_of_a_scanner_stops_the_start(url: str) -> None:
    assert "tcp://host:port" in wrong({"KABINET_CLAMAV_URL": url}).reason


@pytest.mark.parametrize("name", settings.LETTERS)
def test_secrets_of_mail_come_from_files_too(name: str, tmp_path: Path) -> None:
    value = {"SMTP_URL": "smtps://u:p@m.ru", "IMAP_URL": "imaps://u:p@m.ru", "SMS_URL": "https://s.ru"}.get(
        name, "k" * 16
    )
    (tmp_path / "secret").write_text(f"{value}\n")
    assert read(**{f"{name}_FILE": str(tmp_path / "secret")}) == read(**{name: value}) != read()
