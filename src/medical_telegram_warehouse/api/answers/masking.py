"""Telephone numbers in texts: shown only to keys whose scope allows contacts.

Shops write their numbers into every post. Most readers of the figures have no use for them, and the numbers are
personal data, so their middle is hidden unless a key says otherwise. Ethiopian numbers have nine digits after 0, 251 or
+251, and begin with 9 or 7 (mobile) or with 1 to 5 (landlines, by region); other countries' are known by their plus.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import PlainSerializer, SerializationInfo

CONTACTS = "contacts"
"""The key in the serialisation's context that says whether numbers may be shown."""
# The last two make a digit an emoji.
_GAP = "[ \t\u00a0.\\-/()\ufe0f\u20e3]{0,3}"
_PHONE = re.compile(
    rf"(?<!\d)(?:"
    rf"\+{_GAP}\d(?:{_GAP}\d){{7,14}}"
    rf"|(?:00{_GAP})?2{_GAP}5{_GAP}1{_GAP}[1-9](?:{_GAP}\d){{8}}"
    rf"|0{_GAP}[1-9](?:{_GAP}\d){{8}}"
    rf"|[79](?:{_GAP}\d){{8}}"
    rf")(?!\d)"
)
_KEPT_START, _KEPT_END = 3, 2
_DIGIT = re.compile(r"\d")
# Posts also write numbers in fullwidth, bold or other scripts' digits.
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")


def mask_phones(text: str) -> str:
    """The text with the middle digits of telephone numbers as •; as many characters as before."""
    plain = _OTHER_DIGIT.sub(lambda found: str(int(found[0])), text)
    shown = list(text)
    for number in _PHONE.finditer(plain):
        digits = [number.start() + digit.start() for digit in _DIGIT.finditer(number[0])]
        for place in digits[_KEPT_START:-_KEPT_END]:
            shown[place] = "•"
    return "".join(shown)


def _serialised(text: str, info: SerializationInfo) -> str:
    return text if (info.context or {}).get(CONTACTS) else mask_phones(text)


PublicText = Annotated[str, PlainSerializer(_serialised, return_type=str)]
"""Text that strangers wrote."""
