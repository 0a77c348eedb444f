"""Courses: making and changing them, dashboards, and where a file belongs."""
