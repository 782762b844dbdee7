"""The OpenAPI document tells the truth: everything is described, and every answer is as it says."""

from __future__ import annotations

import contextlib
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

PATIENT = settings(
    max_examples=15, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def test_no_answer_contradicts_the_document(service: str, api: httpx.Client) -> None:
    """Whatever the document allows, and what it does not, is asked of every endpoint."""
    schema = schemathesis.openapi.from_url(f"{service}/openapi.json")
    checked = 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()

        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @PATIENT
            @given(case=operation.as_strategy(generation_mode=mode))
            def check(case: schemathesis.Case[Any]) -> None:
                # JSON Schema cannot say that one date must not lie after another, or what a cursor is made of, so some
                # of what it allows is refused: with 422 and in the shape of errors, which is checked.
                case.call_and_validate(excluded_checks=[positive_data_acceptance])

            with contextlib.suppress(Unsatisfiable):  # nothing can be wrong with an endpoint without parameters
                check()
        checked += 1
    assert checked > 25


def documents(api: httpx.Client) -> dict[str, Any]:
    content: dict[str, Any] = api.get("/openapi.json").json()
    return content


def test_every_endpoint_parameter_and_field_is_described(api: httpx.Client) -> None:
    document = documents(api)
    missing = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if not operation.get("description"):
                missing.append(f"{method} {path}")
            missing += [
                f"{path} {parameter['name']}"
                for parameter in operation.get("parameters", [])
                if not parameter.get("description")
            ]
    for name, schema in document["components"]["schemas"].items():
        assert "__" not in name, "two shapes have one name, and clients would get the modules' names"
        if not schema.get("description"):
            missing.append(name)
        missing += [
            f"{name}.{field}"
            for field, definition in schema.get("properties", {}).items()
            if not definition.get("description")
        ]
    assert not missing, missing


def test_every_field_of_an_answer_is_always_there(api: httpx.Client) -> None:
    """A client must not have to guess whether a field is missing or null."""
    optional = {
        f"{name}.{field}"
        for name, schema in documents(api)["components"]["schemas"].items()
        for field in schema.get("properties", {})
        if field not in schema.get("required", [])
    }
    assert optional == set()


def test_existing_clients_find_their_paths(api: httpx.Client) -> None:
    assert {
        "/health",
        "/api/reports/top-products",
        "/api/channels/{channel_name}/activity",
        "/api/search/messages",
        "/api/reports/visual-content",
    } <= set(documents(api)["paths"])
    assert api.get("/docs").status_code == 200


def test_the_document_shows_errors_as_they_are(api: httpx.Client) -> None:
    document = documents(api)
    for path, methods in document["paths"].items():
        for status in ("422", "503"):
            reference = methods["get"]["responses"][status]["content"]["application/json"]["schema"]["$ref"]
            assert reference.endswith("/ErrorAnswer"), path
