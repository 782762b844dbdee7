"""Makes responses of what repositories return: the envelope with the warehouse's version, or a file of rows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from pydantic import BaseModel, Field

from medical_telegram_warehouse.api.answers.formats import Format, to_csv, to_parquet
from medical_telegram_warehouse.api.answers.masking import CONTACTS
from medical_telegram_warehouse.api.answers.paging import Place, encode, fingerprint, key_of, offset_of
from medical_telegram_warehouse.api.answers.parameters import Page
from medical_telegram_warehouse.api.answers.warehouse import WarehouseState
from medical_telegram_warehouse.api.database.pool import Row, Snapshot
from medical_telegram_warehouse.api.facts import facts_of


class Envelope(BaseModel):
    """What every answer of reports has."""

    warehouse: WarehouseState = Field(description="Which state of the warehouse this tells of.")


class PageEnvelope(Envelope):
    """What every answer with a part of a list has."""

    limit: int = Field(description="How many rows were asked for.", examples=[50])
    next_cursor: str | None = Field(description="Ask again with this as `cursor` for the next rows; null at the end.")


class Answers:
    """Makes the responses of one request.

    A dependency: `answers.envelope(...)` for one thing, `answers.page(...)` for a part of a list.
    """

    def __init__(self, request: Request) -> None:
        self._allows_contacts = facts_of(request).caller.allows_contacts

    @property
    def context(self) -> Mapping[str, bool]:
        """What serialisers of texts want to know."""
        return {CONTACTS: self._allows_contacts}

    def envelope(self, model: type[Envelope], snapshot: Snapshot, /, **content: Any) -> Response:
        """One answer as JSON; its content is checked against the model that the OpenAPI shows."""
        answer = model(warehouse=WarehouseState.of(snapshot.version), **content)
        return _json(answer.model_dump_json(context=dict(self.context)), snapshot)

    async def rows(
        self,
        model: type[Envelope],
        snapshot: Snapshot,
        rows: Sequence[Row],
        *,
        into: str,
        format: Format,  # noqa: A002 - the parameter's public name
        name: str,
        **content: Any,
    ) -> Response:
        """A whole list: in the envelope's field `into`, or as a file."""
        if format is Format.JSON:
            return self.envelope(model, snapshot, **{into: rows}, **content)
        return await self._file(model, snapshot, rows, into, format, name)

    async def page(
        self,
        model: type[PageEnvelope],
        snapshot: Snapshot,
        page: PageRequest,
        rows: Sequence[Row],
        *,
        into: str,
        name: str,
        **content: Any,
    ) -> Response:
        """A part of a list.

        Args:
            model: the envelope; its field `into` is the list.
            snapshot: what the rows were read from.
            page: which part was asked for.
            rows: one more than the page has, if there are more.
            into: the field's name.
            name: of the file, without its suffix.
            content: the envelope's other fields.
        """
        shown, cursor = page.cut(rows)
        if page.format is Format.JSON:
            return self.envelope(model, snapshot, **{into: shown}, limit=page.limit, next_cursor=cursor, **content)
        response = await self._file(model, snapshot, shown, into, page.format, name)
        if cursor is not None:
            response.headers["X-Next-Cursor"] = cursor
        return response

    async def _file(
        self, model: type[Envelope], snapshot: Snapshot, rows: Sequence[Row], into: str, kind: Format, name: str
    ) -> Response:
        item: type[BaseModel] = model.model_fields[into].annotation.__args__[0]  # type: ignore[union-attr]
        items = [item.model_validate(row) for row in rows]
        write = to_csv if kind is Format.CSV else to_parquet
        # Ten thousand rows take tens of milliseconds: not on the loop.
        body = await asyncio.to_thread(write, item, items, self.context)
        file_name = f"{name}_v{snapshot.version.number}.{kind.value}"
        return Response(
            body,
            media_type=kind.media_type,
            headers={"Content-Disposition": f'attachment; filename="{file_name}"', **_version_headers(snapshot)},
        )


class PageRequest:
    """Which part of a list was asked for, on a certain version of the warehouse."""

    def __init__(self, parameters: Page, snapshot: Snapshot) -> None:
        self.limit = parameters.limit
        self.format = parameters.format
        self._cursor = parameters.cursor
        self._filters = fingerprint(parameters.model_dump(mode="json"))
        self._version = snapshot.version.number
        self._keys: tuple[str, ...] = ()
        self._offset = 0

    def by_offset(self) -> dict[str, Any]:
        """`offset` and `rows` for a list that counts its rows.

        Raises:
            ApiError: the cursor cannot be used.
        """
        self._offset = offset_of(self._cursor, self._filters, self._version)
        return {"offset": self._offset, "rows": self.limit + 1}

    def by_key(self, **kinds: type) -> dict[str, Any]:
        """`after_<name>` of each part of the key, null on the first page, and `rows`.

        Args:
            kinds: the columns that the list is sorted by, which together are unique; text or whole numbers.

        Raises:
            ApiError: the cursor cannot be used.
        """
        self._keys = tuple(kinds)
        values = key_of(self._cursor, self._filters, *kinds.values()) or [None] * len(kinds)
        return {f"after_{name}": value for name, value in zip(kinds, values, strict=True)} | {"rows": self.limit + 1}

    def cut(self, rows: Sequence[Row]) -> tuple[Sequence[Row], str | None]:
        """The rows of the page, and the cursor of the next one, if there is one."""
        if len(rows) <= self.limit:
            return rows, None
        shown = rows[: self.limit]
        after = tuple(shown[-1][f"cursor_{name}"] for name in self._keys) or (self._offset + self.limit,)
        return shown, encode(Place(self._filters, self._version, after))


def _json(body: str, snapshot: Snapshot) -> Response:
    return Response(body, media_type="application/json", headers=_version_headers(snapshot))


def _version_headers(snapshot: Snapshot) -> dict[str, str]:
    headers = {"X-Warehouse-Version": str(snapshot.version.number)}
    if snapshot.version.built_at is not None:
        headers["X-Warehouse-Built-At"] = snapshot.version.built_at.isoformat(timespec="seconds")
    return headers


RequestAnswers = Annotated[Answers, Depends()]
