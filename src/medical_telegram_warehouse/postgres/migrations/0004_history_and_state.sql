-- Texts of edited messages, what reposts are recognised by, and how far each model of dbt has read.

-- Every text that an edited message ever had, its newest one included. A message with one text has no row: most are
-- never edited, and their text stands in raw.telegram_messages.
CREATE TABLE raw.telegram_message_texts (
    channel_name text NOT NULL,
    message_id bigint NOT NULL,
    text_hash uuid NOT NULL,
    message_text text NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel_name, message_id, text_hash)
);

-- The lakes still hold the texts of earlier edits. Reading every file again adds nothing else: observations that are
-- known stay as they are.
UPDATE ops.loaded_files SET file_size = -1, loaded_bytes = 0, loaded_sha256 = '';

-- Equal for posts that say the same, with another footer, date, emoji or price; null where nothing else is said.
ALTER TABLE raw.message_genres ADD COLUMN repost_key uuid;

-- What each incremental model has read: everything that its sources got before `read_up_to`, and before the build before
-- that; with the seeds that `signature` stands for. dbt writes it in the transaction that fills the model.
CREATE TABLE ops.model_builds (
    model text PRIMARY KEY,
    read_up_to timestamptz NOT NULL,
    read_before timestamptz NOT NULL DEFAULT '-infinity',
    signature text NOT NULL
);

-- The SQL and the settings that each dbt step built its tables with: after a change it builds them whole. While a step
-- runs, and after one that failed or was killed, `is_finished` is false: the next one tests all rows, not only its own.
CREATE TABLE ops.transform_state (
    step text PRIMARY KEY,
    fingerprint text NOT NULL,
    is_finished boolean NOT NULL,
    tests_all_rows boolean NOT NULL,
    built_at timestamptz NOT NULL DEFAULT now()
);

-- What was read lately is found here, without reading the tables. BRIN, because rows lie nearly in the order in which
-- they were written, and a B-tree would slow loading.
CREATE INDEX message_genres_extracted_at ON raw.message_genres USING brin (extracted_at);
CREATE INDEX image_scans_loaded_at ON raw.image_scans USING brin (loaded_at);
CREATE INDEX telegram_message_observations_loaded_at
ON raw.telegram_message_observations USING brin (loaded_at);

-- Messages whose date was found to be another one: the day that they leave must be counted anew, too.
CREATE TABLE ops.moved_messages (
    channel_name text NOT NULL,
    message_id bigint NOT NULL,
    former_date timestamptz NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel_name, message_id, former_date)
);

-- Repaired records are few; the report of them looks here.
CREATE INDEX telegram_messages_repaired ON raw.telegram_messages (channel_name) WHERE repairs IS NOT NULL;
