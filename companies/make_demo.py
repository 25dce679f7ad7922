"""Write the demo data of every company: `python companies/make_demo.py`. The same files each time.

The files run through 2027: whoever loads them drops the readings dated after the last full month, so that the demo stays alive.
No row rests on a later one. A meter hung before the data begin has the values of that day as its initial ones.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from companies import demo_facts as facts  # noqa: E402
from companies import demo_payers, demo_prices  # noqa: E402
from companies.demo_facts import Facts, MeterModel  # noqa: E402
from companies.demo_people import Household, households  # noqa: E402
from models import base, clock, periods, schema  # noqa: E402
from models.billing import ledger  # noqa: E402
from models.company import Company, find, use  # noqa: E402
from models.exchange import demo, imports  # noqa: E402
from models.metering.accounts import Account  # noqa: E402

FIRST, LAST = "2023-10", "2027-12"
MONTHS = periods.span(FIRST, LAST)
BEGIN = periods.first_day(FIRST)
PASSWORD = "svet-i-teplo"

# Parts of an average month's use, January to December.
SEASONS = {
    "flat": (1.18, 1.12, 1.05, 0.98, 0.90, 0.84, 0.82, 0.85, 0.93, 1.02, 1.12, 1.19),
    "heated": (2.10, 1.90, 1.50, 1.00, 0.55, 0.30, 0.25, 0.28, 0.55, 1.00, 1.50, 2.00),
    "dacha": (0.10, 0.08, 0.15, 0.60, 1.60, 2.20, 2.40, 2.30, 1.50, 0.60, 0.20, 0.12),
    "radiators": (1.90, 1.70, 1.30, 0.80, 0.20, 0, 0, 0, 0.30, 0.90, 1.40, 1.80),
}
SHARES = {1: (1.0,), 2: (0.64, 0.36), 3: (0.31, 0.33, 0.36)}

OFFICE_HEAD = "code name settlement address phone hours way place".split()
ACCOUNT_HEAD = (
    "account office last_name first_name middle_name settlement street house flat dwelling persons area_m2 services access_code "
    "opened closed email phone"
).split()
METER_HEAD = (
    "account serial service model zones digits ratio installed removed initial_t1 initial_t2 initial_t3 final_t1 final_t2 final_t3 "
    "verification_due"
).split()
READING_HEAD = "account serial taken channel t1 t2 t3 state reason".split()


class Use:
    """What flows through one metering point: dial units a month and zone, from the beginning of the data on."""

    def __init__(self, rng: random.Random, season: str, monthly: float, since: date = BEGIN):
        self.since = since
        self.months = [monthly * SEASONS[season][int(period[5:]) - 1] * rng.uniform(0.88, 1.14) for period in MONTHS]
        self.sums = [0.0]
        for month in self.months:
            self.sums.append(self.sums[-1] + month)

    def until(self, day: date) -> float:
        """Units from the beginning of the data to the end of the day."""
        if day < BEGIN:
            return 0.0
        period = f"{day:%Y-%m}"
        place = periods.index(period) - periods.index(FIRST)
        return self.sums[place] + self.months[place] * day.day / periods.days(period)


@dataclass
class HungMeter:
    """A meter from one day to another, with what its dial showed at first."""

    account: str
    serial: str
    service: str
    model: MeterModel
    use: Use
    installed: date
    initial: tuple[int, ...]
    ratio: int = 1
    removed: date | None = None
    verification_due: date | None = None

    def values(self, day: date) -> tuple[int, ...]:
        """The dials at the end of the day."""
        used = self.use.until(day) - self.use.until(max(self.installed, BEGIN - timedelta(days=1)))
        shares = SHARES[self.model.zones]
        return tuple(
            int(first + used * share) % 10**self.model.digits for first, share in zip(self.initial, shares, strict=True)
        )

    def row(self) -> list[Any]:
        final = self.values(self.removed) if self.removed else ()
        return [
            self.account, self.serial, self.service, self.model.name, self.model.zones, self.model.digits, self.ratio, self.installed,
            self.removed or "", *_three(self.initial), *_three(final), self.verification_due or "",
        ]  # fmt: skip


@dataclass
class Demo:
    """One company's demo: the rows of its files as they grow."""

    company: Company
    facts: Facts
    rng: random.Random
    accounts: list[list[Any]] = field(default_factory=list)
    meters: list[list[Any]] = field(default_factory=list)
    readings: list[list[Any]] = field(default_factory=list)
    serials: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    running: int = 0

    def add(self, household: Household, place: int) -> None:
        # A generator of its own each: a change to one household leaves the others' data as they are.
        rng = random.Random(f"{self.company.code}:{place}")
        number = self._number(household, rng)
        self.accounts.append(self._account_row(number, household, rng))
        if household.model is None:
            return
        for meter in self._electricity(number, household, rng):
            self._hang(meter, household, rng)
        if household.second_meter:
            self._hang(self._meter(number, facts.MODELS[1][0], Use(rng, "flat", 40), rng, household), household, rng)
        if household.heat_meter:
            use = Use(rng, "radiators", 1.2 if household.dwelling != "rural" else 2.6)
            heat = self._meter(number, facts.HEAT, use, rng, household, service="heat")
            heat.initial, heat.verification_due = (rng.randrange(20, 300),), date(rng.randrange(2028, 2032), 9, 15)
            self._hang(heat, household, rng)

    def _number(self, household: Household, rng: random.Random) -> str:
        self.running += rng.randrange(11, 97)
        digits = self.facts.running_digits
        office = household.place.office[: digits - 5]
        number = f"{self.facts.number_start}{office}{self.running:0{digits - len(office)}d}"
        if self.company.normal_number(number) != number:
            raise ValueError(f"{number} is no account number of {self.company.code}")
        return number

    def _account_row(self, number: str, household: Household, rng: random.Random) -> list[Any]:
        rural = household.dwelling == "rural"
        flat = "" if rural else rng.randrange(1, 130)
        services = ["electricity"]
        if household.heat_meter or (self.facts.heated_flats and not rural and rng.random() < 0.6):
            services.append("heat")
        if "repair" in self.company.services and not rural:
            services.append("repair")
        area = rng.uniform(18, 34) + 9 * household.persons + (30 if rural else 0)
        street = rng.choice(facts.VILLAGE_STREETS if rural else facts.TOWN_STREETS)
        return [
            number, household.place.office, household.last_name, household.first_name, household.middle_name, household.place.settlement,
            street, rng.randrange(1, 90), flat, household.dwelling, household.persons, f"{area:.1f}", ",".join(services),
            self._access_code(rng), household.opened, household.closed or "", household.email, household.phone,
        ]  # fmt: skip

    def _access_code(self, rng: random.Random) -> str:
        """Digits alone: typed from paper, letters would raise the question which alphabet."""
        return _fresh(self.codes, lambda: f"{rng.randrange(10**7, 10**8)}")

    def _electricity(self, number: str, household: Household, rng: random.Random) -> Iterator[HungMeter]:
        """The household's meter, or the old and the new one where it was replaced."""
        assert household.model
        use = Use(rng, household.season, household.monthly / household.ratio)
        meter = self._meter(number, household.model, use, rng, household)
        if household.rolls_over:
            meter.initial = (10**household.model.digits - int(use.until(household.rolls_over)),)
        meter.verification_due = household.verification_due or meter.verification_due
        meter.removed = household.replaced or household.closed
        yield meter
        if household.replaced:
            model = household.next_model or household.model
            new = self._meter(number, model, use, rng, household)
            new.installed, new.initial = household.replaced, tuple(rng.randrange(0, 9) for _ in range(model.zones))
            new.verification_due = household.replaced.replace(year=household.replaced.year + 16)
            yield new

    def _meter(
        self,
        number: str,
        model: MeterModel,
        use: Use,
        rng: random.Random,
        household: Household,
        service: str = "electricity",
    ) -> HungMeter:
        serial = _fresh(self.serials, lambda: _serial(model, rng))
        installed = max(household.opened, date(rng.randrange(2014, 2023), rng.randrange(1, 13), rng.randrange(1, 29)))
        # A meter hung before the data begin has run for years; one hung later starts at its factory test.
        top = (4_000, 38_000) if installed < BEGIN else (1, 9)
        initial = tuple(int(rng.randrange(*top) * share) for share in SHARES[model.zones])
        due = date(rng.randrange(2029, 2039), rng.randrange(1, 13), rng.randrange(1, 29))
        return HungMeter(
            number, serial, service, model, use, installed, initial, household.ratio, household.closed, due
        )

    def _hang(self, meter: HungMeter, household: Household, rng: random.Random) -> None:
        self.meters.append(meter.row())
        misses = household.misses or _now_and_then(rng, household.gaps)
        main = household.habit or self._channel(rng)
        habit_day = rng.randrange(8, 27)
        rejected = household.rejected if household.rejected is not None else _some(rng, 0.015)
        corrected = household.corrected if household.corrected is not None else _some(rng, 0.015)
        previous = meter.initial
        for period in MONTHS:
            channel = (
                "inspector" if period in household.inspected else main if rng.random() < 0.85 else self._channel(rng)
            )
            day = self._day(period, channel, habit_day + rng.randrange(-2, 4))
            if (misses(period) and channel != "inspector") or not self._can_be_read(meter, household, day):
                continue
            now = meter.values(day)
            if period in rejected:
                self._reject(meter, day, previous, now)
            if period in corrected:
                self._correct(meter, day, channel, previous, now)
            self._read(meter, day, channel, now)
            previous = now

    def _can_be_read(self, meter: HungMeter, household: Household, day: date) -> bool:
        is_first_month = f"{day:%Y-%m}" == f"{household.opened:%Y-%m}"
        return (
            max(meter.installed, household.opened) < day
            and not (meter.removed and day >= meter.removed)
            and not is_first_month
        )

    def _channel(self, rng: random.Random) -> str:
        return rng.choices(list(self.facts.channels), list(self.facts.channels.values()))[0]

    def _day(self, period: str, channel: str, wanted: int) -> date:
        """The open day of the channel nearest to the wanted one."""
        first, last = self._open_days(period, channel)
        return periods.first_day(period).replace(day=min(max(wanted, first), last))

    def _open_days(self, period: str, channel: str) -> tuple[int, int]:
        return self.company.window(channel).within(periods.days(period))

    def _reject(self, meter: HungMeter, day: date, previous: tuple[int, ...], now: tuple[int, ...]) -> None:
        """A wrong value the day before, which nobody took."""
        earlier = day - timedelta(days=1)
        if earlier.day < self._open_days(f"{day:%Y-%m}", "web")[0]:
            return
        if meter.model.zones > 1 and now[0] != now[1]:
            self._read(
                meter,
                earlier,
                "web",
                (now[1], now[0], *now[2:]),
                "rejected",
                "меньше предыдущего, похоже, перепутаны зоны",
            )
        elif wrong := _turned(now[0], previous[0]):
            self._read(
                meter, earlier, "web", (wrong, *now[1:]), "rejected", "меньше предыдущего, похоже, переставлены цифры"
            )
        else:
            missing = (now[0] // 10, *now[1:])
            self._read(meter, earlier, "web", missing, "rejected", "меньше предыдущего, похоже, пропущена цифра")

    def _correct(
        self, meter: HungMeter, day: date, channel: str, previous: tuple[int, ...], now: tuple[int, ...]
    ) -> None:
        """A plausible value passed first and put right the same day."""
        slip = tuple(value - 1 if value - 1 >= before else value for value, before in zip(now, previous, strict=True))
        if slip != now:
            self._read(meter, day, channel, slip, "replaced", "исправлено абонентом в тот же день")

    def _read(
        self,
        meter: HungMeter,
        day: date,
        channel: str,
        values: tuple[int, ...],
        state: str = "accepted",
        reason: str = "",
    ) -> None:
        self.readings.append([meter.account, meter.serial, day, channel, *_three(values), state, reason])

    def write(self) -> None:
        folder = HERE / self.company.code
        self.readings.sort(key=lambda row: (row[2], row[0], row[1], row[7] == "accepted"))
        _write(folder / "offices.csv", OFFICE_HEAD, [(*one, *facts.WAYS[one[0]]) for one in self.facts.offices])
        _write(folder / "accounts.csv", ACCOUNT_HEAD, self.accounts)
        _write(folder / "meters.csv", METER_HEAD, self.meters)
        _write(folder / "readings.csv", READING_HEAD, self.readings)
        own = demo_prices.PRICES[self.company.code]
        _write(folder / "days_off.csv", demo_prices.DAY_HEAD, demo_prices.days())
        _write(folder / "tariffs.csv", demo_prices.TARIFF_HEAD, demo_prices.tariffs(own))
        _write(folder / "bands.csv", demo_prices.BAND_HEAD, demo_prices.bands(own))
        _write(folder / "norms.csv", demo_prices.NORM_HEAD, demo_prices.norms(own))
        _write(folder / "penalties.csv", demo_prices.PENALTY_HEAD, demo_prices.penalties(own))
        (folder / "demo.toml").write_text(_log_ins([row[0] for row in self.accounts]), "utf-8")


def live(company: Company, facts: Facts) -> Iterator[dict[str, Any]]:
    """The payments of all months: each month is billed by the portal itself, in a database of its own, and then paid by habit."""
    folder = HERE / company.code
    use(company)
    with tempfile.TemporaryDirectory() as place:
        opened = base.connect(f"sqlite:///{place}/demo.db")
        base.database.initialize(opened)
        with base.connection():
            schema.migrate(opened)
            clock.freeze(clock.utc(datetime.combine(periods.last_day(LAST), time(12))))
            for kind in demo.FILES:
                demo.refuse(folder / f"{kind}.csv", imports.load(kind, folder / f"{kind}.csv").faults)
            yield from _paid(company, facts)
        opened.close()
    clock.unfreeze()


def _paid(company: Company, facts: Facts) -> Iterator[dict[str, Any]]:
    known = {row.number: row.id for row in Account.select(Account.number, Account.id)}
    households = demo_payers.payers(company.code, facts, sorted(known, key=known.__getitem__))
    for period in MONTHS[:-1]:
        clock.freeze(clock.utc(datetime.combine(periods.last_day(periods.shift(period, 1)), time(12))))
        demo.bill(period)
        paid = demo_payers.lines((one, period, ledger.balance(known[one.account])) for one in households)
        demo.pay(list(enumerate(paid, 2)), HERE / company.code / "payments.csv")
        yield from paid


def _serial(model: MeterModel, rng: random.Random) -> str:
    length = model.serial_digits - len(model.serial_start)
    return f"{model.serial_start}{rng.randrange(10 ** (length - 1), 10**length)}"


def _fresh(taken: set[str], make: Callable[[], str]) -> str:
    while (value := make()) in taken:
        pass
    taken.add(value)
    return value


def _now_and_then(rng: random.Random, gaps: float) -> Callable[[str], bool]:
    """Gaps of one to five months; none in the first months, so that there is something to average."""
    missed: set[str] = set()
    skip = 0
    for period in MONTHS[4:]:
        if not skip and rng.random() < gaps:
            skip = rng.choice((1, 1, 1, 2, 2, 3, 4, 5))
            missed.update(periods.shift(period, ahead) for ahead in range(skip))
        skip = max(0, skip - 1)
    return missed.__contains__


def _some(rng: random.Random, part: float) -> tuple[str, ...]:
    return tuple(period for period in MONTHS[1:] if rng.random() < part)


def _turned(value: int, previous: int) -> int | None:
    """The value with two neighbouring digits changed about so that it lies below the previous one."""
    text = str(value)
    turned = [int(text[:i] + text[i + 1] + text[i] + text[i + 2 :]) for i in range(len(text) - 1)]
    below = sorted(one for one in turned if one < previous)
    return below[bisect(below, value) - 1] if below else None


def _three(values: Sequence[int]) -> list[Any]:
    return [*values, "", "", ""][:3]


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def _log_ins(accounts: Sequence[str]) -> str:
    people = (
        ("anna@example.ru", "Иванова Анна Сергеевна", "+79000000101", accounts[:3]),
        ("boris@example.ru", "Орлов Борис Петрович", "+79000000102", (accounts[3], accounts[2])),
        ("vera@example.ru", "Седых Вера Николаевна", "+79000000103", accounts[4:5]),
    )
    lines = ["# Who can sign in to the demo. The first account of each is the primary one.", f'password = "{PASSWORD}"']
    for email, name, phone, numbers in people:
        held = ", ".join(f'"{number}"' for number in numbers)
        lines += [
            "",
            "[[customers]]",
            f'email = "{email}"',
            f'name = "{name}"',
            f'phone = "{phone}"',
            f"accounts = [{held}]",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    for code in facts.FACTS:
        made = Demo(find(code, HERE), facts.FACTS[code], random.Random(code))
        for place, household in enumerate(households(made.facts, made.rng)):
            made.add(household, place)
        made.write()
        paid = list(live(made.company, made.facts))
        _write(HERE / code / "payments.csv", demo_payers.HEAD, map(demo_payers.row, paid))
        told = f"{len(made.accounts)} accounts, {len(made.meters)} meters, {len(made.readings)} readings"
        print(f"{code}: {told}, {len(paid)} payments")


if __name__ == "__main__":
    main()
