"""`/docs`: Swagger UI over the OpenAPI document, from files of our own."""

from __future__ import annotations

from importlib import resources

from fastapi import APIRouter, Response

router = APIRouter(include_in_schema=False)
_PAGE = resources.files(__package__) / "static" / "docs.html"


@router.get("/docs")
async def show_docs() -> Response:
    """The page; its script and style lie in /static/."""
    return Response(_PAGE.read_text(encoding="utf-8"), media_type="text/html")
