"""The request for a part of a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telethon import functions, types

from telegram_server.call import Call
from telegram_server.faults import RpcFault
from telegram_server.media import StoredFile

_KILOBYTE = 1024
_MEGABYTE = 1024 * _KILOBYTE


def _get_file(call: Call) -> Any:
    request = call.request
    file = _stored(call)
    if file.dc_id != call.login.dc_id:
        raise RpcFault(f"FILE_MIGRATE_{file.dc_id}", 303)
    if request.location.file_reference != call.world.file_reference:
        raise RpcFault("FILE_REFERENCE_EXPIRED")
    # The rules of the real server: a part lies inside one megabyte and begins at a multiple of four kilobytes.
    unit = _KILOBYTE if request.precise else 4 * _KILOBYTE
    if request.limit <= 0 or request.limit % unit or request.limit > _MEGABYTE:
        raise RpcFault("LIMIT_INVALID")
    if not request.precise and _MEGABYTE % request.limit:
        raise RpcFault("LIMIT_INVALID")
    if request.offset < 0 or request.offset % unit:
        raise RpcFault("OFFSET_INVALID")
    content = file.read(request.location.thumb_size)[request.offset : request.offset + request.limit]
    return types.upload.File(
        type=types.storage.FileJpeg() if file.is_photo else types.storage.FilePartial(), mtime=0, bytes=content
    )


def _stored(call: Call) -> StoredFile:
    location = call.request.location
    expected = {types.InputPhotoFileLocation: True, types.InputDocumentFileLocation: False}
    if type(location) not in expected:
        raise RpcFault("LOCATION_INVALID")
    file = call.world.file(location.id)
    if file is None or file.is_photo is not expected[type(location)] or file.access_hash != location.access_hash:
        raise RpcFault("LOCATION_INVALID")
    return file


FILE_HANDLERS: dict[Any, Callable[[Call], Any]] = {functions.upload.GetFileRequest: _get_file}
