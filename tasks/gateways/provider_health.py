"""Whether a provider is worth trying, by what came of the last letters: per process, forgotten with it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from tasks.gateways.smtp_words import Outcome, Temporary, Unknown

LOOKS_AT = 20  # last outcomes; more than half of them bad is too many
IN_A_ROW = 3
SHORTEST_REST, LONGEST_REST = 60.0, 1800.0  # seconds; doubled each time


class ProviderHealth:
    """After a rest one letter is tried: taken, all is well again; else the next rest is twice as long."""

    def __init__(self, now: Callable[[], float] = time.monotonic):
        self._now = now
        self._bad: deque[bool] = deque(maxlen=LOOKS_AT)
        self._in_a_row = 0
        self._rest = SHORTEST_REST
        self._rests_until: float | None = None

    @property
    def may_try(self) -> bool:
        return self._rests_until is None or self._now() >= self._rests_until

    def note(self, outcome: Outcome) -> None:
        is_bad = isinstance(outcome, Unknown) or (isinstance(outcome, Temporary) and not outcome.is_well)
        if not is_bad and self._rests_until is not None:
            self._bad.clear()
            self._rests_until, self._rest = None, SHORTEST_REST
        self._bad.append(is_bad)
        self._in_a_row = self._in_a_row + 1 if is_bad else 0
        is_broken = isinstance(outcome, Temporary) and outcome.is_broken
        if is_bad and (is_broken or self._rests_until is not None or self._is_too_bad()):
            self._lie_down()

    def _is_too_bad(self) -> bool:
        return self._in_a_row >= IN_A_ROW or sum(self._bad) > LOOKS_AT / 2

    def _lie_down(self) -> None:
        self._rests_until = self._now() + self._rest
        self._rest = min(2 * self._rest, LONGEST_REST)
