"""A real browser, driven over two pipes: what a page looks like, what it asks for, what it complains of."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE = 60
"""Seconds that any answer may take."""
WORDS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--remote-debugging-pipe"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps"),
)


class Chromium:
    """One tab. asked: every address that the page asked for; complaints: what stood on its console."""

    def __init__(self, send: BinaryIO, receive: FileIO) -> None:
        self._send, self._receive = send, receive
        self._number, self._session, self._left = 0, "", b""
        self._events: list[str] = []
        self.asked: list[str] = []
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol and its answer; AssertionError where the browser refuses."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._send.write(json.dumps(message).encode() + b"\0")
        self._send.flush()
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._receive], [], [], PATIENCE)
            piece = self._receive.read(1 << 16) if ready else b""
            assert piece, "the browser has gone, or says nothing any more"
            self._left += piece
        line, _, self._left = self._left.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        self._note(message)
        return message

    def _note(self, message: dict[str, Any]) -> None:
        event, found = message.get("method", ""), message.get("params", {})
        self._events.append(event)
        if event == "Network.requestWillBeSent":
            self.asked.append(found["request"]["url"])
        elif event == "Log.entryAdded":
            self.complaints.append(found["entry"]["text"])
        elif event in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.complaints.append(json.dumps(found))

    def quit(self) -> None:
        """End the browser."""
        self._session = ""
        self.call("Browser.close")

    def open(self, path: Path, width: int, dark: bool = False) -> None:
        """Show a file in a window of this width, as a reader with this taste would see it."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media="", features=[scheme])
        self._events.clear()
        self.call("Page.navigate", url=path.resolve().as_uri())
        while "Page.loadEventFired" not in self._events:
            self._next()

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression; the page's own policy does not bind the debugger."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def screenshot(self) -> bytes:
        """The whole page as PNG."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(answer["data"])

    def printed(self) -> bytes:
        """The page as PDF, as the printer would have it."""
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)["data"])

    def names(self) -> list[tuple[str, str]]:
        """What a screen reader is told: role and name of everything that has both."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node["name"]["value"])
            for node in nodes
            if not node["ignored"] and node.get("name", {}).get("value")
        ]


@contextmanager
def chromium(profile: Path) -> Iterator[Chromium]:
    """A browser with an empty profile, gone at the end."""
    assert PROGRAM
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    # The browser reads from descriptor 3 and writes to 4, whatever numbers ours have.
    plumbing = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
    command = [PROGRAM, *WORDS, f"--user-data-dir={profile}", "about:blank"]
    with (profile / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            ["bash", "-c", plumbing, "bash", *command],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        with open(ours_out, "wb") as send, open(ours_in, "rb", buffering=0) as receive:
            browser = Chromium(send, receive)
            yield browser
            browser.quit()
            process.wait(20)
    finally:
        process.kill()
        process.wait()
