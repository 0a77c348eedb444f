"""The driver for CoCalc's bridges, which it has since September 2025."""

from embedding.cocalc.conat.driver import ConatClient
from embedding.cocalc.wire import Limits

__all__ = ["ConatClient", "Limits"]
