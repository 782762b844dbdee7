-- The scan's CSV as it stands: one row per detected object, or one per photo without any.
CREATE TEMPORARY TABLE incoming_detections (
    channel_name text NOT NULL,
    message_id bigint,
    image_path text NOT NULL,
    lake text NOT NULL,
    sha256 text,
    file_size bigint,
    image_width integer,
    image_height integer,
    status text NOT NULL,
    error text,
    model text,
    confidence_threshold real,
    detection_index integer,
    detected_class text,
    confidence_score real,
    x_min real,
    y_min real,
    x_max real,
    y_max real,
    image_category text,
    num_detections integer
) ON COMMIT DROP;
