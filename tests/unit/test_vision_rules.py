"""The four categories follow from the classes alone."""

import pytest

from medical_telegram_warehouse.records import Detection, ImageCategory
from medical_telegram_warehouse.vision.rules import PRODUCT_CLASSES, image_category


def found(detected_class: str) -> Detection:
    return Detection(detected_class=detected_class, confidence_score=0.5, x_min=0, y_min=0, x_max=9, y_max=9)


@pytest.mark.parametrize(
    ("classes", "category"),
    [
        (["person", "bottle"], ImageCategory.PROMOTIONAL),
        (["bottle", "person", "person", "tv"], ImageCategory.PROMOTIONAL),
        (["cup"], ImageCategory.PRODUCT_DISPLAY),
        (["person"], ImageCategory.LIFESTYLE),
        (["person", "dining table"], ImageCategory.LIFESTYLE),
        (["tv", "clock"], ImageCategory.OTHER),
        ([], ImageCategory.OTHER),
    ],
)
def test_a_category_says_whether_there_is_a_person_and_a_product(classes: list[str], category: ImageCategory) -> None:
    assert image_category([found(name) for name in classes]) is category


@pytest.mark.parametrize("name", ["clock", "tv", "toilet", "refrigerator", "book", "cell phone", "person"])
def test_what_logos_and_documents_are_taken_for_is_no_product(name: str) -> None:
    assert name not in PRODUCT_CLASSES
