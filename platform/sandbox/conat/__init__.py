"""The face of the servers of September 2025 to July 2026: the bridges to hub and projects, and v2.

Nobody has seen one of them run here: all of it was read from the source of a server.
"""
