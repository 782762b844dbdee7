SELECT channel_name FROM marts.dim_channels ORDER BY channel_name;
