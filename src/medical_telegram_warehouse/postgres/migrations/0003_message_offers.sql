-- What the texts of messages offer. Filled by the step extract_message_offers, between loading and dbt.

-- One row per message that was read, whether it offers something or not: an edited text has another hash, and a newer
-- extractor another version, so both are found and read again.
CREATE TABLE raw.message_genres (
    channel_name text NOT NULL,
    message_id bigint NOT NULL,
    genre text NOT NULL,
    genre_confidence real NOT NULL,
    offer_count integer NOT NULL,
    text_hash uuid NOT NULL,
    extractor_version text NOT NULL,
    extracted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel_name, message_id)
);

-- One row per offer: a product that a message says is for sale. `product_name`, `generic`, `brand` and `product_class`
-- come from the dictionary; without a link to it the product is named as it was written, and `link_method` is 'none'.
-- `price` is the first of `prices`; null for an offer without one. `span_start` and `span_end` count characters of the
-- message's text, from 0, the end not included.
CREATE TABLE raw.message_offers (
    channel_name text NOT NULL,
    message_id bigint NOT NULL,
    offer_index integer NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL,
    product_name text NOT NULL,
    generic text,
    brand text,
    product_class text NOT NULL,
    link_method text NOT NULL CHECK (link_method IN ('exact', 'normalised', 'fuzzy', 'none')),
    link_score real NOT NULL,
    strength text,
    product_strength text,
    form text,
    product_form text,
    pack text,
    pack_units integer,
    price numeric,
    prices numeric [] NOT NULL,
    currency text NOT NULL,
    old_price numeric,
    expiry date,
    seller text,
    availability text NOT NULL CHECK (availability IN ('offered', 'stock_out', 'price_withheld')),
    span_start integer NOT NULL,
    span_end integer NOT NULL,
    confidence real NOT NULL,
    PRIMARY KEY (channel_name, message_id, offer_index)
);

-- How far the extractor has read: everything that was loaded before `read_up_to` is known to it. At most one row.
CREATE TABLE ops.offer_extraction (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    extractor_version text NOT NULL,
    read_up_to timestamptz NOT NULL
);

-- Finds what was loaded since without reading the whole table. BRIN, because a B-tree would slow loading, and rows lie
-- nearly in the order in which they were loaded.
CREATE INDEX telegram_messages_loaded_at ON raw.telegram_messages USING brin (loaded_at);
