"""`/static`: scripts, styles and fonts, from memory. Addresses hold a hash of the content, so browsers keep them."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from medical_telegram_warehouse.api.errors import not_found

router = APIRouter(include_in_schema=False)
_FOLDER = resources.files("medical_telegram_warehouse.api") / "static"
_A_YEAR = "public, max-age=31536000, immutable"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".svg": "image/svg+xml"}


class Asset(NamedTuple):
    """One file."""

    body: bytes
    media_type: str
    digest: str

    @property
    def is_compressible(self) -> bool:
        """Whether it is text; fonts and pictures are compressed already."""
        return self.media_type.startswith("text/") or self.media_type.endswith(("svg+xml", "json"))


@router.get("/static/{name:path}")
async def show_asset(name: str, request: Request, v: str | None = None) -> Response:
    """A file. One that is asked for with its hash never changes."""
    asset = _assets().get(name)
    if asset is None:
        raise not_found(f"there is no file {name!r} in /static")
    headers = {"ETag": f'"{asset.digest}"', "Cache-Control": _A_YEAR if v == asset.digest else "no-cache"}
    if asset.digest in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = asset.body
    if asset.is_compressible:
        headers["Vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = _compressed(name)
    return Response(body, media_type=asset.media_type, headers=headers)


def address_of(name: str) -> str:
    """Where a page finds a file, with its hash."""
    return f"/static/{name}?v={_assets()[name].digest}"


@cache
def _assets() -> dict[str, Asset]:
    return {name: _read(file) for name, file in _files(_FOLDER, "")}


@cache
def _compressed(name: str) -> bytes:
    return gzip.compress(_assets()[name].body, 6, mtime=0)


def _read(file: Traversable) -> Asset:
    body = file.read_bytes()
    suffix = file.name[file.name.rfind(".") :]
    media_type = _TYPES.get(suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Asset(body, media_type, hashlib.blake2b(body, digest_size=6).hexdigest())


def _files(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found = []
    for each in folder.iterdir():
        if each.is_dir():
            found += _files(each, f"{prefix}{each.name}/")
        else:
            found.append((f"{prefix}{each.name}", each))
    return found
