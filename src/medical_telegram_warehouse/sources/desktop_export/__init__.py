"""Telegram Desktop's JSON export as a source: no account and no connection, only files that somebody exported.

    path -> `locate` finds result.json -> `index` lists its chats in one pass -> `choice` says which are read
         -> `stream` yields a chat's message objects -> `messages` turns each into a record, its text by `markup`
         -> `photos` copies the files that messages name

The file may be larger than the memory, so nothing holds more than a page of messages; and it comes from outside, so
any value may be of any kind, a path may point anywhere, and the file may break off.
"""

from medical_telegram_warehouse.sources.desktop_export.source import DesktopExportSource

__all__ = ["DesktopExportSource"]
