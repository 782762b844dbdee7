"""Channels: who is there, how each does, when they post, and how several compare."""
