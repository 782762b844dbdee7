"""One photo's address -> its bytes, whole or an error that says why not."""

from __future__ import annotations

import asyncio
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import httpx

from medical_telegram_warehouse.errors import PhotoError
from medical_telegram_warehouse.sources.base import MAX_PHOTO_BYTES
from medical_telegram_warehouse.sources.web_preview.site import Patience

_SECONDS = 600.0
_OK = 200
# Otherwise the length that is announced would be that of compressed bytes.
_HEADERS = {"accept": "image/*,*/*;q=0.5", "accept-encoding": "identity"}


class PhotoDownload:
    """Fetches one photo when it is called: what `Observation` calls a photo."""

    def __init__(self, client: httpx.AsyncClient, base_url: str, address: str, patience: Patience) -> None:
        self._client = client
        self._base_url = base_url
        self._address = address
        self._patience = patience

    async def __call__(self, file: BinaryIO) -> None:
        """Write the photo into a file that can be written anew after a broken attempt.

        Raises:
            PhotoError: it cannot be had, or not whole.
        """
        url = _absolute(self._base_url, self._address)
        start = file.tell()
        attempts = self._patience.retries + 1
        for attempt in range(1, attempts + 1):
            file.seek(start)
            file.truncate()
            try:
                async with asyncio.timeout(_SECONDS):
                    await self._download(url, file)
            except TimeoutError as error:
                raise PhotoError(f"{url} did not arrive in {_SECONDS:.0f} s; the next scrape tries again") from error
            except httpx.TransportError as error:
                if attempt == attempts:
                    raise PhotoError(
                        f"{url} was asked for {attempts} times; the last time it broke off "
                        f"({type(error).__name__}: {error}). The next scrape tries again"
                    ) from error
                await asyncio.sleep(self._patience.pause(attempt))
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise PhotoError(f"{url} cannot be read ({type(error).__name__}: {error})") from error
            else:
                return

    async def _download(self, url: str, file: BinaryIO) -> None:
        async with self._client.stream("GET", url, headers=_HEADERS) as response:
            kind = response.headers.get("content-type", "")
            if response.status_code != _OK:
                raise PhotoError(f"{url} answered with status {response.status_code}; the next scrape tries again")
            if kind.lower().lstrip().startswith("text/html"):
                raise PhotoError(f"{url} answered with a page instead of a photo; the next scrape tries again")
            written = 0
            async for chunk in response.aiter_bytes():
                written += len(chunk)
                if written > MAX_PHOTO_BYTES:
                    raise PhotoError(f"{url} is larger than {MAX_PHOTO_BYTES:,} bytes, so it is no photo of a post")
                file.write(chunk)
            announced = response.headers.get("content-length")
            received = response.num_bytes_downloaded
        if not written:
            raise PhotoError(f"{url} answered with nothing; the next scrape tries again")
        if announced is not None and announced != str(received):
            raise PhotoError(f"{url} sent {received:,} of {announced} bytes; the next scrape tries again")


def _absolute(base_url: str, address: str) -> str:
    try:
        url = urljoin(base_url + "/", address)
        parts = urlsplit(url)
    except ValueError as error:
        raise PhotoError(f"{address!r} is no address of a photo ({error})") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PhotoError(f"{url!r} is no address of a photo: only http and https are fetched")
    return url
