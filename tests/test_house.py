"""The rules of the house, held by walking the route table, the templates and the source."""

from __future__ import annotations

import ast
import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import meta

from models import clock, schema
from models.billing import acquiring, payments
from models.contact import news, unsubscribing
from models.contact.appeals import registering
from models.metering import reading_links
from models.metering.accounts import Account
from models.metering.readings import Receipt
from models.outbox import Message, kinds
from models.people.customers import Customer
from tasks import letters
from tests import cast
from tests.page import Client
from tests.paying import FISCAL
from tests.views.conftest import cookie, secret, town, towns  # noqa: F401  fixtures
from views import assets

ROOT = Path(__file__).resolve().parent.parent
DOORS = {"customer", "public", "machine", "staff"}
OPEN = {"assets.serve"}  # files: no door, nobody's data
MOST_QUERIES = 8
ONE_FLIGHT = 14_000  # bytes: HTML, styles and chart in the first flight of a TCP connection
ANNA = "241010000054"


@pytest.fixture
def house(client: Client, town: Any) -> Client:  # noqa: F811
    """Anna's browser in the demo company."""
    assert client.sign_in("anna@example.ru", cast.PASSWORD).status == 303
    return client


def rules(app: Any, method: str | None = None) -> list[Any]:
    return [rule for rule in app.url_map.iter_rules() if method is None or method in rule.methods]


def addresses(client: Client) -> dict[str, str]:
    """A path for every GET route, of Anna's account and with links that live."""
    values: dict[str, Any] = {
        "number": ANNA,
        "kind": "personal-data",
        "name": "kabinet.css",
        "receipt": _receipt(client),
        "session_id": 1,
        "period": "2026-10",
        "slug": "electricity-block",
        "topic": "readings",
        "token": _reading_token(),
    }
    payment, appeal = _payment(), _appeal()
    values["news_id"] = _news()
    values["message_id"] = Message.newest(1).get().id  # the cheque of that payment
    tokens = {
        "sign_up.confirm": "/activate/",
        "recovery.choose": "/recover/",
        "settings.confirm_email": "/settings/email/",
    }
    ways_out = {"unsubscribe.ask": _way_out()}
    paths = {}
    for rule in rules(client.app, "GET"):
        if rule.rule.startswith("/staff"):  # tests/test_office.py walks those
            continue
        known = {**values, "number": payment} if rule.rule.startswith("/payments/") else values
        known = {**values, "number": appeal, "file_id": 10**9} if rule.rule.startswith("/appeals/") else known
        given = {name: known[name] for name in rule.arguments if name in known}
        if rule.endpoint in ways_out:
            given["token"] = ways_out[rule.endpoint]
        paths[rule.endpoint] = (
            tokens[rule.endpoint] + "x" * 43 if rule.endpoint in tokens else client.path(rule.endpoint, **given)
        )
    return paths


def _payment() -> str:
    """The number of a payment of Anna's that has gone through, cheque and all."""
    account = Account.get(Account.number == ANNA)
    customer = Customer.by_email("anna@example.ru")
    payment = payments.start(
        account, {"electricity": 100}, customer_id=customer.id, email=customer.email, key="house", consented=True
    )
    paid = acquiring.Word(payment.number, "order", "paid", kopecks=100, deposited=100)
    acquiring.learn(payment.id, paid)
    acquiring.keep_cheque(payment.id, FISCAL)
    return payment.number


def _appeal() -> str:
    """The number of an appeal of Anna's."""
    of_anna = registering.of_customer(Customer.by_email("anna@example.ru").id, ANNA)
    return registering.register(of_anna, "readings", "Счётчик показывает странное.", key="house").number


def _reading_token() -> str:
    return reading_links.token(Account.get(Account.number == ANNA).id, clock.period())


def _news() -> int:
    """News that everybody may read."""
    written = news.written("Работа в праздники", "Офисы закрыты.", clock.today(), clock.today())
    return int(news.publish(news.draft(written).id, version=1).id)


def _way_out() -> str:
    """The token in a letter with Anna's bill."""
    return unsubscribing.token(Customer.by_email("anna@example.ru").id, kinds.RECEIPT, ANNA)


def _receipt(client: Client) -> str:
    page = client.get("readings.form", number=ANNA)
    typed = {
        name: str(int(page.field(name)["data-previous"]) + 90) for name in page.fields if name.startswith("meter-")
    }
    page = page.submit(typed, button="Передать")
    assert page.status == 303, page.text
    assert Receipt.select().exists()
    return page.location.rpartition("/")[2]


# ---- routes


def test_every_route_has_a_door(app):
    for rule in rules(app):
        door = getattr(app.view_functions[rule.endpoint], "door", None)
        assert door in DOORS or rule.endpoint in OPEN, f"{rule.endpoint} has no door"


def test_every_route_of_an_account_is_a_customers(app):
    for rule in rules(app):
        if "number" in rule.arguments:
            door = "staff" if rule.rule.startswith("/staff/") else "customer"
            assert app.view_functions[rule.endpoint].door == door, rule.endpoint


def test_paths_are_kebab_case(app):
    for rule in rules(app):
        fixed = re.sub(r"<[^>]+>", "", rule.rule)
        assert re.fullmatch(r"(/[a-z0-9.-]*)*", fixed), rule.rule


def test_values_in_addresses_are_typed(app):
    for rule in rules(app):
        for inside in re.findall(r"<([^>]+)>", rule.rule):
            assert ":" in inside, rule.rule


def test_every_post_without_a_token_is_refused(house):
    before = _dump()
    people = [
        rule
        for rule in rules(house.app, "POST")
        if house.app.view_functions[rule.endpoint].door != "machine" and not rule.rule.startswith("/staff")
    ]
    for rule in people:
        values = {"number": ANNA, "token": _reading_token(), "session_id": 1, "kind": "recording"}
        page = house.post(rule.endpoint, {"login": "x", "name": "x"}, **{name: values[name] for name in rule.arguments})
        assert page.status == 303, rule.endpoint
        assert house.get("home.front").soup.select_one(".note") is not None, rule.endpoint
    assert _changed(before, _dump()) == {"kept_form", "hit"}  # what was typed, and how many such an address has kept


def test_get_changes_nothing(house):
    paths = addresses(house)
    before = _dump()
    for path in paths.values():
        house.get(path)
    guest = house.another()
    for path in paths.values():
        guest.get(path)
    assert _changed(before, _dump()) <= {"hit"}  # papers are counted, since drawing one costs


def test_head_is_answered_like_get(house):
    for endpoint, path in addresses(house).items():
        assert house.open(path, method="HEAD").status == house.get(path).status, endpoint


def test_every_customers_page_turns_guests_to_the_sign_in(house):
    guest = house.another()
    for endpoint, path in addresses(house).items():
        if getattr(house.app.view_functions[endpoint], "door", "") == "customer":
            assert guest.get(path).location.startswith("/sign-in?next="), endpoint


def _dump() -> dict[str, list[Any]]:
    rows = {table._meta.table_name: sorted(map(repr, table.select().tuples())) for table in schema.tables()}
    return rows


def _changed(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


# ---- pages


def test_queries_of_every_page_stay_under_the_ceiling(house, db):
    paths = addresses(house)
    spent = {endpoint: _queries(house, db, path) for endpoint, path in paths.items()}
    assert max(spent.values()) <= MOST_QUERIES, _table(spent)
    assert min(spent[endpoint] for endpoint in paths if endpoint.startswith("home.")) > 1, "nothing was counted"


def _queries(client: Client, db: Any, path: str) -> int:
    count = 0

    def hook(_event: Any) -> None:
        nonlocal count
        count += 1

    db.query_hooks.append(hook)
    try:
        client.get(path)
    finally:
        db.query_hooks.remove(hook)
    return count


@pytest.mark.feature("M1", "B1")
def test_every_page_comes_in_one_flight(house):
    styles = len(gzip.compress(assets.shelf()[assets.STYLES_NAME].bodies[""], 9))
    sizes = {}
    for endpoint, path in addresses(house).items():
        for client in (house, house.another()):
            page = client.open(path)
            if page.is_whole:
                inside = page.soup.style is not None
                sizes[f"{endpoint} {'in' if client is house else 'out'}"] = len(gzip.compress(page.answer.data, 6)) + (
                    0 if inside else styles
                )
    assert len(sizes) > 20
    assert max(sizes.values()) <= ONE_FLIGHT, _table(sizes)


def test_no_page_asks_another_host_or_runs_what_is_written_in_it(house):
    """Links, handlers and style attributes: the client objects to each of them on every page it opens."""
    for path in addresses(house).values():
        page = house.get(path)
        if page.is_html:
            assert not re.search(r"""(src|action|poster|data|srcset)\s*=\s*["']?(https?:)?//""", page.markup), path
            assert not re.search(r"url\(\s*[\"']?(https?:)?//", page.markup), path
            assert not page.soup.select("[onclick], [onload], [onerror], [style], iframe, object, embed, base")


def _table(numbers: dict[str, int]) -> str:
    return "\n" + "\n".join(f"{number:>8}  {name}" for name, number in sorted(numbers.items(), key=lambda one: -one[1]))


# ---- templates


def test_every_room_has_a_folder_of_templates(app):
    for name, blueprint in app.blueprints.items():
        audience = blueprint.import_name.split(".")[1]
        if audience == "customer":
            assert (ROOT / "templates" / "customer" / name).is_dir(), name


def test_every_template_that_is_named_is_there(app):
    environment = app.jinja_env
    for name in environment.list_templates(extensions=["html"]):
        source, _, _ = environment.loader.get_source(environment, name)
        for other in meta.find_referenced_templates(environment.parse(source)):
            if other:
                environment.get_template(other)


def test_every_template_a_view_names_is_there():
    named = set()
    for path in _rooms():
        named |= {text for text in _texts(path) if re.fullmatch(r"[\w/]+\.html", text)}
    assert len(named) > 20
    for name in named:
        assert (ROOT / "templates" / name).is_file(), name


def test_every_letter_is_three_files_and_a_line_of_the_table():
    folder = ROOT / "templates" / "mail"
    assert {path.stem for path in folder.iterdir() if not path.name.startswith("_")} == set(kinds.KINDS)
    for name in kinds.KINDS:
        for ending in ("subject", "txt", "html"):
            assert (folder / f"{name}.{ending}").is_file(), f"{name}.{ending}"


def test_every_letter_that_is_posted_is_in_the_table():
    names = _letters_posted()
    assert len(names) >= 7
    assert names <= set(kinds.KINDS)


def test_every_letter_renders_says_who_writes_and_leads_only_home(app):
    """An undefined name in a letter is an error, not a blank."""
    for name in kinds.KINDS:
        message = Message(kind="email", to="x@example.ru", letter=name, data=_DATA, secrets=_SECRETS)
        letter = letters.put_together(message, "https://lk.example.ru")
        assert letter.subject
        assert "Енисейсбыт" in letter.text
        links = re.findall(r"https?://\S+", letter.text)
        assert all(link == "https://lk.example.ru" or link.startswith("https://lk.example.ru/") for link in links), name
        assert letter.html.startswith("<!doctype html>")
        assert "src=" not in letter.html


_SECRETS = {"token": "secret", "code": "123456", "link": "12.abc"}
_DATA = {
    "number": "2611-AAAAAAAA",
    "kopecks": 100,
    "cheque": FISCAL,
    "account": "241010000054",
    "email": "x@example.ru",
    "name": "Некто",
    "day": "2026-11-20",
    "changed": "телефон",
    "serial": "87749621",
    "values": "6 440",
    "right": "6 404",
    "reason": "Перепутаны цифры.",
    "question": "Что на счётчике сейчас?",
    "window": "до 29 ноября",
    "path": "/accounts/241010000054/readings",
    "phone": "+79135550123",
    "way": "email",
    "who": "вы",
    "title": "Отключение воды",
    "topic": "Начисления и счета",
    "kind": "замена счётчика",
    "text": "В среду воды не будет.",
    "state": "получен ответ",
    "period": "2026-10",
    "due": "2026-11-15",
    "last_day": "2026-11-29",
    "until": "2027-05-20",
    "months": 6,
}


def _letters_posted() -> set[str]:
    """The names that the models give to outbox.post."""
    calls = (node for path in (ROOT / "models").rglob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    posts = (
        node
        for node in calls
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "post"
    )
    return {str(node.args[0].value) for node in posts if node.args and isinstance(node.args[0], ast.Constant)}


def _rooms() -> list[Path]:
    """The modules of views but for the stand-ins, which are other people's machines with templates of their own."""
    return [path for path in (ROOT / "views").rglob("*.py") if path.parent.name != "standins"]


# ---- words


def test_every_refusal_is_a_russian_sentence():
    texts = [text for path in sorted((ROOT / "models").rglob("*.py")) for text in _refusals(path)]
    assert len(texts) > 25
    for where, text in texts:
        assert re.search("[а-яё]", text), f"{where}: {text!r} is not Russian"
        assert re.match(r"[«А-ЯЁ{]", text), f"{where}: {text!r} does not begin like a sentence"
        example = re.search(r"(Пример|например):? \S", text)
        assert text.endswith((".", "?", "!", "}")) or example, f"{where}: {text!r} does not end like a sentence"


def _refusals(path: Path) -> Iterator[tuple[str, str]]:
    """The texts of every Refusal(field, text, …) and Problem(field, text, …) in a module, f-strings with {} for values."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("Refusal", "Problem")
            and len(node.args) > 1
        ):
            text = _plain(node.args[1])
            if text:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", text


def _plain(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return ""


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


# ---- one word, one thing


def test_every_room_has_its_tests():
    own = {"staff": "staff_", "customer": "", "machine": ""}  # a room of the office may bear a customers' room's name
    paths = [path for path in _rooms() if path.parent.name in own and path.stem != "__init__"]
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "views").glob("test_*.py")}
    assert [path for path in paths if not {path.stem, own[path.parent.name] + path.stem} & tested] == []


def test_periodic_jobs_are_in_the_timetable():
    for path in (ROOT / "tasks").rglob("*.py"):
        if path.name not in ("timetable.py", "queue.py"):
            assert "crontab(" not in path.read_text("utf-8"), path
