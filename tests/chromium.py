"""A real Chromium, driven by selenium; a test module imports `browser`.

Skipped where Chromium, its driver or selenium is missing, an error there if
`KERASAD_NEEDS_BROWSER` is set.
"""

import os
import shutil

import pytest

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BROWSERS = ["chromium", "chromium-browser", "google-chrome", "chrome"]


def found(names):
    paths = [path for path in map(shutil.which, names) if path]
    if paths:
        return paths[0]
    missing(f"needs {' or '.join(names)} on the PATH")


def missing(reason):
    if os.environ.get("KERASAD_NEEDS_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    binary, driver = found(BROWSERS), found(["chromedriver"])
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        missing("needs selenium: pip install 'kerasad[test]'")

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    profile = tmp_path_factory.mktemp("profile")
    for flag in [*FLAGS, f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    logs = {"browser": "ALL", "performance": "ALL"}
    options.set_capability("goog:loggingPrefs", logs)
    browser = webdriver.Chrome(options=options, service=Service(driver))
    yield browser
    browser.quit()
