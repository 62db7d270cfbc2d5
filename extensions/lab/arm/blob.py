# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The blob endpoint of a storage account: its service properties, for clients that hold an account key.

The account itself serves them at `ACCOUNT.blob.core.windows.net`, not Resource Manager. Clients that manage the static
website of an account read its state here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

from aiohttp import web

from .messages import Json
from .records import guid
from .state import AzureState

# The lab's certificate must contain these names, so that clients can verify the endpoint like Resource Manager.
NAMES = ("*.blob.core.windows.net", "*.blob.core.usgovcloudapi.net", "*.blob.core.chinacloudapi.cn")

_HOST = re.compile(r"([a-z0-9]{3,24})\.blob\.core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)(:\d+)?")
# documented: Authorize with Shared Key: the headers in the signed string, in this order.
_SIGNED = (
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-MD5",
    "Content-Type",
    "Date",
    "If-Modified-Since",
    "If-Match",
    "If-None-Match",
    "If-Unmodified-Since",
    "Range",
)


def account_of(host: str) -> str | None:
    """Return the account whose blob endpoint has this host name; None for any other host."""
    found = _HOST.fullmatch(host.lower())
    return found[1] if found else None


def serve(state: AzureState, name: str, request: web.Request) -> web.Response:
    """Get Blob Service Properties, or list containers (both documented: REST reference of Blob Storage)."""
    state.context.journal.count("storage.blob")
    account = next((item for item in state.accounts.values() if item["name"] == name), None)
    if account is None:
        # inferred: the real name would not resolve.
        return _refused(404, "ResourceNotFound", "The specified resource does not exist.")
    if not _authorized(state, account, request):
        return _refused(
            403,
            "AuthenticationFailed",
            "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
            "correctly including the signature.",
        )
    query = {key.lower(): value for key, value in request.query.items()}
    if request.method == "GET" and request.path == "/" and query.get("comp") == "list":
        return web.Response(body=_no_containers(request), headers=_headers("application/xml"))
    if request.method != "GET" or (query.get("restype"), query.get("comp")) != ("service", "properties"):
        # inferred: the lab has no containers and no blobs.
        return _refused(400, "InvalidQueryParameterValue", "Value for one of the query parameters is invalid.")
    return web.Response(body=_properties(state.blob_service(account)), headers=_headers("application/xml"))


def _authorized(state: AzureState, account: Json, request: web.Request) -> bool:
    """Tell whether one of the account's keys signed the request (documented: Authorize with Shared Key)."""
    scheme, _space, value = request.headers.get("Authorization", "").partition(" ")
    name, _colon, signature = value.partition(":")
    if scheme != "SharedKey" or name != account["name"]:
        return False
    text = string_to_sign(request.method, name, request.path, request.query, request.headers)
    return any(
        hmac.compare_digest(sign(text, key["value"]), signature)
        for key in state.account_keys.get(str(account["id"]).casefold(), [])
    )


def string_to_sign(method: str, account: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
    """Return the string that a key signs; since version 2015-02-21 it omits a length of zero."""
    placed = [headers.get(name, "") for name in _SIGNED]
    placed[2] = "" if placed[2] == "0" else placed[2]
    own = sorted((name.lower(), value) for name, value in headers.items() if name.lower().startswith("x-ms-"))
    lines = [method, *placed, *(f"{name}:{value}" for name, value in own)]
    asked = sorted((name.lower(), value) for name, value in query.items())
    resource = f"/{account}{path}" + "".join(f"\n{name}:{value}" for name, value in asked)
    return "\n".join([*lines, resource])


def sign(text: str, key: str) -> str:
    return base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()


def _properties(service: Json) -> bytes:
    root = Element("StorageServiceProperties")
    log = SubElement(root, "Logging")
    for name, text in (("Version", "1.0"), ("Delete", "false"), ("Read", "false"), ("Write", "false")):
        SubElement(log, name).text = text
    SubElement(SubElement(log, "RetentionPolicy"), "Enabled").text = "false"
    for name in ("HourMetrics", "MinuteMetrics"):
        metrics = SubElement(root, name)
        SubElement(metrics, "Version").text = "1.0"
        SubElement(metrics, "Enabled").text = "false"
        SubElement(SubElement(metrics, "RetentionPolicy"), "Enabled").text = "false"
    SubElement(root, "Cors")
    policy = service["properties"].get("deleteRetentionPolicy") or {}
    kept = SubElement(root, "DeleteRetentionPolicy")
    SubElement(kept, "Enabled").text = str(bool(policy.get("enabled"))).lower()
    if policy.get("enabled"):
        SubElement(kept, "Days").text = str(policy.get("days", 7))
    SubElement(SubElement(root, "StaticWebsite"), "Enabled").text = "false"
    return b'<?xml version="1.0" encoding="utf-8"?>' + tostring(root)


def _no_containers(request: web.Request) -> bytes:
    root = Element("EnumerationResults", {"ServiceEndpoint": f"https://{request.host}/"})
    SubElement(root, "Containers")
    SubElement(root, "NextMarker")
    return b'<?xml version="1.0" encoding="utf-8"?>' + tostring(root)


def _refused(status: int, code: str, message: str) -> web.Response:
    root = Element("Error")
    SubElement(root, "Code").text = code
    SubElement(root, "Message").text = message
    body = b'<?xml version="1.0" encoding="utf-8"?>' + tostring(root)
    return web.Response(status=status, body=body, headers=_headers("application/xml") | {"x-ms-error-code": code})


def _headers(kind: str) -> dict[str, str]:
    return {"Content-Type": kind, "x-ms-request-id": guid(), "x-ms-version": "2025-07-05"}
