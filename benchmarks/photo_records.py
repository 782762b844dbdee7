"""What a scan would have found on the photos: rows of `raw.image_scans` and `raw.yolo_detections`, made with SQL.

Scanning and its file are not measured, so the rows are inserted directly, a photo for each message that names one and
has no scan yet. They follow from hashes of the photo's name, so the same messages always get the same rows.
"""

from __future__ import annotations

import psycopg

from medical_telegram_warehouse.vision.rules import load_categories

# What the model takes these shops' goods for; a name that stands twice is met twice as often.
_CLASSES = [
    *("bottle", "bottle", "bottle", "cup", "bowl", "vase", "toothbrush", "handbag", "person", "person", "person"),
    *("book", "book", "clock", "tv", "refrigerator", "cell phone", "remote", "toilet", "tie"),
]
# Two photos of 17 are one of three pictures that their channel repeats within 400 messages: some 8 % of all are exact
# copies of an earlier one. What follows is decided by the checksum, so copies agree in everything.
_MAKE_PHOTOS = """
    CREATE TEMPORARY TABLE made_photos AS
    WITH photos AS (
        SELECT
            messages.image_path,
            messages.channel_name,
            messages.message_id,
            hashtextextended(messages.image_path, 1) & 2147483647 AS chance
        FROM raw.telegram_messages AS messages
        LEFT JOIN raw.image_scans AS known ON messages.image_path = known.image_path
        WHERE messages.image_path IS NOT NULL AND known.image_path IS NULL
    ),

    contents AS (
        SELECT
            image_path,
            channel_name,
            message_id,
            CASE
                WHEN chance % 17 < 2 THEN concat_ws(' ', channel_name, message_id / 400, chance / 17 % 3)
                ELSE image_path
            END AS content
        FROM photos
    ),

    hashed AS (
        SELECT
            image_path,
            channel_name,
            message_id,
            encode(sha256(convert_to(content, 'UTF8')), 'hex') AS sha256,
            hashtextextended(content, 2) & 2147483647 AS chance
        FROM contents
    )

    SELECT *, chance % 100 > 0 AS is_readable, chance / 100 % 4 AS num_detections FROM hashed
"""
_MAKE_OBJECTS = """
    CREATE TEMPORARY TABLE made_objects AS
    WITH objects AS (
        SELECT
            photos.image_path,
            indexes.detection_index,
            hashtextextended(photos.sha256, indexes.detection_index) & 2147483647 AS roll
        FROM made_photos AS photos
        CROSS JOIN LATERAL generate_series(1, photos.num_detections) AS indexes (detection_index)
        WHERE photos.is_readable
    )

    SELECT
        image_path,
        detection_index - 1 AS detection_index,
        (%(classes)s::text [])[1 + roll %% cardinality(%(classes)s::text [])] AS detected_class,
        0.25 + roll %% 7000 / 10000.0 AS confidence_score,
        roll %% 400 AS x_min,
        roll %% 300 AS y_min,
        420 + roll %% 800 AS x_max,
        320 + roll %% 380 AS y_max
    FROM objects
"""
_ADD_SCANS = """
    INSERT INTO raw.image_scans (
        image_path, lake, channel_name, message_id, sha256, file_size, image_width, image_height, status, error, model,
        confidence_threshold, image_category, num_detections, offered_category, image_group
    )
    SELECT
        photos.image_path, 'own', photos.channel_name, photos.message_id, photos.sha256,
        20000 + photos.chance %% 150000,
        CASE WHEN photos.is_readable THEN 1280 END, CASE WHEN photos.is_readable THEN 720 END,
        CASE WHEN photos.is_readable THEN 'ok' ELSE 'unreadable' END,
        CASE WHEN NOT photos.is_readable THEN 'no picture that can be read' END,
        'yolov7-tiny', 0.25,
        CASE WHEN photos.is_readable THEN coalesce(seen.image_category, 'other') END,
        CASE WHEN photos.is_readable THEN photos.num_detections END,
        CASE
            WHEN NOT photos.is_readable THEN NULL
            WHEN seen.image_category IN ('promotional', 'lifestyle') THEN 'promotional'
            ELSE 'product_display'
        END,
        CASE WHEN photos.is_readable THEN left(photos.sha256, 16) END
    FROM made_photos AS photos
    LEFT JOIN (
        SELECT
            image_path,
            CASE
                WHEN bool_or(detected_class = ANY(%(persons)s)) AND bool_or(detected_class = ANY(%(products)s))
                    THEN 'promotional'
                WHEN bool_or(detected_class = ANY(%(products)s)) THEN 'product_display'
                WHEN bool_or(detected_class = ANY(%(persons)s)) THEN 'lifestyle'
            END AS image_category
        FROM made_objects
        GROUP BY image_path
    ) AS seen ON photos.image_path = seen.image_path
"""
# A readable photo without any object has one row without a class, as the scan writes it.
_ADD_DETECTIONS = """
    INSERT INTO raw.yolo_detections (
        image_path, detection_index, channel_name, message_id, detected_class, confidence_score, x_min, y_min, x_max,
        y_max, image_category, num_detections
    )
    SELECT
        photos.image_path, coalesce(objects.detection_index, 0), photos.channel_name, photos.message_id,
        objects.detected_class, objects.confidence_score, objects.x_min, objects.y_min, objects.x_max, objects.y_max,
        scans.image_category, scans.num_detections
    FROM made_photos AS photos
    INNER JOIN raw.image_scans AS scans ON photos.image_path = scans.image_path
    LEFT JOIN made_objects AS objects ON photos.image_path = objects.image_path
    WHERE photos.is_readable
"""
_FORGET = "DROP TABLE made_photos, made_objects"


def add_photo_records(connection: psycopg.Connection) -> int:
    """Insert the rows of every photo that is named and was not scanned; returns how many photos those are."""
    categories = load_categories()
    names = {
        "classes": _CLASSES,
        "persons": list(categories.person_classes),
        "products": list(categories.product_classes),
    }
    with connection.transaction():
        connection.execute(_MAKE_PHOTOS)
        connection.execute(_MAKE_OBJECTS, names)
        connection.execute("ANALYZE made_photos, made_objects")
        photos = connection.execute(_ADD_SCANS, names).rowcount
        connection.execute(_ADD_DETECTIONS)
        connection.execute(_FORGET)
    return photos
