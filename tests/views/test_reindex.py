"""The command that makes the entries of the search anew."""

from __future__ import annotations

from models.contact.appeals import search
from models.contact.appeals.search import AppealSearchEntry
from models.metering import finding
from models.metering.finding import SearchEntry
from tests import appealing


def test_entries_are_made_anew_or_only_where_missing(app, anna, vera):
    run = app.test_cli_runner().invoke
    SearchEntry.delete().where(SearchEntry.account == anna.account).execute()
    SearchEntry.update(words="чепуха").execute()
    assert "1 entries made" in run(args=("reindex", "--missing")).output
    assert finding.find("0054").rows and not finding.find("седых").rows
    assert "2 entries made" in run(args=("reindex",)).output
    assert finding.find("седых").rows and not finding.find("чепуха").rows


def test_migrating_makes_what_an_older_database_lacks(app, anna):
    SearchEntry.delete().execute()
    assert app.test_cli_runner().invoke(args=("migrate",)).exit_code == 0
    assert finding.find("0054").rows


def test_appeals_are_made_anew_too(app, anna):
    run = app.test_cli_runner().invoke
    appeal = appealing.written(anna)
    AppealSearchEntry.delete().execute()
    assert not search.find("начислено").ids
    assert "1 entries made" in run(args=("reindex", "--missing")).output
    assert search.find("начислено").ids == [appeal.id]
    AppealSearchEntry.update(words="чепуха").execute()
    run(args=("reindex",))
    assert search.find("начислено").ids == [appeal.id]
