# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of install_provider."""

from __future__ import annotations

from typing import Final

from lab.windows import layout
from lab.windows.states import (
    STAGING,
    access,
    all_of,
    fault,
    hyperv_host,
    planted,
    stopped,
    vmm_server,
)
from tests.lab.emulators.cases.calls import (
    BUSY,
    PROVIDER_EXE,
    PROVIDER_PACKAGE,
    QUIET,
    install_provider,
)

CASES: Final = [
    install_provider("and takes the installer away", PROVIDER_PACKAGE, parameters={"RemoveInstaller": True}),
    install_provider(
        "that fails and keeps the installer",
        all_of(PROVIDER_PACKAGE, fault("setupdr.exe", exit_code=1)),
        parameters={"RemoveInstaller": True},
    ),
    install_provider("on a VMM server", PROVIDER_PACKAGE),
    install_provider("over an older one", PROVIDER_PACKAGE, machine=vmm_server(provider={"version": "5.1.7000.0"})),
    install_provider("over a later one", PROVIDER_PACKAGE, machine=vmm_server(provider={"version": "5.24.902.11"})),
    install_provider("with the service stopped before", all_of(PROVIDER_PACKAGE, stopped(layout.VMM_SERVICE))),
    install_provider(
        "with a pending restart", PROVIDER_PACKAGE, machine=vmm_server(pending_restart=["component_servicing"])
    ),
    install_provider("on a host", PROVIDER_PACKAGE, machine=hyperv_host()),
    install_provider("while jobs run", PROVIDER_PACKAGE, machine=BUSY, parameters=QUIET),
    install_provider("while only a refresher runs", PROVIDER_PACKAGE, parameters=QUIET),
    install_provider("while jobs run, all the same", PROVIDER_PACKAGE, machine=BUSY),
    install_provider("in check mode", PROVIDER_PACKAGE, check_mode=True),
    install_provider("without the package", None),
    install_provider("that was replaced", all_of(PROVIDER_PACKAGE, lambda m: m.append_file(PROVIDER_EXE, b"x"))),
    install_provider(
        "in a folder that was opened", all_of(PROVIDER_PACKAGE, access(STAGING, "O:BAG:BAD:AI(A;;FA;;;BU)"))
    ),
    install_provider("beside a file of another user", all_of(PROVIDER_PACKAGE, planted(STAGING + r"\version.dll"))),
    install_provider(
        "with a package that does not unpack",
        all_of(PROVIDER_PACKAGE, fault("AzureSiteRecoveryProvider.exe", exit_code=1603)),
    ),
    install_provider(
        "with a setup that fails",
        all_of(PROVIDER_PACKAGE, fault("setupdr.exe", exit_code=1, message="Fatal", event="e")),
    ),
    install_provider("whose setup ends early", all_of(PROVIDER_PACKAGE, fault("setup ends early"))),
    install_provider(
        "whose setup ends early and installs nothing in time",
        all_of(PROVIDER_PACKAGE, fault("setup ends early")),
        parameters={"ProductTimeout": 0},
    ),
    install_provider(
        "over an older one, whose setup ends early",
        all_of(PROVIDER_PACKAGE, fault("setup ends early")),
        machine=vmm_server(provider={"version": "5.1.7000.0"}),
        parameters={"EarlierVersion": "5.1.7000.0"},
    ),
    install_provider(
        "over an older one that shows no version of its own, whose setup ends early",
        all_of(
            PROVIDER_PACKAGE,
            fault("setup ends early"),
            lambda machine: machine.unset_value(layout.PROVIDER_KEY, "Version"),
        ),
        machine=vmm_server(provider={"version": "5.1.7000.0"}),
        parameters={"EarlierVersion": "5.1.7000.0"},
    ),
    install_provider("with a service that does not stop", all_of(PROVIDER_PACKAGE, fault("stop SCVMMService"))),
    install_provider("with a service that does not start", all_of(PROVIDER_PACKAGE, fault("start SCVMMService"))),
]
