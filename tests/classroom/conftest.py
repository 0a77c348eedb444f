"""Courses against the sandbox that tests/embedding starts."""

from tests.embedding.conftest import cocalc, sandbox, sandbox_process

__all__ = ["cocalc", "sandbox", "sandbox_process"]
