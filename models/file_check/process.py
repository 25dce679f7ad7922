"""Running the process that looks at one file, and what its answer means."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from pathlib import Path

from models.base import Refusal
from models.file_check import child
from models.file_check.kinds import KINDS, Kind

log = logging.getLogger("kabinet.files")
AT_ONCE = 2  # such processes of one of ours: memory is theirs times this
_WAIT = 20  # seconds for a turn, and for the process itself
_ROOT = Path(__file__).resolve().parents[2]
_turns = threading.BoundedSemaphore(AT_ONCE)
_TEXTS = {
    "busy": "Сейчас приходит много файлов. Отправьте «{}» ещё раз через минуту.",
    "large": "«{}» не помещается в память: слишком много точек. Сделайте снимок поменьше, например снимок экрана с ним.",
    "broken": "«{}» не открывается. Откройте его у себя, сохраните заново и приложите.",
    "locked": "«{}» защищён паролем или от печати. Сохраните его без защиты или приложите снимки его страниц.",
    "acts": "В «{}» есть программы или вложенные файлы. Напечатайте его в новый PDF или приложите снимки страниц.",
}


def remade(source: Path, target: Path, kind: Kind, title: str) -> Kind:
    """Make the file at `target` of the one at `source`; its kind. Refused: what cannot be decoded, acts, is locked or too large."""
    if not _turns.acquire(timeout=_WAIT):
        raise Refusal("files", _TEXTS["busy"].format(title), "file.busy")
    try:
        reason = _run("pdf" if kind.code == "pdf" else "picture", source, target)
    finally:
        _turns.release()
    if reason:
        raise Refusal("files", _TEXTS[reason].format(title), f"file.{reason}")
    return kind if kind.code == "pdf" else KINDS["jpeg"]


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
