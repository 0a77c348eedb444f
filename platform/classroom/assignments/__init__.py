"""Assignments: their files, student versions, dates and extensions."""
