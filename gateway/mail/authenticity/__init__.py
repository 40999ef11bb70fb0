"""Who sent a message: DKIM, SPF, DMARC, ARC and what a trusted server says. Pure: DNS answers are values."""
