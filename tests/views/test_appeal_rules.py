"""To whom new appeals go: rules in their order."""

from __future__ import annotations

import pytest

from models.contact.appeals import assign_rules
from tests.cast import Person
from tests.office_appeals import who, written
from tests.page import Client


@pytest.mark.feature("S37")
def test_rule_sends_new_appeals_to_an_employee(irina: Client, oleg: Client, anna: Person) -> None:
    his = who("oleg")
    page = irina.get("appeal_rules.index").submit(topic="charges", employee=str(his.id)).follow()
    assert his.name in page.text
    appeal = written(anna)
    assert appeal.owner_id == his.id
    assert appeal.number in oleg.get("staff_appeals.index").text


def test_rules_are_asked_in_their_order_and_end(irina: Client, anna: Person) -> None:
    irina_id = who("irina").id
    first = assign_rules.add(topic="", employee_id=irina_id)
    second = assign_rules.add(topic="charges", employee_id=irina_id)
    token = irina.get("appeal_rules.index").token
    irina.post("appeal_rules.up", {"csrf_token": token}, rule_id=second.id)
    assert [one.topic for one in assign_rules.listed()] == ["charges", ""]
    irina.post("appeal_rules.end", {"csrf_token": token}, rule_id=assign_rules.listed()[0].id)
    assert [one.topic for one in assign_rules.listed()] == [""]
    assert "уже нет" in irina.post("appeal_rules.end", {"csrf_token": token}, rule_id=first.id + 99).follow().text
    assert "действовали раньше" in irina.get("appeal_rules.index").text


def test_rule_that_sends_nowhere_is_refused(irina: Client) -> None:
    page = irina.get("appeal_rules.index").submit(topic="charges", employee="")
    assert page.status == 422 and page.error("to_office") and assign_rules.listed() == []
