"""Files of strangers to upright pictures, or the reason why not.

What the first bytes promise (`signatures`), formats that are looked into before anything is decoded (`tiff_tags`,
`heif_boxes`), and decoding with bounded memory and time (`decode`). Knows no detector and no folder.
"""
