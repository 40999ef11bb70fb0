"""One module a page: its handlers, and ROUTES."""
