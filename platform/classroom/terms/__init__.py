"""The next term: a whole course, or assignments of one, made once more with their files."""
