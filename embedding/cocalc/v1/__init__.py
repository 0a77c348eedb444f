"""The driver for API v1, which CoCalc had until October 2024."""

from embedding.cocalc.v1.driver import V1Client
from embedding.cocalc.wire import Limits

__all__ = ["Limits", "V1Client"]
