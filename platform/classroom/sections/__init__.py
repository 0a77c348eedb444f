"""Sections of a course, accommodations, and what follows from the times that these give."""
