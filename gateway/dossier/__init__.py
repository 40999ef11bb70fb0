"""The read side: from store and archive to people."""
