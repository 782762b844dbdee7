SELECT max(message_timestamp) AS newest FROM marts.rpt_message_search;
