SELECT channel_name FROM marts.dim_channels WHERE channel_name = %(channel_name)s;
