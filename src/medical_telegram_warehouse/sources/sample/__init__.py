"""Invented Telegram channels: the product runs, is tested and is measured without an account or the internet.

Everything here is made up: no text, name, number or channel comes from a real one. `source` assembles the parts:
`channels` and `products` are the vocabulary; `feed` decides what is posted when; `ads`, `lists` and `notices` write
the texts, and `truth` says what they offer; `engagement` counts views; `photos` draws. Each day of a channel depends
only on (seed, channel, day), so any day can be made again without those before it.
"""

from medical_telegram_warehouse.sources.sample.channels import SAMPLE_CHANNEL_TYPES
from medical_telegram_warehouse.sources.sample.source import SampleSource

__all__ = ["SAMPLE_CHANNEL_TYPES", "SampleSource"]
