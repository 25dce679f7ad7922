"""Whose account is meant by what was typed from a paper form, in words, with a field for each zone of its meters."""

from __future__ import annotations

from typing import Any

from models.base import Refusal
from models.metering.accounts import holder, masked, short_address
from models.metering.meters import zones_of
from models.metering.paperforms import judging, looking, numbers
from models.metering.paperforms.batches import Batch, PaperForm
from models.metering.paperforms.numbers import Meant
from models.metering.standings import Standing
from views.staff_door import officer


def of_text(batch: Batch, text: str, typed: list[str] | None = None) -> dict[str, Any]:
    """What was typed anew; the lookup is counted, and one too many says so in place of the answer."""
    text = text.strip()[: numbers.LONGEST]
    try:
        return _shown(batch, looking.look_up(batch, text, officer().id), text, typed)
    except Refusal as refusal:
        return {"account": None, "text": text, "zones": [], "candidates": [], "who": refusal.text}


def of_row(batch: Batch, row: PaperForm, typed: list[str]) -> dict[str, Any]:
    """A row that stands, to be put right; `typed` fills its fields."""
    return _shown(batch, numbers.recognise(row.account_text, batch.office_id), row.account_text, typed)


def _shown(batch: Batch, meant: Meant, text: str, typed: list[str] | None) -> dict[str, Any]:
    account = meant.account
    found: dict[str, Any] = {"account": account, "text": text, "zones": [], "candidates": meant.candidates}
    if account is None:
        several = "Подходит несколько счетов, наберите номер полностью"
        return found | {"who": several if meant.candidates else "Такого лицевого счёта нет"}
    try:
        standings = judging.standings_of(account.id, batch.taken)
    except Refusal as refusal:
        return found | {"who": refusal.text}
    who = f"{short_address(account)}, {masked(holder(account))}" + ("" if standings else ": нет действующего счётчика")
    zones = [zone for standing in standings for zone in _zones(standing, len(standings) > 1)]
    for zone, value in zip(zones, typed or [], strict=False):
        zone["value"] = value
    return found | {"who": who, "zones": zones}


def _zones(standing: Standing, several: bool) -> list[dict[str, Any]]:
    """A field a zone: its label, the value before, the digits of the dial, the meter it belongs to."""
    meter, found = standing.meter, []
    for zone, before in zip(zones_of(meter), standing.previous, strict=True):
        name = zone.upper().replace("T", "Т")
        label = f"№ …{meter.serial[-4:]}, {name}" if several else name
        found.append({"label": label, "was": before, "digits": meter.digits, "meter": meter.id})
    return found
