"""What wants attention, shown where agents work: folders and keywords on their own IMAP server, kept in step with the record."""
