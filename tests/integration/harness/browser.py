"""A headless Chromium, driven through chromedriver by the WebDriver protocol."""

import base64
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request

from harness.deadline import DEADLINE, wait_until

PROGRAMS = ("chromium", "chromedriver")
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # as the protocol names a reference to an element
_ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
              "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"]
TAB, ENTER, SPACE = "\ue004", "\ue007", " "


def is_installed():
    return all(shutil.which(program) for program in PROGRAMS)


class Browser:
    """One window.  Everything it writes lies in `directory`."""

    def __init__(self, directory):
        self._log = open(directory / "chromedriver.log", "wb")
        self._driver = subprocess.Popen(["chromedriver", "--port=0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, text=True)
        self._session = None
        try:
            self._address = f"http://127.0.0.1:{self._read_port()}"
            capabilities = {"browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
                            "goog:chromeOptions": {"binary": shutil.which("chromium"),
                                                   "args": [*_ARGUMENTS, f"--user-data-dir={directory / 'chromium'}"]}}
            self._session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})["sessionId"]
        except BaseException:
            self.stop()
            raise

    def _read_port(self):
        for line in self._driver.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                return int(found[1])
        raise AssertionError("chromedriver did not start")

    def stop(self):
        try:
            if self._session:
                self._call("DELETE", f"/session/{self._session}")
        finally:
            self._driver.kill()
            self._driver.wait()
            self._driver.stdout.close()
            self._log.close()

    def _call(self, method, path, body=None):
        data = json.dumps(body if body is not None else {}).encode() if method == "POST" else None
        request = urllib.request.Request(self._address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=4 * DEADLINE) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode(errors='replace')[:2000]}") from None

    def _of_session(self, method, path, body=None):
        return self._call(method, f"/session/{self._session}{path}", body)

    def open(self, address):
        self._of_session("POST", "/url", {"url": address})

    def run(self, script, *arguments):
        """What the body of a function returns; `arguments` are its arguments."""
        return self._of_session("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script, *arguments):
        """Until it returns something true."""
        return wait_until(lambda: self.run(script, *arguments), lambda: f"{script} {arguments}: {self.run('return document.body.innerText')[:3000]}")

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0]).textContent", selector)

    def click(self, selector):
        found = self._of_session("POST", "/element", {"using": "css selector", "value": selector})
        self._of_session("POST", f"/element/{found[_ELEMENT]}/click")

    def press(self, *keys):
        """On the keyboard, one after the other."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._of_session("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def look_like(self, scheme, width, height=900):
        """"light" or "dark", in a window of that size."""
        self._devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def _devtools(self, command, **parameters):
        return self._of_session("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def screenshot(self, path):
        """What of the page is in the window."""
        reply = self._devtools("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(reply["data"]))

    def complaints(self):
        """What the console was told since it was last asked: errors of scripts, breaches of the page's policy, failed loads."""
        return [f"{entry['level']} {entry['message']}" for entry in self._of_session("POST", "/se/log", {"type": "browser"})]

    def accessibility(self):
        """What a screen reader is told: (role, name) of everything."""
        nodes = self._devtools("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]
