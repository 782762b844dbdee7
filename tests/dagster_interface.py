"""Dagster's GraphQL interface, as its UI uses it, and what tests ask there."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

LAUNCH = """
mutation ($selector: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $selector, runConfigData: {}}) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""
STATUS = "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status tags { key value } } } }"


class Interface:
    """The one on a port of this machine."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})  # noqa: S310 - ours
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.loads(answer.read())["data"]

    def locations(self) -> list[str]:
        """The names of the code locations that are loaded; none as long as nothing answers."""
        try:
            answer = self.ask(
                "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"
            )
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return []
        return [node["location"]["name"] for node in answer["repositoriesOrError"].get("nodes", [])]
