"""SMS. Until a centre is connected there is the demo's stand-in alone: it takes every message and sends none."""

from __future__ import annotations

from models.settings import Settings
from tasks.gateways.kept import Kept


def from_settings(settings: Settings) -> Kept | None:
    """Who takes SMS under these settings; None: they wait."""
    return Kept() if settings.is_demo else None
