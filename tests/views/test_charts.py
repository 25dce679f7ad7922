"""What the chart draws: a bar a month in the order of time, the same numbers as the table."""

from __future__ import annotations

from models.metering.history import Bar
from models.metering.volumes import Month
from tests import cast
from views import charts


def bar(period, total, basis="reading", *, corrected=0, ago=None):
    return Bar(Month(period, (total, 0, 0), basis, corrected), ago)


def test_bar_a_month_with_the_year_before_beside_it():
    points = charts.of([bar("2026-09", 180, ago=200), bar("2026-10", 175)], 1).points
    assert [(point.label, point.value, point.previous) for point in points] == [("сен", 180, 200), ("окт", 175, None)]


def test_kind_of_a_bar_is_how_its_month_was_counted():
    bars = [
        bar("2026-07", 1),
        bar("2026-08", 1, "average"),
        bar("2026-09", 1, "norm"),
        bar("2026-10", -5, corrected=300),
    ]
    assert [point.kind for point in charts.of(bars, 1).points] == ["reading", "average", "norm", "recalculation"]


def test_months_of_several_years_carry_their_year():
    bars = [bar(f"20{year}-{month:02d}", 1) for year in (25, 26) for month in range(1, 13)]
    assert charts.of(bars, 1).points[13].label == "фев 26"


def test_zones_have_their_names():
    assert charts.of([bar("2026-10", 1)], 3).zones == ("пик", "ночь", "полупик")


def test_drawing_says_in_words_what_it_shows(home, anna):
    page = home.get("history.consumption", number=anna.account.number)
    svg = page.soup.select_one("figure.bars svg[role=img]")
    assert "больше всего" in svg["aria-label"]
    assert len(svg.select("text.v, text[class^='v ']")) == 12


def test_negative_month_and_empty_year_are_drawn(home, anna):
    cast.read(anna.meter, "2026-11-02", 6320, 2660)
    for endpoint in ("history.consumption", "home.show"):
        assert home.get(endpoint, number=anna.account.number).soup.select_one("figure.bars") is not None
