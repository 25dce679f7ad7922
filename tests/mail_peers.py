"""Mail servers to hand letters to: real SMTP on loopback, taking all, or failing at any step as told."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from models.mail_settings import IMPLICIT, NEVER, STARTTLS, MailServer

CERTIFICATE = Path(__file__).with_name("mail_peers.pem")  # of localhost and 127.0.0.1, signed by itself, with its key
USER, PASSWORD = "kabinet", "pass word:п@роль/%"
DROP, HANG, DRIP, DROP_AFTER = "drop", "hang", "drip", "drop-after"  # instead of an answer; the last only at BODY
CONNECT, EHLO, AUTH, MAIL, RCPT, DATA, BODY = "CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "BODY"


@dataclass(frozen=True)
class Taken:
    """A letter that a peer has read to its end, whatever it answered."""

    sender: str
    recipient: str
    body: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.body, _class=EmailMessage, policy=email.policy.default)  # type: ignore[arg-type]

    @property
    def message_id(self) -> str:
        found = re.search(rb"(?im)^Message-ID:\s*(\S+)", self.body)
        return found.group(1).decode() if found else ""


@dataclass
class Peer:
    """One server: what it took, how many connections it had, how it fails."""

    tls: str
    is_user_wanted: bool
    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    connections: int = 0
    secured: int = 0
    commands: list[str] = field(default_factory=list)
    faults: dict[str, list[Any]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)  # the answer to RCPT by recipient

    def fail(self, step: str, answer: str, times: int = 1_000_000) -> None:
        """Answer so at a step from now on, so many times."""
        self.faults[step] = [answer, times]

    def mend(self) -> None:
        self.faults.clear()
        self.refused.clear()

    def fault(self, step: str) -> str | None:
        found = self.faults.get(step)
        if not found or found[1] <= 0:
            return None
        found[1] -= 1
        return str(found[0])

    def server(self, host: str = "127.0.0.1", **changes: Any) -> MailServer:
        """As the settings would have it."""
        user = (USER, PASSWORD) if self.is_user_wanted else ("", "")
        given = {"host": host, "port": self.port, "user": user[0], "password": user[1], "tls": self.tls} | changes
        return MailServer(**given)

    @property
    def ids(self) -> list[str]:
        return [one.message_id for one in self.taken]


@contextmanager
def peer(
    *, tls: str = NEVER, is_user_wanted: bool = False, is_starttls_offered: bool = True, is_utf8: bool = True
) -> Iterator[Peer]:
    """A mail server in a thread of its own."""
    made = Peer(tls, is_user_wanted)
    context = server_context()
    options: dict[str, Any] = {
        "hostname": "peer.example",
        "enable_SMTPUTF8": is_utf8,
        "data_size_limit": 50_000_000,
        "timeout": 60,
    }
    if tls == STARTTLS and is_starttls_offered:
        options |= {"tls_context": context, "require_starttls": True}
    if is_user_wanted:
        options |= {"authenticator": _is_known, "auth_required": True, "auth_require_tls": False}
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(
        _listen(loop, made, options, context if tls == IMPLICIT else None), loop
    )
    server = listening.result(10)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def trusting() -> ssl.SSLContext:
    """A client's context that knows the peers' certificate, and checks it."""
    return ssl.create_default_context(cafile=str(CERTIFICATE))


async def _listen(loop: Any, made: Peer, options: dict[str, Any], context: ssl.SSLContext | None) -> Any:
    def begin() -> _Talk:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a password without TLS: some test wants just that
            return _Talk(made, _Handler(made), loop=loop, **options)

    return await loop.create_server(begin, "127.0.0.1", 0, ssl=context)


async def _end(server: Any) -> None:
    server.close()
    mine = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not mine]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _is_known(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
    is_right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False)  # not handled: the server says 535


class _Talk(SMTP):
    """aiosmtpd's server, with a fault in front of each step."""

    def __init__(self, made: Peer, handler: Any, **options: Any):
        self._made, self._is_greeted = made, False
        super().__init__(handler, **options)

    async def push(self, status: Any) -> None:
        if not self._is_greeted:
            self._is_greeted = True
            self._made.connections += 1
            if await self._failed(CONNECT):
                return
        await super().push(status)

    async def smtp_EHLO(self, hostname: Any) -> None:
        if not await self._failed(EHLO):
            await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: Any) -> None:
        if not await self._failed(EHLO):
            await super().smtp_HELO(hostname)

    async def smtp_STARTTLS(self, arg: Any) -> None:
        self._made.secured += 1
        await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: Any) -> None:
        if not await self._failed(AUTH):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: Any) -> None:
        self._made.commands.append(f"MAIL {arg}")
        if not await self._failed(MAIL):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: Any) -> None:
        self._made.commands.append(f"RCPT {arg}")
        if not await self._failed(RCPT):
            await super().smtp_RCPT(arg)

    async def smtp_RSET(self, arg: Any) -> None:
        self._made.commands.append("RSET")
        await super().smtp_RSET(arg)

    async def smtp_DATA(self, arg: Any) -> None:
        if not await self._failed(DATA):
            await super().smtp_DATA(arg)

    async def _failed(self, step: str) -> bool:
        answer = self._made.fault(step)
        if answer is None:
            return False
        await self.instead(answer)
        return True

    async def instead(self, answer: str) -> None:
        if answer == DROP:
            self.transport.abort()
        elif answer == HANG:
            await asyncio.sleep(3600)
        elif answer == DRIP:
            for _ in range(3600):
                self.transport.write(b"2")
                await asyncio.sleep(0.05)
        else:
            await super().push(answer)
            if answer.startswith("421"):
                self.transport.close()


class _Handler:
    def __init__(self, made: Peer):
        self._made = made

    async def handle_RCPT(self, server: Any, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if answer := self._made.refused.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        answer = self._made.fault(BODY)
        if answer is None or answer in (DROP, HANG, DRIP, DROP_AFTER):
            self._made.taken.append(
                Taken(str(envelope.mail_from), envelope.rcpt_tos[0], bytes(envelope.content or b""))
            )
        if answer == DROP_AFTER:
            await server.push("250 2.0.0 taken")
            server.transport.close()
            return "250 2.0.0 taken"
        if answer in (DROP, HANG, DRIP):
            await server.instead(answer)
            return "250 2.0.0 taken"
        return answer or "250 2.0.0 taken"
