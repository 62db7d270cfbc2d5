# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the API of AWX on loopback. It answers from facts.json and from rules of the published sources.

Requests that it does not know are answered with 501.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .store import LISTS, Store
from .values import FACTS, TEMPLATES, Document, Refused

VERSION = "24.6.1"
TOKEN = "token-of-the-stand-in"
USER, PASSWORD = "admin", "password-of-the-stand-in"
_ROOT = "/api/v2/"
_BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@dataclass
class StandIn:
    """A running server and its objects."""

    store: Store
    address: str

    def environment(self) -> dict[str, str]:
        """Return the variables with which awx.awx finds the server."""
        return {"CONTROLLER_HOST": self.address, "CONTROLLER_OAUTH_TOKEN": TOKEN}


@contextmanager
def running(repositories: Mapping[str, Path]) -> Iterator[StandIn]:
    store = Store(repositories)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, store))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield StandIn(store, f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"

    def __init__(self, store: Store, *arguments: Any) -> None:
        self.store = store
        super().__init__(*arguments)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Stay silent: the output belongs to the tests."""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PATCH(self) -> None:
        self._answer("PATCH")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        try:
            if self.headers.get("Authorization") not in (f"Bearer {TOKEN}", _BASIC):
                raise Refused({"detail": "Authentication credentials were not provided."}, 401)
            data = json.loads(body) if body else {}
            with self.store.lock:
                status, document = self._route(method, data)
                text = json.dumps(document) if status != 204 else ""
        except Refused as refused:
            status, text = refused.status, json.dumps(refused.errors)
        self.send_response(status)
        self.send_header("X-API-Product-Name", "AWX")
        self.send_header("X-API-Product-Version", VERSION)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def _route(self, method: str, data: Any) -> tuple[int, Any]:
        parts = urlsplit(self.path)
        words = parts.path.removeprefix(_ROOT).strip("/").split("/")
        if not parts.path.startswith(_ROOT):
            raise Refused({"detail": "Not found."}, 404)
        match words:
            case ["tokens"] if method == "POST":
                return 201, {"id": 1, "token": TOKEN}
            case ["tokens", _number] if method == "DELETE":
                return 204, None
            case ["project_updates", _number] if method == "GET":
                return 200, self._project_update(int(_number))
            case ["unified_job_templates"] if method == "GET":
                return 200, self._listed(TEMPLATES, dict(parse_qsl(parts.query)))
            case [endpoint] if endpoint in FACTS:
                return self._collection(method, endpoint, data, dict(parse_qsl(parts.query)))
            case [endpoint, number] if endpoint in FACTS and number.isdigit():
                return self._object(method, endpoint, int(number), data)
            case [endpoint, number, name] if endpoint in FACTS and number.isdigit():
                return self._part(method, endpoint, int(number), name, data)
        raise Refused({"detail": f"not imitated: {method} {self.path}"}, 501)

    def _collection(self, method: str, endpoint: str, data: Any, query: dict[str, str]) -> tuple[int, Any]:
        if method == "GET":
            return 200, self._listed((endpoint,), query)
        if method == "POST":
            return 201, self._shown(endpoint, self.store.create(endpoint, data))
        raise Refused({"detail": "Method not allowed."}, 405)

    def _object(self, method: str, endpoint: str, number: int, data: Any) -> tuple[int, Any]:
        if method == "GET":
            return 200, self._shown(endpoint, self.store.find(endpoint, number))
        if method == "PATCH":
            return 200, self._shown(endpoint, self.store.change(endpoint, number, data))
        if method == "DELETE":
            self.store.delete(endpoint, number)
            # AWX removes an inventory in the background.
            return (202, {}) if endpoint == "inventories" else (204, None)
        raise Refused({"detail": "Method not allowed."}, 405)

    def _part(self, method: str, endpoint: str, number: int, name: str, data: Any) -> tuple[int, Any]:
        if name in LISTS.get(endpoint, ()):
            if method == "GET":
                kind = LISTS[endpoint][name]
                found = [
                    self._shown(kind, self.store.find(kind, each))
                    for each in self.store.members(endpoint, number, name)
                ]
                return 200, _page(found)
            self.store.join(endpoint, number, name, data)
            return 204, None
        if name == "survey_spec" and endpoint in ("job_templates", "workflow_job_templates"):
            if method == "GET":
                return 200, self.store.find(endpoint, number).get("survey_spec", {})
            self.store.set_survey(endpoint, number, data)
            return 200, {}
        if name == "create_approval_template" and method == "POST":
            return 201, self._shown("workflow_approval_templates", self.store.approve(number, data))
        raise Refused({"detail": f"not imitated: {method} {self.path}"}, 501)

    def _listed(self, endpoints: tuple[str, ...], query: dict[str, str]) -> Document:
        # Every unified job template has an organization; those that do not show it are left out here.
        if len(endpoints) > 1 and "organization" in query:
            endpoints = tuple(each for each in endpoints if "organization" in FACTS[each]["fields"])
        wanted = {name: value for name, value in query.items() if name not in ("page", "page_size", "order_by")}
        found = [
            self._shown(endpoint, entry)
            for endpoint in endpoints
            for entry in self.store.objects[endpoint].values()
            if self._matches(endpoint, entry, wanted)
        ]
        return _page(found)

    def _matches(self, endpoint: str, entry: Document, wanted: dict[str, str]) -> bool:
        alternatives = [name for name in wanted if name.startswith("or__")]
        some = any(self._holds(endpoint, entry, name.removeprefix("or__"), wanted[name]) for name in alternatives)
        every = all(self._holds(endpoint, entry, name, wanted[name]) for name in wanted if name not in alternatives)
        return every and (some or not alternatives)

    def _holds(self, endpoint: str, entry: Document, name: str, value: str) -> bool:
        """Tell whether a filter such as workflow_job_template__name__startswith selects an object."""
        first, _, rest = name.partition("__")
        if first not in (*FACTS[endpoint]["fields"], "id"):
            raise Refused({"detail": f"{FACTS[endpoint]['model']} has no field named '{first}'"})
        if not rest:
            # AWX compares an empty reference with the text None.
            return str(entry.get(first)) == value
        if rest == "startswith":
            return str(entry.get(first)).startswith(value)
        found = self.store.referred(FACTS[endpoint]["fields"][first].get("to", ""), entry[first])
        return found is not None and self._holds(*found, rest, value)

    def _shown(self, endpoint: str, entry: Document) -> Document:
        address = f"{_ROOT}{endpoint}/{entry['id']}/"
        related = {
            "survey_spec": f"{address}survey_spec/",
            **{name: f"{address}{name}/" for name in LISTS.get(endpoint, ())},
        }
        template = self.store.referred("UnifiedJobTemplate", entry.get("unified_job_template") or 0)
        if template:
            related["unified_job_template"] = f"{_ROOT}{template[0]}/{template[1]['id']}/"
        summary: Document = {}
        if endpoint == "projects":
            # A new project is updated at once.
            summary["current_update"] = {"id": entry["id"]}
            entry = {**entry, "scm_revision": "0" * 40}
        own = {name: value for name, value in entry.items() if name != "survey_spec"}
        kind = {"inventories": "inventory"}.get(endpoint, endpoint.removesuffix("s"))
        return {**own, "type": kind, "url": address, "related": related, "summary_fields": summary}

    def _project_update(self, number: int) -> Document:
        project = self.store.find("projects", number)
        known = project["scm_url"] in self.store.repositories
        return {"id": number, "status": "successful" if known else "failed"}


def _page(found: list[Document]) -> Document:
    return {"count": len(found), "next": None, "previous": None, "results": found}
