"""Running the process that looks at one file, and what its answer means."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from models.base import Refusal
from models.file_check import child
from models.file_check.kinds import KINDS, Kind

log = logging.getLogger("kabinet.files")
AT_ONCE = 1  # such processes of one of ours: memory is theirs times this
IN_LINE = 1  # requests that wait for a turn: the others' threads serve pages, whatever is sent
_TURN, _PLACE = 5, 0.2  # seconds for a turn, for a place in the line
_WAIT = 15  # seconds for the process itself
_ROOT = Path(__file__).resolve().parents[2]
_turns = threading.BoundedSemaphore(AT_ONCE)
_line = threading.BoundedSemaphore(AT_ONCE + IN_LINE)
_TEXTS = {
    "busy": "Сейчас приходит много файлов. Отправьте «{}» ещё раз через минуту.",
    "large": "«{}» не помещается в память: слишком много точек. Сделайте снимок поменьше, например снимок экрана с ним.",
    "broken": "«{}» не открывается. Откройте его у себя, сохраните заново и приложите.",
    "locked": "«{}» защищён паролем или от печати. Сохраните его без защиты или приложите снимки его страниц.",
    "acts": "В «{}» есть программы или вложенные файлы. Напечатайте его в новый PDF или приложите снимки страниц.",
}


def remade(source: Path, target: Path, kind: Kind, title: str) -> Kind:
    """Make the file at `target` of the one at `source`; its kind. Refused: what cannot be decoded, acts, is locked or too large."""
    what = "pdf" if kind.code == "pdf" else "picture"
    if reason := _in_turn(lambda: _run(what, source, target)):
        raise Refusal("files", _TEXTS[reason].format(title), f"file.{reason}")
    return kind if kind.code == "pdf" else KINDS["jpeg"]


def _in_turn(work: Callable[[], str]) -> str:
    """Do it when those before have done; «busy» where too many wait, or one takes too long."""
    if not _line.acquire(timeout=_PLACE):
        return "busy"
    try:
        if not _turns.acquire(timeout=_TURN):
            return "busy"
        try:
            return work()
        finally:
            _turns.release()
    finally:
        _line.release()


def _run(what: str, source: Path, target: Path) -> str:
    """Why the file is not taken, or nothing."""
    command = [sys.executable, "-I", child.__file__, str(_ROOT), what, str(source), str(target)]
    try:
        done = subprocess.run(  # noqa: S603  our own words and paths alone
            command, env={}, stdin=subprocess.DEVNULL, capture_output=True, timeout=_WAIT, check=False
        )
    except subprocess.TimeoutExpired:
        return "busy"
    if done.returncode == 0:
        return ""
    reason = done.stdout.decode("ascii", "replace").strip()
    if done.returncode != child.UNFIT or reason not in _TEXTS:
        log.warning(
            "a file's process ended with %s: %s", done.returncode, done.stderr[-300:].decode("utf-8", "replace")
        )
        return "large" if done.returncode in (-signal.SIGKILL, -signal.SIGXCPU) else "broken"
    return reason
