SELECT EXISTS (SELECT FROM marts.rpt_channel_activity_daily);
