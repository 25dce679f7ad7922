"""The kinds of import files by name, in the order in which they rest on each other."""

from __future__ import annotations

from models.exchange import meters, money, places, prices

KINDS = {kind.name: kind for kind in (*prices.KINDS, *places.KINDS, *meters.KINDS, *money.KINDS)}
