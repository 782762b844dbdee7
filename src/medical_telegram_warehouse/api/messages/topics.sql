SELECT topic FROM marts.fct_message_topics WHERE message_key = %(message_key)s ORDER BY topic;
