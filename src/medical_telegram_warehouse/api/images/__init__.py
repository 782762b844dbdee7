"""Photos: what they show, their files small and with boxes, pictures that were posted again and again."""
