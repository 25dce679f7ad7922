"""For monitors: can the portal work?"""

from __future__ import annotations

import json

from peewee import OperationalError

from models import base


def test_well(client, app):
    page = client.get("health.show")
    assert page.status == 200
    assert json.loads(page.text) == {"status": "ok", "database": "ok", "queue": "ok"}


def test_database_that_does_not_answer(client, app, monkeypatch):
    def locked(*_, **__):
        raise OperationalError("database is locked")

    monkeypatch.setattr(base.database.obj, "execute_sql", locked)
    page = client.get("health.show")
    assert page.status == 503
    assert json.loads(page.text)["database"] == "fail"


def test_queue_that_does_not_answer(client, app, monkeypatch):
    def gone():
        raise RuntimeError("no such file")

    monkeypatch.setattr(app.extensions["queue"], "pending_count", gone)
    page = client.get("health.show")
    assert (page.status, json.loads(page.text)) == (503, {"status": "fail", "database": "ok", "queue": "fail"})


def test_nothing_of_anybody(home):
    assert "anna" not in home.get("health.show").text


def test_monitor_behind_another_name_is_answered_in_production(production):
    app = production()
    assert app.test_client().get("/health", base_url="http://10.0.0.7:8000").status_code == 200
