"""From a post's text to its genre and offers: the one function that everything else calls.

    text -> fold -> lines -> roles -> assembly -> genre -> offers, each linked to a product

Pure: no files but the dictionary, no database, no clock. The same text always gives the same offers.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from medical_telegram_warehouse.offers import fields, single
from medical_telegram_warehouse.offers.assembly import Assembler
from medical_telegram_warehouse.offers.columns import price_last_column
from medical_telegram_warehouse.offers.dictionary import dictionary_hash
from medical_telegram_warehouse.offers.folding import Folded, Span, fold, fold_words
from medical_telegram_warehouse.offers.found import Found
from medical_telegram_warehouse.offers.genre import OFFERING, Genre, Reading, Verdict, decide
from medical_telegram_warehouse.offers.lines import read_lines
from medical_telegram_warehouse.offers.linking import Link, link
from medical_telegram_warehouse.offers.prices import Sign
from medical_telegram_warehouse.offers.records import Availability, MessageOffers, Offer
from medical_telegram_warehouse.offers.roles import Role, assign_roles

CURRENCY = "ETB"
_SIGN_CONFIDENCE = {Sign.MARK: 0.97, Sign.CURRENCY: 0.95, Sign.EQUALS: 0.93, Sign.LEADER: 0.93, Sign.COLUMN: 0.75}
_LINK_CONFIDENCE = {"exact": 1.0, "normalised": 0.97, "fuzzy": 0.9, "none": 0.8}


@cache
def extractor_version() -> str:
    """Changes when the rules or the dictionary change: everything is then extracted anew."""
    digest = hashlib.sha256(dictionary_hash().encode())
    folder = resources.files(__package__)
    for name in sorted(path.name for path in folder.iterdir() if path.name.endswith(".py")):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:16]


def read_post(text: str, struck: Sequence[Span] = ()) -> tuple[Reading, Verdict]:
    """Everything that is known of a post before its offers are linked."""
    folded = fold(text, struck)
    lines = read_lines(folded)
    price_last_column(lines)
    roles = assign_roles(lines)
    assembler = Assembler(lines, roles, folded.struck)
    reading = Reading(folded, lines, roles, assembler.run(), assembler.loose)
    return reading, decide(reading)


def extract_offers(text: str, struck: Sequence[Span] = ()) -> MessageOffers:
    """Read a post.

    Args:
        text: as the lake has it.
        struck: spans of it that are struck out: old prices.
    """
    return offers_in(*read_post(text, struck))


def offers_in(reading: Reading, verdict: Verdict) -> MessageOffers:
    """The offers of a post that is read."""
    if verdict.genre not in OFFERING:
        return MessageOffers(verdict.genre.value, verdict.confidence, ())
    found = reading.found
    if verdict.genre is Genre.SINGLE_PRODUCT_AD:
        chosen = single.choose(reading.lines, reading.roles, found, reading.loose)
        found = [chosen] if chosen is not None else []
    seller = _seller(reading)
    offers: list[Offer] = []
    seen: dict[tuple[object, ...], set[str | None]] = {}
    for each in found:
        offer = _offer(reading.folded, each, seller)
        forms = seen.setdefault(_same_offer(offer), set())
        if not _is_again(each.form, forms, is_priced=offer.price is not None):
            offers.append(offer)
        forms.add(each.form)
    return MessageOffers(verdict.genre.value, verdict.confidence, tuple(offers))


def _same_offer(offer: Offer) -> tuple[object, ...]:
    """What the offers of one product at one price share, but for the form."""
    named = offer.product if offer.generic else offer.name_key
    return named, offer.product_strength, offer.price, offer.pack if offer.price else None


def _is_again(form: str | None, forms: set[str | None], *, is_priced: bool) -> bool:
    """Whether an offer was made before: in the same form, or at the same price where one of both states no form."""
    if form in forms:
        return True
    return is_priced and bool(forms) and (form is None or None in forms)


def _seller(reading: Reading) -> str | None:
    """The shop or importer that a line of the post names."""
    for line, role in zip(reading.lines, reading.roles, strict=True):
        if role is Role.SELLER:
            name = re.sub(r"[^\w\s&.,'/()-]+|_+", " ", line.text[line.body :])
            name = re.sub(r"\s+", " ", name).strip(" .,-/&=")
            if name:
                return name[:80]
    return None


def _offer(folded: Folded, found: Found, seller: str | None) -> Offer:
    strength = found.strengths[0] if found.strengths else None
    linked = link(found.name, tuple(found.alternatives), has_strength=strength is not None, form=found.form)
    form = _form(found, linked, strength)
    packs = list(found.packs)
    counted = found.counted_in_brackets()
    if counted and not packs:
        packs.append(counted)
    price = found.prices[0] if found.prices else None
    start, end = folded.original(found.start, min(found.end, len(folded.text)))
    alternatives = [*found.alternatives, *(f"{found.name} {other}" for other in found.strengths[1:])]
    return Offer(
        name=found.name,
        alternatives=tuple(dict.fromkeys(name for name in alternatives if name and name != found.name)),
        name_key=fold_words(found.name),
        product=linked.product,
        generic=linked.generic,
        brand=linked.brand or found.brand,
        product_class=linked.product_class,
        link=linked.method,
        link_score=linked.score,
        strength=strength,
        product_strength=fields.product_strength(strength),
        form=form,
        product_form=fields.product_form(form),
        pack=_best_pack(packs, found.cartons),
        pack_units=fields.pack_units(packs),
        price=price,
        prices=tuple(found.prices),
        currency=CURRENCY,
        old_price=found.old_price,
        expiry=found.expiry,
        seller=seller,
        availability=_availability(found, price),
        start=start,
        end=end,
        confidence=round(_confidence(found, linked), 2),
    )


def _best_pack(packs: list[str], cartons: list[str]) -> str | None:
    """What is sold at the price comes before how many of it a carton holds."""
    counted = next((pack for pack in packs if re.search(r"[x*]|of", pack.lower())), None)
    return counted or (packs[0] if packs else None) or (cartons[0] if cartons else None)


def _availability(found: Found, price: float | None) -> Availability:
    if found.is_stock_out:
        return Availability.STOCK_OUT
    if price is None and found.is_withheld:
        return Availability.PRICE_WITHHELD
    return Availability.OFFERED


_OTHER_FORMS = frozenset({"device", "supply", "test"})


def _form(found: Found, linked: Link, strength: str | None) -> str | None:
    """The form that the post states, else what the product is: a glove `powder free` is no powder."""
    of_class = fields.CLASS_FORMS.get(linked.product_class)
    if of_class in _OTHER_FORMS or (of_class is not None and found.form in (None, "powder")):
        return of_class
    return found.form or _usual_form(linked, strength)


_PER_VOLUME = re.compile(r"/\d*(?:\.\d+)?ml")


def _usual_form(linked: Link, strength: str | None) -> str | None:
    if linked.product_class not in ("medicine", "supplement"):
        return None
    if strength and (per := _PER_VOLUME.search(strength)):
        return "suspension" if per[0] in ("/5ml", "/2.5ml") else "injection"
    return linked.form if strength else None


def _confidence(found: Found, linked: Link) -> float:
    sign = _SIGN_CONFIDENCE[found.signs[0].sign] if found.signs else 0.9
    return sign * _LINK_CONFIDENCE[linked.method] * (0.9 if found.is_inherited else 1.0)
