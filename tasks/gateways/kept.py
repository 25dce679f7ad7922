"""The demo's own post office: it takes everything and sends nothing; /demo/letters shows what lies there."""

from __future__ import annotations

from tasks.gateways.smtp_words import Accepted

NAME = "demo"


class Kept:
    is_ready = True

    def hand_over(self, _: object) -> Accepted:
        return Accepted(NAME)

    def close_idle(self) -> None: ...
