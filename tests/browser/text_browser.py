"""w3m on a terminal of its own, driven by the keys a person presses."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import termios
import time
from pathlib import Path

ROWS, COLUMNS = 150, 100
PATIENCE = 20  # seconds
_FORWARD = re.compile(r"\x1b\[\d*C")
_MOVES = re.compile(r"\x1b\[[\d;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78]")


class TextBrowser:
    """`home` keeps its cookies. What it has drawn since the last key is in `drawn`."""

    def __init__(self, home: Path, url: str):
        program = shutil.which("w3m") or "w3m"
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            environ = {"HOME": str(home), "TERM": "vt100", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PATH": os.defpath}
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.execve(program, [program, "-cookie", "-no-mouse", "-I", "UTF-8", "-O", "UTF-8", url], environ)
        self.drawn = ""

    def wait(self, text: str) -> None:
        """Until this text is on the screen."""
        until = time.monotonic() + PATIENCE
        while text not in self.drawn:
            assert time.monotonic() < until, f"w3m does not show {text!r}, but\n{self.drawn[-3000:]}"
            if not self._read(0.5):
                os.write(self.terminal, b"\x0c")  # letters that stood there before are not drawn again but by Ctrl-L

    def find(self, text: str) -> None:
        """Move to this text, as with «/»."""
        self._keys("/", "Forward:")
        self._keys(f"{text}\r")
        self._read(0.2)

    def type_into_next(self, text: str, prompt: str) -> None:
        """Go to the next field, open it and type."""
        self._keys("\t\r", prompt)
        self._keys(f"{text}\r")
        self._read(0.2)

    def press_next(self, shows: str) -> None:
        """Press the next button or link and wait for what the new page shows."""
        self._keys("\t\r", shows)

    def quit(self) -> None:
        os.write(self.terminal, b"Q")
        self._read(0.2)
        os.close(self.terminal)
        os.waitpid(self.pid, 0)

    def _keys(self, keys: str, shows: str = "") -> None:
        self.drawn = ""
        os.write(self.terminal, keys.encode())
        if shows:
            self.wait(shows)

    def _read(self, seconds: float) -> bool:
        until, raw = time.monotonic() + seconds, b""
        while (left := until - time.monotonic()) > 0 and select.select([self.terminal], [], [], left)[0]:
            try:
                raw += os.read(self.terminal, 65_536)
            except OSError:  # w3m has gone
                break
        text = raw.replace(b"\0", b"").decode("utf-8", "ignore")
        self.drawn += _MOVES.sub("", _FORWARD.sub(" ", text)).replace("\u00a0", " ")
        return bool(raw)
