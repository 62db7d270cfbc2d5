# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the scripts that change the Provider's proxy, the Run As account and the clouds."""

from __future__ import annotations

import functools
from typing import Final

from lab.windows import layout
from lab.windows.machine import Machine
from lab.windows.states import (
    CLOUDS,
    all_of,
    fault,
    hyperv_host,
    marked,
    provider_proxy,
    proxy_account,
    registered,
    stopped,
    vmm_server,
)
from tests.lab.emulators.cases.calls import (
    LOGIN,
    configure,
    publish,
    set_password,
    through_proxy,
)
from tests.lab.emulators.harness import Case, Harness


def _without_module(machine: Machine) -> None:
    assert machine.vmm is not None
    machine.remove_file(f"{machine.vmm.folder}\\{layout.VMM_MODULE}")


@functools.cache
def _cloud_ids() -> tuple[str, ...]:
    vmm = Harness().set(Case("", "", vmm_server())).vmm
    assert vmm is not None
    return tuple(cloud.id for cloud in vmm.clouds)


CASES: Final = [
    configure("through a proxy", registered(), parameters=through_proxy(), secrets=LOGIN),
    configure("through a proxy, account there", proxy_account, parameters=through_proxy(), secrets=LOGIN),
    configure("while VMM is stopped", stopped(layout.VMM_SERVICE), parameters={"BypassUrls": ["a.test"]}),
    configure("after an earlier mark", marked(layout.VMM_SERVICE, 7), parameters={"BypassUrls": ["a.test"]}),
    configure("an empty bypass list", provider_proxy(ProxyBypassUrls="a;b"), parameters={"BypassUrls": []}),
    configure(
        "that hangs",
        fault("DRConfigurator.exe", "hang", seconds=0.01),
        parameters={"BypassUrls": ["a.test"], "TimeoutSeconds": 1},
    ),
    configure(
        "that wants a restart of the server",
        fault("DRConfigurator.exe", exit_code=3010, message="m"),
        parameters={"BypassUrls": ["a.test"]},
    ),
    configure(
        "that leaves VMM stopped",
        fault("DRConfigurator.exe leaves VMM stopped"),
        parameters={"BypassUrls": ["a.test"]},
    ),
    configure("bypass alone", parameters={"BypassUrls": ["a.test", "b.test"]}),
    configure("with a wrong password", parameters=through_proxy(), secrets={"ProxyCredential": ("u", "w")}),
    configure("with nothing"),
    configure("in check mode", parameters=through_proxy(), check_mode=True),
    set_password("of the proxy account", proxy_account),
    set_password("of an account that is not there"),
    set_password("in check mode", proxy_account, check_mode=True),
    set_password("while VMM is stopped", all_of(proxy_account, stopped(layout.VMM_SERVICE))),
    publish("two of them", list(_cloud_ids()[:2])),
    publish("of a registered server", list(_cloud_ids()[1:2]), registered()),
    publish("no longer", list(_cloud_ids()[:1]), registered(), publish=False),
    publish(
        "no longer while it is paired",
        list(_cloud_ids()[:1]),
        machine=vmm_server(vmm={"clouds": [{**CLOUDS[0], "paired": True}]}),
        publish=False,
    ),
    publish("one that does not exist", [_cloud_ids()[1], "00000000-0000-0000-0000-000000000000"]),
    publish("in check mode", list(_cloud_ids()), check_mode=True),
    publish("while VMM is stopped", list(_cloud_ids()), stopped(layout.VMM_SERVICE)),
    publish("without VMM's module", list(_cloud_ids()), _without_module),
    set_password("without VMM's module", _without_module),
    publish(
        "without VMM's folder", list(_cloud_ids()), lambda m: m.registry.unset(layout.VMM_SETUP_KEY, "InstallPath")
    ),
    publish("on a host", list(_cloud_ids()), machine=hyperv_host()),
]
