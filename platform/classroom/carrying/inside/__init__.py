"""What is sent into projects to run there: it stands alone."""
