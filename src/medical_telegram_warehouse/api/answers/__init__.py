"""What all answers have in common: errors of one shape, formats, pages, and who may see telephone numbers."""
