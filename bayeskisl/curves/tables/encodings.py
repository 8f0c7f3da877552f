"""Text in the encodings that programs of tables write."""

from bayeskisl.errors import InputError

__all__ = ["decoded"]

_SIGNS = "±×·°€£§µ²³«»–—‘’“”„…%\xa0"
_MOST_LETTERS = 40  # different ones beyond ASCII; a text in another alphabet or encoding has more
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def decoded(content: bytes, where: str) -> str:
    """Decode text in UTF-8, UTF-16 or Windows-1252, or raise an `InputError`."""
    encoding = "utf-16" if content.startswith(_UTF_16) else _without_mark(content[:200])
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as problem:
        western = _western(content)
        if western is not None:
            return western
        raise InputError("text in UTF-8", f"other bytes at {problem.start}", where, "save it as UTF-8") from None


def _western(content: bytes) -> str | None:
    """Decode Windows-1252, which Western European spreadsheets write; digits are the same in all such encodings."""
    if len(set(content) & set(range(0x80, 0x100))) > _MOST_LETTERS:
        return None
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        return None
    odd = [sign for sign in text if sign > "\x7f" and (sign in "ÿþ" or not (sign.isalpha() or sign in _SIGNS))]
    return None if odd or not text.replace("\r", "").replace("\n", "").replace("\t", "").isprintable() else text


def _without_mark(start: bytes) -> str:
    """Detect UTF-16 without a byte-order mark: every other byte of plain letters and digits is zero."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if len(start) >= 8 and odd > len(start) / 4 and even == 0:
        return "utf-16-le"
    return "utf-16-be" if len(start) >= 8 and even > len(start) / 4 and odd == 0 else "utf-8-sig"
