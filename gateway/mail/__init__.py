"""Mail as values: bytes in, values out. Nothing here touches a disk, a socket or a clock."""
