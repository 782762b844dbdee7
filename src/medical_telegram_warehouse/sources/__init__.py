"""Where messages come from. Each source implements `base.MessageSource`; none knows files, databases or settings."""
