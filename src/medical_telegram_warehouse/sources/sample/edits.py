"""What an edit changes: a misspelling is corrected, or a line is added."""

from __future__ import annotations

from medical_telegram_warehouse.sources.sample.chance import Roll, pick
from medical_telegram_warehouse.sources.sample.draft import Draft
from medical_telegram_warehouse.sources.sample.markup import join, plain
from medical_telegram_warehouse.sources.sample.vocabulary import NOTICES

_GONE = ("stock out", "SOLD", "አልቋል")


def edited(draft: Draft, roll: Roll) -> Draft:
    """The post after its edit."""
    text = draft.text
    if "Prcie" in text.text:  # as long as the right word, so that entities stay in place
        return draft._replace(text=text._replace(text=text.text.replace("Prcie", "Price")))
    line = pick(roll, NOTICES.edits)
    # Below a list the same words do not say which of its products is gone.
    gone = draft.genre == "single_product_ad" and any(word in line for word in _GONE)
    return draft._replace(text=join(text, plain(line)), gone=gone)
