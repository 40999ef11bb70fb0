"""Docket: an SMTP/IMAP gateway that gives marketplace support mail a legal record.

Start reading at ``gateway/pipeline.py``: it is the one path a message takes.
"""

__version__ = "0.1.0"
