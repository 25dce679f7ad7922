"""Passing readings: the form, a look before sending, the question about the unusual, the receipt."""

from __future__ import annotations

import pytest

from models.metering import closings, receipts
from models.metering.meters import Meter
from models.metering.readings import Reading, Receipt
from tests import cast

NB, THIN = "\u00a0", "\u202f"


@pytest.fixture
def send(home, anna):
    """Anna fills in the form of the readings page and presses a button."""

    def press(*values, button="Передать", page=None):
        page = page or home.get("readings.form", number=anna.account.number)
        return page.submit(typed(anna, *values), button=button)

    return press


def typed(person, *values):
    return {f"meter-{person.meter.id}-t{i}": str(value) for i, value in enumerate(values, 1)}


def counted():
    return [(r.t1, r.t2, r.state) for r in Reading.select().where(Reading.period == "2026-11").order_by(Reading.id)]


# ---- the form


@pytest.mark.feature("S23")
def test_each_field_stands_beside_the_previous_value(home, anna):
    page = home.get("readings.form", number=anna.account.number)
    field = page.field(f"meter-{anna.meter.id}-t2")
    assert field["data-previous"] == "2660"
    assert page.soup.find(id=f"{field['name']}-hint").get_text() == f"было 2{THIN}660, 20{NB}октября"
    assert f"Приём открыт до 29{NB}ноября" in page.text


@pytest.mark.feature("S23", "S24")
def test_accepted_reading_leads_to_its_receipt(home, anna, send):
    page = send(*cast.USUAL)
    assert page.status == 303
    page = page.follow()
    assert page.h1 == "Показания переданы"
    assert "принято к расчёту" in page.text
    assert f"180{NB}кВт⋅ч" in page.text
    assert counted() == [(6440, 2720, "accepted")]
    assert "принято к расчёту" in home.get("readings.form", number=anna.account.number).rows[0]


def test_leading_zeros_and_spaces_are_what_a_dial_shows(send):
    send("06 440", f"2{NB}720")
    assert counted() == [(6440, 2720, "accepted")]


@pytest.mark.feature("S21")
@pytest.mark.parametrize("value", ["6440,7", "6440.75", "06440,"])
def test_fraction_is_cut_and_the_customer_told(send, value):
    page = send(value, "2720").follow()
    assert "Цифры после запятой передавать не нужно: мы записали только целую часть." in page.text
    assert counted() == [(6440, 2720, "accepted")]


def test_reading_of_one_zone_alone_is_refused(anna, send):
    page = send("6440", "")
    assert page.status == 422
    assert page.error(f"meter-{anna.meter.id}-t2") == "Введите показание: цифры до запятой."
    assert page.value(f"meter-{anna.meter.id}-t1") == "6440"
    assert counted() == []


def test_too_many_digits_are_refused_with_the_reason(anna, send):
    page = send("644012", "2720")
    assert page.error(f"meter-{anna.meter.id}-t1").startswith(f"На счётчике 5{NB}цифр до запятой, а введено 6.")
    assert page.soup.find(id=f"meter-{anna.meter.id}-t1")["aria-invalid"] == "true"


# ---- a look before sending


@pytest.mark.feature("S23", "B1")
def test_check_shows_the_usage_and_stores_nothing(anna, send):
    page = send(*cast.USUAL, button="Проверить")
    assert page.status == 200
    used = [output.get_text() for output in page.soup.select("output")]
    assert used == [f"120{NB}кВт⋅ч", f"60{NB}кВт⋅ч", f"Расход 180{NB}кВт⋅ч"]
    assert page.value(f"meter-{anna.meter.id}-t1") == "6440"
    assert counted() == []
    assert send(*cast.USUAL, page=page).status == 303


def test_check_is_refused_where_sending_would_be(anna, send):
    cast.read(anna.meter, "2026-11-19", 6430, 2715, channel="inspector")
    page = send(*cast.USUAL, button="Проверить")
    assert page.status == 422
    assert page.error(f"meter-{anna.meter.id}-t1").startswith("Показание за этот месяц уже снял контролёр")


def test_check_of_something_unusual_tells_why(send):
    page = send("8000", "2720", button="Проверить")
    assert page.status == 200
    assert "больше обычного" in page.soup.select_one("p.doubt").get_text()
    assert counted() == []


def test_check_of_nonsense_tells_what_is_wrong(anna, send):
    page = send("много", "2720", button="Проверить")
    assert page.status == 422
    assert page.error(f"meter-{anna.meter.id}-t1")


# ---- the unusual


@pytest.mark.feature("S23")
def test_unusual_reading_is_questioned_with_the_reason(anna, send):
    page = send("7300", "2720")
    assert page.status == 422
    alert = page.soup.select_one('[role="alert"]').get_text(" ", strip=True)
    assert f"Расход 1{THIN}040{NB}кВт⋅ч{NB}— это в 6{NB}раз больше обычного" in alert
    assert "Если всё верно, передайте как есть." in alert
    assert page.value(f"meter-{anna.meter.id}-t1") == "7300"
    assert counted() == []


def test_unusual_reading_confirmed_is_accepted(send):
    page = send("7300", "2720")
    page = page.submit(button="Всё верно, передать").follow()
    assert page.h1 == "Показания переданы"
    assert counted() == [(7300, 2720, "accepted")]


def test_far_too_much_confirmed_waits_for_staff(home, anna, send):
    page = send("16320", "2720")
    assert "показание проверит сотрудник" in page.text
    page = page.submit(button="Всё верно, передать").follow()
    assert page.h1 == "Показания на проверке"
    assert "Передавать его ещё раз не надо" in page.text
    assert counted() == [(16320, 2720, "held")]
    assert any("на проверке" in cell for cell in home.get("readings.form", number=anna.account.number).rows[0])


def test_less_than_the_previous_is_questioned(send):
    page = send("6300", "2720")
    assert page.status == 422
    assert "Показание меньше прошлого." in page.text
    assert page.submit(button="Всё верно, передать").status == 303
    assert counted() == [(6300, 2720, "held")]


def test_confirmation_holds_for_the_very_values_shown(anna, send):
    """Digits changed under the question are a new reading: the confirm button of the old one is worth nothing for it."""
    page = send("7300", "2720")
    page = page.submit(typed(anna, 17300, 2720), button="Всё верно, передать")
    assert page.status == 422
    assert counted() == []


def test_corrected_values_need_no_confirmation(anna, send):
    page = send("7300", "2720")
    assert page.submit(typed(anna, 6440, 2720), button="Передать исправленное").status == 303
    assert counted() == [(6440, 2720, "accepted")]


@pytest.mark.feature("M6")
@pytest.mark.parametrize(
    ("values", "said"),
    [
        (("64400", "2720"), "Похоже, введена лишняя цифра."),
        (("4640", "2720"), "Похоже, переставлены соседние цифры."),
        (("2720", "6440"), "Похоже, перепутаны зоны: день и ночь."),
    ],
)
def test_likely_mistake_is_named_and_mended_with_one_press(anna, send, values, said):
    page = send(*values)
    assert said in page.text
    assert f"6{THIN}440" in page.soup.find("button", attrs={"name": f"fix-{anna.meter.id}"}).get_text()
    assert page.submit(button=f"fix-{anna.meter.id}").status == 303
    assert counted() == [(6440, 2720, "accepted")]


@pytest.mark.feature("M6")
def test_zones_moved_round_are_named(home, anna):
    three = cast.hang(anna.account, "33", zones=3, initial=(5000, 2000, 800), installed="2026-01-01")
    for month in range(1, 11):
        cast.read(three, f"2026-{month:02d}-20", 5000 + 60 * month, 2000 + 40 * month, 800 + 50 * month)
    page = home.get("readings.form", number=anna.account.number)
    page = page.submit(
        {f"meter-{three.id}-t{i}": str(value) for i, value in enumerate((2440, 5660, 1350), 1)}, button="Передать"
    )
    assert "Похоже, перепутаны зоны: пик и ночь." in page.text


@pytest.mark.parametrize("fix", ["", " ", "1", "1 2 3", "x y", "6440 2720 1", "999999999999 1", "<script> 1"])
def test_guess_made_up_by_hand_is_checked_like_anything_typed(home, anna, send, fix):
    page = send("64400", "2720")
    data = {
        **typed(anna, 64400, 2720),
        f"fix-{anna.meter.id}": fix,
        "key": page.value("key"),
        "csrf_token": page.value("csrf_token"),
    }
    answer = home.post("readings.send", data, number=anna.account.number)
    assert answer.status == 422
    assert counted() == []


# ---- again and anew


def test_same_form_sent_twice_is_one_reading(home, anna):
    page = home.get("readings.form", number=anna.account.number)
    first, second = (page.submit(typed(anna, *cast.USUAL), button="Передать") for _ in range(2))
    assert first.location == second.location
    assert "второй раз ничего не записано" in second.follow().text
    assert counted() == [(6440, 2720, "accepted")]
    assert Receipt.select().count() == 1


def test_same_values_from_another_tab_are_the_same_reading(send):
    assert send(*cast.USUAL).location == send(*cast.USUAL).location
    assert len(counted()) == 1


def test_form_sent_again_after_back_with_other_values_is_a_correction(home, anna):
    page = home.get("readings.form", number=anna.account.number)
    page.submit(typed(anna, 6440, 2720), button="Передать")
    page.submit(typed(anna, 6441, 2720), button="Передать")
    assert counted() == [(6440, 2720, "replaced"), (6441, 2720, "accepted")]


@pytest.mark.feature("S24")
def test_correction_replaces_and_the_history_keeps_both(home, anna, send):
    send(*cast.USUAL)
    page = home.get("readings.form", number=anna.account.number)
    assert page.value(f"meter-{anna.meter.id}-t1") == "06440"
    send(6445, 2721)
    page = home.get("readings.form", number=anna.account.number)
    assert [row[-1] for row in page.rows[:2]] == ["принято к расчёту", "заменено"]


def test_billed_period_takes_no_correction(anna, send):
    send(*cast.USUAL)
    closings.close("2026-11")
    page = send(6445, 2721)
    assert page.status == 422
    assert page.errors == [f"За ноябрь{NB}2026 плата уже рассчитана. Передайте показание в следующем месяце."]
    assert counted() == [(6440, 2720, "billed")]


def test_inspectors_reading_is_not_replaced(anna, send):
    cast.read(anna.meter, "2026-11-19", 6430, 2715, channel="inspector")
    page = send(*cast.USUAL)
    assert page.error(f"meter-{anna.meter.id}-t1").startswith(
        f"Показание за этот месяц уже снял контролёр 19{NB}ноября."
    )
    assert counted() == [(6430, 2715, "accepted")]


# ---- the window


@pytest.mark.feature("S17")
@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-11-05T23:59", f"С 1 по 5 число считаем плату и выставляем счета. Приём откроется 6{NB}ноября."),
        ("2026-11-30T00:01", f"В последний день месяца показания не принимаются. Приём откроется 6{NB}декабря."),
    ],
)
def test_closed_window_says_why_and_when_it_opens(home, anna, at, now, said):
    number = anna.account.number
    data = {"csrf_token": home.get("settings.show").field("csrf_token")["value"], **typed(anna, *cast.USUAL)}
    at(now)
    page = home.get("readings.form", number=number)
    assert said in page.text
    assert f"meter-{anna.meter.id}-t1" not in page.fields
    for endpoint in ("readings.send", "readings.send_part"):
        page = home.post(endpoint, data, number=number)
        assert page.status == 422
        assert said in page.text
    assert counted() == []


@pytest.mark.feature("S17")
@pytest.mark.parametrize("now", ["2026-11-06T00:01", "2026-11-29T23:59"])
def test_window_is_open_from_the_sixth_to_the_last_day_but_one(home, anna, at, now):
    at(now)
    assert f"meter-{anna.meter.id}-t1" in home.get("readings.form", number=anna.account.number).fields


def test_form_opened_in_time_and_sent_too_late_is_refused(home, anna, at):
    at("2026-11-29T23:58")
    page = home.get("readings.form", number=anna.account.number)
    at("2026-11-30T00:01")
    page = page.submit(typed(anna, *cast.USUAL), button="Передать")
    assert page.status == 422
    assert f"Приём откроется 6{NB}декабря." in page.text


# ---- several meters, none


def test_meter_left_blank_is_left_out(home, anna):
    dacha = cast.hang(anna.account, "55443322", initial=(100,), installed="2026-09-01")
    page = home.get("readings.form", number=anna.account.number)
    page = page.submit({**typed(anna, "", ""), f"meter-{dacha.id}-t1": "150"}, button="Передать")
    assert page.status == 303
    assert [(r.meter_id, r.t1) for r in Reading.select().where(Reading.period == "2026-11")] == [(dacha.id, 150)]


def test_two_meters_have_one_receipt(home, anna):
    dacha = cast.hang(anna.account, "55443322", initial=(100,), installed="2026-09-01")
    page = home.get("readings.form", number=anna.account.number)
    page = page.submit({**typed(anna, *cast.USUAL), f"meter-{dacha.id}-t1": "150"}, button="Передать").follow()
    assert "87749621" in page.text
    assert "55443322" in page.text
    assert Receipt.select().count() == 1


@pytest.mark.feature("M6")
def test_value_of_the_other_meter_is_recognised(home, anna):
    dacha = cast.hang(anna.account, "55443322", initial=(50000,), installed="2026-01-01")
    for month in range(2, 11):
        cast.read(dacha, f"2026-{month:02d}-20", 50000 + 30 * month)
    vera_like = cast.hang(anna.account, "66443322", initial=(100,), installed="2026-01-01")
    for month in range(2, 11):
        cast.read(vera_like, f"2026-{month:02d}-20", 100 + 30 * month)
    page = home.get("readings.form", number=anna.account.number)
    page = page.submit({f"meter-{vera_like.id}-t1": "50330"}, button="Передать")
    assert f"Похоже на показание другого счётчика, №{NB}55443322." in page.text


def test_all_blank_is_refused(anna, send):
    page = send("", "")
    assert page.status == 422
    assert page.error(f"meter-{anna.meter.id}-t1") == "Введите показание: цифры до запятой."


def test_account_without_a_meter_says_so(client, boris):
    client.sign_in("boris@example.ru", cast.PASSWORD)
    page = client.get("readings.form", number=boris.account.number)
    assert "нет действующего счётчика" in page.text
    data = {"csrf_token": page.field("csrf_token")["value"], "meter-1-t1": "5"}
    assert client.post("readings.send", data, number=boris.account.number).status == 422
    assert not Receipt.select().exists()


def test_removed_meter_takes_nothing(home, anna):
    page = home.get("readings.form", number=anna.account.number)
    Meter.update(removed="2026-11-20").execute()
    assert page.submit(typed(anna, *cast.USUAL), button="Передать").status == 422
    assert counted() == []


def test_somebody_elses_meter_is_refused(home, anna, vera):
    page = home.get("readings.form", number=anna.account.number)
    data = {f"meter-{vera.meter.id}-t1": "12100", "key": page.value("key"), "csrf_token": page.value("csrf_token")}
    page = home.post("readings.send", data, number=anna.account.number)
    assert page.status == 422
    assert page.errors == ["Такого счётчика на этом лицевом счёте нет. Откройте страницу показаний заново."]
    assert Reading.select().where(Reading.meter == vera.meter).count() == 1


# ---- as htmx asks


def test_part_refused_is_the_form_alone(home, anna):
    page = _part(home, anna, "7300", "2720")
    assert page.status == 422
    assert not page.is_whole
    assert page.soup.find(id="reading-form") is not None
    assert page.soup.select_one('button[name="confirmed"]') is not None


def test_part_accepted_leads_to_the_receipt(home, anna):
    page = _part(home, anna, *cast.USUAL)
    assert page.status == 204
    assert home.get(page.headers["HX-Redirect"]).h1 == "Показания переданы"


def test_part_of_a_signed_out_customer_leads_to_sign_in(home, anna):
    page = home.get("readings.form", number=anna.account.number)
    home.get("sign_in.ask").submit(button="Выйти")
    path = home.path("readings.form", number=anna.account.number)
    headers = {"HX-Request": "true", "HX-Current-URL": home.base + path}
    data = {**typed(anna, *cast.USUAL), "csrf_token": page.value("csrf_token"), "key": page.value("key")}
    answer = home.post("readings.send_part", data, headers=headers, number=anna.account.number)
    assert answer.status == 401
    assert answer.headers["HX-Redirect"] == f"/sign-in?next={path}"


def _part(client, person, *values):
    page = client.get("readings.form", number=person.account.number)
    data = {**typed(person, *values), "key": page.value("key")}
    path = client.path("readings.form", number=person.account.number)
    headers = {"HX-Request": "true", "X-CSRFToken": page.value("csrf_token"), "HX-Current-URL": client.base + path}
    return client.post("readings.send_part", data, headers=headers, number=person.account.number)


# ---- the receipt


@pytest.mark.feature("M8")
def test_receipt_shows_number_time_values_and_code(send):
    text = send(*cast.USUAL).follow().text
    assert "2611-" in text
    assert f"20{NB}ноября{NB}2026, 10:00, личный кабинет" in text
    assert f"6{THIN}440" in text
    code = text.partition("Код подлинности ")[2].split()[0]
    shown = receipts.find(text.partition("Подтверждение ")[2].split()[0])
    assert receipts.matches_code(shown, code)
    assert not receipts.matches_code(shown, code[:-1] + ("0" if code[-1] != "0" else "1"))


def test_receipt_of_another_account_of_ones_own_is_not_found(client, boris, anna):
    client.sign_in("boris@example.ru", cast.PASSWORD)
    page = client.get("readings.form", number=anna.account.number)
    where = page.submit(typed(anna, *cast.USUAL), button="Передать").location
    assert client.get(where).status == 200
    assert client.get(where.replace(anna.account.number, boris.account.number)).status == 404


@pytest.mark.parametrize(
    "number", ["2611-999999", "2611-", "-1", "x", "2611-000001 ", "2611-１", "9" * 500, "%00", "2612-000001"]
)
def test_receipt_that_is_none_is_not_found(home, anna, send, number):
    send(*cast.USUAL)
    assert home.get(f"/accounts/{anna.account.number}/readings/receipts/{number}").status == 404


def test_reading_keeps_the_rule_and_the_inputs(send):
    send("7300", "2720").submit(button="Всё верно, передать")
    trace = Reading.get(Reading.period == "2026-11").trace
    assert trace["rule"] == "usage.above_usual"
    assert trace["confirmed"] is True
    assert trace["previous"] == [6320, 2660]
