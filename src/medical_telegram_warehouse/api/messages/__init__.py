"""Messages: search in both scripts, and one message with its history."""
