-- The warehouse's own clock: two looks at the same data agree, however late the second is.
SELECT max(last_message_date) FROM marts.dim_channels;
