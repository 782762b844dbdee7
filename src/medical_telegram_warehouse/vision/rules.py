"""From the objects on a photo to what kind of photo it is.

Belongs here: reading classes and thresholds (`categories.toml`, or a file of the user's), and applying them. Does not
belong here: finding the objects, or what the post's text says about the product.

    detections -> persons and products that count -> their best scores -> category

Two categories are told for each photo: from the objects alone, and for the case that its message offers a product.
Which of them holds is known in the warehouse, where the messages are.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from medical_telegram_warehouse.errors import SettingsError
from medical_telegram_warehouse.records import Detection, ImageCategory

SCORE_FLOOR = 0.05
"""Scans keep objects from this score on, or from the user's threshold where that is lower. No rule may ask for less."""

Score = Annotated[float, msgspec.Meta(ge=SCORE_FLOOR, le=1)]
Part = Annotated[float, msgspec.Meta(ge=0, le=1)]


class PersonRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a person counts."""

    classes: frozenset[str]
    min_score: Score
    min_area: Part
    max_inside_product: Part
    min_score_when_offered: Score


class ProductRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a product counts."""

    classes: frozenset[str]
    min_score: Score


class Categories(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Classes and thresholds; `categories.toml` explains each."""

    person: PersonRules
    product: ProductRules

    @property
    def person_classes(self) -> frozenset[str]:
        """The model's classes that are persons."""
        return self.person.classes

    @property
    def product_classes(self) -> frozenset[str]:
        """The model's classes that are products."""
        return self.product.classes


class Evidence(NamedTuple):
    """The best score of a person and of a product that count; None where there is none."""

    person: float | None
    product: float | None


class Judgement(NamedTuple):
    """What kind of photo it is, and why."""

    image_category: ImageCategory
    """From the objects alone."""
    offered_category: ImageCategory
    """If its message offers a product, which then is on the photo whether the model knows it or not."""
    evidence: Evidence


def load_categories(path: Path | None = None) -> Categories:
    """The user's classes and thresholds, or those that ship.

    Raises:
        SettingsError: the file is missing or malformed; the message names what is wrong.
    """
    try:
        if path is None:
            text = (resources.files("medical_telegram_warehouse.vision") / "categories.toml").read_text("utf-8")
        else:
            text = path.read_text("utf-8")
        return msgspec.convert(tomllib.loads(text), Categories)
    except OSError as error:
        raise SettingsError(f"YOLO_CATEGORIES: {path} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SettingsError(
            f"YOLO_CATEGORIES: {path} cannot be used: {error}; write it as src/medical_telegram_warehouse/vision/"
            "categories.toml is written"
        ) from error


def judge(detections: Iterable[Detection], width: int, height: int, categories: Categories) -> Judgement:
    """What kind of photo of `width` by `height` pixels these objects make, which may be none."""
    evidence = find_evidence(detections, width, height, categories)
    return Judgement(
        image_category(evidence, categories), image_category(evidence, categories, is_offered=True), evidence
    )


def find_evidence(detections: Iterable[Detection], width: int, height: int, categories: Categories) -> Evidence:
    """The persons and products that count on a photo of `width` by `height` pixels."""
    found = list(detections)
    products = [
        each
        for each in found
        if each.detected_class in categories.product.classes and each.confidence_score >= categories.product.min_score
    ]
    persons = [
        each
        for each in found
        if each.detected_class in categories.person.classes
        and _area(each) >= categories.person.min_area * width * height
        and all(_inside(each, product) < categories.person.max_inside_product for product in products)
    ]
    return Evidence(_best(persons), _best(products))


def image_category(evidence: Evidence, categories: Categories, *, is_offered: bool = False) -> ImageCategory:
    """The category of a readable photo; `is_offered` says that its message offers a product."""
    least = categories.person.min_score_when_offered if is_offered else categories.person.min_score
    has_person = evidence.person is not None and evidence.person >= least
    match has_person, is_offered or evidence.product is not None:
        case True, True:
            return ImageCategory.PROMOTIONAL
        case False, True:
            return ImageCategory.PRODUCT_DISPLAY
        case True, False:
            return ImageCategory.LIFESTYLE
    return ImageCategory.OTHER


def _best(found: list[Detection]) -> float | None:
    return max((each.confidence_score for each in found), default=None)


def _area(found: Detection) -> float:
    return (found.x_max - found.x_min) * (found.y_max - found.y_min)


def _inside(inner: Detection, outer: Detection) -> float:
    """Which part of one box lies in another, 0 to 1."""
    width = min(inner.x_max, outer.x_max) - max(inner.x_min, outer.x_min)
    height = min(inner.y_max, outer.y_max) - max(inner.y_min, outer.y_min)
    area = _area(inner)
    return width * height / area if width > 0 and height > 0 and area > 0 else 0.0
