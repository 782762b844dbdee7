"""From the objects on a photo to what kind of photo it is.

Belongs here: which classes count as a person and as a product, and the four categories. Does not belong here:
finding the objects, or what the post's text says about the product.

    detections -> person? product? -> promotional | product_display | lifestyle | other

The default weights know the 80 classes of COCO, which has none for medicine boxes, tins or tubes. So the list names
what these shops' goods are taken for, and leaves out classes that mostly hit something else: on posters and packaging
"clock", "tv", "toilet" and "refrigerator" are logos, documents and white backgrounds.
"""

from __future__ import annotations

from collections.abc import Iterable

from medical_telegram_warehouse.records import Detection, ImageCategory

PERSON_CLASSES = frozenset({"person"})

CONTAINERS = frozenset({"bottle", "wine glass", "cup", "bowl", "vase"})
GOODS = frozenset({"toothbrush", "scissors", "hair drier", "handbag", "backpack", "suitcase"})
PRODUCT_CLASSES = CONTAINERS | GOODS


def image_category(detections: Iterable[Detection]) -> ImageCategory:
    """The category of a readable photo with these objects, which may be none.

    - promotional: a person and a product
    - product_display: a product, no person
    - lifestyle: a person, no product
    - other: neither
    """
    classes = {detection.detected_class for detection in detections}
    match not PERSON_CLASSES.isdisjoint(classes), not PRODUCT_CLASSES.isdisjoint(classes):
        case True, True:
            return ImageCategory.PROMOTIONAL
        case False, True:
            return ImageCategory.PRODUCT_DISPLAY
        case True, False:
            return ImageCategory.LIFESTYLE
    return ImageCategory.OTHER
