"""Notebooks marked for nbgrader: the students' version, and the autograder's scores.

Pure functions over notebooks as bytes, which know neither Django nor CoCalc. They read and write
the cell metadata of nbgrader 0.9 (`schema_version` 3), so that a teacher may go on with nbgrader
itself, and a notebook made with it comes out of here as it would out of nbgrader. Where they
differ on purpose, the function says so.
"""
