"""The office's rooms."""

from types import ModuleType

from views.staff import (
    approvals,
    audit,
    batch_reports,
    behalf,
    bills,
    customers,
    desk,
    exchange,
    form_printing,
    me,
    paperforms,
    people,
    readings,
    scans,
    second_looks,
    sign_in,
)

ROOMS: tuple[ModuleType, ...] = (
    sign_in,
    desk,
    me,
    people,
    audit,
    form_printing,
    batch_reports,
    scans,
    exchange,
    approvals,
    bills,
    readings,
    paperforms,
    second_looks,
    customers,
    behalf,
)
