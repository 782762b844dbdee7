SELECT
    channel_name,
    title,
    channel_type,
    is_sample
FROM marts.dim_channels
ORDER BY channel_name;
