"""The categories follow from the objects, by classes and thresholds that stand in one file."""

from pathlib import Path

import pytest

from medical_telegram_warehouse.errors import SettingsError
from medical_telegram_warehouse.records import Detection, ImageCategory
from medical_telegram_warehouse.vision.rules import Judgement, judge, load_categories

CATEGORIES = load_categories()
WHOLE = (0.0, 0.0, 100.0, 100.0)


def found(name: str, score: float = 0.9, box: tuple[float, float, float, float] = WHOLE) -> Detection:
    x_min, y_min, x_max, y_max = box
    return Detection(detected_class=name, confidence_score=score, x_min=x_min, y_min=y_min, x_max=x_max, y_max=y_max)


def judged(*detections: Detection) -> Judgement:
    return judge(detections, 100, 100, CATEGORIES)


@pytest.mark.parametrize(
    ("classes", "category"),
    [
        (["person", "tv"], ImageCategory.LIFESTYLE),
        (["cup"], ImageCategory.PRODUCT_DISPLAY),
        (["person"], ImageCategory.LIFESTYLE),
        (["person", "dining table"], ImageCategory.LIFESTYLE),
        (["tv", "clock"], ImageCategory.OTHER),
        ([], ImageCategory.OTHER),
    ],
)
def test_a_category_says_whether_there_is_a_person_and_a_product(classes: list[str], category: ImageCategory) -> None:
    assert judged(*(found(name) for name in classes)).image_category is category


def test_a_person_beside_a_product_is_promotional() -> None:
    beside = judged(found("person", box=(0, 0, 50, 100)), found("bottle", box=(60, 0, 100, 100)))
    assert beside.image_category is ImageCategory.PROMOTIONAL


def test_a_person_within_a_product_is_printed_on_it() -> None:
    printed = judged(found("person", box=(30, 30, 70, 70)), found("bottle", box=(20, 20, 80, 80)))
    assert printed.image_category is ImageCategory.PRODUCT_DISPLAY
    assert printed.evidence.person is None


def test_a_tiny_person_is_printed_on_something() -> None:
    assert judged(found("person", box=(0, 0, 10, 10))).image_category is ImageCategory.OTHER


def test_a_product_counts_from_a_far_lower_score_than_a_person() -> None:
    assert judged(found("bottle", 0.08)).image_category is ImageCategory.PRODUCT_DISPLAY
    assert judged(found("person", 0.3)).image_category is ImageCategory.OTHER
    assert judged(found("person", 0.3)).evidence.person == 0.3, "what was seen is told all the same"


def test_where_a_product_is_offered_it_is_on_the_photo_whether_the_model_knows_it_or_not() -> None:
    assert judged().offered_category is ImageCategory.PRODUCT_DISPLAY
    assert judged(found("person", 0.9)).offered_category is ImageCategory.PROMOTIONAL


def test_where_a_product_is_offered_a_person_must_be_clearer() -> None:
    printed = judged(found("person", 0.7))
    assert printed.image_category is ImageCategory.LIFESTYLE
    assert printed.offered_category is ImageCategory.PRODUCT_DISPLAY


@pytest.mark.parametrize("name", ["clock", "tv", "toilet", "refrigerator", "book", "cell phone", "person"])
def test_what_logos_and_documents_are_taken_for_is_no_product(name: str) -> None:
    assert name not in CATEGORIES.product_classes


SHIPPED = Path(__file__).parents[2] / "src/medical_telegram_warehouse/vision/categories.toml"


def test_a_model_with_other_classes_has_a_file_of_its_own(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(SHIPPED.read_text().replace('"bottle"', '"medicine_box"'))
    categories = load_categories(own)
    assert judge([found("medicine_box")], 100, 100, categories).image_category is ImageCategory.PRODUCT_DISPLAY


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("min_score = 0.075", "min_score = 0.01", r"0\.05.*product"),
        ("min_area", "least_area", "least_area"),
        ("[product]", "[products]", "products"),
        ("[person]", "[person", r"line \d+"),
    ],
)
def test_a_file_with_a_mistake_is_refused_by_name(tmp_path: Path, old: str, new: str, says: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(SHIPPED.read_text().replace(old, new, 1))
    with pytest.raises(SettingsError, match=rf"own\.toml.*{says}"):
        load_categories(own)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml cannot be read"):
        load_categories(tmp_path / "none.toml")
