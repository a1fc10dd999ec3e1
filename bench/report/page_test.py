#!/usr/bin/env python3
"""The page: its markup, and what a real browser makes of it.

The browser is Debian's Chromium, steered by Selenium (chromium, chromium-driver,
python3-selenium). Without them that half is skipped, and fails where SMF_NOTHING_SKIPPED=1.
SMF_SCREENSHOTS=FOLDER keeps pictures of the page.
"""

import base64
import contextlib
import html.parser
import json
import os
import re
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import made_up  # noqa: E402
import page  # noqa: E402
import testing  # noqa: E402
import wording  # noqa: E402

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
except ImportError:
    webdriver = None

WIDE, PHONE = (1280, 900), (390, 844)


class Outline(html.parser.HTMLParser):
    """What a reader that does not look at the page goes by."""

    def __init__(self, markup):
        super().__init__()
        self.headings, self.ids, self.links, self.unlabelled, self.open = [], [], [], [], []
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if attributes.get("href", "").startswith("#"):
            self.links.append(attributes["href"][1:])
        if attributes.get("role") in ("img", "region") and not attributes.get("aria-label"):
            self.unlabelled.append(tag)
        if tag not in ("meta", "link", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes something else"


class Markup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page = page.render(testing.made_up_report(), testing.uplot())
        cls.outline = Outline(cls.page)

    def test_every_element_is_closed_and_every_link_leads_somewhere(self):
        self.assertEqual(self.outline.open, [])
        self.assertEqual(len(set(self.outline.ids)), len(self.outline.ids))
        self.assertEqual(set(self.outline.links) - set(self.outline.ids), set())

    def test_headings_leave_out_no_level_and_pictures_have_labels(self):
        self.assertEqual(self.outline.headings[0], 1)
        self.assertEqual(self.outline.headings.count(1), 1)
        self.assertEqual(self.outline.unlabelled, [])

    def test_nothing_is_fetched(self):
        own = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", self.page, flags=re.S)
        self.assertIn("default-src 'none'", own)
        self.assertEqual(
            re.findall(r"<(?:img|iframe|script src|link rel=\"stylesheet)[^>]*", own), []
        )

    def test_the_licence_of_the_charts_is_in_it(self):
        self.assertIn("Copyright (c) 2022 Leon Sorokin", self.page)

    def test_the_story_is_told(self):
        for said in (
            "1 figure got worse",
            "open/ours",
            "+1",
            "https://example.com/commit/",
            "https://example.com/blob/",
            "built without --define=peers=jit",
            "reading is faster at every size",
        ):
            self.assertIn(said, self.page)

    def test_names_cannot_become_markup(self):
        lines = made_up.history(3)
        evil = "</script><img src=x onerror=alert(1)>&\"'"
        for line in lines:
            line["describe"] = evil
            line["environment"] = {**line["environment"], "processor": evil}
            line["benchmarks"][0]["figures"][0]["name"] = evil + "/ours"
        rendered = page.render(testing.report_of(lines), testing.uplot())
        self.assertNotIn("<img", rendered)
        self.assertEqual(rendered.count("</script>"), 4)

    def test_a_first_run_has_a_page_too(self):
        rendered = page.render(testing.made_up_report(1), testing.uplot())
        self.assertIn("A first run", rendered)
        self.assertEqual(Outline(rendered).open, [])


class Words(unittest.TestCase):
    def test_numbers(self):
        for got, wanted in (
            (wording.amount(34.21, "ns"), "34.2 ns"),
            (wording.amount(1234.5, "ns"), "1.23 µs"),
            (wording.amount(0.000648, "ratio"), "0.000648"),
            (wording.amount(3211264, "bytes"), "3.06 MiB"),
            (wording.exact_amount(21346113, "instructions"), "21\u202f346\u202f113 instructions"),
            (wording.percent(1.1), "+10.0 %"),
            (wording.percent(0.95), "−5.0 %"),
            (wording.percent(1.00002), "+0.002 %"),
            (wording.percent(1), "0 %"),
            (wording.size(65536), "64 KiB"),
            (wording.count(1, "run"), "1 run"),
            (wording.count(2, "access", "accesses"), "2 accesses"),
            (wording.amount(0, "ns"), "0 ns"),
        ):
            self.assertEqual(got, wanted)


@contextlib.contextmanager
def browser():
    folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
    os.environ["HOME"] = folder
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        f"--user-data-dir={folder}/profile",
        "--host-resolver-rules=MAP * ~NOTFOUND",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
    try:
        yield driver
    finally:
        driver.quit()
        shutil.rmtree(folder, ignore_errors=True)


# Pixels of each chart that have the colour of its first series, or nearly.
COUNT_PIXELS = """
return [...document.querySelectorAll('.chart')].map((chart) => {
  const canvas = chart.querySelector('canvas');
  if (!canvas || !canvas.width) return [chart.dataset.chart, 0];
  const probe = document.createElement('canvas').getContext('2d');
  probe.fillStyle = chart.dataset.colour;
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    count += data[i + 3] > 200 && Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) +
        Math.abs(data[i + 2] - b) < 12;
  }
  return [chart.dataset.chart, count];
});
"""


class InChromium(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if webdriver is None or not shutil.which("chromium") or not shutil.which("chromedriver"):
            testing.skip(
                "the browser: chromium, chromium-driver and python3-selenium are not all here"
            )
        cls.report = testing.made_up_report()
        cls.folder = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        cls.url = f"file://{cls.folder.name}/index.html"
        with open(f"{cls.folder.name}/index.html", "w", encoding="utf-8") as file:
            file.write(page.render(cls.report, testing.uplot()))
        cls._browser = browser()
        cls.driver = cls._browser.__enter__()
        cls.driver.get("about:blank")
        cls.driver.get_log("performance")  # What the browser's first tab asked for is not ours.

    @classmethod
    def tearDownClass(cls):
        cls._browser.__exit__(None, None, None)
        cls.folder.cleanup()

    def open(self, size, scheme, name):
        """The page, with all groups opened as a reader opens them."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size is PHONE},
        )
        self.scheme(scheme)
        self.driver.get(self.url)
        self.picture(name)
        self.driver.execute_script(
            "document.querySelectorAll('details:not([open]) > summary').forEach(s => s.click())"
        )
        self.driver.execute_async_script(
            "requestAnimationFrame(() => setTimeout(arguments[0], 100))"
        )

    def scheme(self, scheme):
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )

    def picture(self, name):
        folder = os.environ.get("SMF_SCREENSHOTS")
        if not folder:
            return
        size = self.driver.execute_script(
            "return [innerWidth, document.documentElement.scrollHeight]"
        )
        taken = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot",
            {
                "captureBeyondViewport": True,
                "clip": {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1},
            },
        )
        with open(os.path.join(folder, f"{name}.png"), "wb") as file:
            file.write(base64.b64decode(taken["data"]))

    def assert_all_is_drawn(self):
        counted = dict(self.driver.execute_script(COUNT_PIXELS))
        distributions = {
            name
            for _, name in (
                (benchmark, entry["name"])
                for benchmark, entry in self.report.parts("distributions")
            )
            if name.endswith("/ours")
        }
        self.assertEqual(len(counted), len(self.report.judgements) + len(distributions))
        self.assertEqual([name for name, count in counted.items() if count < 100], [])

    def assert_quiet(self):
        """Nothing on the console, nothing asked of a network."""
        self.assertEqual(self.driver.get_log("browser"), [])
        messages = [
            json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")
        ]
        asked = [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]
        self.assertEqual({url for url in asked if not url.startswith("data:")} - {self.url}, set())
        self.assertIn(self.url, asked, "requests are not recorded: the test would see nothing")

    def assert_fits(self):
        wide, room = self.driver.execute_script(
            "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        self.assertLessEqual(wide, room)

    def test_light_and_dark_wide_and_on_a_phone(self):
        backgrounds = set()
        for size, scheme, name in (
            (WIDE, "light", "light"),
            (WIDE, "dark", "dark"),
            (PHONE, "light", "phone"),
            (PHONE, "dark", "phone_dark"),
        ):
            with self.subTest(name):
                self.open(size, scheme, name)
                self.assert_all_is_drawn()
                self.assert_fits()
                self.assert_quiet()
                backgrounds.add(
                    self.driver.execute_script(
                        "return getComputedStyle(document.body).backgroundColor"
                    )
                )
        self.assertEqual(len(backgrounds), 2)

    def test_a_change_of_the_scheme_or_the_width_draws_anew(self):
        self.open(WIDE, "light", "unused_1")
        before = self.driver.execute_script(
            "return document.querySelector('.chart').dataset.colour"
        )
        self.scheme("dark")
        self.driver.execute_async_script(
            "requestAnimationFrame(() => setTimeout(arguments[0], 200))"
        )
        self.assertNotEqual(
            before,
            self.driver.execute_script("return document.querySelector('.chart').dataset.colour"),
        )
        self.assert_all_is_drawn()
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False},
        )
        self.driver.execute_async_script(
            "requestAnimationFrame(() => setTimeout(arguments[0], 300))"
        )
        self.assert_all_is_drawn()
        self.assert_fits()

    def test_the_lines_can_show_time_and_tell_what_is_pointed_at(self):
        self.open(WIDE, "light", "unused_2")
        reading = "return document.querySelector('#f-cache-bench-hit-ours-ns .reading').textContent"
        self.assertIn("ratio to", self.driver.execute_script(reading))
        self.driver.execute_script(
            "document.querySelector('input[name=view][value=\"1\"]').click()"
        )
        self.assertIn("(time)", self.driver.execute_script(reading))
        self.assertRegex(self.driver.execute_script(reading), r"\d+(\.\d)? ns")
        self.assert_all_is_drawn()
        self.assert_quiet()

    def test_a_link_to_a_figure_opens_its_group(self):
        """Whether the page is entered by it or shown already."""
        name = "f-sdn-bench-parse-ours-ns"
        is_open = f"return document.getElementById('{name}').closest('details').open"
        for entered_by in ("", "#" + name):
            self.driver.get("about:blank")
            self.driver.get(self.url + entered_by)
            self.assertEqual(self.driver.execute_script(is_open), bool(entered_by))
            self.driver.execute_async_script(
                f"location.hash = '#{name}'; setTimeout(arguments[0], 100)"
            )
            self.assertTrue(self.driver.execute_script(is_open))


if __name__ == "__main__":
    unittest.main()
