"""The stage of tests of the admin port's page: a gate, and a browser that looks at it."""

import os
import pathlib
import unittest

from harness.browser import Browser, is_installed
from harness.cases import USERS
from harness.deadline import wait_until
from harness.processes import Directory, RedisServer, Respgate, free_port

REQUIRED = os.environ.get("RESPGATE_TEST_PAGE") == "required"
SCREENSHOTS = os.environ.get("RESPGATE_TEST_SCREENSHOTS")
SIZES = [(scheme, width) for scheme in ("light", "dark") for width in (390, 1400)]



class PageCase(unittest.TestCase):
    """A gate whose admin port speaks TCP; the page is open and has its first answers when a test begins."""

    users = USERS
    admin_host = "127.0.0.1"

    @classmethod
    def setUpClass(cls):
        if not is_installed():
            if REQUIRED:
                raise AssertionError("chromium and chromedriver are not installed")
            raise unittest.SkipTest("no chromium and chromedriver (make test-page installs them)")
        directory = Directory()
        cls.addClassCleanup(directory.remove)
        cls.browser = Browser(directory)
        cls.addClassCleanup(cls.browser.stop)

    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.server = RedisServer(self.directory)
        self.addCleanup(self.server.stop)
        self.start_gate()
        self.open_page()

    def start_gate(self, changes=None, **options):
        self.address = f"{self.admin_host}:{free_port()}"
        self.gate = Respgate(self.directory, self.server, self.users,
                             {"admin": {"address": self.address}, "audit": {"keys": "plain"}, **(changes or {})}, **options)
        self.addCleanup(self.gate.stop)

    def open_page(self):
        self.browser.look_like("light", 1400)
        self.browser.open(f"http://{self.address.replace('0.0.0.0', '127.0.0.1')}/")
        self.wait_live()

    def wait_live(self):
        self.browser.wait("return document.getElementById('connection').textContent === 'Live' && document.querySelector('#users-table tbody th') !== null")

    def connect(self, user):
        client = self.gate.client(user, f"{user}-secret")
        self.addCleanup(client.close)
        return client

    def rows(self, table):
        """The cells of each row of its body, as texts."""
        return self.browser.run("return [...document.querySelectorAll(`#${arguments[0]} tbody tr:not(.empty)`)].map(row => "
                                "[...row.cells].map(cell => cell.textContent))", table)

    def wait_row(self, table, *texts):
        """A row of that table which holds all of these texts."""
        def there():
            return next((row for row in self.rows(table) if all(text in " ".join(row) for text in texts)), None)
        return wait_until(there, lambda: f"{texts} in {self.rows(table)[:20]}")

    def wait_rows(self, table, rows):
        """Until these are all rows of that table; of each, the first cells."""
        wait_until(lambda: [row[:len(rows[0])] for row in self.rows(table)] == rows, lambda: f"{rows}, not {self.rows(table)[:20]}")

    def assert_no_complaints(self):
        self.assertEqual(self.browser.complaints(), [])

    def assert_it_can_be_read(self, name):
        """In every scheme and width: no text too faint, nothing wider than the window."""
        for scheme, width in (*SIZES, ("light", 320)):
            with self.subTest(scheme=scheme, width=width):
                self.browser.look_like(scheme, width)
                self.assertEqual(self.browser.run(FAINT_TEXTS), [])
                self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth"), 0)
                if SCREENSHOTS:
                    self.browser.look_like(scheme, width, self.browser.run("return document.documentElement.scrollHeight"))
                    self.browser.screenshot(pathlib.Path(SCREENSHOTS) / f"{name}-{scheme}-{width}.png")


# Texts that are seen and whose contrast with what is behind them is below 4.5, each with its ratio.
FAINT_TEXTS = """
const parts = (colour) => colour.match(/[0-9.]+/g).map(Number);
const luminance = (colour) => parts(colour).slice(0, 3).map((c) => c / 255)
  .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const ground = (node) => {
  for (let at = node; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if ((parts(colour)[3] ?? 1) === 1) return colour;
  }
  return 'rgb(255, 255, 255)';
};
const faint = [];
let seen = 0;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const at = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !at.checkVisibility() || at.localName === 'script') continue;
  seen += 1;
  const [dark, light] = [luminance(getComputedStyle(at).color), luminance(ground(at))].sort((a, b) => a - b);
  const ratio = (light + 0.05) / (dark + 0.05);
  if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${walker.currentNode.data}`);
}
return seen > 20 ? faint : ['hardly any text was seen'];
"""
