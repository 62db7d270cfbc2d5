# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of observe: the connectivity of a machine to addresses of Azure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.windows import layout
from lab.windows.states import (
    STAGING,
    all_of,
    fault,
    hyperv_host,
    registered,
    stopped,
    through_system_proxy,
    value,
    vmm_server,
)
from tests.lab.emulators.cases.calls import (
    LOGIN,
    PROXY,
    SECTIONS,
)
from tests.lab.emulators.harness import Case
from tests.lab.emulators.internet import PROXY_NAME


def _reach(name: str, machine: Mapping[str, Any], url: str = "https://management.azure.com/", **more: Any) -> Case:
    parameters = {
        "Sections": ["connectivity"],
        "StagingDir": STAGING,
        "ConnectivityUrls": [url],
        **more.pop("parameters", {}),
    }
    return Case(f"observe connectivity {name}", "observe", machine, parameters, **more)


def _service_proxy(server: str, *bypass: str) -> dict[str, Any]:
    return vmm_server(egress="proxy", system_proxy={"server": server, "bypass": list(bypass)})


_PROXIED = vmm_server(egress="proxy")
_MANY = [
    "https://login.microsoftonline.com",
    "https://backup.windowsazure.com/404",
    "https://nowhere.test",
    "https://a.azure.com/503",
]
_REGISTERED = {"ConnectivityRegistered": True}
CASES: Final = [
    _reach("directly", hyperv_host()),
    *(
        _reach(f"that answers {status}", vmm_server(), f"https://x.azure.com/{status}")
        for status in (200, 302, 404, 407, 410, 503)
    ),
    _reach("with all other sections", vmm_server(), parameters={"Sections": [*SECTIONS, "connectivity"]}),
    _reach("in check mode", vmm_server(), check_mode=True),
    _reach("without an address", vmm_server(), ""),
    _reach("with plain HTTP", vmm_server(), "http://management.azure.com"),
    _reach("of an unknown name", vmm_server(), "https://nowhere.test/"),
    _reach("with no way out", _PROXIED),
    _reach("through a proxy", _PROXIED, parameters=PROXY, secrets=LOGIN),
    _reach("through a proxy that answers 404", _PROXIED, "https://a.azure.com/404", parameters=PROXY, secrets=LOGIN),
    _reach("through a proxy without a login", _PROXIED, parameters=PROXY),
    _reach(
        "through a proxy with a wrong password", _PROXIED, parameters=PROXY, secrets={"ProxyCredential": ("u", "w")}
    ),
    _reach("through a proxy to an unknown name", _PROXIED, "https://no.test/", parameters=PROXY, secrets=LOGIN),
    _reach("through an unknown proxy", _PROXIED, parameters={"ProxyAddress": "http://p/", "ProxyPort": 8080}),
    _reach(
        "through a proxy that is closed", _PROXIED, parameters={"ProxyAddress": f"http://{PROXY_NAME}", "ProxyPort": 1}
    ),
    _reach("through the account's proxy", _PROXIED, prepare=through_system_proxy("{}")),
    _reach("through the account's proxy for HTTPS", _PROXIED, prepare=through_system_proxy("http=a:1; https={}")),
    _reach("through the account's proxy as an address", _PROXIED, prepare=through_system_proxy("http://{}/")),
    _reach("with an account's proxy for HTTP alone", _PROXIED, prepare=through_system_proxy("http={}")),
    _reach("past the account's proxy", _service_proxy("proxy:8080", "<local>", "*.azure.com")),
    _reach("not past the account's proxy", _service_proxy("proxy:8080", "*.azure.co[m", "azure.com")),
    _reach("with the service stopped", _service_proxy("proxy:8080"), prepare=stopped(layout.VMM_SERVICE)),
    _reach("without an administrator", {**_service_proxy("proxy:8080"), "administrator": False}),
    _reach("that the network breaks", vmm_server(), prepare=fault("reach *", message="The operation has timed out")),
    _reach(
        "that meets another certificate",
        vmm_server(),
        prepare=fault("reach *", message="Could not establish trust relationship.", failure="TrustFailure"),
    ),
    _reach("of many at once", vmm_server(), parameters={"ConnectivityUrls": _MANY}),
    _reach(
        "of many through a proxy, some past it",
        _PROXIED,
        parameters={**PROXY, "ConnectivityUrls": _MANY, "ProxyBypass": ["*.windowsazure.com", "nowhere.test"]},
        secrets=LOGIN,
    ),
    _reach(
        "of many while one hangs",
        vmm_server(),
        prepare=fault("reach login.microsoftonline.com", "hang", seconds=2.5),
        parameters={"ConnectivityUrls": _MANY, "ConnectivitySeconds": 1},
    ),
    _reach("of nothing", vmm_server(), parameters={"ConnectivityUrls": []}),
    _reach("of what registration names", vmm_server(), prepare=registered(), parameters=_REGISTERED),
    _reach(
        "of what an early registration names", vmm_server(), prepare=registered(old_place=True), parameters=_REGISTERED
    ),
    _reach(
        "of the authority and the telemetry that registration names",
        vmm_server(),
        prepare=all_of(
            registered(),
            value(layout.REGISTRATION_KEY, "AADAuthority", "https://login.windows.net/"),
            value(layout.REGISTRATION_KEY, "TelemetryServiceSVCEndpoint", "https://t.backup.windowsazure.com"),
        ),
        parameters=_REGISTERED,
    ),
    _reach("of a server without a registration", vmm_server(), parameters=_REGISTERED),
    _reach("of nothing but what registration names", vmm_server(), parameters={**_REGISTERED, "ConnectivityUrls": []}),
    _reach(
        "of registered names that are asked for anyway",
        vmm_server(),
        "https://POD01-srs1.weu.hypervrecoverymanager.windowsazure.com",
        prepare=all_of(registered(), value(layout.REGISTRATION_KEY, "IdmgmtSVCEndpoint", "http://plain.test/")),
        parameters={"ConnectivityRegistered": True},
    ),
]
