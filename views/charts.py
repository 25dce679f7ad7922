"""What the chart macros draw: points in the order of time, and their geometry, so that templates only print it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from models import words
from models.billing import shown, statement
from models.metering.history import Bar

HEIGHT = 130  # pixels of the tallest bar
ABOVE, BELOW = 22, 24  # pixels for the numbers over the bars and the months under them
MOST_LABELS = 12
_MIDDLE, _BESIDE, _THIN = 0.5, 0.42, 0.82  # where a bar stands in its month: alone, before a thin one, the thin one
_FIRST, _SECOND = 0.31, 0.69  # where the two bars of a pair stand
_LEFTMOST, _RIGHTMOST = 2.5, 97.5  # percent: a label further out would be cut
_APART = 4  # bars between two numbers that do not meet on a phone
_LESS = (
    "",
    "o",
    "q",
    "o",
)  # months by their place from the last: `o` gives way on a phone, `q` where the letters are large too
_KIND_CLASSES = {"reading": "", "average": "e", "norm": "m", "recalculation": "r"}
_KIND_WORDS = {
    "reading": "по показаниям",
    "average": "по среднему",
    "norm": "по нормативу",
    "recalculation": "перерасчёт",
}
_ZONE_CLASSES = ("", "b", "c")
_PART_CLASSES = ("", "b", "c", "r", "m")
_HOUR_STEP = 3  # hours between two labels: eight of them stand beside each other on a phone


class Point(NamedTuple):
    label: str
    value: int
    kind: str = "reading"  # reading | average | norm | recalculation
    previous: int | None = None
    zones: tuple[int, ...] = ()


class Chart(NamedTuple):
    points: list[Point]
    zones: tuple[str, ...]  # names, from t1 on


class Text(NamedTuple):
    x: str  # percent of the width
    y: int
    text: str
    kind: str  # CSS classes


class Drawing(NamedTuple):
    """All numbers of one picture: strokes in months across and pixels down, by their CSS class."""

    label: str
    months: int
    zero: int
    strokes: dict[str, str]
    texts: list[Text]
    key: list[tuple[str, str]]


class _Scale:
    """Pixels of values between the lowest and the highest; the zero line is inside."""

    def __init__(self, values: Sequence[int]):
        self.top = max([1, *values])
        self.unit = HEIGHT / (self.top - min([0, *values]))
        self.zero = self.pixels(self.top)

    def pixels(self, value: int) -> int:
        return int(value * self.unit + 0.5) if value >= 0 else -int(-value * self.unit + 0.5)

    def stroke(self, x: float, value: int, base: int | None = None) -> str:
        start = self.zero if base is None else base
        return f"M{x:.4g} {start}V{start - self.pixels(value)}"

    def above(self, value: int) -> int:
        """Where the number over a bar stands."""
        return ABOVE - 6 + self.pixels(self.top - max(value, 0))


def of(bars: list[Bar], zones: int) -> Chart:
    """Monthly volumes beside those of the same month a year before."""
    label = month_labels(len(bars))
    points = [
        Point(label(bar.month.period), bar.month.total, _kind(bar), bar.year_ago, bar.month.zones[:zones])
        for bar in bars
    ]
    return Chart(points, words.ZONES[zones])


def charged(months: Sequence[shown.Month]) -> list[Point]:
    """What each month cost, whole rubles."""
    label = month_labels(len(months))
    return [Point(label(one.period), _rubles(one.charged), _known(one.basis)) for one in months]


def charged_and_paid(months: Sequence[statement.Month]) -> list[Point]:
    """Charges beside payments, whole rubles."""
    label = month_labels(len(months))
    return [
        Point(label(one.period), _rubles(one.charged + one.recalculated + one.penalty), previous=_rubles(one.paid))
        for one in months
    ]


def bars(points: Sequence[Point], unit: str, title: str, zones: Sequence[str] = (), previous: str = "") -> Drawing:
    """A bar a month; `previous` names the thin bars of the year before, `zones` the parts of a bar."""
    earlier = [point.previous for point in points if point.previous is not None]
    scale = _Scale([*(point.value for point in points), *earlier])
    place = _BESIDE if earlier else _MIDDLE
    strokes: dict[str, str] = {}
    for i, point in enumerate(points):
        for kind, stroke in _bar(scale, round(i + place, 2), point):
            strokes[kind] = strokes.get(kind, "") + stroke
        if point.previous is not None:
            strokes["p"] = strokes.get("p", "") + scale.stroke(round(i + _THIN, 2), point.previous)
    key = _key(points, zones)
    if earlier:
        key.append(("p", previous or "год назад"))
    is_plain = len(key) == 1 and key[0][0] == ""
    texts = list(_texts(points, scale, place, with_values=True))
    return Drawing(_told(points, unit, title), len(points), scale.zero, strokes, texts, [] if is_plain else key)


def pairs(points: Sequence[Point], unit: str, title: str, names: tuple[str, str]) -> Drawing:
    """Two bars a month, value and previous, named in that order."""
    scale = _Scale([one for point in points for one in (point.value, point.previous or 0)])
    strokes = {
        "w": "".join(scale.stroke(round(i + _FIRST, 2), point.value) for i, point in enumerate(points)),
        "w g": "".join(scale.stroke(round(i + _SECOND, 2), point.previous or 0) for i, point in enumerate(points)),
    }
    sums = (sum(point.value for point in points), sum(point.previous or 0 for point in points))
    told = ", ".join(f"{name} {words.number(total)} {unit}" for name, total in zip(names, sums, strict=True))
    texts = list(_texts(points, scale, _MIDDLE, with_values=False))
    key = list(zip(strokes, names, strict=True))
    return Drawing(f"{title}: всего {told}", len(points), scale.zero, strokes, texts, key)


def hours(parts: Sequence[Sequence[int]], names: Sequence[str], before: Sequence[int], was: str, title: str) -> Drawing:
    """A bar an hour of what came in each of the named ways, one upon another; `before`, a thin bar beside, is called `was`."""
    totals = [sum(counts) for counts in parts]
    scale = _Scale([*totals, *before])
    strokes: dict[str, str] = {}
    for hour, counts in enumerate(parts):
        base = scale.zero
        for kind, count in zip(_PART_CLASSES, counts, strict=False):
            if count:
                strokes[kind] = strokes.get(kind, "") + scale.stroke(hour + _BESIDE, count, base)
                base -= scale.pixels(count)
        if before[hour]:
            strokes["p"] = strokes.get("p", "") + scale.stroke(round(hour + _THIN, 2), before[hour])
    seen = [any(counts[place] for counts in parts) for place in range(len(names))]
    key = [(kind, name) for kind, name, is_seen in zip(_PART_CLASSES, names, seen, strict=False) if is_seen]
    told = ", ".join(
        f"{name} {words.number(sum(column))}" for name, column in zip(names, zip(*parts, strict=True), strict=True)
    )
    label = f"{title}: всего {words.number(sum(totals))} ({told}); {was}: {words.number(sum(before))}"
    return Drawing(label, len(parts), scale.zero, strokes, list(_hour_texts(totals, scale)), [*key, ("p", was)])


def _hour_texts(totals: Sequence[int], scale: _Scale) -> Iterator[Text]:
    """Every third hour under the bars, and the number over the highest one."""
    count = len(totals)
    for hour in range(0, count, _HOUR_STEP):
        yield Text(f"{(hour + _MIDDLE) * 100 / count:.3g}", ABOVE + HEIGHT + BELOW - 4, f"{hour}", "")
    highest = max(range(count), key=lambda hour: totals[hour])
    if totals[highest]:
        x = min(max((highest + _BESIDE) * 100 / count, _LEFTMOST), _RIGHTMOST)
        yield Text(f"{x:.3g}", scale.above(totals[highest]), words.number(totals[highest]), "v")


def _bar(scale: _Scale, x: float, point: Point) -> Iterator[tuple[str, str]]:
    if len(point.zones) < 2 or point.kind != "reading":
        yield _KIND_CLASSES[point.kind], scale.stroke(x, point.value)
        return
    base = scale.zero
    for kind, part in zip(_ZONE_CLASSES, point.zones, strict=False):
        yield kind, scale.stroke(x, part, base)
        base -= scale.pixels(part) + 1


def _texts(points: Sequence[Point], scale: _Scale, place: float, *, with_values: bool) -> Iterator[Text]:
    """The months, every so many where there are more than a year of them, and the numbers over the bars of one year."""
    count = len(points)
    step = -(-count // MOST_LABELS)
    for i, point in enumerate(points):
        back = count - 1 - i
        if back % step:
            continue
        x = f"{min(round((i + place) * 100 / count, 1), _RIGHTMOST):g}"
        yield Text(x, ABOVE + HEIGHT + BELOW - 4, point.label, _LESS[back // step % len(_LESS)])
        if step == 1 and with_values:
            kind = f"v {_where(i, points)}".strip()
            yield Text(x, scale.above(point.value), words.number(point.value), kind)


def _where(i: int, points: Sequence[Point]) -> str:
    """The class of a number over a bar: on a narrow screen only the last one stays, and the highest if it stands well apart."""
    last = len(points) - 1
    if i == last:
        return "l"
    highest = max(range(len(points)), key=lambda one: points[one].value)
    if i != highest or last - i < _APART:
        return "o"
    return "h" if i else "h f"


def _key(points: Sequence[Point], zones: Sequence[str]) -> list[tuple[str, str]]:
    kinds = {point.kind for point in points}
    is_split = any(len(point.zones) > 1 and point.kind == "reading" for point in points)
    key = list(zip(_ZONE_CLASSES, zones, strict=False)) if is_split else []
    for kind, said in _KIND_WORDS.items():
        if kind in kinds and not (kind == "reading" and is_split):
            key.append((_KIND_CLASSES[kind], said))
    return key


def _told(points: Sequence[Point], unit: str, title: str) -> str:
    if not points:
        return title
    most, least = (find(points, key=lambda point: point.value) for find in (max, min))
    total = words.number(sum(point.value for point in points))
    return (
        f"{title}: всего {total} {unit}, больше всего {most.label} — {words.number(most.value)}, "
        f"меньше всего {least.label} — {words.number(least.value)}"
    )


def month_labels(count: int) -> Callable[[str], str]:
    """How a month is named under so many bars: «ноя» within a year, «ноя 26» in more."""
    return words.month_short if count <= MOST_LABELS else _month_and_year


def _month_and_year(period: str) -> str:
    return f"{words.month_short(period)} {period[2:4]}"


def _kind(bar: Any) -> str:
    return "recalculation" if bar.month.corrected else bar.month.basis


def _known(basis: str) -> str:
    return basis if basis in _KIND_CLASSES else "reading"


def _rubles(kopecks: int) -> int:
    return (abs(kopecks) + 50) // 100 * (1 if kopecks >= 0 else -1)
