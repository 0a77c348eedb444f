"""The driver for API v1."""
