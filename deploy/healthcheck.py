"""Whether a service of this container answers: `python deploy/healthcheck.py URL`.

Exit code 0 when it does. A request for a key is an answer, too: health checks have none.
"""

from __future__ import annotations

import http.client
import sys
from http import HTTPStatus
from urllib.parse import urlsplit

_SECONDS = 5


def status_of(url: str) -> int:
    """The status of the answer.

    Raises:
        OSError: there is none.
        HTTPException: it is not HTTP.
    """
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=_SECONDS)
    try:
        connection.request("GET", address.path)
        return connection.getresponse().status
    finally:
        connection.close()


def main(url: str) -> int:
    """Print what came back; returns the exit code."""
    try:
        status = status_of(url)
    except (OSError, http.client.HTTPException) as error:
        print(f"{url} does not answer: {error}")  # noqa: T201 - what `docker inspect` shows
        return 1
    print(f"{url} answers with {status}")  # noqa: T201
    return 0 if status in (HTTPStatus.OK, HTTPStatus.UNAUTHORIZED) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
