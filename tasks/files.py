"""The folder of attached files: what is nobody's is swept away; what is new is shown to the virus scanner, if there is one."""

from __future__ import annotations

import logging

from models import audit, clock, files
from models.files import StoredFile
from models.settings import Settings
from tasks.gateways.clamav import NoVerdict, Scanner, Silent

log = logging.getLogger("kabinet.files")
AT_ONCE = 200  # files a round
REST = 60  # seconds before a scanner that was silent is asked again

_scanner: Scanner | None = None
_silent_at = -REST  # by the world's clock


def use(settings: Settings) -> None:
    """The folder and the scanner of this process."""
    global _scanner, _silent_at
    _silent_at = -REST
    _scanner = Scanner(settings.clamav_url) if settings.clamav_url else None
    files.use(settings.var_dir / "files", is_scanned=_scanner is not None)


def sweep() -> int:
    """Remove files without a row and those removed a month ago; how many."""
    gone = files.sweep()
    log.info("swept %s files", gone)
    return gone


def scan_file(_row: int = 0) -> None:
    """Rung for what has just come: the rest that waits goes along."""
    scan_files()


def scan_files() -> int:
    """Show the scanner what waits for it; how many files have a verdict now. One that is silent is not asked about the others.

    Each file is claimed first, so that rounds beside each other share the work.
    """
    global _silent_at
    if _scanner is None or clock.real_seconds() - _silent_at < REST:
        return 0
    judged = 0
    for stored in files.waiting(AT_ONCE):
        if not files.claim(stored):
            continue
        try:
            virus = _looked_at(_scanner, stored)
        except Silent as silence:
            log.warning("files wait: %s", silence)
            _silent_at = clock.real_seconds()
            break
        except NoVerdict as trouble:
            log.warning("file %s waits: %s", stored.id, trouble)
            continue
        with audit.acting("system"):
            files.judge(stored, virus)
        judged += 1
    return judged


def _looked_at(scanner: Scanner, stored: StoredFile) -> str:
    try:
        with stored.path.open("rb") as file:
            return scanner.look(file)
    except FileNotFoundError as error:
        raise NoVerdict("it is not on the disk") from error
