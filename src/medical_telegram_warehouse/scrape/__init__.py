"""A source -> the lake: only what is new or has changed, a page at a time.

    run       all channels of a source, some at once; what became of each
    channel   one channel's turn: new messages, the recent window, photos that could not be had before
    report    what a scrape wrote, channel by channel
    progress  how far it has come, for a terminal or a log

Each page's photos are stored first and its lines after them. A photo that cannot be had is remembered and tried again
at the next scrape; its line names the place where it will lie. Killed anywhere, the next scrape continues at the last
page and writes nothing twice (see `lake.writer`).
"""

from medical_telegram_warehouse.scrape.channel import Backfill
from medical_telegram_warehouse.scrape.progress import ScrapeObserver
from medical_telegram_warehouse.scrape.report import ChannelReport, ChannelStatus, ScrapeSummary
from medical_telegram_warehouse.scrape.run import connect_existing_lake, scrape

__all__ = [
    "Backfill", "ChannelReport", "ChannelStatus", "ScrapeObserver", "ScrapeSummary", "connect_existing_lake", "scrape",
]  # fmt: skip
