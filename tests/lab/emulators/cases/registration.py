# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of register_vmm_server and clean_registration."""

from __future__ import annotations

from typing import Final

from lab.windows import layout
from lab.windows.machine import Machine
from lab.windows.states import (
    STAGING,
    all_of,
    fault,
    key_document,
    open_folder,
    registered,
    staged,
    stopped,
    value,
    vmm_server,
)
from tests.lab.emulators.cases.calls import (
    BUSY,
    KEY_PATH,
    LOGIN,
    QUIET,
    clean,
    configure,
    register,
    through_proxy,
)
from tests.lab.emulators.internet import PROXY_PASSWORD, PROXY_USER

_BEHIND_PROXY = vmm_server(provider={}, egress="proxy")
_BOTH_KEYS = [layout.REGISTRATION_KEY, layout.ADAPTER_KEY + r"\Registration"]


def _exported_before(machine: Machine) -> None:
    machine.write_file(STAGING + r"\registration-1.reg", b"old")


_REGISTER = [
    register("while jobs run", machine=BUSY, parameters=QUIET),
    register("while jobs run, all the same", machine=BUSY),
    configure("while jobs run", machine=BUSY, parameters=QUIET),
    configure("while only a refresher runs", parameters=QUIET),
    register("directly"),
    register(
        "with published clouds",
        machine=vmm_server(provider={}, vmm={"version": "4.0.2413.0"}),
        parameters={"ConfiguratorPath": layout.vmm_folder("4.0") + r"\bin\DRConfigurator.exe"},
    ),
    register("in check mode", check_mode=True),
    register(
        "through a proxy",
        machine=_BEHIND_PROXY,
        parameters=through_proxy(BypassUrls=["a.test", "b.test"]),
        secrets=LOGIN,
    ),
    register(
        "through a proxy with a wrong password",
        machine=_BEHIND_PROXY,
        parameters=through_proxy(),
        secrets={"ProxyCredential": (PROXY_USER, "wrong")},
    ),
    register("through a proxy without a login", machine=_BEHIND_PROXY, parameters=through_proxy()),
    register("with no way out", machine=_BEHIND_PROXY),
    register(
        "through an HTTPS proxy", machine=_BEHIND_PROXY, parameters={"ProxyAddress": "https://p", "ProxyPort": 443}
    ),
    register(
        "through an unknown proxy", machine=_BEHIND_PROXY, parameters={"ProxyAddress": "http://p", "ProxyPort": 443}
    ),
    register("with an expired key", key=key_document(hours=-1)),
    register("with a damaged key", key="<RSVaultAsrCreds"),
    register("with a key without private key", key=key_document(certificate="AAAA")),
    register("with a key for a Hyper-V site", key=key_document(site="site")),
    register("with a key for a later Provider", key=key_document(version="3.0")),
    register(
        "with elements in a wrong order",
        key=key_document().replace("<ManagementCert>", "<Version>2.0</Version><ManagementCert>"),
    ),
    register("with umlauts in the key", key=key_document().replace("rg-asr", "rg-größe")),
    register("again", registered()),
    register("again and with a restart to come", registered(), parameters={"NeedsRestart": True}),
    register(
        "again and with a restart to come, VMM stopped",
        all_of(registered(), stopped(layout.VMM_SERVICE)),
        parameters={"NeedsRestart": True},
    ),
    register("with an event", fault("DRConfigurator.exe", exit_code=1, event="VMM cannot open\r\nits database")),
    register("that hangs", fault("DRConfigurator.exe", "hang", seconds=0.01), parameters={"TimeoutSeconds": 1}),
    register("while in another vault", registered("other")),
    register("while in another vault, old place", registered("other", old_place=True)),
    register("refused by the vault", refused=("CertificateExpired", "The certificate is not valid.")),
    register("that leaves VMM stopped", fault("DRConfigurator.exe leaves VMM stopped")),
    register("with VMM stopped", stopped(layout.VMM_SERVICE)),
    register("with a blank VMM id", value(layout.VMM_SETUP_KEY, "VmmID", "")),
    register("without a Provider", machine=vmm_server()),
    register("into a folder that is open to others", open_folder),
    register(
        "with a program that logs its command line",
        fault("DRConfigurator.exe", exit_code=1, message='/proxyPassword "p\\"w\\\\" and p"w\\'),
        machine=_BEHIND_PROXY,
        parameters=through_proxy(),
        secrets=LOGIN,
    ),
    register("over a key that a killed run left", all_of(staged, lambda m: m.write_file(KEY_PATH, b"old"))),
    register("under a name that needs quotes", parameters={"FriendlyName": 'a \\"b\\\\'}),
    register("with a failing program", fault("DRConfigurator.exe", exit_code=3010, message=f"secret {PROXY_PASSWORD}")),
]
_CLEAN = [
    clean("of a registered server", registered()),
    clean("in check mode", registered(), check_mode=True),
    clean("of nothing"),
    clean(
        "of both places, with keys below and values of many kinds",
        all_of(
            registered(),
            registered("b", old_place=True),
            value(_BOTH_KEYS[0] + r"\a\b", 'a "quoted" \\ name', ["x", "y"]),
            value(_BOTH_KEYS[0], "Number", 7),
        ),
        parameters={"RegistryKeys": _BOTH_KEYS},
    ),
    clean("keeps earlier exports", all_of(registered(), staged, _exported_before)),
    clean("into a folder that is open to others", all_of(registered(), open_folder)),
    clean("without certificates", registered(), parameters={"Thumbprints": []}),
    clean("of certificates alone", registered(), parameters={"RegistryKeys": []}),
    clean("with VMM stopped", all_of(registered(), stopped(layout.VMM_SERVICE))),
    clean("while only a refresher runs", registered(), parameters=QUIET),
    clean("while jobs run", registered(), machine=BUSY, parameters=QUIET),
    clean("with jobs that may be interrupted", registered(), machine=BUSY),
    clean("where VMM does not stop", all_of(registered(), fault("stop SCVMMService"))),
    clean("where VMM does not start again", all_of(registered(), fault("start SCVMMService"))),
    clean("whose export fails", all_of(registered(), fault("reg.exe", exit_code=1))),
    clean("whose export lies", all_of(registered(), fault("reg.exe", exit_code=0))),
    clean("without an administrator", registered(), machine={**vmm_server(provider={}), "administrator": False}),
]
CASES: Final = [*_REGISTER, *_CLEAN]
