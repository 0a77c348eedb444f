"""Sizes in words, as `amounts.js` says them: a KB has 1024 bytes, on pages as in limits."""

_UNITS = ("KB", "MB", "GB", "TB", "PB", "EB")


def size_text(count: int) -> str:
    """Say how large something is: "1 byte", "900 bytes", "2 KB", "2.5 MB".

    `count` is below what 64 bits hold.
    """
    if count < 1024:
        return f"{count} byte{'' if count == 1 else 's'}"
    unit = next(unit for unit in range(1, len(_UNITS) + 1) if _tenths(count, unit) < 10240)
    whole, tenth = divmod(_tenths(count, unit), 10)
    return f"{whole}.{tenth} {_UNITS[unit - 1]}" if tenth else f"{whole} {_UNITS[unit - 1]}"


def _tenths(count: int, unit: int) -> int:
    # Half of a tenth counts as one, which Python's own rounding does not always do.
    size = 1 << 10 * unit
    return (count * 20 + size) // (size * 2)
