"""What it takes to connect: the account's session, the data centre, and whom to trust.

A session is a string that gives whole control over the account. It comes from the environment or from a file that its
owner alone can read, is held as a secret, and is never written anywhere else.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import socket
import stat
from pathlib import Path

import rsa
from telethon.crypto import rsa as telethon_rsa
from telethon.sessions import StringSession

from medical_telegram_warehouse.errors import SourceError, SourceUnavailableError
from medical_telegram_warehouse.records import DataCenter, TelegramAccess

logger = logging.getLogger(__name__)
BOT_TOKEN = re.compile(r"\d{6,}:[\w-]{20,}")
BOTS_CANNOT_READ = (
    "bots cannot read a channel's history: Telegram allows that to user accounts alone. Log in with a phone number: "
    "mtw login"
)


def stored_session(access: TelegramAccess) -> StringSession | None:
    """The session of an earlier login, or None.

    Raises:
        SourceError: there is one, but it is none.
    """
    if access.session is not None:
        text, where = access.session.get_secret_value().strip(), "TELEGRAM_SESSION"
    else:
        text, where = _read(access.session_file), str(access.session_file)
    if not text:
        return None
    if BOT_TOKEN.fullmatch(text):
        raise SourceError(f"{where} holds a bot's token, and {BOTS_CANNOT_READ}")
    try:
        session = StringSession(text)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the error may quote the secret
        session = None
    if session is None or session.auth_key is None:
        raise SourceError(f"{where} is not a session string, or only a part of one; make a new one with: mtw login")
    center = access.data_center
    if center is not None and center.number == session.dc_id:  # a server of one's own may have moved
        session.set_dc(center.number, address_of(center), center.port)
    return session


def new_session(access: TelegramAccess) -> StringSession:
    """A session that nobody has logged in to yet."""
    session = StringSession()
    if access.data_center is not None:
        session.set_dc(access.data_center.number, address_of(access.data_center), access.data_center.port)
    return session


def keep_session(path: Path, session: StringSession) -> None:
    """Write a session to a file that only its owner can read, whole or not at all.

    Raises:
        SourceError: it cannot be written.
    """
    temporary = path.with_suffix(".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(session.save())
        os.replace(temporary, path)  # noqa: PTH105 - atomic, and named so
    except OSError as error:
        raise SourceError(
            f"cannot keep the session in {path}: {error.strerror}; mend that, or use mtw login --print"
        ) from error


def trust(public_key: Path | None) -> None:
    """Accept servers that have the private half of this RSA key.

    Raises:
        SourceError: there is no such file, or it holds no such key.
    """
    if public_key is None:
        return
    try:
        pem = public_key.read_bytes()
    except OSError as error:
        raise SourceError(f"TELEGRAM_DC_PUBLIC_KEY is {public_key}, which cannot be read: {error.strerror}") from error
    try:
        if b"BEGIN RSA PUBLIC KEY" not in pem:
            pem = rsa.PublicKey.load_pkcs1_openssl_pem(pem).save_pkcs1()
        telethon_rsa.add_key(pem, old=False)
    except Exception as error:
        raise SourceError(
            f"TELEGRAM_DC_PUBLIC_KEY is {public_key}, which is no RSA public key in PEM form (it begins with "
            f"-----BEGIN RSA PUBLIC KEY----- or -----BEGIN PUBLIC KEY-----)"
        ) from error


def address_of(center: DataCenter) -> str:
    """The data centre's IP address: a session has no room for a name.

    Raises:
        SourceUnavailableError: the name is not known.
    """
    try:
        found = socket.getaddrinfo(center.host, center.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise SourceUnavailableError(f"TELEGRAM_DC: the host {center.host!r} is not found: {error}") from error
    addresses = sorted((str(each[4][0]) for each in found), key=lambda address: ":" in address)
    return ipaddress.ip_address(addresses[0]).compressed


def _read(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            path.chmod(0o600)
            logger.warning("others could read the session file %s; its mode is 0600 now", path)
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        return "damaged"
    except OSError as error:
        raise SourceError(f"cannot read the session in {path}: {error.strerror}; mend that, or mtw login") from error
