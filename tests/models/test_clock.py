"""The portal's clock: UTC inside, the company's days outside, and a demo that can be tried on any day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from models import clock
from models.company import Company

At = Callable[[str], datetime]


class Stopped(datetime):
    """The machine's own clock, stopped where the test needs it."""

    moment = datetime(2026, 11, 3, 5)

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return cls.moment.replace(tzinfo=tz)


@pytest.fixture
def machine(at: At, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the portal's clock run from a machine clock that stands at a UTC moment."""
    clock.unfreeze()
    monkeypatch.setattr(clock, "datetime", Stopped)

    def stand(moment: str) -> None:
        monkeypatch.setattr(Stopped, "moment", datetime.fromisoformat(moment))

    return stand


def test_stands_still_when_frozen(at: At) -> None:
    assert clock.now() == clock.now() == datetime(2026, 11, 20, 3)
    assert clock.now().tzinfo is None


def test_day_is_the_companys(at: At) -> None:
    assert at("2026-11-20T00:30") == datetime(2026, 11, 19, 17, 30)
    assert clock.today() == date(2026, 11, 20)


@pytest.mark.company("kaluga")
def test_day_in_kaluga(at: At) -> None:
    assert at("2026-11-20T00:30") == datetime(2026, 11, 19, 21, 30)
    assert clock.today() == date(2026, 11, 20)


@pytest.mark.company("koryak")
def test_day_in_kamchatka(at: At) -> None:
    assert at("2026-11-20T10:00") == datetime(2026, 11, 19, 22)


def test_there_and_back(at: At) -> None:
    wall = datetime(2026, 11, 20, 14, 5)
    assert clock.local(clock.utc(wall)) == wall


@pytest.mark.parametrize(
    ("wall", "period"),
    [("2026-11-30T23:59", "2026-11"), ("2026-12-01T00:01", "2026-12"), ("2027-01-01T00:01", "2027-01")],
)
def test_period_turns_at_local_midnight(at: At, wall: str, period: str) -> None:
    at(wall)
    assert clock.period() == period


def test_period_of_a_day(at: At) -> None:
    assert clock.period(date(2025, 2, 28)) == "2025-02"


def test_starts_where_told_and_runs(machine: Callable[[str], None]) -> None:
    machine("2026-11-03T05:00")
    clock.set_up(datetime(2026, 11, 20, 10), is_demo=True)
    assert clock.local(clock.now()) == datetime(2026, 11, 20, 10)
    machine("2026-11-03T06:30")
    assert clock.local(clock.now()) == datetime(2026, 11, 20, 11, 30)
    assert clock.is_shifted()


def test_a_set_clock_is_the_same_in_whatever_process(machine: Callable[[str], None]) -> None:
    """A worker that starts later learns when the clock was started."""
    wall = datetime(2026, 11, 20, 10)
    machine("2026-11-03T05:00:00")
    clock.set_up(wall, is_demo=True)
    started = clock.since(wall)
    machine("2026-11-03T05:00:42")
    first = clock.now()
    clock.set_up(wall, is_demo=True, since=started)
    assert clock.now() == first
    assert clock.local(first) == datetime(2026, 11, 20, 10, 0, 42)


@pytest.mark.parametrize("outside", ["2026-11-03T05:00", "2026-11-30T05:00", "2026-11-04T17:30", "2026-11-29T17:30"])
def test_demo_outside_the_window_starts_on_the_twentieth(machine: Callable[[str], None], outside: str) -> None:
    machine(outside)
    clock.set_up(None, is_demo=True)
    assert clock.today() == date(2026, 11, 20)
    assert clock.is_shifted()


def test_demo_shows_the_same_time_in_whatever_process(machine: Callable[[str], None]) -> None:
    """A worker that starts later sets its clock up later."""
    machine("2026-11-03T05:00:00")
    clock.set_up(None, is_demo=True)
    machine("2026-11-03T05:17:42")
    first = clock.now()
    clock.set_up(None, is_demo=True)
    assert clock.now() == first == datetime(2026, 11, 20, 5, 17, 42)


@pytest.mark.parametrize("inside", ["2026-11-06T05:00", "2026-11-29T05:00", "2026-11-05T17:30"])
def test_demo_inside_the_window_keeps_the_day(machine: Callable[[str], None], inside: str) -> None:
    machine(inside)
    clock.set_up(None, is_demo=True)
    assert clock.now() == datetime.fromisoformat(inside)
    assert not clock.is_shifted()


@pytest.mark.company("koryak")
def test_demo_of_a_company_open_on_any_day_keeps_the_day(company: Company, machine: Callable[[str], None]) -> None:
    machine("2026-11-03T05:00")
    clock.set_up(None, is_demo=True)
    assert not clock.is_shifted()


def test_production_keeps_the_day(machine: Callable[[str], None]) -> None:
    machine("2026-11-03T05:00")
    clock.set_up(None, is_demo=False)
    assert clock.now() == datetime(2026, 11, 3, 5)


def test_set_up_anew_forgets_the_shift(machine: Callable[[str], None]) -> None:
    clock.set_up(datetime(2026, 11, 20, 10), is_demo=True)
    clock.set_up(None, is_demo=False)
    assert clock._offset == timedelta(0)
