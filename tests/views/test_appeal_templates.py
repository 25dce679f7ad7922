"""Templates of answers: written, changed, offered, removed."""

from __future__ import annotations

from models.office.inbox import answer_templates
from tests.cast import Person
from tests.office_appeals import written
from tests.page import Client

TEXT = "По обращению {номер}: пересчитали."


def test_template_is_written_changed_and_its_history_stays(irina: Client) -> None:
    page = irina.get("appeal_templates.new").submit(title="Пересчитали", topic="charges", text=TEXT).follow()
    assert "Пересчитали" in page.text
    page = page.click("Пересчитали").submit(text="По обращению {номер} всё исправлено.").follow().click("Пересчитали")
    assert page.value("text").strip() == "По обращению {номер} всё исправлено."
    assert "Как было раньше" in page.text and TEXT in page.text
    page.submit(button="Убрать заготовку")
    assert answer_templates.listed() == []


def test_field_that_nothing_would_fill_is_refused_and_the_text_stays(irina: Client) -> None:
    page = irina.get("appeal_templates.new").submit(title="Опечатка", text="Здравствуйте, {имечко}!")
    assert page.status == 422 and "{имечко}" in page.error("text")
    assert page.value("text").strip() == "Здравствуйте, {имечко}!"
    assert answer_templates.listed() == []


def test_template_of_one_topic_is_offered_for_it_alone(oleg: Client, anna: Person) -> None:
    answer_templates.save(None, "О счётчике", "meter", TEXT, 1)
    answer_templates.save(None, "О счёте", "charges", TEXT, 1)
    appeal = written(anna)
    page = oleg.get("staff_appeals.show", number=appeal.number).submit(button="Открыть\u00a0N").follow()
    offered = [one.get_text() for one in page.soup.select("select[name=template] option")]
    assert "О счёте" in offered and "О счётчике" not in offered


def test_template_that_is_no_more_is_not_found(irina: Client) -> None:
    assert irina.get("appeal_templates.show", template_id=999).status == 404
