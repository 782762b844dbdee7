"""Filters: what the address of a page asks for, checked as the API checks it, and addresses that ask a little else.

A browser sends every field of a form, the empty ones too, so empty is as good as absent. What cannot be used is not an
error of the page: the form is shown again, with the problem beside its field.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import Enum
from http import HTTPStatus
from typing import Any, Generic, TypeVar, get_origin
from urllib.parse import urlencode

from fastapi import Request
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from medical_telegram_warehouse.api.answers.parameters import Parameters
from medical_telegram_warehouse.api.errors import ApiError

P = TypeVar("P", bound=Parameters)
# Where in a list: of no use once the filters are others.
_PLACES = ("cursor", "page")
# Of the API's lists: a page is never a file.
_NOT_HERE = ("format",)


class Form(Generic[P]):
    """The filters of one request.

    Args:
        request: its address is read.
        model: what may be asked.
    """

    def __init__(self, request: Request, model: type[P]) -> None:
        self.path = request.url.path
        query = request.query_params
        self.typed: dict[str, list[str]] = {
            name: values for name in query if (values := [each for each in query.getlist(name) if each.strip()])
        }
        self.problems: dict[str, str] = {}
        self.asked = self._checked(model)

    def _checked(self, model: type[P]) -> P:
        given = {
            name: values if _is_list(model, name) else values[-1].strip()
            for name, values in self.typed.items()
            if name not in _NOT_HERE
        }
        self.problems |= {name: "there is no such filter here" for name in self.typed if name in _NOT_HERE}
        try:
            return model.model_validate(given)
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                self.problems.setdefault(*_told(problem, model))
        usable = {name: value for name, value in given.items() if name not in self.problems}
        try:
            return model.model_validate(usable)
        except ValidationError:  # fields that are right one by one, and not together
            return model()

    @property
    def is_usable(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    @property
    def status(self) -> HTTPStatus:
        """Of the page's answer."""
        return HTTPStatus.OK if self.is_usable else HTTPStatus.UNPROCESSABLE_ENTITY

    @property
    def is_filtered(self) -> bool:
        """Whether anything at all is asked for."""
        return any(name not in _PLACES for name in self.typed)

    @property
    def other_problems(self) -> list[str]:
        """Problems of what is no field of a form."""
        return [
            f"{name}: {problem}" for name, problem in self.problems.items() if name not in type(self.asked).model_fields
        ]

    def value(self, name: str) -> str:
        """What stands in a field: as it was typed, also where it cannot be used."""
        if name in self.typed:
            return self.typed[name][-1]
        return _as_text(getattr(self.asked, name, None))

    def values(self, name: str) -> list[str]:
        """The same of a field that may be chosen several times."""
        return self.typed.get(name, [])

    def refuse(self, name: str, error: ApiError) -> None:
        """Say beside a field what the warehouse says of it."""
        self.problems[name] = error.answer.error

    def link(self, **changes: Any) -> str:
        """This page with other filters; None takes one out. The first page of a list, unless a place is given."""
        return address(self.path, **self.shared(*changes), **changes)

    def shared(self, *left_out: str) -> dict[str, list[str]]:
        """The filters for another address, such as the API's."""
        return {name: values for name, values in self.typed.items() if name not in (*_PLACES, *left_out)}


def address(path: str, **parameters: Any) -> str:
    """An address with a query; parameters that are None or empty are left out."""
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        pairs += [(name, text) for each in values if (text := _as_text(each))]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _is_list(model: type[Parameters], name: str) -> bool:
    field = model.model_fields.get(name)
    return field is not None and get_origin(field.annotation) in (list, tuple)


def _told(problem: ErrorDetails, model: type[Parameters]) -> tuple[str, str]:
    """The field that a problem is about, and the problem in words for people."""
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:  # said by the whole; its message begins with the field
        named = next((name for name in model.model_fields if message.startswith(name)), "")
        return named, message
    name, kind = str(problem["loc"][0]), problem["type"]
    if kind == "extra_forbidden":
        return name, "there is no such filter here"
    if kind == "enum":
        return name, f"there is no choice “{problem['input']}”; take one of those that are listed"
    if kind.startswith("date"):
        return name, f"“{problem['input']}” is no day; write it as 2026-09-30"
    if kind.startswith(("int", "float")):
        return name, f"“{problem['input']}” is no number that can be used"
    return name, message[:1].lower() + message[1:]


def choices(kind: type[Enum]) -> list[str]:
    """The values of a choice, in their order."""
    return [str(each.value) for each in kind]
