# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP connections of the services of a machine, as MSFT_NetTCPConnection shows them.

VMM listens on the port of its console. A registered one keeps a connection to Site Recovery, through the Provider's own
proxy or else through that of its account.
"""

from __future__ import annotations

from typing import Any, Final

from . import layout
from .machine import Machine

#: documented: the port of VMM's console when setup was given no other.
CONSOLE_PORT: Final = 8100
_HTTPS: Final = 443
# documented: states of MSFT_NetTCPConnection.
_LISTEN, _ESTABLISHED = 2, 5


def connections(machine: Machine) -> list[dict[str, Any]]:
    """Return one row per connection of the VMM service; none while it does not run."""
    service = machine.service(layout.VMM_SERVICE)
    if service is None or service.process_id == 0:
        return []
    owner = {"OwningProcess": service.process_id}
    rows = [{**owner, "State": _LISTEN, "LocalPort": CONSOLE_PORT, "RemotePort": 0}]
    if machine.registry.text(layout.REGISTRATION_KEY, "ResourceName") is not None:
        rows.append({**owner, "State": _ESTABLISHED, "LocalPort": 50000, "RemotePort": _egress_port(machine)})
    return rows


def _egress_port(machine: Machine) -> int:
    """Return the port of the proxy, or that of the address itself."""
    own = machine.registry.text(layout.PROXY_KEY, "ProxyPort")
    if machine.registry.text(layout.PROXY_KEY, "ProxyAddress") is not None and own is not None:
        return int(own)
    key = f"{layout.HKU}\\{machine.service_owner_sid()}\\{layout.INTERNET_SETTINGS}"
    server = machine.registry.text(key, "ProxyServer")
    if not machine.system_proxy_enabled() or server is None:
        return _HTTPS
    port = server.rpartition(":")[2].strip("/")
    return int(port) if port.isdigit() else 80
