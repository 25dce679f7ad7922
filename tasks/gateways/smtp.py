"""Handing letters over to mail providers by SMTP. Nothing is stored here, and no database transaction may be open meanwhile.

What comes back is an outcome, never an exception: accepted, temporary, unknown (it may have been taken) or permanent. Durations
and providers are logged; addresses, passwords and words of letters never.
"""

from __future__ import annotations

import logging
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from models.mail_settings import STARTTLS, MailServer
from models.outbox.addresses import ascii_domain
from models.settings import Settings
from tasks.gateways import smtp_words as words
from tasks.gateways.provider_health import ProviderHealth
from tasks.gateways.smtp_line import Line, NotOffered
from tasks.gateways.smtp_words import Accepted, Outcome, Permanent, Temporary, Unknown

__all__ = ["Accepted", "Envelope", "Outcome", "Permanent", "Relay", "Relays", "Temporary", "Unknown", "from_settings"]

CONNECTS_IN, ANSWERS_IN = 10.0, 60.0  # seconds: a connection, an answer
EXCHANGE = 120.0  # seconds: one letter with all its providers
MOST_ON_A_LINE, IDLE = 100, 30.0  # letters, seconds
_NO_EHLO = (500, 501, 502, 504)
_DOTS = re.compile(rb"^\.", re.MULTILINE)
_FAILED = (OSError, smtplib.SMTPException, NotOffered)

logger = logging.getLogger(__name__)


class Envelope(NamedTuple):
    """A letter as bytes whose lines, the last one too, end with CRLF, where reports about it come, and whom it is for."""

    sender: str
    recipient: str
    body: bytes


class _Answer(Exception):  # noqa: N818
    """An answer of the server that ends the letter's way."""

    def __init__(self, code: int, text: str):
        super().__init__(code, text)
        self.code, self.text = code, text


class Relay:
    """One provider and the connection to it, kept open for the next letter. For one thread at a time."""

    def __init__(
        self,
        server: MailServer,
        hello: str,
        *,
        connects_in: float = CONNECTS_IN,
        answers_in: float = ANSWERS_IN,
        context: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.monotonic,
    ):
        self.name = server.name
        self._server, self._hello, self._now = server, hello, now
        self._waits = (connects_in, answers_in)
        self._context = context or ssl.create_default_context()
        self._line: Line | None = None
        self._count, self._used_at = 0, 0.0
        self._step = words.CONNECT
        self._is_complete = False  # the whole letter has been sent, its answer is awaited

    def hand_over(self, envelope: Envelope, within: float = EXCHANGE) -> Outcome:
        """Bring one letter to an end within so many seconds."""
        started = time.monotonic()
        self._is_complete = False
        try:
            self._write(envelope, self._opened(started + within))
            outcome: Outcome = Accepted(self.name)
        except _Answer as answer:
            outcome = words.refusal(self.name, self._step, answer.code, answer.text)
            if answer.code == 421 or self._step in (words.CONNECT, words.HELLO, words.TLS, words.AUTH):
                self.close()
        except _FAILED as error:
            outcome = self._broken(error)
            self.close()
        except ValueError:  # a line break, or letters where SMTP knows none
            outcome = Permanent(self.name, "так письмо не передать: в конверте недопустимый знак", words.MESSAGE)
            self.close()
        self._used_at = self._now()
        logger.info("%s: %s in %d ms", self.name, _told(outcome, self._step), (time.monotonic() - started) * 1000)
        return outcome

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None

    def close_idle(self) -> None:
        """Say good-bye on a connection that nobody has used for a while."""
        if self._line is not None and self._now() - self._used_at > IDLE:
            self._leave()

    def _write(self, envelope: Envelope, line: Line) -> None:
        self._step = words.RECIPIENT
        recipient, is_utf8 = _address(envelope.recipient, line)
        options = f" SIZE={len(envelope.body)}" if line.has_extn("size") else ""
        options += " SMTPUTF8 BODY=8BITMIME" if is_utf8 else ""
        line.command_encoding = "utf-8" if is_utf8 else "ascii"
        for self._step, command, wanted in (
            (words.SENDER, f"MAIL FROM:<{envelope.sender}>{options}", (250,)),
            (words.RECIPIENT, f"RCPT TO:<{recipient}>", (250, 251)),
            (words.DATA, "DATA", (354,)),
        ):
            _expect(line.docmd(command), wanted)
        self._step = words.BODY
        line.send(_DOTS.sub(b"..", envelope.body))
        self._is_complete = True
        line.send(b".\r\n")
        _expect(line.getreply(), (250, 251, 252))
        self._count += 1

    def _opened(self, until: float) -> Line:
        if self._line is not None:
            self._line.until = until
            if self._count < MOST_ON_A_LINE and self._now() - self._used_at <= IDLE and self._is_alive():
                return self._line
            self._leave()
        return self._open(until)

    def _is_alive(self) -> bool:
        """Also makes the server forget the letter before, if that one was refused half-way."""
        try:
            return self._line is not None and self._line.rset()[0] == 250
        except _FAILED:
            return False

    def _leave(self) -> None:
        if self._line is not None:
            try:
                self._line.until = time.monotonic() + 1
                self._line.quit()
            except _FAILED:
                logger.debug("%s: gone before the good-bye", self.name)
        self.close()

    def _open(self, until: float) -> Line:
        self._step = words.CONNECT
        self._line = line = Line(self._server, self._context, *self._waits, self._hello)
        line.until = until
        self._count = 0
        _expect(line.open(), (220,))
        self._greet(line)
        if self._server.tls == STARTTLS:
            self._step = words.TLS
            line.secure()
            self._greet(line)
        if self._server.user:
            self._step = words.AUTH
            _expect(line.sign_in(), (235,))
        return line

    def _greet(self, line: Line) -> None:
        self._step = words.HELLO
        answer = line.ehlo()
        if answer[0] in _NO_EHLO and self._server.tls != STARTTLS:
            answer = line.helo()
        _expect(answer, (250,))

    def _broken(self, error: Exception) -> Outcome:
        """What it means that the line broke, by how far the letter had got."""
        said = _in_russian(error)
        if self._is_complete:
            return Unknown(self.name, said)
        if isinstance(error, smtplib.SMTPResponseException):
            return words.refusal(self.name, self._step, error.smtp_code, _text(error.smtp_error))
        is_broken = isinstance(error, (NotOffered, ssl.SSLCertVerificationError))
        is_early = self._step in (words.CONNECT, words.HELLO, words.TLS, words.AUTH, words.SENDER)
        return Temporary(self.name, said, words.PROVIDER if is_early else words.MESSAGE, is_broken)


class Relays:
    """All providers, the preferred one first; whoever refuses even to look at a letter is passed over."""

    def __init__(self, relays: Sequence[Relay], now: Callable[[], float] = time.monotonic):
        self._relays = [(relay, ProviderHealth(now)) for relay in relays]

    @property
    def is_ready(self) -> bool:
        """Whether any provider is worth trying now."""
        return any(health.may_try for _, health in self._relays)

    def hand_over(self, envelope: Envelope) -> Outcome:
        until = time.monotonic() + EXCHANGE
        outcome: Outcome = Temporary("", "все почтовые серверы недоступны", words.PROVIDER, is_well=True)
        for relay, health in self._relays:
            left = until - time.monotonic()
            if not health.may_try or left <= 0:
                continue
            outcome = relay.hand_over(envelope, left)
            health.note(outcome)
            if not (isinstance(outcome, Temporary) and outcome.about == words.PROVIDER):
                return outcome
            logger.warning("%s: %s", relay.name, outcome.said)
        return outcome

    def close(self) -> None:
        for relay, _ in self._relays:
            relay.close()

    def close_idle(self) -> None:
        for relay, _ in self._relays:
            relay.close_idle()


def from_settings(settings: Settings) -> Relays | None:
    """The providers of these settings, None when letters are not sent."""
    if not settings.smtp:
        return None
    hello = ascii_domain(urlsplit(settings.public_url).hostname or "localhost")
    return Relays([Relay(server, f"[{hello}]" if hello[:1].isdigit() else hello) for server in settings.smtp])


def _address(address: str, line: Line) -> tuple[str, bool]:
    """The recipient as the server takes it, and whether it must be told in UTF-8."""
    local, _, domain = address.rpartition("@")
    if not local or not domain or any(char in "<> \r\n\t\0" for char in address):
        raise _Answer(553, "5.1.3 адрес записан неверно")
    try:
        domain = ascii_domain(domain)
    except UnicodeError:
        raise _Answer(553, "5.1.2 домен записан неверно") from None
    if local.isascii():
        return f"{local}@{domain}", False
    if not line.has_extn("smtputf8"):
        raise _Answer(553, "5.6.7 сервер не принимает такие адреса: SMTPUTF8 не предложен")
    return f"{local}@{domain}", True


def _expect(answer: tuple[int, bytes], wanted: Sequence[int]) -> None:
    code, text = answer
    if code not in wanted:
        raise _Answer(code, _text(text))


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _told(outcome: Outcome, step: str) -> str:
    return "accepted" if isinstance(outcome, Accepted) else f"{type(outcome).__name__.lower()} at {step}"


def _in_russian(error: Exception) -> str:
    """Why there is no answer, for the staff."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"сертификат сервера не принят: {error.verify_message}"
    if isinstance(error, NotOffered):
        return str(error)
    if isinstance(error, TimeoutError):
        return "сервер молчит"
    if isinstance(error, socket.gaierror):
        return "имя сервера не найдено"
    if isinstance(error, ConnectionRefusedError):
        return "сервер не принимает соединений"
    if isinstance(error, ssl.SSLError):
        return f"шифрование не удалось: {error.reason or type(error).__name__}"
    return "соединение оборвалось"
