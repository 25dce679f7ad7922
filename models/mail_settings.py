"""The addresses of mail servers as the settings give them: smtp(s)://user:password@host:port, imap(s)://…/FOLDER."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

IMPLICIT, STARTTLS, NEVER = "implicit", "starttls", "never"
_SMTP_PORTS = {"smtp": 587, "smtps": 465}
_IMAP_PORTS = {"imap": 143, "imaps": 993}


@dataclass(frozen=True)
class MailServer:
    """Where letters are handed over or fetched."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: str  # implicit | starttls | never
    folder: str = ""  # IMAP alone

    @property
    def name(self) -> str:
        """What logs and the staff's pages call it."""
        return f"{self.host}:{self.port}"

    @property
    def mailbox(self) -> str:
        """A folder of one user, by which is known how far it was read."""
        return f"{self.user}@{self.name}/{self.folder}"


def smtp_servers(text: str, *, is_demo: bool) -> tuple[MailServer, ...]:
    """The providers between spaces, the preferred one first; ValueError says what is wrong, without the password."""
    servers = tuple(_smtp(url, is_demo) for url in text.split())
    if len({server.name for server in servers}) < len(servers):
        raise ValueError("names one host and port twice")
    return servers


def imap_server(text: str) -> MailServer | None:
    """The mailbox of reports, None for ''; ValueError says what is wrong. The folder is INBOX unless given."""
    if not text:
        return None
    parts = _parts(text, _IMAP_PORTS, "imaps://user:password@host/FOLDER")
    if parts.scheme == "imap" and not is_loopback(parts.hostname or ""):
        raise ValueError("must be imaps://: a password goes over no open line")
    if not parts.username or parts.password is None or parts.query:
        raise ValueError("must be imaps://user:password@host/FOLDER")
    tls = IMPLICIT if parts.scheme == "imaps" else NEVER
    return _server(parts, _IMAP_PORTS, tls, unquote(parts.path.strip("/")) or "INBOX")


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _smtp(url: str, is_demo: bool) -> MailServer:
    parts = _parts(url, _SMTP_PORTS, "smtp://user:password@host:587 or smtps://user:password@host:465")
    if parts.path.strip("/"):
        raise ValueError("takes no path")
    tls = _tls(parts)
    if tls == NEVER and not (is_demo or is_loopback(parts.hostname or "")):
        raise ValueError("tls=never is for a server on this machine alone")
    if bool(parts.username) != (parts.password is not None):
        raise ValueError("needs user and password together, each percent-encoded")
    return _server(parts, _SMTP_PORTS, tls)


def _tls(parts: SplitResult) -> str:
    asked = parse_qs(parts.query, keep_blank_values=True)
    if asked and (parts.scheme != "smtp" or asked != {"tls": ["never"]}):
        raise ValueError("takes no parameter but ?tls=never, and that with smtp:// alone")
    return IMPLICIT if parts.scheme == "smtps" else NEVER if asked else STARTTLS


def _parts(url: str, ports: dict[str, int], form: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ports and bool(parts.hostname) and parts.port != 0 and not parts.fragment
    except ValueError:  # an IPv6 address without its bracket, a port that is no number
        is_whole = False
    if not is_whole:
        raise ValueError(f"must be {form}")
    return parts


def _server(parts: SplitResult, ports: dict[str, int], tls: str, folder: str = "") -> MailServer:
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if any(ord(char) < 32 for char in user + password):
        raise ValueError("has a control character in user or password")
    return MailServer(parts.hostname or "", parts.port or ports[parts.scheme], user, password, tls, folder)
