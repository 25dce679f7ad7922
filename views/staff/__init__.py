"""The office's rooms."""

from types import ModuleType

from views.staff import desk, me, people, sign_in

ROOMS: tuple[ModuleType, ...] = (
    sign_in,
    desk,
    me,
    people,
)
