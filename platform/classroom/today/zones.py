"""Time zones to choose from."""

import zoneinfo
from functools import cache
from itertools import groupby

# Not those of old, nor the offsets with no place, which know no summer time.
_REGIONS = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe"),
    *("Indian", "Pacific"),
)


@cache
def zones() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the zones by region, each with what people call it: its city."""
    names = sorted(zoneinfo.available_timezones())
    placed = [name for name in names if name.partition("/")[0] in _REGIONS and "/" in name]
    regions = [
        (region, [(name, name.partition("/")[2].replace("_", " ")) for name in found])
        for region, found in groupby(placed, key=lambda name: name.partition("/")[0])
    ]
    return [*regions, ("UTC", [("UTC", "UTC")])]
