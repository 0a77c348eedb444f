"""The check of the connection, as a page: link by link, then in the browser itself."""
