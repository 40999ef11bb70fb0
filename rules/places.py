"""The places of a message in words, for reasons that people read."""


def place_of(where: str) -> str:
    """Name a part in words.

    >>> place_of("attachment:0:name")
    'the name of attachment 1'
    """
    match where.split(":", 2):
        case ["link", number]:
            return f"link {int(number) + 1}"
        case ["header", name]:
            return f"the header {name}"
        case ["attachment", number, "name"]:
            return f"the name of attachment {int(number) + 1}"
        case ["attachment", number, "barcode"]:
            return f"a barcode in attachment {int(number) + 1}"
        case ["attachment", number, _]:
            return f"attachment {int(number) + 1}"
        case _:
            return f"the {where}"
