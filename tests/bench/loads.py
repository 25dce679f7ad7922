"""Requests a second and their times, of the portal's main pages beside two controls, in rounds that alternate."""

from __future__ import annotations

import http.client
import math
import os
import re
import shutil
import statistics
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from models import base
from models.metering.meters import Meter
from tests.bench import house, imports
from tests.bench.house import House, Visitor
from tests.bench.table import Table
from views.assets import COOKIE, STYLES_NAME, shelf

CONNECTIONS, ROUNDS, SECONDS = 8, 5, 2.0
AIM = 0.6  # of the control page, for home
ACCOUNTS, QUICK_ACCOUNTS = 800, 40
CONTROL = "control page, no query"
COLUMNS = {
    "what": "what", "rps": "req/s", "p50": "p50 ms", "p99": "p99 ms", "ratio": "× control", "least": "lowest", "most": "highest",
    "cpu": "CPU ms", "cpu_ratio": "CPU × control", "body": "body B",
}  # fmt: skip

_WRK_POSTS = """
local requests, i = {}, 0
function init(args)
  for line in io.lines(args[1]) do
    local path, cookie, body = line:match("^(.-)\\t(.-)\\t(.*)$")
    requests[#requests + 1] = wrk.format("POST", path, {["Cookie"] = cookie, ["Accept-Encoding"] = "br",
      ["Content-Type"] = "application/x-www-form-urlencoded"}, body)
  end
end
function request()
  i = i % #requests + 1
  return requests[i]
end
"""


@dataclass(frozen=True)
class Post:
    path: str
    cookie: str
    body: str


@dataclass
class Round:
    """One measurement: answers a second, the two percentiles in ms, how many answers were wrong, the server's CPU ms an answer."""

    rps: float
    p50: float
    p99: float
    answers: int
    wrong: int
    cpu: float | None = None


@dataclass
class Target:
    """What is asked for: one address, or the posts that the round brings."""

    what: str
    url: str
    session: int  # of the server's processes
    cookie: str = ""
    posts: Callable[[int], list[Post]] | None = None
    rounds: list[Round] = field(default_factory=list)


def measure(home: House, session: int, *, quick: bool = False) -> Table:
    """Needs the portal served; `session` is its processes'."""
    has_wrk = shutil.which("wrk") is not None
    rounds, seconds = (1, 1.0) if quick else (ROUNDS, SECONDS)
    table = Table(
        "loads", f"Requests a second, {CONNECTIONS} connections, medians of {rounds} alternating rounds", COLUMNS
    )
    table.notes = [
        f"Loader: {'wrk -t1' if has_wrk else 'Python threads (wrk is not installed)'}; brotli asked for; server 2 workers × 4 threads.",
        f"× control: req/s to those of «{CONTROL}», the median of the rounds' own ratios; the aim for home is {AIM}.",
        "CPU ms: what the server's processes used for one answer, and its ratio: a busy machine moves it least. Styles are in the cache.",
    ]
    with home.controls() as (controls, controls_session):
        targets = _targets(home, session, controls, controls_session, quick)
        for target in targets:
            _warm(target)
        for number in range(rounds):
            for target in targets:
                target.rounds.append(_round(home.folder, target, number, seconds, has_wrk))
        _fill(table, targets)
    if (load := os.getloadavg()[1]) > 2 * (os.cpu_count() or 1):
        table.notes.append(f"Something else keeps this machine busy (load {load:.0f}): go by the CPU columns.")
    return table


def _targets(home: House, session: int, controls: str, controls_session: int, quick: bool) -> list[Target]:
    visitor, styles = house.anna(home.app), f"{COOKIE}={shelf()[STYLES_NAME].digest}"
    own, cookie = f"{home.url}/accounts/{visitor.account}", f"{visitor.cookie}; {styles}"
    posts = _posts(home, quick)
    return [
        Target("empty Flask view", f"{controls}/bench/empty/", controls_session),
        Target(CONTROL, f"{controls}/bench/page", controls_session, f"{house.guest_cookie(home.app)}; {styles}"),
        Target("home", f"{own}/", session, cookie),
        Target("readings form", f"{own}/readings", session, cookie),
        Target("history, consumption", f"{own}/history/consumption", session, cookie),
        Target("reading POST", home.url, session, posts=posts),
    ]


def _posts(home: House, quick: bool) -> Callable[[int], list[Post]]:
    """Each round every customer sends one more form: a new reading in the first, a correction in the others."""
    if not (home.folder / "meters.csv").exists():
        lines = imports.QUICK_LINES if quick else imports.MONTHS * ACCOUNTS
        home.run("import", "readings", str(imports.write(home, lines)))
    visitors = house.strangers(home.app, QUICK_ACCOUNTS if quick else ACCOUNTS)
    token = house.form_token(home.app)
    with base.connection():
        meters = dict(Meter.select(Meter.serial, Meter.id).tuples())

    def posts(number: int) -> list[Post]:
        return [_post(visitor, meters, token, number) for visitor in visitors]

    return posts


def _post(visitor: Visitor, meters: dict[str, int], token: str, number: int) -> Post:
    i = int(visitor.account[1:])
    value = imports.dial(i, imports.MONTHS) + number
    form = {
        "csrf_token": token, "key": f"bench-{number}-{i:012}", f"meter-{meters[imports.serial(i)]}-t1": str(value), "send": "1",
    }  # fmt: skip
    return Post(f"/accounts/{visitor.account}/readings", visitor.cookie, urlencode(form))


def _fill(table: Table, targets: list[Target]) -> None:
    control = next(target.rounds for target in targets if target.what == CONTROL)
    for target in targets:
        rates = [one.rps for one in target.rounds]
        ratio = statistics.median(one.rps / other.rps for one, other in zip(target.rounds, control, strict=True))
        cpu, cpu_control = _cpu(target.rounds), _cpu(control)
        table.add(
            what=target.what, rps=round(statistics.median(rates)), p50=round(statistics.median(one.p50 for one in target.rounds), 1),
            p99=round(statistics.median(one.p99 for one in target.rounds), 1), ratio=round(ratio, 2), least=round(min(rates)),
            most=round(max(rates)), cpu=cpu and round(cpu, 2), cpu_ratio=round(cpu_control / cpu, 2) if cpu and cpu_control else None,
            body=_body(target),
        )  # fmt: skip
        if wrong := sum(one.wrong for one in target.rounds):
            table.errors.append(f"{target.what}: {wrong} answers were wrong")
        by_cpu = cpu_control / cpu if cpu and cpu_control else ratio
        if target.what == "home" and min(ratio, by_cpu) < AIM:
            table.misses.append(f"home is {ratio:.2f} of the control page ({by_cpu:.2f} by CPU), the aim is {AIM}")


def _cpu(rounds: list[Round]) -> float | None:
    """The median of the server's CPU milliseconds an answer."""
    known = [one.cpu for one in rounds if one.cpu is not None]
    return statistics.median(known) if known else None


def _warm(target: Target) -> None:
    """Enough requests for each process to have built what it builds once."""
    for _ in range(0 if target.posts else 20):
        _body(target)


def _body(target: Target) -> int | None:
    """The page's size before compression."""
    if target.posts:
        return None
    with urllib.request.urlopen(urllib.request.Request(target.url, headers={"Cookie": target.cookie})) as answer:
        return len(answer.read())


def _round(folder: Path, target: Target, number: int, seconds: float, has_wrk: bool) -> Round:
    posts = target.posts(number) if target.posts else []
    before = house.cpu_seconds(target.session)
    done = _wrk(folder, target, posts, seconds) if has_wrk else _threads(target, posts, seconds)
    after = house.cpu_seconds(target.session)
    if before is not None and after is not None and done.answers:
        done.cpu = 1000 * (after - before) / done.answers
    return done


# ---- wrk


def _wrk(folder: Path, target: Target, posts: list[Post], seconds: float) -> Round:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{math.ceil(seconds)}s", "--timeout", "10s", "--latency"]
    if posts:
        script, file = folder / "posts.lua", folder / "posts.tsv"
        script.write_text(_WRK_POSTS)
        file.write_text("".join(f"{post.path}\t{post.cookie}\t{post.body}\n" for post in posts))
        command += ["-s", str(script), target.url, "--", str(file)]
    else:
        command += ["-H", "Accept-Encoding: br", "-H", f"Cookie: {target.cookie}", target.url]
    return _said(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _said(text: str) -> Round:
    """What wrk says at its end."""
    rates = {
        name: float(value) * _MS[unit] for name, value, unit in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s|m)\b", text)
    }
    rps = re.search(r"Requests/sec:\s+([\d.]+)", text)
    non = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    wrong = (int(non[1]) if non else 0) + (sum(map(int, broken.groups())) if broken else 0)
    answers = re.search(r"(\d+) requests in", text)
    return Round(float(rps[1]) if rps else 0.0, rates["50"], rates["99"], int(answers[1]) if answers else 0, wrong)


_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


# ---- threads: where wrk is not installed; their own work on the same cores lowers every figure


def _threads(target: Target, posts: list[Post], seconds: float) -> Round:
    until = time.monotonic() + seconds
    times: list[float] = []
    wrong: list[int] = []
    lanes = [cycle(posts[i::CONNECTIONS]) if posts else None for i in range(CONNECTIONS)]
    workers = [threading.Thread(target=_ask, args=(target, lane, until, times, wrong)) for lane in lanes]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    times.sort()
    middle, late = 1000 * times[len(times) // 2], 1000 * times[len(times) * 99 // 100]
    return Round(len(times) / seconds, middle, late, len(times), len(wrong))


def _ask(target: Target, posts: Iterator[Post] | None, until: float, times: list[float], wrong: list[int]) -> None:
    parts = urlsplit(target.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    while (began := time.monotonic()) < until:
        try:
            if posts:
                post = next(posts)
                headers = {
                    "Cookie": post.cookie,
                    "Accept-Encoding": "br",
                    "Content-Type": "application/x-www-form-urlencoded",
                }
                connection.request("POST", post.path, post.body, headers)
            else:
                connection.request("GET", parts.path, headers={"Cookie": target.cookie, "Accept-Encoding": "br"})
            answer = connection.getresponse()
            answer.read()
            if answer.status >= 400:
                wrong.append(answer.status)
        except (OSError, http.client.HTTPException):
            wrong.append(0)
            connection.close()
        times.append(time.monotonic() - began)
    connection.close()
