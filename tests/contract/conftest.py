"""The recorded server: it answers what CoCalc 2024-07 was seen to answer."""

from tests.cocalc.conftest import client, server

__all__ = ["client", "server"]
