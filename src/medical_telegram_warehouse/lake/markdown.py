"""Takes Telegram's Markdown marks out of texts that other scrapers stored.

Telethon's `message.text` writes a message's formatting back into its text: bold words gain `**`, and a phone number
between two bold runs gains four marks on either side. This undoes it: the marks `**`, `__`, `~~`, `` ` `` and
``` ``` ```, and `[label](url)`. Where formats overlap Telethon leaves marks without a partner, so those go too. What
authors type themselves stays: dividers of many asterisks or underscores, and underscores inside a user's name.

Our own sources store plain text, which must never pass through here: it may hold such marks for real.
"""

from __future__ import annotations

import re

_ANY_MARK = re.compile(r"\*\*|__|~~|`|\]\(")
_LINK = re.compile(r"\[([^\[\]]*)\]\(((?:https?|tg|mailto|tel)[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)")
_MARKS = re.compile(
    r"""
      (?<!\*) (?:\*\*){1,3} (?!\*)          # bold; four together are an end and a beginning
    | (?<!\*) \*\* (?=\*(?!\*))             # bold before an asterisk that the author typed
    | (?<=\W) (?<!_) __ (?!_)               # italics: at a word's edge, so not inside a name
    | (?<!_) __ (?!_) (?=\W|$) | ^ __ (?!_)
    | ~~
    | ```\w*\n? | `
    """,
    re.VERBOSE,
)


def strip_markdown(text: str) -> str:
    """Return `text` without the marks; without any, the same object."""
    if not _ANY_MARK.search(text):
        return text
    return _MARKS.sub("", _LINK.sub(r"\1", text))
