"""Pages of a table of any size: rows are counted only as far as somebody would turn pages."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator

MOST = 10_000

if TYPE_CHECKING:
    Base = Paginator[Any]
else:  # Django's own class takes no parameters
    Base = Paginator


class Capped(Base):
    """Shows the first MOST rows; the rest is found by a filter or a search."""

    @cached_property
    def count(self) -> int:
        """How many rows can be shown. It reads no more than that, in no order."""
        return min(self._counted, MOST)

    @property
    def is_capped(self) -> bool:
        """Whether there are more rows than are shown."""
        return self._counted > MOST

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[: MOST + 1].count())
