"""Files that leave the house: saved by the browser, never opened as a page of ours."""

from __future__ import annotations

from typing import BinaryIO

from flask import Response, send_file

from models import files
from models.files import StoredFile

PDF = "application/pdf"
_POLICY = "sandbox; default-src 'none'"


def made(file: BinaryIO, name: str, media: str) -> Response:
    """A file that we have just written; it is sent from its beginning and closed."""
    file.seek(0)
    answer = send_file(file, mimetype=media, as_attachment=True, download_name=name, etag=False, conditional=False)
    return _guarded(answer)


def stored(file: StoredFile) -> Response:
    """A file that somebody attached: nobody has looked into it, so it may do nothing even if a browser should open it.

    Raises Refusal where it is gone.
    """
    path = files.taken(file)
    answer = send_file(path, mimetype=file.media, as_attachment=True, download_name=file.title, etag=False)
    return _guarded(answer)


def _guarded(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["Cache-Control"] = "no-store"
    answer.headers.pop("Last-Modified", None)
    return answer
