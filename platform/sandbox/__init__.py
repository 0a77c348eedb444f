"""A stand-in for CoCalc on one machine: for the demo, for development and for tests.

It speaks as a CoCalc server of July 2024 was observed to speak: API v1, sign-in by auth token, the
kiosk page and its message channel. Notebooks are served by a real Jupyter Server, one process a
project. It isolates nobody: what runs in a project runs as you. So it listens on loopback only.
"""
