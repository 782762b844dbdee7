"""The public preview of Telegram channels, read as a visitor of the site: no account, no credentials."""

from medical_telegram_warehouse.sources.web_preview.source import WebPreviewSource

__all__ = ["WebPreviewSource"]
