"""Appeals in the cabinet: written, kept while they are written, read, answered, rated, printed; and nobody else's."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from models import audit, base, clock, files
from models.contact.appeals import drafts, moves, rows
from models.contact.appeals.rows import Appeal, AppealDraft, AppealEntry
from models.people.customers import subject
from tests import cast
from tests.cast import Person
from tests.page import Client, Page
from tests.test_house import ONE_FLIGHT, _queries
from tests.views.conftest import Mail

TEXT = "В октябрьском счёте пени, хотя платил я вовремя. Пересчитайте, пожалуйста."


def photo(size: tuple[int, int] = (60, 40)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, (200, 120, 40)).save(made, "JPEG")
    return made.getvalue()


def attached(name: str = "счётчик.jpg", content: bytes = b"") -> tuple[Any, str]:
    return io.BytesIO(content or photo()), name


def address(page: Page, title: str) -> str:
    """Where the link to a file leads."""
    return next(str(link["href"]) for link in page.soup.select("main a") if link.get_text() == title)


@pytest.fixture
def written(home: Client) -> Appeal:
    """Anna's appeal, sent."""
    page = home.get("appeals.new").submit(topic="charges", text=TEXT)
    assert page.status == 303, page.errors
    found = rows.by_number(page.location.rpartition("/")[2])
    assert found is not None
    return found


def answer(
    appeal: Appeal, text: str = "Пени сняты, извините.", *, kind: str = rows.ANSWER, state: str = rows.ANSWERED
) -> None:
    """As the office does it."""
    changes: dict[str, Any] = {"answered_at": clock.now()} if kind == rows.ANSWER else {}
    with base.database.atomic(), audit.acting("system", ""):
        held = moves.hold(appeal.id)
        moves.add(held, kind, text)
        moves.move(held, state, **changes)


# ---- the list


def test_the_empty_list_says_what_an_appeal_is_and_leads_to_the_form(home: Client) -> None:
    page = home.get("appeals.index")
    assert "равносильно письму в офис" in page.text
    assert page.click("Новое обращение").h1 == "Новое обращение"


@pytest.mark.feature("S36")
def test_the_list_tells_number_topic_state_and_term(home: Client, written: Appeal) -> None:
    row = home.get("appeals.index").rows[0]
    assert row[0].startswith(f"{written.number} В октябрьском счёте пени")
    assert row[1] == "зарегистрировано"
    assert row[3].startswith("до ")


def test_a_long_list_is_turned_page_by_page(home: Client, anna: Person) -> None:
    for n in range(23):
        Appeal.create(
            customer=anna.customer, email=anna.customer.email, topic="other", title=f"Вопрос {n}", due_on=clock.today()
        )
    first = home.get("appeals.index")
    assert len(first.rows) == 20
    second = first.click("Раньше →")
    assert [row[0].partition(" ")[2] for row in second.rows] == ["Вопрос 2", "Вопрос 1", "Вопрос 0"]
    assert len(second.click("← Новее").rows) == 20


@pytest.mark.parametrize("start", ["-5", "x", "99999999999", "40"])
def test_an_odd_place_in_the_list_is_the_list(home: Client, written: Appeal, start: str) -> None:
    assert home.get(f"/appeals?from={start}").status == 200


# ---- a new one


@pytest.mark.feature("S36", "S37")
def test_an_appeal_has_its_number_its_day_and_its_term_at_once(
    home: Client, anna: Person, mail: Callable[[str], Mail]
) -> None:
    form = home.get("appeals.new")
    assert re.search(r"Начисления и счета \(до \d+\s\w+\)", form.text)
    assert form.value("account") == anna.account.number
    page = form.submit(topic="charges", text=TEXT).follow()
    appeal = Appeal.get()
    assert page.h1 == f"Обращение {appeal.number}"
    assert "не позже" in page.text
    assert TEXT in page.text
    assert appeal.account_id == anna.account.id
    letter = mail(anna.customer.email)
    assert letter.letter == "appeal_registered"
    assert appeal.number in letter.text


def test_what_is_missing_is_said_beside_its_field_and_the_text_stays(home: Client) -> None:
    page = home.get("appeals.new").submit(text=TEXT)
    assert page.status == 422
    assert "Выберите" in page.error("topic")
    assert page.value("text") == TEXT
    empty = home.get("appeals.new").submit(topic="charges", text=" ")
    assert empty.error("text")
    assert empty.value("topic") == "charges"
    assert Appeal.select().count() == 0


def test_somebody_elses_account_is_refused(home: Client, vera: Person) -> None:
    page = home.get("appeals.new")
    sent = page.submit(topic="charges", text=TEXT, account=vera.account.number)
    assert sent.status == 422
    assert sent.error("account")
    assert Appeal.select().count() == 0


def test_an_unknown_topic_is_refused(home: Client) -> None:
    assert home.get("appeals.new").submit(topic="no-such", text=TEXT).error("topic")


def test_the_address_may_name_topic_and_account(home: Client, anna: Person) -> None:
    assert home.get("/appeals/new?topic=meter").value("topic") == "meter"


def test_sent_twice_it_is_one_appeal(home: Client) -> None:
    form = home.get("appeals.new")
    first, second = form.submit(topic="charges", text=TEXT), form.submit(topic="charges", text=TEXT)
    assert first.location == second.location
    assert Appeal.select().count() == 1


def test_another_form_is_another_appeal(home: Client) -> None:
    for _ in range(2):
        assert home.get("appeals.new").submit(topic="charges", text=TEXT).status == 303
    assert Appeal.select().count() == 2


@pytest.mark.feature("M10")
def test_a_hundred_thousand_characters_are_refused_and_kept(home: Client, anna: Person) -> None:
    long = "Ж" * 100_000
    page = home.get("appeals.new").submit(topic="charges", text=long)
    assert page.status == 422
    assert "20" in page.error("text")
    assert page.value("text") == long
    kept = drafts.find(subject(anna.customer.id))
    assert kept is not None
    assert kept.fields["text"] == long
    assert home.get("appeals.new").value("text") == long


def test_the_same_arrives_in_percents(home: Client) -> None:
    """A browser of letters alone sends the form in percents: six bytes a letter."""
    page = home.get("appeals.new")
    data = {"csrf_token": page.token, "topic": "charges", "text": "Ж" * 100_000, "own": "y", "key": "k"}
    sent = home.open("/appeals/new", method="POST", data=data, content_type="application/x-www-form-urlencoded")
    assert sent.status == 422
    assert sent.error("text")


# ---- the draft


def test_the_draft_is_kept_while_one_types_and_comes_back_on_another_device(
    home: Client, anna: Person, client: Client
) -> None:
    form = home.get("appeals.new")
    data = {"csrf_token": form.token, "topic": "meter", "text": "Счётчик стоит", "own": "y", "key": form.value("key")}
    part = home.post("appeals.save", data, headers={"HX-Request": "true"})
    assert part.status == 200
    assert "Черновик сохранён" in part.text
    phone = client.another()
    phone.sign_in(anna.customer.email, cast.PASSWORD)
    assert "Есть черновик" in phone.get("appeals.index").text
    page = phone.get("appeals.new")
    assert page.value("text") == "Счётчик стоит"
    assert page.value("topic") == "meter"
    page.submit(text="Счётчик стоит.", button="Отправить")
    assert AppealDraft.select().count() == 0
    assert phone.get("appeals.new").value("text") == ""


def test_a_late_saving_brings_no_sent_draft_back(home: Client) -> None:
    form = home.get("appeals.new")
    form.submit(topic="meter", text=TEXT)
    data = {"csrf_token": form.token, "text": TEXT, "own": "y", "key": form.value("key")}
    assert home.post("appeals.save", data, headers={"HX-Request": "true"}).status == 204
    assert AppealDraft.select().count() == 0


def test_the_button_keeps_the_draft_without_scripts(home: Client) -> None:
    page = home.get("appeals.new").submit(topic="meter", text="Счётчик", button="Сохранить черновик").follow()
    assert page.value("text") == "Счётчик"
    assert "Черновик сохранён" in page.text


def test_the_hint_of_the_topic_and_likely_answers_are_told(home: Client) -> None:
    form = home.get("appeals.new")
    text = "Когда и до какого числа передавать показания счётчика?"
    data = {"csrf_token": form.token, "topic": "readings", "text": text, "own": "y"}
    part = home.post("appeals.save", data, headers={"HX-Request": "true"})
    assert "Возможно, ответ здесь" in part.text
    assert "снимок счётчика" in part.text
    saved = form.submit(topic="readings", text=text, button="Сохранить черновик").follow()
    assert "Возможно, ответ здесь" in saved.text


def test_about_a_meter_the_way_to_an_order_is_shown(home: Client) -> None:
    page = home.get("/appeals/new?topic=meter")
    assert page.click("Заявки на счётчик").path == "/orders"
    assert "Заявки на счётчик" not in home.get("/appeals/new?topic=charges").text


def test_the_count_of_characters_is_told_near_the_end_alone(home: Client) -> None:
    form = home.get("appeals.new")

    def told(length: int) -> str:
        data = {"csrf_token": form.token, "text": "а" * length, "own": "y"}
        return home.post("appeals.save", data, headers={"HX-Request": "true"}).text

    assert "Осталось" not in told(18_000)
    assert "Осталось 100\u00a0знаков" in told(19_900)
    assert "Лишних 5\u00a0знаков" in told(20_005)


def test_the_end_of_the_session_eats_nothing(home: Client, anna: Person) -> None:
    form = home.get("appeals.new")
    with home.browser.session_transaction(base_url=home.base) as session:
        session["_user_id"] = "gone"
    sent = form.submit(topic="charges", text=TEXT)
    assert sent.location.startswith("/sign-in")
    assert Appeal.select().count() == 0
    sent.follow().submit(login=anna.customer.email, password=cast.PASSWORD)
    assert home.get("appeals.new").value("text") == TEXT


def test_typing_on_after_the_end_of_the_session_leads_to_the_sign_in(home: Client) -> None:
    form = home.get("appeals.new")
    with home.browser.session_transaction(base_url=home.base) as session:
        session["_user_id"] = "gone"
    data = {"csrf_token": form.token, "text": TEXT, "own": "y"}
    part = home.post("appeals.save", data, headers={"HX-Request": "true", "HX-Current-URL": f"{home.base}/appeals/new"})
    assert part.status == 401
    assert part.headers["HX-Redirect"] == "/sign-in?next=/appeals/new"


# ---- files


@pytest.mark.feature("S36")
def test_files_are_attached_listed_and_taken_away_before_sending(home: Client) -> None:
    form = home.get("appeals.new")
    assert "МБ" in form.text, "sizes are told before"
    assert ".jpg" in str(form.field("files")["accept"])
    page = form.submit(
        topic="readings",
        text="Вот счётчик",
        files=[attached("a.jpg"), attached("b.jpg", photo((61, 41)))],
        button="Сохранить черновик",
    ).follow()
    assert "a.jpg" in page.text
    assert "b.jpg" in page.text
    page = page.submit(text="Вот счётчик!", button="Убрать a.jpg").follow()
    assert "a.jpg" not in page.text
    assert page.value("text") == "Вот счётчик!"
    shown = page.submit(button="Отправить").follow()
    assert "b.jpg" in shown.text
    stored = files.StoredFile.get(files.StoredFile.removed_at.is_null())
    assert stored.owner == AppealEntry.get(AppealEntry.kind == rows.MESSAGE).subject


def test_files_sent_with_the_form_itself_go_with_it(home: Client) -> None:
    shown = home.get("appeals.new").submit(topic="readings", text="Вот", files=[attached()]).follow()
    answer = home.open(address(shown, "счётчик.jpg"))
    assert answer.status == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_files_that_a_script_sends_come_back_as_a_list(home: Client) -> None:
    form = home.get("appeals.new")
    part = home.post("appeals.add_files", {"csrf_token": form.token, "files": attached()})
    assert part.status == 200
    assert "счётчик.jpg" in part.text
    assert not part.is_whole
    wrong = home.post("appeals.add_files", {"csrf_token": form.token, "files": attached("a.svg", b"<svg/>")})
    assert wrong.status == 422
    assert "«a.svg»" in wrong.text
    assert wrong.headers["Content-Type"].startswith("text/plain"), "the script shows it beside the file"
    assert "счётчик.jpg" in home.get("appeals.new").text, "what was there stays"


def test_a_wrong_file_is_told_and_the_text_is_kept(home: Client) -> None:
    page = home.get("appeals.new").submit(topic="charges", text=TEXT, files=[attached("a.exe", b"MZ")])
    assert page.status == 422
    assert "a.exe" in page.error("files")
    assert page.value("text") == TEXT
    assert home.get("appeals.new").value("text") == TEXT
    assert Appeal.select().count() == 0


def test_files_are_their_peoples_alone(home: Client, stranger: Client, client: Client) -> None:
    shown = home.get("appeals.new").submit(topic="readings", text="Вот", files=[attached()]).follow()
    path = address(shown, "счётчик.jpg")
    assert stranger.get(path).status == 404
    assert client.another().get(path).location.startswith("/sign-in")
    own = stranger.get("appeals.new").submit(topic="readings", text="Моё").follow()
    mixed = re.sub(r"\d{4}-\d{6}", own.h1.split()[-1], path)
    assert stranger.get(mixed).status == 404, "somebody else's file under an appeal of one's own"


def test_a_file_of_the_offices_own_notes_is_nobodys(home: Client, written: Appeal) -> None:
    with base.database.atomic():
        note = moves.add(written, rows.NOTE, "Проверить", author="staff:1")
        stored = files.attach(files.put(io.BytesIO(photo()), "план.jpg"), note.subject)
    assert home.get("appeals.download", number=written.number, file_id=stored.id).status == 404


# ---- whose


def test_nobody_elses_appeal_is_there(home: Client, stranger: Client, written: Appeal) -> None:
    none = re.sub(r"\d{6}$", "999999", written.number)
    pages = [stranger.get(f"/appeals/{number}") for number in (written.number, none)]
    assert [page.status for page in pages] == [404, 404]
    assert pages[0].text == pages[1].text
    token = stranger.get("appeals.index").click("Новое обращение").token
    for endpoint in ("appeals.say", "appeals.rate", "appeals.withdraw", "appeals.save_reply", "appeals.add_files_to"):
        assert stranger.post(endpoint, {"csrf_token": token, "text": "Моё!"}, number=written.number).status == 404
    assert AppealEntry.select().where(AppealEntry.text == "Моё!").count() == 0


def test_who_is_not_signed_in_learns_nothing_from_a_number(client: Client, home: Client, written: Appeal) -> None:
    guest = client.another()
    for number in (written.number, "2611-999999", "x"):
        assert guest.get(f"/appeals/{number}").location == f"/sign-in?next=/appeals/{number}"


def test_probing_numbers_ends_in_no_answer(stranger: Client) -> None:
    statuses = [stranger.get(f"/appeals/2611-{n:06d}").status for n in range(1, 123)]
    assert statuses[0] == 404
    assert statuses[-1] == 422


# ---- the conversation


@pytest.mark.feature("S36", "S37")
def test_the_page_tells_states_with_their_dates_and_who_said_what(home: Client, written: Appeal) -> None:
    answer(written)
    page = home.get("appeals.show", number=written.number)
    steps = [one.get_text() for one in page.soup.select("main ol li")]
    assert steps == ["зарегистрировано, 20\u00a0ноября\u00a02026", "ответ дан, 20\u00a0ноября\u00a02026"]
    assert "Пени сняты" in page.text
    assert "Вы" in page.text


def test_the_offices_own_words_never_show(home: Client, written: Appeal) -> None:
    with base.database.atomic():
        moves.add(written, rows.NOTE, "Тайная заметка", author="staff:1")
    for endpoint in ("appeals.show", "appeals.printed"):
        assert "Тайная" not in home.get(endpoint, number=written.number).text


def test_a_question_is_answered_with_a_file(home: Client, written: Appeal) -> None:
    answer(written, "Пришлите чек.", kind=rows.QUESTION, state=rows.WAITING)
    page = home.get("appeals.show", number=written.number)
    assert "ждём вашего ответа" in page.text
    page = page.submit(text="Вот чек", files=[attached("чек.jpg")], button="Отправить").follow()
    assert "Вот чек" in page.text
    assert "чек.jpg" in page.text
    assert Appeal.get().state == rows.WORK


def test_the_reply_is_kept_like_a_new_one(home: Client, written: Appeal) -> None:
    page = home.get("appeals.show", number=written.number)
    data = {"csrf_token": page.token, "text": "Ещё вот что", "key": page.value("key")}
    assert "Черновик сохранён" in home.post("appeals.save_reply", data, number=written.number).text
    assert home.get("appeals.show", number=written.number).value("text") == "Ещё вот что"
    assert home.get("appeals.new").value("text") == ""
    page = page.submit(text="Ещё вот что.", files=[attached("x.jpg")], button="Сохранить черновик").follow()
    assert "x.jpg" in page.text
    page = page.submit(text="Ещё вот что.", button="Убрать x.jpg").follow()
    assert page.value("text") == "Ещё вот что."
    assert "x.jpg" not in page.text


def test_an_empty_reply_is_refused_beside_its_field(home: Client, written: Appeal) -> None:
    page = home.get("appeals.show", number=written.number).submit(text="", button="Отправить")
    assert page.status == 422
    assert page.error("text")


def test_the_end_of_the_session_eats_no_reply(home: Client, anna: Person, written: Appeal) -> None:
    page = home.get("appeals.show", number=written.number)
    with home.browser.session_transaction(base_url=home.base) as session:
        session["_user_id"] = "gone"
    sent = page.submit(text="Дописываю", button="Отправить")
    assert sent.location == f"/sign-in?next=/appeals/{written.number}"
    back = sent.follow().submit(login=anna.customer.email, password=cast.PASSWORD)
    assert back.follow().value("text") == "Дописываю"


def test_a_reply_sent_twice_is_said_once(home: Client, written: Appeal) -> None:
    form = home.get("appeals.show", number=written.number)
    for _ in range(2):
        assert form.submit(text="Дважды", button="Отправить").status == 303
    assert AppealEntry.select().where(AppealEntry.text == "Дважды").count() == 1


@pytest.mark.feature("S36")
def test_an_answered_appeal_is_opened_again_with_a_new_term(home: Client, written: Appeal) -> None:
    answer(written)
    page = home.get("appeals.show", number=written.number)
    assert "обращение можно открыть снова" in page.text
    page = page.submit(text="Пени на месте.", button="Открыть снова").follow()
    assert "открыто снова" in page.text
    assert "не позже" in page.text
    assert Appeal.get().state == rows.REOPENED


def test_after_the_term_a_new_one_is_offered_and_the_text_goes_into_it(
    home: Client, written: Appeal, at: Callable[[str], Any]
) -> None:
    answer(written)
    page = home.get("appeals.show", number=written.number)
    at("2027-01-11T10:00")
    with home.browser.session_transaction(base_url=home.base) as session:
        session.pop("_user_id")
    home.sign_in("anna@example.ru", cast.PASSWORD)
    with base.database.atomic():
        moves.move(moves.hold(written.id), rows.CLOSED)
    again = home.get("appeals.show", number=written.number)
    assert "напишите новое" in again.text
    assert not again.soup.select("#reply")
    data = {"csrf_token": again.token, "text": "Опять пени", "key": page.value("key"), "reopen": "1"}
    sent = home.post("appeals.say", data, number=written.number)
    assert sent.location == "/appeals/new"
    assert sent.follow().value("text") == "Опять пени"


def test_the_answer_is_rated_and_the_rating_changed(home: Client, written: Appeal) -> None:
    answer(written)
    page = home.get("appeals.show", number=written.number)
    nothing = page.submit(rating_text="Ну", button="Оценить")
    assert nothing.status == 422
    assert nothing.errors
    page.submit(rating="4", rating_text="Быстро", button="Оценить")
    assert (Appeal.get().rating, Appeal.get().rating_text) == (4, "Быстро")
    page = home.get("appeals.show", number=written.number)
    assert [str(one["value"]) for one in page.soup.select("[name=rating][checked]")] == ["4"]
    page.submit(rating="5", button="Изменить оценку")
    assert Appeal.get().rating == 5


def test_a_reply_that_is_being_written_outlives_a_mistake_in_the_rating(home: Client, written: Appeal) -> None:
    answer(written)
    page = home.get("appeals.show", number=written.number)
    page.submit(text="Ещё не всё", button="Сохранить черновик")
    wrong = page.submit(rating_text="Без звёзд", button="Оценить")
    assert wrong.status == 422
    assert wrong.value("text") == "Ещё не всё"
    assert wrong.value("rating_text") == "Без звёзд"
    page.submit(rating="4", button="Оценить")
    empty = home.get("appeals.show", number=written.number).submit(text="", button="Открыть снова")
    assert empty.status == 422
    assert empty.soup.select_one("[name=rating][checked]") is not None


@pytest.mark.parametrize("stars", ["0", "6", "x", "", "1" * 400])
def test_stars_that_are_none_are_refused(home: Client, written: Appeal, stars: str) -> None:
    answer(written)
    page = home.get("appeals.show", number=written.number)
    sent = home.post("appeals.rate", {"csrf_token": page.token, "rating": stars}, number=written.number)
    assert sent.status == 422
    assert Appeal.get().rating is None


def test_an_appeal_is_withdrawn_after_a_question(home: Client, written: Appeal) -> None:
    page = home.get("appeals.show", number=written.number).click("Отозвать обращение")
    assert Appeal.get().state == rows.REGISTERED
    page = page.submit(button="Отозвать").follow()
    assert "отозвано" in page.text
    assert Appeal.get().state == rows.CLOSED


def test_a_merged_one_leads_to_the_other(home: Client, written: Appeal) -> None:
    other = home.get("appeals.new").submit(topic="charges", text="То же самое").follow().h1.split()[-1]
    with base.database.atomic(), audit.acting("system", ""):
        moves.move(moves.hold(written.id), rows.MERGED, merged_into=rows.id_of(other))
    page = home.get("appeals.show", number=written.number)
    assert page.click(other).h1 == f"Обращение {other}"
    assert not page.soup.select("#reply")


@pytest.mark.feature("S36")
def test_the_paper_has_number_dates_and_words_and_no_forms(home: Client, written: Appeal) -> None:
    answer(written)
    page = home.get("appeals.show", number=written.number).click("Распечатать")
    for words in (written.number, "Зарегистрировано", TEXT, "Пени сняты", "ответ дан"):
        assert words in page.text
    assert page.soup.select("main form, main textarea, main button") == []


def test_the_customers_own_account_is_told_and_another_is_not(home: Client, anna: Person, vera: Person) -> None:
    home.get("appeals.new").submit(topic="charges", text=TEXT, account=anna.account.number)
    appeal = Appeal.get()
    assert anna.account.number in home.get("appeals.show", number=appeal.number).text
    Appeal.update(account=vera.account).execute()
    assert vera.account.number not in home.get("appeals.show", number=appeal.number).text


def test_the_paper_says_who_wrote(home: Client, anna: Person) -> None:
    home.get("appeals.new").submit(topic="charges", text=TEXT, account=anna.account.number)
    number = Appeal.get().number
    page = home.get("appeals.printed", number=number)
    assert f"Заявитель: {anna.customer.name}" in page.text and anna.account.address in page.text
    assert page.soup.select_one("article b").get_text() == "Заявитель"
    assert home.get("appeals.show", number=number).soup.select_one("article b").get_text() == "Вы"


def test_words_of_the_customer_are_words_and_not_markup(home: Client) -> None:
    page = home.get("appeals.new").submit(topic="other", text="<b>Вот</b>\n<script>alert(1)</script>\n\nИ ещё").follow()
    assert "<script>alert(1)</script>" in page.text
    assert page.soup.select("article b, article script") == page.soup.select("article .apart b")


# ---- what it costs


@pytest.mark.feature("M1")
def test_pages_cost_few_queries_and_few_bytes(home: Client, written: Appeal, db: Any) -> None:
    home.get("appeals.show", number=written.number).submit(text="С файлом", files=[attached()], button="Отправить")
    answer(written)
    home.get("appeals.show", number=written.number).submit(
        text="Черновик", files=[attached("y.jpg")], button="Сохранить черновик"
    )
    home.get("appeals.new").submit(topic="readings", text="показания", button="Сохранить черновик")
    paths = ["/appeals", "/appeals/new", f"/appeals/{written.number}", f"/appeals/{written.number}/print"]
    spent = {path: _queries(home, db, path) for path in paths}
    assert max(spent.values()) <= 8, spent
    sizes = {path: _packed(home.get(path)) for path in paths}
    assert max(sizes.values()) <= ONE_FLIGHT, sizes


def _packed(page: Page) -> int:
    import gzip

    from views import assets

    styles = 0 if page.soup.style is not None else len(gzip.compress(assets.shelf()[assets.STYLES_NAME].bodies[""], 9))
    return len(gzip.compress(page.answer.data, 6)) + styles
