"""Grading: the matrix, the desk, runs in all projects, scores in and out."""
