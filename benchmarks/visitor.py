"""A browser without a screen: knows the page by the `elem_id`s of its components, and calls what their events call.

It keeps what each component shows, hands that to an event as the browser does and takes what comes back, so that
neither the names of functions nor what they return needs to be known here.
"""

from __future__ import annotations

import itertools
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

SECONDS = 120
SESSION = "snapshot"
OPAQUE = {"kd-conversation", "kd-pending"}  # what the page keeps for itself: handed back, never looked into
PENDING = "kd-pending"
WORDS = re.compile(r'<script id="kd-words"[^>]*>(.*?)</script>', re.DOTALL)

Shown = dict[str, dict[str, Any]]


class Visitor:
    """One visit of the page at `url`, "http://127.0.0.1:…" and perhaps "/en"."""

    _sent = itertools.count(1)  # as in assets/bridge.js

    def __init__(self, url: str) -> None:
        self._url = url
        self._config = config = self.get("/config")
        self._api = config["api_prefix"]
        self._events = config["dependencies"]
        self._props = {component["id"]: component["props"] for component in config["components"]}
        self._boxes = {component["id"] for component in config["components"] if component["type"] == "textbox"}
        self._names = {key: props["elem_id"] for key, props in self._props.items() if props.get("elem_id")}
        self._ids = {name: key for key, name in self._names.items()}

    @property
    def components(self) -> Shown:
        """What the page has by `elem_id`, with all that the server says of it."""
        return {name: self._props[key] for key, name in self._names.items()}

    @property
    def events(self) -> list[str]:
        """What the page listens to, like "kd-send.click"."""
        targets = (target for event in self._events for target in event["targets"])
        return sorted(f"{self._names.get(key, '')}.{event}" for key, event in targets)

    def value(self, name: str) -> Any:
        """Returns what a component holds, None also for one that is not there."""
        return self._props.get(self._ids.get(name, -1), {}).get("value")

    # ------------------------------------------------------------------------------------------------ what one does

    def ask(self, question: str) -> Shown:
        """Types a question and waits for the whole answer, as the page does for one that takes longer."""
        self.type("kd-question", question)
        shown = self.fire("kd-question", "submit")
        for _ in range(SECONDS):  # the page answers each call within about one
            if not self.value(PENDING):
                break
            shown = _merged(shown, self.fire(PENDING, "change"))
        return shown

    def send(self, name: str, **values: Any) -> Shown:
        """Sends a command, as the scripts of the page do."""
        self.type(name, json.dumps({**values, "sent": next(self._sent)}))
        return self.fire(name, "change")

    def enter(self, name: str, value: Any, event: str = "change") -> Shown:
        self.type(name, value)
        return self.fire(name, event)

    def type(self, name: str, value: Any) -> None:
        """Fills a component; for one that is not there `fire` will say so."""
        if name in self._ids:
            self._props[self._ids[name]]["value"] = value

    def fire(self, name: str, event: str) -> Shown:
        """Lets an event of a component happen, of the page itself for ""; returns what has changed, by `elem_id`."""
        found = [call for call in self._events if self._is_called(call, name, event)]
        shown: Shown = {}
        for call in found:
            shown = _merged(shown, self._answer(call))
        return shown if found else {"": {"nothing listens to": f"{name}.{event}"}}

    def _answer(self, call: dict[str, Any]) -> Shown:
        """Returns what an event changes, or that it failed: that too is something to record."""
        try:
            values = self._call(call, list(map(self._held, call["inputs"])))
        except (urllib.error.HTTPError, LookupError) as error:
            return {"": {"failed": str(error)}}
        return self._take(call["outputs"], values)

    def _is_called(self, call: dict[str, Any], name: str, event: str) -> bool:
        return any(self._names.get(key, "") == name and kind == event for key, kind in call["targets"])

    def _held(self, key: int) -> Any:
        """Returns what a component holds, for a text box as the browser has it: empty where the server says nothing."""
        value = self._props[key].get("value")
        return "" if value is None and key in self._boxes else value

    def _take(self, outputs: list[int], values: list[Any]) -> Shown:
        shown: Shown = {}
        for key, value in zip(outputs, values, strict=True):
            is_update = isinstance(value, dict) and value.get("__type__") == "update"
            props = {k: v for k, v in value.items() if k != "__type__"} if is_update else {"value": value}
            self._props[key].update(props)
            if props:
                name = self._names.get(key, "")
                shown = _merged(shown, {name: {k: _kept(name, v) for k, v in props.items()}})
        return shown

    # ----------------------------------------------------------------------------------------------------- over HTTP

    def get(self, path: str, **query: str) -> Any:
        """Returns the JSON at a path, or its status when it is refused."""
        address = f"{self._url}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        try:
            return json.loads(self._open(address).read())
        except urllib.error.HTTPError as error:
            return {"status": error.code, "body": error.read().decode()}

    @property
    def title(self) -> str:
        return str(self._config["title"])

    @property
    def words(self) -> Any:
        """What the scripts of the page say, from the HTML that a browser gets; None where that is not there."""
        found = WORDS.search(self._open(f"{self._url}/").read().decode())
        return json.loads(found[1]) if found else None

    def headers(self) -> dict[str, str]:
        return dict(self._open(f"{self._url}/").headers)

    def api(self, name: str, *values: Any) -> Any:
        """Calls a named endpoint as programs do, and returns its last event with what it says."""
        path = f"{self._url}{self._api}/call/{name}"
        try:
            event = json.loads(self._open(path, {"data": values}).read())["event_id"]
        except urllib.error.HTTPError as error:
            return {"failed": str(error)}
        lines = self._open(f"{path}/{event}").read().decode().strip().splitlines()
        return {"event": lines[-2].removeprefix("event: "), "data": json.loads(lines[-1].removeprefix("data: "))}

    def info(self) -> Any:
        """Returns what programs can call, without the examples of code."""
        said = self.get(f"{self._api}/info")
        for endpoint in said.get("named_endpoints", {}).values():
            endpoint.pop("code_snippets", None)
        return said

    def _call(self, call: dict[str, Any], given: list[Any]) -> list[Any]:
        body = {"data": given, "fn_index": call["id"], "session_hash": SESSION}
        if not call["queue"]:
            return json.loads(self._open(f"{self._url}{self._api}/run/predict", body).read())["data"]
        self._open(f"{self._url}{self._api}/queue/join", body).close()
        with self._open(f"{self._url}{self._api}/queue/data?session_hash={SESSION}") as stream:
            return next(_completed(stream))["output"]["data"]

    def _open(self, address: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
        return urllib.request.urlopen(request, timeout=SECONDS)


def _completed(stream: Any) -> Iterator[dict[str, Any]]:
    for line in stream:
        if line.startswith(b"data:"):
            message = json.loads(line.removeprefix(b"data:"))
            if message["msg"] == "process_completed":
                yield message


def _merged(shown: Shown, more: Shown) -> Shown:
    return {name: {**shown.get(name, {}), **more.get(name, {})} for name in [*shown, *(more.keys() - shown.keys())]}


def _kept(name: str, value: Any) -> Any:
    return "<kept>" if name in OPAQUE and value else value
