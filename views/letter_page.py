"""A letter's html as a page of its own, as its reader sees it: nothing runs in it, and no other page may hold it.

A letter has its styles in attributes, since mail programs drop the rest; our policy forbids those. So each different one becomes a
class, and the policy names the hash of the one sheet.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re

from flask import Response

WITH_FILES = ("e_receipt", "cheque")  # letters that bring a paper
_STYLE = re.compile(r' style="([^"]*)"')  # data cannot bring one: a quotation mark in it is escaped


def as_page(letter: str) -> Response:
    """The answer that shows a letter's html."""
    styles: dict[str, str] = {}

    def named(found: re.Match[str]) -> str:
        return f' class="{styles.setdefault(found[1], f"s{len(styles)}")}"'

    body = _STYLE.sub(named, letter)
    sheet = "".join(f".{name}{{{html.unescape(rules)}}}" for rules, name in styles.items())
    answer = Response(
        body.replace("</head>", f"<style>{sheet}</style></head>", 1), content_type="text/html; charset=utf-8"
    )
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return answer
