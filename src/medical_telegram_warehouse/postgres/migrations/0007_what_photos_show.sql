-- What a category was judged from, what the photo is if its message offers a product, and which pictures are the same
-- one re-encoded. The next scan fills them in.
ALTER TABLE raw.image_scans
    ADD COLUMN model_sha256 text,
    ADD COLUMN runtime text,
    ADD COLUMN person_score real,
    ADD COLUMN product_score real,
    ADD COLUMN offered_category text,
    ADD COLUMN image_group text;
CREATE INDEX ON raw.image_scans (image_group);
