"""What the first bytes of a file promise, whatever its name says.

Belongs here: the signatures of pictures, and of what else channels hide behind `.jpg`. Does not belong here: whether
the promise is kept (`decode`).

    first bytes -> a format that can be decoded, or the reason why the file is none
"""

from __future__ import annotations

from medical_telegram_warehouse.vision.decoding.unreadable import UnreadablePhotoError

HEAD_BYTES = 64
PICTURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG", "PNG"),
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"II+\x00", "TIFF"),
    (0, b"MM\x00+", "TIFF"),
)
OTHER_PICTURES = (
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"JXL \r\n", "JPEG XL"),
    (4, b"jP  \r\n", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"8BPS", "Photoshop"),
    (0, b"\x00\x00\x01\x00", "Windows icon"),
)
OTHER_KINDS = (
    (0, b"\x1aE\xdf\xa3", "a video (WebM or Matroska)"),
    (0, b"FLV\x01", "a video (Flash)"),
    (0, b"\x00\x00\x01\xba", "a video (MPEG)"),
    (0, b"\x00\x00\x01\xb3", "a video (MPEG)"),
    (0, b"OggS", "a sound or video (Ogg)"),
    (0, b"ID3", "a sound (MP3)"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"<", "a web page or other marked-up text"),
)
RIFF_KINDS = {b"AVI ": "a video (AVI)", b"WAVE": "a sound (WAV)"}
# The brand that follows "ftyp" at byte 4.
STILL_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), "HEIC"),
    **dict.fromkeys((b"mif1", b"msf1"), "HEIF"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
}
OTHER_BRANDS = {b"qt  ": "a video (QuickTime)", b"M4A ": "a sound (M4A)", b"crx ": "a camera's raw file (CR3)"}
QUICKTIME_ATOMS = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}  # files older than "ftyp" begin with these


def picture_kind(data: bytes) -> str:
    """The format that the file's first bytes promise.

    Raises:
        UnreadablePhotoError: They promise no picture, or one that nobody here can decode.
    """
    if not data:
        raise UnreadablePhotoError("empty file")
    head = data[:HEAD_BYTES]
    if not head.strip(b"\x00") and data.count(0) == len(data):
        raise UnreadablePhotoError("only zero bytes: the download was never finished")
    if name := _signed(head, PICTURES):
        return name
    if head.startswith(b"RIFF"):
        return _riff_kind(head[8:12])
    if head[4:8] == b"ftyp":
        return _still_kind(head)
    if name := _signed(head, OTHER_PICTURES):
        raise UnreadablePhotoError(f"a {name} picture, which is not supported")
    if head[4:8] in QUICKTIME_ATOMS:
        raise UnreadablePhotoError(f"{OTHER_BRANDS[b'qt  ']}, not a picture")
    if name := _signed(head.lstrip(b"\xef\xbb\xbf \r\n\t"), OTHER_KINDS):
        raise UnreadablePhotoError(f"{name}, not a picture")
    raise UnreadablePhotoError("not a picture of a supported format")


def _signed(head: bytes, signatures: tuple[tuple[int, bytes, str], ...]) -> str | None:
    return next((name for offset, signature, name in signatures if head.startswith(signature, offset)), None)


def _riff_kind(form: bytes) -> str:
    if form == b"WEBP":
        return "WebP"
    name = RIFF_KINDS.get(form)
    raise UnreadablePhotoError(f"{name}, not a picture" if name else "not a picture of a supported format")


def _still_kind(head: bytes) -> str:
    """HEIC, HEIF or AVIF; every other brand is a video of the MP4 family, or a sound."""
    brand = head[8:12]
    kind = STILL_BRANDS.get(brand)
    if kind is None:
        raise UnreadablePhotoError(f"{OTHER_BRANDS.get(brand, 'a video (MP4)')}, not a picture")
    length = int.from_bytes(head[:4], "big")
    compatible = {head[at : at + 4] for at in range(16, min(length, len(head)), 4)}
    # "mif1" says only how the file is built; the brands behind it say what the pictures are coded with.
    return "AVIF" if kind == "HEIF" and compatible & {b"avif", b"avis"} else kind
