"""What a mail server's answers mean: whom a refusal is about, and what to do about it. Pure, no network."""

from __future__ import annotations

import re
from typing import NamedTuple

# Steps of handing a letter over; what goes wrong before the recipient is named is the provider's own affair.
CONNECT, HELLO, TLS, AUTH, SENDER, RECIPIENT, DATA, BODY = (
    "connect", "hello", "tls", "auth", "sender", "recipient", "data", "body",
)  # fmt: skip
_PROVIDERS = frozenset((CONNECT, HELLO, TLS, AUTH, SENDER))
_TOO_LARGE = frozenset(("5.2.3", "5.3.4"))
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_LONGEST = 300

ADDRESS, MESSAGE = "address", "message"
PROVIDER, DOMAIN = "provider", "domain"


class Accepted(NamedTuple):
    """The provider answers for the letter from now on."""

    provider: str


class Temporary(NamedTuple):
    """Not taken this time. `about`: the provider (the message was not even looked at), the domain, or the message."""

    provider: str
    said: str
    about: str
    is_broken: bool = False  # the provider cannot be used until somebody mends it: a wrong password or certificate
    is_well: bool = False  # the provider works, it is the other side that does not take letters now


class Unknown(NamedTuple):
    """The line broke after the whole letter had been sent: it may have been taken."""

    provider: str
    said: str


class Permanent(NamedTuple):
    """Refused for good. `about` the address, which `contact.bounces` judges by status and words, or this message."""

    provider: str
    said: str
    about: str
    status: str = ""  # the enhanced code, '' where none was given


Outcome = Accepted | Temporary | Unknown | Permanent


def refusal(provider: str, step: str, code: int, text: str) -> Temporary | Permanent:
    """The outcome of an answer that is no success: 4xx, 5xx, or nothing that SMTP knows."""
    status, words = status_of(text), said(code, text)
    if _is_about_provider(step, code, status):
        return Temporary(provider, words, PROVIDER, is_broken=step in (TLS, AUTH))
    if 500 <= code <= 599:
        return Permanent(provider, words, ADDRESS if _is_about_address(step, status) else MESSAGE, status)
    is_domains = step == RECIPIENT and (code == 421 or status.startswith("4.7."))
    return Temporary(provider, words, DOMAIN if is_domains else MESSAGE, is_well=step == RECIPIENT)


def status_of(text: str) -> str:
    """The enhanced status code at the beginning of an answer, '' without one."""
    found = _STATUS.match(text)
    return found.group(1) if found else ""


def said(code: int, text: str) -> str:
    """An answer for the staff and the log: one line, cut."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return f"{code} {line}"[:_LONGEST].strip()


def _is_about_provider(step: str, code: int, status: str) -> bool:
    """A refused sender or session would refuse every letter: that is for the administrator, the letters wait."""
    if step == SENDER:
        return code != 552 and status not in _TOO_LARGE and not status.startswith("5.6.")
    return step in _PROVIDERS or status.startswith("4.3.") or (step != RECIPIENT and code == 421) or code == 530


def _is_about_address(step: str, status: str) -> bool:
    """Some servers look at the recipient after the whole letter only."""
    return step == RECIPIENT or status.startswith(("5.1.", "5.2."))
