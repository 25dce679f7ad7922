"""The blind check: what another employee sees and types, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from models.metering.accounts import Office
from models.metering.paperforms.batches import Batch, PaperForm
from models.metering.readings import Reading
from tests import cast
from tests.page import Client

NUMBER = "241010000054"


@pytest.fixture
def batch(db: Any, galina: Client) -> Batch:
    Office.create(code="len", name="Ленинский", settlement="г. Красноярск", address="ул. Мира, 1")
    cast.anna()
    galina.get("paperforms.index").submit(button="Начать ввод")
    return Batch.get()


def entered(clerk: Client, batch: Batch, account: str, *values: str) -> None:
    page = clerk.get("paperforms.entry", batch_id=batch.id, account=account)
    assert page.submit(value=list(values), button="Сохранить").status == 303


def test_the_second_look_is_blind(batch, galina, oleg):
    entered(galina, batch, NUMBER, "7400", "2720")
    page = oleg.get("second_looks.index", batch=batch.id)
    assert "ул. Садовая" in page.text and "7400" not in page.markup and "7\u202f400" not in page.markup
    assert page.submit(value=["7400", "2720"], button="Сверить").status == 303
    assert Reading.get(Reading.period == "2026-11").t1 == 7400
    assert "Сверять нечего" in oleg.get("second_looks.index").text


def test_where_the_two_differ_the_checker_picks(batch, galina, oleg):
    entered(galina, batch, NUMBER, "7400", "2720")
    page = oleg.get("second_looks.index", batch=batch.id).submit(value=["6440", "2720"], button="Сверить").follow()
    assert "7400 / 2720" in page.text and "6440 / 2720" in page.text
    page.submit(button="second").follow()
    assert Reading.get(Reading.period == "2026-11").t1 == 6440


def test_ones_own_row_is_not_offered(batch, galina):
    entered(galina, batch, NUMBER, "7400", "2720")
    assert "Сверять нечего" in galina.get("second_looks.index", batch=batch.id).text
    row = PaperForm.get()
    token = galina.get("paperforms.index").soup.find("input", attrs={"name": "csrf_token"})["value"]
    answer = galina.post("second_looks.check", {"csrf_token": token, "value": "1"}, form_id=row.id)
    assert answer.status == 422 and "другой сотрудник" in answer.errors[0]
