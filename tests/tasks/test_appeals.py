"""The reception's daily round."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models import clock
from models.contact.appeals.rows import CLOSED, Appeal, AppealDraft
from tasks import appeals, timetable
from tests import appealing, cast


@pytest.mark.feature("S36")
def test_the_round_closes_old_answers_and_forgets_old_drafts_and_twice_does_no_harm(db: Any, at: Any) -> None:
    anna, oleg = cast.anna(history=False), cast.employee("operator")
    appeal = appealing.answered(appealing.written(anna), oleg)
    fresh = appealing.written(anna, key="k2")
    appealing.draft_of("guest:abc")
    at("2026-12-21T03:11")
    AppealDraft.update(updated_at=clock.now() - timedelta(days=4)).execute()
    assert appeals.tidy() == {"closed": 1, "drafts": 1, "wiped": 0}
    assert appeals.tidy() == {"closed": 0, "drafts": 0, "wiped": 0}
    assert Appeal.get_by_id(appeal.id).state == CLOSED and Appeal.get_by_id(fresh.id).is_open
    assert appeals.tidy in [job for job, _ in timetable.JOBS]
