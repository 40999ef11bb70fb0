"""Search: plain Documents in, Hits out. Knows nothing of mail, the archive or the store."""
