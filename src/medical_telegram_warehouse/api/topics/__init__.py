"""Topics over time."""
