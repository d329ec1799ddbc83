"""The operator's page in a real Chromium, with a real server behind it."""

import os

import pytest

from tests.cli.test_domain import accurate  # noqa: F401
from tests.serving.client import Running
from tests.serving.conftest import png

pytestmark = pytest.mark.filterwarnings("ignore")
HOSTILE = "<img src=x onerror=document.title='hacked'>.png"


def one(root, selector):
    return root.find_element("css selector", selector)


def wait(page, true):
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(page, 30).until(lambda _: true())


@pytest.fixture
def page(browser, running):
    # A page that stays open asks its server again, of which the log tells once
    # that is gone.
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(running.address)
    yield browser
    browser.get("about:blank")
    assert [entry["message"] for entry in browser.get_log("browser")] == []


def cards(page):
    return page.find_elements("css selector", ".recent li")


def test_it_follows_what_comes(page, running, photos, part, stricter, rng):
    wait(page, lambda: one(page, "h2").text == "part")
    assert "No image yet. Send one: curl" in one(page, ".empty").text
    running.predict(photos[0])
    running.predict(photos[2], query=f"?path={HOSTILE.replace(' ', '%20')}")
    wait(page, lambda: len(cards(page)) == 2)
    verdicts = [one(card, "strong").text for card in cards(page)]
    assert verdicts == ["anomalous", "normal"]
    assert not one(page, ".empty").is_displayed()
    widths = (
        "return [...document.querySelectorAll('.recent img')]"
        ".map(image => image.complete ? image.naturalWidth : 0)"
    )
    wait(page, lambda: page.execute_script(widths) == [32] * 4)
    plain, heat = (one(cards(page)[0], f".{n}") for n in ("plain", "overlay"))
    assert plain.get_attribute("src") != heat.get_attribute("src")
    facts = one(page, ".facts").text
    assert "2 images, 1 flagged" in facts and "at most 10 %" in facts
    assert one(page, ".verdict").text == ""  # too few to judge

    # Another light: all photos are flagged, and the page says so.
    for _ in range(25):
        bright = rng.integers(200, 256, (32, 32, 3)).astype("uint8")
        assert running.predict(png(bright))[0] == 200
    wait(page, lambda: "alarm" in one(page, ".verdict").get_attribute("class"))
    assert "are not like those calibrated on" in one(page, ".verdict").text
    assert "26 of the last 27 flagged" in one(page, ".rate-words").text
    assert "under 0.01 %" in one(page, ".scores-words").text
    assert len(cards(page)) == 24
    assert page.find_elements("css selector", ".scores .was")
    assert one(page, ".scores .now") and one(page, ".rate .limit")
    if folder := os.environ.get("KERASAD_SCREENSHOTS"):
        page.set_window_size(1280, 1000)
        page.save_screenshot(os.path.join(folder, "operator.png"))

    # A new detector begins a new comparison.
    version = one(page, ".facts").text.split()[1]
    beside = part.with_name("beside")
    beside.write_bytes(stricter)
    os.replace(beside, part)
    wait(page, lambda: one(page, ".facts").text.split()[1] != version)
    assert "0 images, 0 flagged" in one(page, ".facts").text
    beside.write_bytes(b"broken")
    os.replace(beside, part)
    wait(page, lambda: one(page, ".failure").is_displayed())
    assert "cannot be loaded" in one(page, ".failure").text
    assert page.title == "kerasad"


def test_how_an_image_was_taken(browser, accurate, rng):  # noqa: F811
    detector, data, moved = accurate
    still = data / "test" / "good" / "01.png"
    with Running(f"part={detector}") as server:
        browser.get(server.address)
        wait(browser, lambda: one(browser, "h2").text == "part")
        assert server.predict(still.read_bytes())[0] == 200
        wait(browser, lambda: len(cards(browser)) == 1)
        words = one(browser, ".conditions").text
        assert words and "size" not in words and "turned" not in words
        assert not one(browser, ".beyond").is_displayed()
        assert server.predict((moved / "01.png").read_bytes())[0] == 200
        wait(browser, lambda: len(cards(browser)) == 2)
        words = one(browser, ".conditions").text
        size = words.partition("size × ")[2].partition(",")[0]
        assert float(size) == pytest.approx(1.1, abs=0.02)
        assert "turned 3." in words or "turned 2.9" in words
        other = rng.integers(0, 256, (64, 80, 3)).astype("uint8")
        answer = server.predict(png(other))[1]
        assert answer["is_anomalous"] is None and not answer["in_domain"]
        wait(browser, lambda: one(browser, ".beyond").is_displayed())
        assert "1 of the last 3 not judged" in one(browser, ".beyond").text
        wait(browser, lambda: len(cards(browser)) == 3)
        card = cards(browser)[0]
        assert one(card, "strong").text == "not judged"
        assert card.get_attribute("class") == "not-judged"
        if folder := os.environ.get("KERASAD_SCREENSHOTS"):
            browser.save_screenshot(os.path.join(folder, "conditions.png"))
        browser.get("about:blank")  # or it goes on asking
    browser.get_log("browser")


def test_it_fits_a_phone(page, running, photos):
    for _ in range(6):
        running.predict(photos[1])
    page.set_window_size(390, 844)
    wait(page, lambda: len(cards(page)) == 6)
    wide, room = page.execute_script(
        "const root = document.documentElement;"
        "return [root.scrollWidth, root.clientWidth]"
    )
    page.set_window_size(1280, 900)
    assert wide == room


def test_the_page_loads_nothing_from_elsewhere(page, running):
    wait(page, lambda: one(page, "h2").text == "part")
    names = page.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)"
    )
    assert names
    assert all(name.startswith(running.address) for name in names)


def test_it_says_when_the_server_is_gone(browser, part):
    with Running(part) as server:
        browser.get(server.address)
        wait(browser, lambda: one(browser, "h2").text == "part")
    wait(browser, lambda: "no answer" in one(browser, "#state").text)
    browser.get_log("browser")


def test_a_browser_with_the_token(browser, part):
    with Running(part, KERASAD_TOKEN="s3cret") as server:
        browser.get(f"{server.address}/?token=s3cret")
        wait(browser, lambda: one(browser, "h2").text == "part")
        assert "token" not in browser.current_url
    browser.delete_all_cookies()
    browser.get_log("browser")
