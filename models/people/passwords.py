"""Passwords: Argon2id hashes, and what is refused as a new one (ASVS 6.2: 8 to 128 characters, nothing everyone uses)."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.base import Refusal

LEAST, MOST = 8, 128
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def cheap() -> None:
    """Hashes a thousand times cheaper, for tests."""
    global _hasher
    _hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    decoy.cache_clear()


def hashed(password: str) -> str:
    return _hasher.hash(_normal(password))


def verify(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, _normal(password))
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def is_stale(stored: str) -> bool:
    """Whether the hash was made at another cost than today's."""
    return _hasher.check_needs_rehash(stored)


@cache
def decoy() -> str:
    """A hash that nothing matches: verified when there is no customer, so that the answer takes as long."""
    return _hasher.hash("no such customer \N{NULL}")


def check_new(password: str, *own: str, field: str = "password") -> None:
    """Refuse a new password that is short, too long, common, or the customer's own e-mail or account number."""
    normal = _normal(password[: MOST + 1])
    if len(normal) < LEAST:
        raise Refusal(
            field,
            f"Пароль слишком короткий: нужно не меньше {LEAST} знаков. Подойдут три-четыре слова подряд.",
            "password.short",
        )
    if len(normal) > MOST:
        raise Refusal(field, f"Пароль длиннее {MOST} знаков.", "password.long")
    if normal.casefold() in _common() or len(set(normal)) < 3:
        raise Refusal(
            field, "Этот пароль встречается слишком часто, его подберут первым. Придумайте другой.", "password.common"
        )
    if any(word and word.casefold() in normal.casefold() and len(word) * 2 > len(normal) for word in own):
        raise Refusal(field, "Пароль не должен повторять почту, телефон или лицевой счёт.", "password.own")


def check_again(password: str, again: str, field: str = "password_again") -> None:
    """Refuse a repetition that differs."""
    if password != again:
        raise Refusal(field, "Пароли не совпадают. Введите один и тот же пароль дважды.", "password.again")


def _normal(password: str) -> str:
    # The same password typed on different keyboards must be the same bytes.
    return unicodedata.normalize("NFKC", password)


@cache
def _common() -> frozenset[str]:
    return frozenset((Path(__file__).parent / "common_passwords.txt").read_text("utf-8").split())
