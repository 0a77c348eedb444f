"""The whole chain from this site's settings to an open notebook, link by link."""
