"""`/docs`: Swagger UI over the OpenAPI document, from files of our own."""

from __future__ import annotations

from importlib import resources

from fastapi import APIRouter, Response
from starlette.staticfiles import StaticFiles

router = APIRouter(include_in_schema=False)
STATIC = resources.files(__package__) / "static"
static_files = StaticFiles(packages=[(__package__ or "", "static")])


@router.get("/docs")
async def show_docs() -> Response:
    """The page; its script and style lie in /static/."""
    page = (STATIC / "docs.html").read_text(encoding="utf-8")
    return Response(page, media_type="text/html")
