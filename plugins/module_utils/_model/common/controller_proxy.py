# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: recognizes connections that the proxy of the controller (HTTPS_PROXY) refused, from the error text."""

from __future__ import annotations

import re

# Texts of urllib3 (ProxyError) and of Python's http.client (tunnel).
_PROXY = re.compile(r"ProxyError|Tunnel connection failed|Cannot connect to proxy|Unable to connect to proxy")
_LOGIN = re.compile(r"\b407\b|Proxy Authentication Required", re.IGNORECASE)


def is_refused_by_proxy(text: str) -> bool:
    """Tell whether a connection failed at the proxy of the controller."""
    return _PROXY.search(text) is not None


def proxy_fix(text: str) -> str:
    """Return the remedy for a connection to Azure that failed at the proxy; an empty text for any other failure."""
    if not is_refused_by_proxy(text):
        return ""
    if _LOGIN.search(text):
        return (
            "the proxy in HTTPS_PROXY requires a login: add user name and password to HTTPS_PROXY, or use another proxy"
        )
    return "the proxy in HTTPS_PROXY refused the connection: check its address and rules, and NO_PROXY"


def connection_problem(text: str) -> str:
    """Return the text of a failed connection to a machine, or one line when it went to the proxy of the controller."""
    if not is_refused_by_proxy(text):
        return text
    asked = ", which requires a login" if _LOGIN.search(text) else ""
    return (
        f"the connection to the machine went to the controller's proxy (HTTPS_PROXY){asked}; list the machine in"
        " NO_PROXY on the controller, or use psrp with ansible_psrp_ignore_proxy: true"
    )
