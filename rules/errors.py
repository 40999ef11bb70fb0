"""What is wrong with a file that rules are read from, in words for the person who wrote it."""


class BookError(ValueError):
    """A rule book or data file cannot be used: the text says which file, which place in it, and how to mend it."""
