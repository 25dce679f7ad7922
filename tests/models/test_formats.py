"""The formats told to the office are those that the import takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.exchange import formats, table
from models.exchange.kinds import KINDS


def test_every_kind_has_a_title() -> None:
    assert set(formats.TITLES) == set(KINDS)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("name", ["krasnoyarsk", "irkutsk"])
def test_the_sample_is_read_without_a_fault(
    kind: str, name: str, at: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from models import company as companies

    monkeypatch.setattr(companies, "_current", companies.find(name, Path(__file__).parents[2] / "companies"))
    path = tmp_path / "sample.csv"
    path.write_text(formats.sample(kind), encoding="utf-8")
    ((_, values),) = table.lines(path, KINDS[kind].columns)
    assert isinstance(values, dict), values


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_column_is_told(kind: str, at: Any) -> None:
    shown = formats.columns(kind)
    assert [one.name for one in shown] == [column.name for column in KINDS[kind].columns]
    assert all(one.about and (one.example or not one.required) for one in shown)
