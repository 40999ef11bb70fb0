"""A headless Chromium of its own, that speaks to nobody but the pages it is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.conftest import program
from tests.small_house import PASSWORD

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)


@contextmanager
def chromium(
    place: Path, *, width: int = 1360, scheme: str = "light", flags: tuple[str, ...] = ()
) -> Iterator[webdriver.Chrome]:
    """Start a browser with a new profile; its console is kept for ``get_log("browser")``."""
    options = Options()
    options.binary_location = program("chromium") or ""
    for flag in (*_FLAGS, *flags, f"--user-data-dir={place / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
    try:
        look(browser, width=width, scheme=scheme)
        yield browser
    finally:
        browser.quit()


def look(browser: webdriver.Chrome, *, width: int, scheme: str) -> None:
    """Show pages from now on in a width and in light or dark."""
    size = {"width": width, "height": 860, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def log_in(browser: webdriver.Chrome, url: str) -> None:
    """Log in through the form, as a person does."""
    browser.get(url + "/login")
    browser.find_element(By.ID, "name").send_keys("anna")
    browser.find_element(By.ID, "password").send_keys(PASSWORD)
    browser.find_element(By.CSS_SELECTOR, "button.main").click()
    WebDriverWait(browser, 10).until(lambda _: browser.current_url == url + "/")
