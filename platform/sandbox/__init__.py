"""A stand-in for CoCalc on one machine: for the demo, for development and for tests.

It speaks as two generations do, also at once on two addresses: as a server of July 2024 was
observed to (`api`: API v1, sign-in by a token in the address), and as servers of September 2025 to
July 2026 do by their source (`conat`). Accounts, projects, the kiosk page and its message channel
are the same for both. Notebooks are served by a real Jupyter Server, one process a project. It
isolates nobody: what runs in a project runs as you. So it listens on loopback only.
"""
