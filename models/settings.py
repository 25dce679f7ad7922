"""Settings from the environment, prefix KABINET_: checked once at start-up, refused with the name and the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from models.mail_settings import MailServer, imap_server, is_loopback, smtp_servers

PREFIX = "KABINET_"
ROOT = Path(__file__).resolve().parent.parent
DEMO_SECRET = "demo-secret-not-for-production"  # noqa: S105  production refuses it
# What the stand-in acquirer that `serve` starts in demo goes by; production refuses each of them.
DEMO_ACQUIRER_USER = "kabinet-demo"
DEMO_ACQUIRER_PASSWORD = "demo-acquirer-not-for-production"  # noqa: S105
DEMO_CALLBACK_KEY = "demo-callback-key-not-for-production"
ACQUIRER = ("ACQUIRER_URL", "ACQUIRER_USER", "ACQUIRER_PASSWORD", "ACQUIRER_CALLBACK_KEY")
LETTERS = ("SMTP_URL", "IMAP_URL", "SMS_URL", "BOUNCE_KEY")
SHORTEST_CALLBACK_KEY = 16
SECRETS = ("SECRET_KEY", "OLD_SECRET_KEYS", "DATABASE_URL", "QUEUE_URL", *ACQUIRER, *LETTERS)
# Read by rooms that are not built yet: a server may be set up with them already.
RESERVED = ("TERMINAL_KEYS", "VIBER_TOKEN", "MAX_TOKEN", "TELEGRAM_TOKEN", "TURN_URL", "TURN_SECRET")
NAMES = (
    *SECRETS, "ACQUIRER_STYLE", "ENV", "COMPANY", "COMPANIES_DIR", "VAR_DIR", "PUBLIC_URL", "TRUSTED_PROXIES", "NOW", "NOW_SINCE",
    "CLAMAV_URL",
)  # fmt: skip

_Read = TypeVar("_Read")


class SettingsError(Exception):
    """A setting that stops the start; `name` is the variable's full name."""

    def __init__(self, name: str, reason: str):
        super().__init__(f"{PREFIX}{name}: {reason}")
        self.name, self.reason = PREFIX + name, reason


@dataclass(frozen=True)
class Settings:
    env: str
    secret_key: str
    old_secret_keys: tuple[str, ...]
    database_url: str
    queue_url: str
    company: str
    companies_dir: Path
    var_dir: Path
    public_url: str
    trusted_proxies: int
    now: datetime | None  # local wall time of the company at which the portal's clock starts
    now_since: datetime | None  # when it started, naive UTC: one start for all processes of a portal
    acquirer_url: str  # the address under which the acquirer's methods lie, no slash at the end; '' takes no payments
    acquirer_user: str
    acquirer_password: str
    acquirer_callback_key: str  # signs the acquirer's callbacks; '' when the acquirer signs none
    acquirer_style: str  # how a request's body is written: json | form
    smtp: tuple[MailServer, ...]  # who takes letters, the preferred one first; () sends none
    imap: MailServer | None  # where reports of what was not delivered come in
    sms_url: str  # '' sends none
    clamav_url: str  # the virus scanner that looks at attached files; '' has none
    bounce_key: str  # signs the reports that the mail provider posts; '' takes none

    @property
    def is_demo(self) -> bool:
        return self.env == "demo"

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def takes_payments(self) -> bool:
        """Whether there is an acquirer to send customers to."""
        return bool(self.acquirer_url)


def read(environ: Mapping[str, str]) -> Settings:
    """The settings of `environ`; a secret may come as NAME_FILE, the path of a file that holds it."""
    given = {name: value for name in NAMES if (value := _value(environ, name))}
    _refuse_unknown(environ)
    env = given.get("ENV", "demo")
    if env not in ("demo", "production"):
        raise SettingsError("ENV", f"must be demo or production, not {env!r}")
    var_dir = Path(given.get("VAR_DIR", ROOT / "var"))
    acquirer_url = _acquirer_url(given.get("ACQUIRER_URL", ""))
    settings = Settings(
        env=env,
        secret_key=given.get("SECRET_KEY", DEMO_SECRET),
        old_secret_keys=tuple(given.get("OLD_SECRET_KEYS", "").split()),
        database_url=_database_url(given.get("DATABASE_URL", f"sqlite:///{var_dir}/kabinet.db")),
        queue_url=_queue_url(given.get("QUEUE_URL", "")),
        company=given.get("COMPANY", "krasnoyarsk"),
        companies_dir=Path(given.get("COMPANIES_DIR", ROOT / "companies")),
        var_dir=var_dir,
        public_url=_public_url(given.get("PUBLIC_URL", "http://127.0.0.1:8000")),
        trusted_proxies=_proxies(given.get("TRUSTED_PROXIES", "0")),
        now=_moment("NOW", given.get("NOW")),
        now_since=_moment("NOW_SINCE", given.get("NOW_SINCE")),
        acquirer_url=acquirer_url,
        acquirer_user=given.get("ACQUIRER_USER", ""),
        acquirer_password=given.get("ACQUIRER_PASSWORD", ""),
        acquirer_callback_key=given.get("ACQUIRER_CALLBACK_KEY", ""),
        acquirer_style=_acquirer_style(given.get("ACQUIRER_STYLE", ""), acquirer_url),
        smtp=_checked("SMTP_URL", lambda: smtp_servers(given.get("SMTP_URL", ""), is_demo=env == "demo")),
        imap=_checked("IMAP_URL", lambda: imap_server(given.get("IMAP_URL", ""))),
        sms_url=_sms_url(given.get("SMS_URL", "")),
        clamav_url=_clamav_url(given.get("CLAMAV_URL", "")),
        bounce_key=_key("BOUNCE_KEY", given.get("BOUNCE_KEY", "")),
    )
    if not settings.companies_dir.is_dir():
        raise SettingsError("COMPANIES_DIR", f"no such folder: {settings.companies_dir}")
    _check_acquirer(settings)
    if settings.is_demo:
        _check_demo(settings)
    else:
        _check_production(settings, given)
    return settings


def _value(environ: Mapping[str, str], name: str) -> str | None:
    value = environ.get(PREFIX + name)
    path = environ.get(f"{PREFIX}{name}_FILE") if name in SECRETS else None
    if value and path:
        raise SettingsError(name, f"given twice, also as {PREFIX}{name}_FILE")
    if path:
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise SettingsError(name + "_FILE", f"cannot be read: {error.strerror}") from error
    return value


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    """A misspelt name must not pass in silence: KABINET_SECRETKEY would leave the default in force."""
    known = {PREFIX + name for name in (*NAMES, *RESERVED)} | {f"{PREFIX}{name}_FILE" for name in (*SECRETS, *RESERVED)}
    for name in environ:
        if name.startswith(PREFIX) and name not in known:
            raise SettingsError(name.removeprefix(PREFIX), "no such setting")


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # such as an IPv6 address without its bracket
        return urlsplit("")


def _database_url(url: str) -> str:
    if _split(url).scheme not in ("sqlite", "postgresql"):
        raise SettingsError("DATABASE_URL", "must begin with sqlite:/// or postgresql://")
    return url


def _queue_url(url: str) -> str:
    if url and _split(url).scheme not in ("redis", "rediss", "postgresql"):
        raise SettingsError("QUEUE_URL", "must be empty (a SQLite file), redis://… or postgresql://…")
    return url


def _public_url(url: str) -> str:
    parts = _split(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise SettingsError("PUBLIC_URL", "must be http(s)://host with no path, as customers type it")
    return url.rstrip("/")


def _proxies(count: str) -> int:
    if not count.isascii() or not count.isdigit() or int(count) > 5:
        raise SettingsError("TRUSTED_PROXIES", "must be the number of proxies in front, 0 to 5")
    return int(count)


def _acquirer_url(url: str) -> str:
    parts = _split(url)
    is_plain = (
        parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment or parts.username)
    )
    if url and not is_plain:
        raise SettingsError(
            "ACQUIRER_URL", "must be http(s)://host/path, as the acquirer's contract tells it, without a query"
        )
    return url.rstrip("/")


def _acquirer_style(style: str, url: str) -> str:
    """The older gateway of the two takes forms, the newer one JSON; the path tells which it is."""
    if style not in ("", "json", "form"):
        raise SettingsError("ACQUIRER_STYLE", f"must be json or form, not {style!r}")
    return style or ("form" if "/payment/rest" in url else "json")


def _checked(name: str, read: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except ValueError as error:
        raise SettingsError(name, str(error)) from error


def _sms_url(url: str) -> str:
    parts = _split(url)
    if url and (parts.scheme not in ("smpp", "https") or not parts.hostname):
        raise SettingsError("SMS_URL", "must be smpp://user:password@host:port or https://…")
    return url


def _clamav_url(url: str) -> str:
    parts = _split(url)
    try:
        is_host = parts.scheme == "tcp" and bool(parts.hostname and parts.port) and parts.path in ("", "/")
    except ValueError:  # no number for a port
        is_host = False
    if url and not is_host and not (parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc):
        raise SettingsError("CLAMAV_URL", "must be tcp://host:port or unix:///path/of/the/socket")
    return url


def _key(name: str, key: str) -> str:
    if 0 < len(key) < SHORTEST_CALLBACK_KEY:
        raise SettingsError(name, f"must have at least {SHORTEST_CALLBACK_KEY} characters")
    return key


def _moment(name: str, text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(name, "must be an ISO date-time such as 2026-11-20T10:00") from error
    if moment.tzinfo:
        raise SettingsError(name, "takes no offset, for example 2026-11-20T10:00")
    return moment


def _check_acquirer(settings: Settings) -> None:
    if settings.acquirer_url and not settings.acquirer_user:
        raise SettingsError("ACQUIRER_USER", "is needed with ACQUIRER_URL: the acquirer gives it with the contract")
    if settings.acquirer_url and not settings.acquirer_password:
        raise SettingsError("ACQUIRER_PASSWORD", "is needed with ACQUIRER_URL: the acquirer gives it with the contract")
    _key("ACQUIRER_CALLBACK_KEY", settings.acquirer_callback_key)


def _check_demo(settings: Settings) -> None:
    """Whoever forgets KABINET_ENV must not open a portal to the world whose secret anybody can read."""
    if settings.secret_key == DEMO_SECRET and not is_loopback(urlsplit(settings.public_url).hostname or ""):
        raise SettingsError(
            "ENV", "is demo (the default): set it to production, or give a demo on the net a KABINET_SECRET_KEY"
        )


def _check_production(settings: Settings, given: Mapping[str, str]) -> None:
    if len(settings.secret_key) < 32 or settings.secret_key == DEMO_SECRET:
        raise SettingsError("SECRET_KEY", "production needs a random secret of at least 32 characters")
    if settings.now or settings.now_since:
        raise SettingsError("NOW", "the clock cannot be set in production")
    if "PUBLIC_URL" not in given:
        raise SettingsError("PUBLIC_URL", "production needs the address customers type")
    host = urlsplit(settings.public_url).hostname or ""
    if not settings.is_https and not is_loopback(host):
        raise SettingsError("PUBLIC_URL", "production needs https://")
    _check_real_acquirer(settings)


def _check_real_acquirer(settings: Settings) -> None:
    """Money and a password go there: no open line, and none of the stand-in's well-known words."""
    parts = urlsplit(settings.acquirer_url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise SettingsError("ACQUIRER_URL", "production needs https://")
    for name, value, known in (
        ("ACQUIRER_USER", settings.acquirer_user, DEMO_ACQUIRER_USER),
        ("ACQUIRER_PASSWORD", settings.acquirer_password, DEMO_ACQUIRER_PASSWORD),
        ("ACQUIRER_CALLBACK_KEY", settings.acquirer_callback_key, DEMO_CALLBACK_KEY),
    ):
        if value == known:
            raise SettingsError(name, "is the stand-in acquirer's: anybody can read it")
