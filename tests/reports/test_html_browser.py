"""The report in a real Chromium, by keyboard, at two widths.

Needs Chromium, its driver and selenium; skipped where one is missing, an
error there if `KERASAD_NEEDS_BROWSER` is set.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from kerasad.metrics import confusion
from kerasad.reports.html import write_report
from kerasad.reports.plots import ScoreAxis
from tests.reports.evaluations import SHIFTS, make_detector, make_evaluation

DESKTOP, PHONE = (1280, 900), (390, 844)
HOSTILE = "<img src=x onerror=document.title='hacked'>.png"


@pytest.fixture(scope="module")
def detector():
    return make_detector()


@pytest.fixture(scope="module")
def evaluation(detector):
    names = [f"{index:03d}.png" for index in range(11)]
    evaluation = make_evaluation(detector, names=[HOSTILE, *names])
    # A score equal to the threshold is not flagged.
    evaluation.scores[7] = detector.threshold["threshold"]
    evaluation.flagged[7] = False
    return evaluation


@pytest.fixture(scope="module")
def address(evaluation, detector, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(evaluation, detector, path, SHIFTS)
    return path.as_uri()


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def page(request, browser, address):
    """The report just opened; in the end, nothing was said or asked for."""
    width, height = request.param
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {
            "width": width,
            "height": height,
            "deviceScaleFactor": 1,
            "mobile": width < 600,
        },
    )
    browser.get_log("browser"), browser.get_log("performance")
    browser.get(address)
    yield browser
    assert browser.get_log("browser") == []
    messages = [
        json.loads(entry["message"])["message"]
        for entry in browser.get_log("performance")
    ]
    asked = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    assert address in asked  # so the log does tell
    assert all(url == address or url.startswith("data:") for url in asked)


def one(page, selector):
    return page.find_element("css selector", selector)


def soon(page, true):
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(page, 10).until(lambda _: true())


def drawn(page, selector):
    """Widths of pictures, 0 while one is not there or broken."""
    return page.execute_script(
        "return [...document.querySelectorAll(arguments[0])]"
        ".map(image => image.complete ? image.naturalWidth : 0)",
        selector,
    )


def counts(page, root):
    return {
        kind: int(one(page, f"{root} [data-count={kind}]").text)
        for kind in ("tp", "tn", "fp", "fn")
    }


def check_all_numbers(page, evaluation, threshold):
    """Table, chips, rates and gallery against numpy."""
    labels = np.array([sample.label for sample in evaluation.samples], bool)
    flagged = evaluation.scores > threshold
    expected = confusion(labels, flagged)
    wanted = {kind: expected[kind] for kind in ("tp", "tn", "fp", "fn")}
    assert counts(page, ".matrix") == counts(page, ".chips") == wanted
    for name in ("recall", "fpr", "precision", "f1", "accuracy"):
        shown = one(page, f"[data-rate={name}]").text
        if expected[name] is None:
            assert shown == "undefined: no image is flagged"
        else:
            assert float(shown) == pytest.approx(expected[name], abs=5e-4)
    for name in ("crack", "poke"):
        own = [sample.defect == name for sample in evaluation.samples]
        shown = one(page, f"[data-found={name}]").text
        assert int(shown) == flagged[own].sum()
    cards = page.execute_script(
        "return [...document.querySelectorAll('#cards > li')]"
        ".map(card => [card.dataset.index, card.dataset.outcome])"
    )
    order = np.array([int(index) for index, _ in cards])
    right = (flagged == labels)[order]
    assert (np.diff(right.astype(int)) >= 0).all()  # misclassified first
    for (_, kind), i in zip(cards, order, strict=True):
        word = ("t" if flagged[i] == labels[i] else "f") + "np"[int(flagged[i])]
        assert kind == word


def value(page):
    return int(one(page, "#threshold-range").get_property("value"))


def test_the_slider_moves_by_keyboard(page, evaluation, detector):
    from selenium.webdriver.common.keys import Keys

    fitted = detector.threshold["threshold"]
    axis = ScoreAxis(
        detector.calibration["scores"], evaluation.scores, [fitted]
    )
    slider = one(page, "#threshold-range")
    check_all_numbers(page, evaluation, fitted)
    before = value(page)
    assert before == round(1000 * float(axis.place(fitted)))
    seen = set()
    moves = [
        [Keys.ARROW_RIGHT] * 3,
        [Keys.PAGE_UP],
        [Keys.PAGE_UP],
        [Keys.ARROW_LEFT],
        [Keys.END],
        [Keys.HOME],
        [Keys.PAGE_UP] * 3,
    ]
    for move in moves:
        slider.send_keys(*move)
        assert value(page) != before
        before = value(page)
        bent = axis.low + before / 1000 * (axis.high - axis.low)
        threshold = axis.centre + axis.width * np.sinh(bent)
        check_all_numbers(page, evaluation, threshold)
        seen.add(tuple(counts(page, ".matrix").values()))
        spoken = slider.get_attribute("aria-valuetext")
        assert f": {counts(page, '.matrix')['tp']} found" in spoken
    assert len(seen) > 4
    assert one(page, "#moved").is_displayed()

    one(page, "#reset").send_keys(Keys.ENTER)
    check_all_numbers(page, evaluation, fitted)
    assert not one(page, "#moved").is_displayed()
    assert page.switch_to.active_element == slider


def test_the_line_is_dragged(page, evaluation):
    from selenium.webdriver.common.action_chains import ActionChains

    histogram = one(page, ".histogram")
    width = histogram.size["width"]
    ActionChains(page).move_to_element_with_offset(
        histogram, int(-0.2 * width), 0
    ).click_and_hold().move_by_offset(int(0.6 * width), 0).release().perform()
    assert abs(value(page) - 900) < 15
    placed = one(page, ".cutline line").get_attribute("x1")
    assert float(placed.rstrip("%")) == pytest.approx(value(page) / 10, abs=0.1)
    table = counts(page, ".matrix")
    assert sum(table.values()) == len(evaluation.samples)
    assert table["fn"] > 0 and table["fp"] == 0


def shown(page):
    """Outcome and defect of the images that are shown."""
    return [
        (
            card.get_attribute("data-outcome"),
            one(card, ".name").text.split("/")[0],
        )
        for card in page.find_elements("css selector", "#cards > li")
        if card.is_displayed()
    ]


def test_the_gallery_is_filtered(page, evaluation):
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.select import Select

    everything = shown(page)
    assert len(everything) == len(evaluation.samples)
    for kind, number in counts(page, ".chips").items():
        chip = one(page, f".chips [data-show={kind}]")
        chip.send_keys(Keys.SPACE)
        assert chip.get_attribute("aria-pressed") == "true"
        assert [own for own, _ in shown(page)] == [kind] * number
    one(page, ".chips [data-show='']").send_keys(Keys.ENTER)
    assert shown(page) == everything

    Select(one(page, "#defect")).select_by_visible_text("poke")
    assert [defect for _, defect in shown(page)] == ["poke"] * 3
    assert "3 of 12" in one(page, "#shown").text
    one(page, ".matrix [data-show=tn]").send_keys(Keys.ENTER)
    assert shown(page) == []
    assert one(page, "#shown").text == "No image matches the filter"

    one(page, ".matrix [data-show=tn]").send_keys(Keys.ENTER)  # no longer
    Select(one(page, "#defect")).select_by_visible_text("all")
    Select(one(page, "#order")).select_by_visible_text("lowest score first")
    scores = [
        float(own.text)
        for own in page.find_elements("css selector", "#cards .score")
    ]
    assert scores == sorted(scores)


def test_heatmap_and_outline_can_be_left_out(page):
    for name in ("heat", "outline"):
        layer = one(page, f"#cards .{name}")
        assert layer.value_of_css_property("visibility") == "visible"
        one(page, f"#show-{name}").send_keys(" ")
        assert layer.value_of_css_property("visibility") == "hidden"


def test_an_image_is_looked_at_by_keyboard(page):
    from selenium.webdriver.common.keys import Keys

    cards = page.find_elements("css selector", "#cards button")
    names = [one(card, ".name").text for card in cards]
    cards[0].send_keys(Keys.ENTER)
    viewer, name = one(page, "#viewer"), one(page, "#viewer-name")
    assert viewer.is_displayed() and name.text == names[0]
    page.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert name.text == names[1]
    # Input, again under its map, map, reconstruction.
    soon(page, lambda: drawn(page, "#viewer img") == [32] * 4)
    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not viewer.is_displayed()
    soon(page, lambda: page.switch_to.active_element == cards[1])


def test_it_fits_and_all_pictures_are_drawn(page):
    wide, room, window = page.execute_script(
        "const root = document.documentElement;"
        "return [root.scrollWidth, root.clientWidth, window.innerWidth]"
    )
    assert wide == room  # nothing to scroll sideways
    assert window in (DESKTOP[0], PHONE[0])  # a phone would zoom out instead
    soon(page, lambda: set(drawn(page, "#cards img")) == {32})
    entries = page.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)"
    )
    assert all(entry.startswith("data:") for entry in entries)
    assert page.title != "hacked"
    assert HOSTILE in one(page, "[data-index='0'] .name").text


def test_several_images_stand_in_a_row(page):
    cards = page.find_elements("css selector", "#cards li")
    tops = [card.location["y"] for card in cards]
    in_a_row = 6 if one(page, "html").size["width"] > 600 else 2
    assert tops.count(min(tops)) == in_a_row


def test_dark_mode(page):
    def ground(scheme):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        page.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [feature]}
        )
        colour = one(page, "body").value_of_css_property("background-color")
        return [int(part) for part in colour[5:-1].split(",")[:3]]

    assert min(ground("light")) > 240
    assert max(ground("dark")) < 40


def test_the_policy_forbids_network_and_foreign_scripts(browser, address):
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        browser.get(address)
        blocked = browser.execute_async_script(
            """
            const [url, done] = arguments, blocked = [];
            document.addEventListener("securitypolicyviolation", (event) => {
              blocked.push(event.effectiveDirective);
            });
            document.body.append(Object.assign(new Image(), { src: url }));
            const script = document.createElement("script");
            script.textContent = "document.title = 'hacked'";
            document.body.append(script);
            document.body.insertAdjacentHTML("beforeend",
              "<b onclick='' style='color:red'></b>");
            fetch(url).catch(() => setTimeout(() => done(blocked), 100));
            """,
            f"http://127.0.0.1:{server.server_port}/",
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        browser.get_log("browser")
    assert asked == []
    assert browser.title != "hacked"
    assert {
        "connect-src",
        "img-src",
        "script-src-elem",
        "style-src-attr",
    } <= set(blocked)
