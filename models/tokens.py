"""Single-use links and codes. The database keeps only what cannot be turned back into them."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any, NamedTuple

from peewee import CharField, DateTimeField, IntegerField, JSONField

from models import clock, seal
from models.base import Refusal, Row

CODE_LIVES = timedelta(minutes=10)
CODE_TRIES = 5


class Token(Row):
    purpose = CharField()
    handle = CharField(unique=True)  # names the request to the browser that made it; proves nothing
    fingerprint = CharField(unique=True)
    code_seal = CharField()
    tries = IntegerField(default=0)
    subject = CharField(index=True)
    data = JSONField(default=dict)
    created_at = DateTimeField(default=clock.now)
    expires_at = DateTimeField(index=True)
    used_at = DateTimeField(null=True)


class Issued(NamedTuple):
    secret: str
    code: str
    handle: str


def pretend(subject: str) -> Issued:
    """A request that opens nothing, kept and counted like any other: neither step nor time tells that nobody was meant."""
    return issue("decoy", subject, CODE_LIVES)


def issue(purpose: str, subject: str, lives: timedelta, **data: Any) -> Issued:
    """A link's secret and a six-digit code for the same request; the code lives ten minutes and five tries."""
    issued = Issued(seal.token(), f"{secrets.randbelow(10**6):06d}", seal.token())
    Token.create(
        purpose=purpose,
        handle=issued.handle,
        fingerprint=seal.fingerprint(issued.secret),
        code_seal=seal.digest("code", issued.handle + issued.code),
        subject=subject,
        data=data,
        created_at=clock.now(),
        expires_at=clock.now() + lives,
    )
    return issued


def find(purpose: str, secret: str) -> Token | None:
    """The live request that a link's secret opens."""
    return _live(purpose).where(Token.fingerprint == seal.fingerprint(secret)).first()


def find_by_code(purpose: str, handle: str, code: str) -> Token | None:
    """The live request of this browser if the code is right. Every try counts, right or wrong, for a decoy as well."""
    # Counted before it is compared, in one conditional update: parallel guesses cannot share a try.
    counted = (
        Token.update(tries=Token.tries + 1)
        .where(Token.handle == handle, Token.used_at.is_null(), Token.tries < CODE_TRIES)
        .where(Token.created_at > clock.now() - CODE_LIVES, Token.expires_at > clock.now())
        .execute()
    )
    if not counted:
        return None
    token = Token.get(Token.handle == handle)
    is_right = seal.matches("code", handle + code, token.code_seal)
    return token if is_right and token.purpose == purpose else None


def use(token: Token) -> None:
    """Spend it; refused when it has been spent meanwhile. Call inside the transaction of what it allows."""
    spent = Token.update(used_at=clock.now()).where(Token.id == token.id, Token.used_at.is_null()).execute()
    if not spent:
        raise Refusal(None, "Эта ссылка уже использована. Запросите новую.", "token.used")


def void(purpose: str, subject: str) -> None:
    """Earlier requests of the same kind open nothing any more."""
    Token.update(used_at=clock.now()).where(
        Token.purpose == purpose, Token.subject == subject, Token.used_at.is_null()
    ).execute()


def void_all(subject: str) -> None:
    """Every open request of the subject dies: with the password or the address, what a thief may have asked for goes too."""
    Token.update(used_at=clock.now()).where(Token.subject == subject, Token.used_at.is_null()).execute()


def purge() -> int:
    """Forget requests a day after they expired; the number of rows removed."""
    return Token.delete().where(Token.expires_at < clock.now() - timedelta(days=1)).execute()


def _live(purpose: str) -> Any:
    return Token.select().where(Token.purpose == purpose, Token.used_at.is_null(), Token.expires_at > clock.now())


def renew(token: Token) -> str:
    """A new secret for a request whose code was right: the way on from the code to what the link opens."""
    secret = seal.token()
    Token.update(fingerprint=seal.fingerprint(secret)).where(Token.id == token.id, Token.used_at.is_null()).execute()
    return secret
