"""A real IMAP server on loopback: Debian's Dovecot with a configuration of its own, one user, plain and with TLS."""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from models.mail_settings import IMPLICIT, NEVER, MailServer

USER, READER = "bounces@eniseisbyt.example", "reader two"
PASSWORDS = {USER: 'se"cr\\et слово', READER: 'se"cr\\et word'}
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
STARTS_IN = 20  # seconds

_CONFIG = """
base_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
mail_location = maildir:{folder}/mail
first_valid_uid = 1
disable_plaintext_auth = no
auth_mechanisms = plain
auth_username_chars =
auth_failure_delay = 0
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
ssl_min_protocol = TLSv1.2
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/passwd
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}
}}
"""


@dataclass
class Dovecot:
    folder: Path
    port: int
    tls_port: int

    def server(self, folder: str = "INBOX", *, tls: bool = False, user: str = USER, password: str = "") -> MailServer:
        port = self.tls_port if tls else self.port
        return MailServer("127.0.0.1", port, user, password or PASSWORDS[user], IMPLICIT if tls else NEVER, folder)

    @property
    def certificate(self) -> str:
        return str(self.folder / "cert.pem")

    @contextmanager
    def opened(self) -> Iterator[imaplib.IMAP4]:
        """The mailbox as another program has it open."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=10) as imap:
            imap.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORDS[USER]}".encode())
            yield imap

    def put(self, *letters: bytes, folder: str = "INBOX") -> None:
        with self.opened() as imap:
            for letter in letters:
                body = letter.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                answer = imap.append(folder, "", "", body)
                assert answer[0] == "OK", answer

    def empty(self) -> None:
        """Nothing in it, and counted anew from now on: as after a server was set up afresh."""
        with self.opened() as imap:
            with suppress(imaplib.IMAP4.error):
                imap.delete("Reports")
            imap.create("Reports")

    def unread(self, folder: str = "Reports") -> list[int]:
        """The places of the letters that nobody has read, from 1 on."""
        with self.opened() as imap:
            imap.select(folder, readonly=True)
            return [int(one) for one in imap.search(None, "UNSEEN")[1][0].split()]


@contextmanager
def standing() -> Iterator[Dovecot]:
    """The server, started for the test and ended with it; skips where Dovecot is not installed."""
    if shutil.which("dovecot", path=PATH) is None:
        pytest.skip("no Dovecot here: Debian and Ubuntu have it as dovecot-imapd")
    folder = Path(
        tempfile.mkdtemp(prefix="kabinet-imap-")
    )  # where another user may enter, which pytest's folders do not let
    found = Dovecot(folder, _free_port(), _free_port())
    process = None
    try:
        process = _start(found)
        yield found
    finally:
        if process is not None:
            process.terminate()
            process.wait(15)
        shutil.rmtree(folder, ignore_errors=True)


def _start(found: Dovecot) -> subprocess.Popen[bytes]:
    folder = found.folder
    me = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    user, group = ("nobody", "nogroup") if os.getuid() == 0 else me
    _make_certificate(folder)
    lines = [f"{name}:{{PLAIN}}{password}\n" for name, password in PASSWORDS.items()]
    (folder / "passwd").write_text("".join(lines), encoding="utf-8")
    config = folder / "dovecot.conf"
    names = {"folder": folder, "user": user, "group": group}
    config.write_text(_CONFIG.format(**names, port=found.port, tls_port=found.tls_port))
    folder.chmod(0o755)
    if os.getuid() == 0:
        shutil.chown(folder, user, group)
        shutil.chown(folder / "passwd", user, group)
    program = shutil.which("dovecot", path=PATH)
    process = subprocess.Popen([str(program), "-F", "-c", str(config)], stderr=subprocess.PIPE)
    _await(process, found)
    return process


def _make_certificate(folder: Path) -> None:
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(
        [*command.split(), "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True
    )


def _await(process: subprocess.Popen[bytes], found: Dovecot) -> None:
    until = time.monotonic() + STARTS_IN
    while time.monotonic() < until and process.poll() is None:
        try:
            with found.opened():
                return
        except (OSError, imaplib.IMAP4.error):
            time.sleep(0.1)
    process.kill()
    log = found.folder / "log"
    said = log.read_text() if log.exists() else ""
    raise AssertionError(f"Dovecot did not start:\n{said}\n{process.communicate()[1].decode()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
