-- The landing tables and the loader's bookkeeping. dbt owns the schemas `staging` and `marts`.

CREATE SCHEMA raw;
CREATE SCHEMA ops;

-- A lake is a folder that holds telegram_messages/ and images/. Ours is named 'own'; others are read-only.
CREATE TABLE ops.lakes (
    lake_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lake text NOT NULL UNIQUE,
    root text NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now()
);

-- How far each lake file has been loaded. `loaded_bytes` ends on a record's end, and `loaded_sha256` is the hash of
-- the bytes before it: an appended file continues there, a rewritten one does not match and is read again.
CREATE TABLE ops.loaded_files (
    file_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lake_id integer NOT NULL REFERENCES ops.lakes,
    file_path text NOT NULL,
    file_size bigint NOT NULL,
    file_mtime_ns bigint NOT NULL,
    loaded_bytes bigint NOT NULL,
    loaded_records bigint NOT NULL,
    loaded_sha256 bytea NOT NULL,
    first_loaded_at timestamptz NOT NULL DEFAULT now(),
    loaded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (lake_id, file_path)
);

-- The newest state of each message. Message ids are unique only within a channel. `file_id` and `file_position` say
-- where in the lake it stands; no foreign key, because checking one for each row would slow loading by a fifth.
CREATE TABLE raw.telegram_messages (
    channel_name text NOT NULL,
    message_id bigint NOT NULL,
    message_date timestamptz NOT NULL,
    message_text text NOT NULL,
    has_media boolean,
    image_path text,
    media_type text,
    views bigint,
    forwards bigint,
    replies bigint,
    reactions jsonb,
    edit_date timestamptz,
    reply_to_message_id bigint,
    grouped_id bigint,
    forwarded_from text,
    post_author text,
    source text,
    observed_at timestamptz NOT NULL,
    observation_id uuid NOT NULL,
    repairs text[],
    record jsonb NOT NULL,
    file_id integer NOT NULL,
    file_position bigint NOT NULL,
    first_loaded_at timestamptz NOT NULL DEFAULT now(),
    loaded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel_name, message_id)
);

-- Every distinct observation of a message. `observation_id` is a hash of what was observed and when, so the same
-- observation read twice, from one file or from two lakes, is one row.
CREATE TABLE raw.telegram_message_observations (
    channel_name text NOT NULL,
    message_id bigint NOT NULL,
    observation_id uuid NOT NULL,
    observed_at timestamptz NOT NULL,
    views bigint,
    forwards bigint,
    replies bigint,
    reactions jsonb,
    edit_date timestamptz,
    text_hash uuid NOT NULL,
    file_id integer NOT NULL,
    file_position bigint NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel_name, message_id, observation_id)
);

-- What was known of a channel at each scrape.
CREATE TABLE raw.telegram_channels (
    channel_name text NOT NULL,
    observed_at timestamptz NOT NULL,
    title text,
    description text,
    subscribers bigint,
    source text NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel_name, observed_at)
);

-- Records that could not be used, kept whole. `file_position` is the byte where the record starts (JSON Lines), the
-- record's number (JSON arrays), or null for a file that could not be read as a whole.
CREATE TABLE raw.rejected_records (
    rejected_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lake_id integer NOT NULL REFERENCES ops.lakes,
    file_path text NOT NULL,
    file_position bigint,
    reason text NOT NULL,
    detail text NOT NULL,
    payload text NOT NULL,
    rejected_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (lake_id, file_path, file_position, reason)
);

-- One row per photo file ever seen in a lake.
CREATE TABLE raw.image_scans (
    image_path text PRIMARY KEY,
    lake text NOT NULL,
    channel_name text NOT NULL,
    message_id bigint,
    sha256 text,
    file_size bigint,
    image_width integer,
    image_height integer,
    status text NOT NULL CHECK (status IN ('ok', 'unreadable', 'missing')),
    error text,
    model text,
    confidence_threshold real,
    image_category text,
    num_detections integer,
    loaded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON raw.image_scans (channel_name, message_id);

-- One row per detected object; one row without a class for a readable photo without any.
CREATE TABLE raw.yolo_detections (
    image_path text NOT NULL REFERENCES raw.image_scans ON DELETE CASCADE,
    detection_index integer NOT NULL,
    channel_name text NOT NULL,
    message_id bigint,
    detected_class text,
    confidence_score real,
    x_min real,
    y_min real,
    x_max real,
    y_max real,
    image_category text NOT NULL,
    num_detections integer NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (image_path, detection_index)
);

-- One row per execution of a step, for `mtw status` and for people who ask the database.
CREATE TABLE ops.step_runs (
    run_id text NOT NULL,
    step text NOT NULL,
    attempt integer NOT NULL DEFAULT 1,
    status text NOT NULL CHECK (status IN ('success', 'failed')),
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    new_rows bigint,
    details jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (run_id, step, attempt)
);

-- The detections file that was loaded last: at most one row.
CREATE TABLE ops.loaded_detections (
    is_last boolean PRIMARY KEY DEFAULT true CHECK (is_last),
    sha256 bytea NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT now()
);
