"""Files that a form brings: which routes take more than a usual form, and all of the files on the disk or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

from flask import Blueprint, Response, after_this_request, request, session

from models import base, company, files, limits
from models.base import Refusal
from models.files import SCANS, Draft, Limits
from models.people import rights, sessions, staff_sessions
from tasks import queue
from views.staff_door import KEY

_FREE = ("file.kind", "file.empty", "file.busy", "file.full")  # refused at a glance: no work was done
SECONDS, WHILE = 40, 600  # of work on files, of one address in ten minutes; a file is one at least
_MUCH_WORK = "Файлы с этого адреса пока не принимаем: их было слишком много. Подождите десять минут."
WORDS = 1_000_000  # bytes of a request beside its files


def allow(room: Blueprint, *endpoints: str, may: Callable[[], bool], largest: int) -> None:
    """Let requests of so many bytes in on these routes, for those who may, before anything reads the form.

    Hang it on the blueprint when it is made; endpoints with the room's name: 'appeals.send'.
    """

    def take_files(endpoint: str | None, _values: Any) -> None:
        if endpoint in endpoints and request.method == "POST" and may():
            request.max_content_length = largest

    room.url_value_preprocessor(take_files)


def staff_may(right: str) -> Callable[[], bool]:
    """An employee with the right, signed in."""

    def may() -> bool:
        if not session.get(KEY):
            return False
        with base.connection():
            row = staff_sessions.find(session[KEY])
        return bool(row and rights.allows(row.role, right))

    return may


def is_customer() -> bool:
    """A customer who is signed in."""
    secret = session.get("_user_id")
    if not secret:
        return False
    with base.connection():
        return sessions.find(secret) is not None


def may_appeal() -> bool:
    """Whoever may write to the reception: a customer, or anybody where the company takes guests."""
    return company.current().reception.guests or is_customer()


def largest_of(allowed: Limits) -> int:
    """Bytes of a request with all the files that one owner may have."""
    return allowed.together + WORDS


def sent(field: Any) -> list[Any]:
    """What was chosen in a field of several files: a browser sends one nameless file when there is none."""
    return [one for one in field.data or () if getattr(one, "filename", "")]


def put_all(chosen: Iterable[Any], author: str = "", *, allowed: Limits | None = None) -> list[Draft]:
    """All of them on the disk, or none. Of an author ('customer:12', 'guest:…') within their limits; else as the office's scans."""
    each = list(chosen)
    within = allowed or (files.limits_of(author) if author else SCANS)
    if len(each) > within.most:
        raise Refusal("files", f"За раз — до {within.most} файлов. Остальные приложите следом.", "file.many")
    if author:
        files.spend(author, len(each), request.remote_addr or "")
    if files.is_scanned():
        after_this_request(_ring)
    drafts: list[Draft] = []
    try:
        for one in each:
            drafts.append(_put(one, author, within))
    except BaseException as error:
        for draft in drafts:
            files.discard(draft)
        if author and isinstance(error, Refusal) and error.problems[0].rule in _FREE:
            files.give_back(author, len(each))
        raise
    return drafts


def _put(one: Any, author: str, within: Limits) -> Draft:
    """The file on the disk; the seconds that it takes are counted, whether it is taken or not."""
    if not author or author.startswith("staff:"):
        return files.put(one.stream, one.filename, within)
    place = f"{author.partition(':')[0]} {limits.network(request.remote_addr or '')}"
    limits.spend("files_work", place, SECONDS, WHILE, _MUCH_WORK)
    begun = monotonic()
    try:
        return files.put(one.stream, one.filename, within)
    finally:
        for _ in range(int(monotonic() - begun)):
            limits.hit("files_work", place, WHILE)


def _ring(answer: Response) -> Response:
    """By now the files have their rows."""
    queue.ring("scan_file", 0)
    return answer


def hint(author: str) -> str:
    """What is said beside the field before anything is chosen."""
    within = files.limits_of(author)
    return (
        f"{within.names}, каждый до {within.one >> 20}\u00a0МБ; до {within.most} файлов, "
        f"вместе до {within.together >> 20}\u00a0МБ."
    )


def accept(author: str) -> str:
    """The value of the field's `accept`."""
    return ",".join(files.limits_of(author).endings)
