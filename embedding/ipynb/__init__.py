"""Notebook files alone: read as other programs write them, within limits, and repaired.

`reading` is the way in, for what is uploaded, handed out and graded alike, so that none of these
refuses what another takes. Nothing here knows Django, CoCalc or a course, and nobody's file is
changed by being read.
"""
