"""Which browser a user-agent string speaks of, in a few words. It may lie: it is shown beside the string, never trusted."""

from gateway.tongue import _

# Browsers call themselves by those whose pages they can show: the most particular name comes first.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_CHARS = 40


def browser_in(client: str) -> str:
    """Return what a user-agent string says of browser and system; one that says nothing known, its beginning.

    >>> browser_in("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
    'Firefox on Linux'
    >>> browser_in("curl/8.5.0")
    'curl/8.5.0'
    """
    browser = next((name for sign, name in _BROWSERS if sign in client), "")
    system = next((name for sign, name in _SYSTEMS if sign in client), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or (client if len(client) <= _CHARS else f"{client[: _CHARS - 1]}…")
