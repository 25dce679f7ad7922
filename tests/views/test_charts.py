"""What the chart draws: a bar a month in the order of time, the same numbers as the table."""

from __future__ import annotations

from models.billing import shown, statement
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


# ---- geometry


def test_stroke_for_each_kind_of_bar():
    drawing = charts.bars([charts.Point("сен", 100), charts.Point("окт", 50, "average")], "кВт⋅ч", "Расход")
    assert drawing.strokes == {"": "M0.5 130V0", "e": "M1.5 130V65"}
    assert drawing.key == [("", "по показаниям"), ("e", "по среднему")]
    assert drawing.label == "Расход: всего 150 кВт⋅ч, больше всего сен — 100, меньше всего окт — 50"


def test_zones_stand_one_upon_another():
    drawing = charts.bars([charts.Point("окт", 100, zones=(60, 40))], "кВт⋅ч", "Расход", ("день", "ночь"))
    assert drawing.strokes == {"": "M0.5 130V52", "b": "M0.5 51V-1"}
    assert drawing.key == [("", "день"), ("b", "ночь")]


def test_negative_month_hangs_below_the_zero_line():
    drawing = charts.bars([charts.Point("сен", 30), charts.Point("окт", -10)], "кВт⋅ч", "Расход")
    assert drawing.zero == 98
    assert drawing.strokes[""] == "M0.5 98V0M1.5 98V131"


def test_year_before_is_a_thin_bar_beside():
    drawing = charts.bars([charts.Point("окт", 100, previous=50)], "кВт⋅ч", "Расход")
    assert drawing.strokes == {"": "M0.42 130V0", "p": "M0.82 130V65"}


def test_many_months_have_as_many_labels_as_a_year_holds():
    points = [charts.Point(f"м{i}", i) for i in range(36)]
    labels = [text.text for text in charts.bars(points, "кВт⋅ч", "Расход").texts]
    assert labels == [f"м{i}" for i in range(2, 36, 3)]


def test_phone_keeps_the_last_number_and_the_highest():
    points = [charts.Point(str(i), value) for i, value in enumerate((5, 90, 5, 5, 5, 7))]
    kinds = [text.kind for text in charts.bars(points, "кВт⋅ч", "Расход").texts if text.kind.startswith("v")]
    assert kinds == ["v o", "v h", "v o", "v o", "v o", "v l"]
    beside = [*points[:4], charts.Point("4", 99), points[5]]
    kinds = [text.kind for text in charts.bars(beside, "кВт⋅ч", "Расход").texts if text.kind.startswith("v")]
    assert kinds == ["v o", "v o", "v o", "v o", "v o", "v l"]


def test_pair_of_bars_a_month():
    months = [statement.Month("2026-10", 78000, -2000, 150, 0, 50000, 0)]
    drawing = charts.pairs(charts.charged_and_paid(months), "₽", "Начислено и оплачено", ("начислено", "оплачено"))
    assert drawing.label == "Начислено и оплачено: всего начислено 762 ₽, оплачено 500 ₽"
    assert drawing.strokes == {"w": "M0.31 130V0", "w g": "M0.69 130V45"}


def test_cost_of_a_month_is_in_whole_rubles():
    points = charts.charged([shown.Month("2026-09", -4150, 0, "reading"), shown.Month("2026-10", 72050, 180, "")])
    assert [(point.value, point.kind) for point in points] == [(-42, "reading"), (721, "reading")]


def test_nothing_to_draw():
    assert charts.bars([], "кВт⋅ч", "Расход").months == 0


def test_drawing_says_in_words_what_it_shows(home, anna):
    page = home.get("history.consumption", number=anna.account.number)
    svg = page.soup.select_one("figure.bars svg[role=img]")
    assert "больше всего" in svg["aria-label"]
    assert len(svg.select("text.v, text[class^='v ']")) == 12


def test_negative_month_and_empty_year_are_drawn(home, anna):
    cast.read(anna.meter, "2026-11-02", 6320, 2660)
    for endpoint in ("history.consumption", "home.show"):
        assert home.get(endpoint, number=anna.account.number).soup.select_one("figure.bars") is not None


# ---- by hour


def test_hour_is_a_bar_of_its_parts_with_the_month_before_beside():
    parts = [[0, 0] for _ in range(24)]
    parts[9] = [75, 25]
    before = [0] * 24
    before[9] = 50
    drawing = charts.hours(parts, ("кабинет", "офис"), before, "20 октября", "Показания")
    assert drawing.strokes == {"": "M9.42 130V32", "b": "M9.42 32V-1", "p": "M9.82 130V65"}
    assert drawing.key == [("", "кабинет"), ("b", "офис"), ("p", "20 октября")]
    assert drawing.label == "Показания: всего 100 (кабинет 75, офис 25); 20 октября: 50"
    assert [text.text for text in drawing.texts] == ["0", "3", "6", "9", "12", "15", "18", "21", "100"]


def test_quiet_day_is_an_empty_axis():
    drawing = charts.hours([[0, 0]] * 24, ("кабинет", "офис"), [0] * 24, "20 октября", "Показания")
    assert drawing.strokes == {} and drawing.months == 24
