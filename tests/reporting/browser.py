"""Headless Chromium, driven through WebDriver's own HTTP interface, so that no browser library is needed."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
_CAPABILITIES = {
    "browserName": "chrome",
    "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    "goog:chromeOptions": {
        "binary": BROWSER,
        "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"],
    },
}


class Browser:
    """One tab."""

    def __init__(self, server):
        self._server = server
        self._session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": _CAPABILITIES}})["sessionId"]

    def open(self, path):
        self.ask("POST", "url", {"url": path.resolve().as_uri()})

    def run(self, script, *arguments):
        """Value of a piece of JavaScript, ``return document.title``."""
        return self.ask("POST", "execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script, *arguments, patience=240):
        """Wait until a piece of JavaScript returns something true."""
        deadline = time.monotonic() + patience
        while not self.run(script, *arguments):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not true within {patience} s: {script}")
            time.sleep(0.05)

    def press(self, key):
        """Press one key, by its code in WebDriver's table, where the focus is."""
        strokes = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self.ask("POST", "actions", {"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]})

    def set_color_scheme(self, scheme):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.ask("POST", "goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": media})

    def log(self, kind):
        """What was logged since the last call: ``browser`` (the console) or ``performance`` (network events)."""
        return self.ask("POST", "se/log", {"type": kind})

    def requests(self):
        """Addresses that were asked for, data: and file: addresses included."""
        events = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]

    def close(self):
        self.ask("DELETE", "")

    def ask(self, method, command, content=None):
        return self._ask(method, f"/session/{self._session}/{command}".rstrip("/"), content)

    def _ask(self, method, path, content=None):
        body = None if content is None else json.dumps(content).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._server + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=240) as answer:
            return json.load(answer)["value"]


@contextmanager
def browser():
    """A browser that is closed at the end, whatever happens."""
    driver = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        tab = Browser(f"http://127.0.0.1:{_port_of(driver)}")
        try:
            yield tab
        finally:
            tab.close()
    finally:
        driver.terminate()
        driver.wait(timeout=20)
        driver.stdout.close()


def _port_of(driver):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        line = driver.stdout.readline()
        if "was started successfully on port" in line:
            return int(line.rsplit(maxsplit=1)[-1].rstrip("."))
    raise TimeoutError("chromedriver did not start within 30 s")
