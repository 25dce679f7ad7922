"""Keyed hashes and signatures under the portal's secret, a key of its own for each purpose.

The secret may be changed: what was sealed under KABINET_OLD_SECRET_KEYS still verifies.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

_keys: tuple[bytes, ...] = ()


def use(secret: str, *old: str) -> None:
    global _keys
    _keys = tuple(key.encode() for key in (secret, *old))


def digest(purpose: str, text: str) -> str:
    """HMAC-SHA256 in hex under today's secret."""
    return _mac(_keys[0], purpose, text)


def digests(purpose: str, text: str) -> list[str]:
    """The same under every secret still known, today's first."""
    return [_mac(key, purpose, text) for key in _keys]


def matches(purpose: str, text: str, given: str) -> bool:
    """Whether `given` is a digest of `text`, or the beginning of one of at least 16 hex digits, under any secret still known."""
    given = given.lower()
    if len(given) < 16 or not given.isascii():
        return False
    return any(hmac.compare_digest(_mac(key, purpose, text)[: len(given)], given) for key in _keys)


def token() -> str:
    """An unguessable URL-safe secret of 256 bits."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """What the database keeps of a token: enough to find it, useless to whoever reads the table."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _mac(key: bytes, purpose: str, text: str) -> str:
    own = hmac.new(key, f"kabinet/{purpose}".encode(), hashlib.sha256).digest()
    return hmac.new(own, text.encode(), hashlib.sha256).hexdigest()
