"""A short hash of what a picture looks like, which re-encoding, resizing and recompression hardly change.

Belongs here: computing it. Does not belong here: which pictures are alike (`likeness`).

    picture -> 64 x 64 grey -> discrete cosine transform -> 16 x 16 lowest frequencies -> one bit each: above the median

The method is known as pHash (C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010),
here with 256 bits instead of its 64: two price cards of one design differ in too few of 64. A library does the same,
but brings SciPy with it.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

SIDE = 64
FREQUENCIES = 16
REDUCING_GAP = 2.0
"""Pillow averages blocks of pixels first: a third of the time, and re-encoded photos stay as close as they were."""
FLAT = 8
"""Grey levels between the darkest and the lightest point; with fewer, the hash would tell noise."""


def _cosines() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    frequency = np.arange(FREQUENCIES)[:, None]
    place = np.arange(SIDE)[None, :]
    return np.cos(np.pi * (2 * place + 1) * frequency / (2 * SIDE)).astype(np.float32)


_COSINES = _cosines()


def perceptual_hash(picture: Image.Image) -> bytes | None:
    """The 32 bytes of an upright RGB picture's hash; None for a picture of one colour."""
    small = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=REDUCING_GAP)
    grey = np.asarray(small.convert("L"), dtype=np.float32)
    if np.ptp(grey) < FLAT:
        return None
    waves = (_COSINES @ grey @ _COSINES.T).ravel()
    bits = waves > np.median(waves[1:])
    bits[0] = False  # the mean brightness, which says nothing
    return np.packbits(bits).tobytes()
