# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the scripts that transfer, append, inspect and remove files."""

from __future__ import annotations

import base64
from datetime import datetime, timezone
from typing import Any, Final

from lab.engines.emulators.append_file import append_file
from lab.engines.emulators.fetch_file import fetch_file
from lab.windows.installers import content, package
from lab.windows.machine import Machine
from lab.windows.states import (
    STAGING,
    Prepare,
    access,
    all_of,
    fault,
    fetched,
    hyperv_host,
    leftover,
    linked,
    open_folder,
    planted,
    staged,
    through_system_proxy,
    vmm_server,
)
from tests.lab.emulators.cases.calls import (
    AGENT_EXE,
    AGENT_URL,
    LOGIN,
    PROXY,
    fetch,
)
from tests.lab.emulators.harness import Case

_LINK = "https://aka.ms/downloadmarsagent"
_ASIDE = r"C:\Windows\Temp\a.exe"
_SHARE = r"\\fs01\install\MARSAgentInstaller.exe"


def broken(bytes: int, **fetched: Any) -> Prepare:
    """Leave a download that broke after some bytes in an earlier execution."""

    def prepare(machine: Machine) -> None:
        machine.context.faults.plan(f"windows:{machine.name}:download *", "fail", bytes=bytes)
        parameters = {"Source": AGENT_URL, "Destination": AGENT_EXE, **fetched}
        answer = fetch_file(machine, parameters, False)
        assert answer.result["transfer"]["received"] == bytes

    return prepare


def links(**more: str) -> Prepare:
    return lambda machine: machine.mirror.links.update({f"https://aka.ms/{name}": to for name, to in more.items()})


def mirror(**traits: bool) -> Prepare:
    def prepare(machine: Machine) -> None:
        for name, trait in traits.items():
            setattr(machine.mirror, name, trait)

    return prepare


def replaced(size: int | None = None) -> Prepare:
    """Replace the build behind the address on the mirror."""

    def prepare(machine: Machine) -> None:
        machine.web[AGENT_URL] = package("MARSAgentInstaller.exe", AGENT_URL, "2.0.9999.0", size=size)

    return prepare


def on_share(machine: Machine) -> None:
    machine.files.share(_SHARE, machine.web[AGENT_URL].content, datetime(2024, 2, 29, 1, 2, 3, 456789, timezone.utc))


def closed_share(machine: Machine) -> None:
    machine.closed_shares.add(r"\\fs01\install")


def full(machine: Machine) -> None:
    machine.volumes[0].free_bytes = 3 * 65536 - 1


_FETCHES = [
    fetch("from the web"),
    fetch("over one that is there", fetched("MARSAgentInstaller.exe", AGENT_EXE, "2.0.9000.0")),
    fetch("in check mode", check_mode=True),
    fetch("in check mode, one is there", fetched("MARSAgentInstaller.exe", AGENT_EXE), check_mode=True),
    fetch("of an unknown file", parameters={"Source": "https://mirror.lab.test/none.exe"}),
    fetch("from an unknown host", parameters={"Source": "https://nowhere.test/none.exe"}),
    fetch("from a short link", parameters={"Source": _LINK}),
    fetch(
        "from a link to plain HTTP",
        links(x="http://mirror.lab.test/a.exe"),
        parameters={"Source": "https://aka.ms/x"},
    ),
    fetch("from a relative link", links(x="/downloadmarsagent"), parameters={"Source": "https://aka.ms/x"}),
    fetch("from a link to itself", links(x="https://aka.ms/x"), parameters={"Source": "https://aka.ms/x"}),
    fetch("from a link to nothing", links(x="https://nowhere.test/"), parameters={"Source": "https://aka.ms/x"}),
    fetch("without a way out", machine=hyperv_host(egress="proxy"), parameters={"Source": _LINK}),
    *(
        fetch(
            f"through a proxy {name}",
            machine=hyperv_host(egress="proxy"),
            parameters={"Source": _LINK, "ProxyMode": "custom", **PROXY},
            secrets=secrets,
        )
        for name, secrets in (
            ("with a login", LOGIN),
            ("without a login", {}),
            ("with a wrong login", {"ProxyCredential": ("CORP\\u", "w")}),
        )
    ),
    fetch(
        "through an unknown proxy",
        parameters={"Source": _LINK, "ProxyMode": "custom", "ProxyAddress": "http://p/", "ProxyPort": 8080},
    ),
    fetch("past the account's proxy", through_system_proxy("{}"), parameters={"Source": _LINK, "ProxyMode": "direct"}),
    fetch("through the account's proxy", through_system_proxy("{}"), parameters={"Source": _LINK}),
    fetch(
        "through the account's proxy, login", through_system_proxy("{}"), parameters={"Source": _LINK}, secrets=LOGIN
    ),
    *(fetch(f"that is answered with {status}", fault("download *", status=status)) for status in (403, 407, 503)),
    fetch("that the network breaks", fault("download *", message="The connection was closed unexpectedly.")),
    fetch("that breaks in the middle", fault("download *", bytes=1000)),
    fetch("that breaks at once", fault("download *", bytes=0)),
    fetch("that goes on", broken(1000)),
    fetch("that goes on and breaks again", all_of(broken(1000), fault("download *", bytes=500))),
    fetch("that goes on, another address", broken(1000), parameters={"Source": _LINK}),
    fetch("that goes on, another signature", broken(9), parameters={"Source": AGENT_URL + "?sig=1"}),
    fetch("that goes on with another build", all_of(broken(1000), replaced())),
    fetch("that goes on with a shorter build", all_of(broken(1000), replaced(500))),
    fetch("that goes on without ranges", all_of(broken(1000), mirror(ranges=False))),
    fetch("that goes on without tags", all_of(mirror(tags=False), broken(1000))),
    fetch("that goes on by its date", all_of(mirror(tags=False, dates=True), broken(1000))),
    fetch("that goes on by its date, another build", all_of(mirror(tags=False, dates=True), broken(1000), replaced())),
    fetch("that goes on by its date, the tag is weak", all_of(mirror(weak=True, dates=True), broken(1000))),
    fetch("that goes on with a weak tag alone", all_of(mirror(weak=True), broken(1000))),
    fetch("that goes on where tags went away", all_of(broken(1000), mirror(tags=False))),
    fetch("that the server has no more of", all_of(broken(1000), fault("download *", status=416))),
    fetch("that goes on without its mark", all_of(broken(9), lambda m: m.remove_file(AGENT_EXE + ".partial.id"))),
    fetch("that goes on with a mark alone", all_of(broken(9), lambda m: m.remove_file(AGENT_EXE + ".partial"))),
    fetch("that goes on with a bad mark", all_of(broken(9), lambda m: m.write_file(AGENT_EXE + ".partial.id", b"x 1"))),
    fetch("in two times", replaced(3 * 2**20), parameters={"Seconds": 0}),
    fetch("onto a full disk", full),
    fetch("onto a disk that is not full", full, parameters={"SpaceFactor": 2}),
    fetch("into a folder that is open to others", open_folder),
    *(
        fetch(f"into a folder with a file of {name}", planted(STAGING + r"\version.dll", owner=owner))
        for name, owner in (
            ("another user", "S-1-5-21-1004336348-1177238915-682003330-2001"),
            ("this user", "S-1-5-21-1004336348-1177238915-682003330-1104"),
            ("the local administrator", "LA"),
        )
    ),
    fetch("into a link", all_of(staged, linked(STAGING))),
    fetch("below a link", all_of(staged, linked(r"C:\ProgramData"))),
    *(
        fetch(f"below a folder with {entry}", all_of(staged, access(r"C:\ProgramData", f"O:BAG:SYD:AI{entry}")))
        for entry in (
            "(A;OICI;0x1301bf;;;AU)",
            "(A;CI;DCLCRPCR;;;BU)",
            "(A;OICIIO;SDGXGWGR;;;AU)",
            "(A;;CCDCLCSWRPWPDTLOCRSDRC;;;WD)",
            "(A;OICI;FA;;;BU)",
            "(A;OICI;FA;;;S-1-5-21-1-2-3-500)(D;;FA;;;BU)",
        )
    ),
    fetch("of a file on the machine", lambda m: m.write_file(_ASIDE, content("x", "1")), parameters={"Source": _ASIDE}),
    fetch("of a file that is not on the machine", parameters={"Source": _ASIDE}),
    fetch("of itself", fetched("MARSAgentInstaller.exe", AGENT_EXE), parameters={"Source": AGENT_EXE}),
    fetch("from a share", on_share, parameters={"Source": _SHARE}),
    fetch("from a closed share", all_of(on_share, closed_share), parameters={"Source": _SHARE}),
    fetch("from a share that is away", all_of(on_share, fault("read *")), parameters={"Source": _SHARE}),
    fetch("from a share, the disk is full", all_of(on_share, full), parameters={"Source": _SHARE}),
    fetch(
        "from a share that goes on",
        all_of(
            on_share,
            replaced(3 * 2**20),
            lambda m: m.files.write(_SHARE, content("y", "2", 2**21), m.now()),
            lambda m: fetch_file(m, {"Source": _SHARE, "Destination": AGENT_EXE, "Seconds": 0}, False),
        ),
        parameters={"Source": _SHARE},
    ),
]


def _append(name: str, offset: int, piece: bytes, prepare: Prepare | None = None, **more: Any) -> Case:
    text = base64.b64encode(piece).decode()
    parameters = {"Destination": AGENT_EXE, "Origin": "ab" * 32, "Total": 10, "Offset": offset, "Content": text}
    return Case(
        f"append_file {name}",
        "append_file",
        hyperv_host(),
        {**parameters, **more.pop("parameters", {})},
        prepare=prepare,
        **more,
    )


def sent(piece: bytes, origin: str = "ab" * 32, total: int = 10) -> Prepare:
    text = base64.b64encode(piece).decode()
    parameters = {"Destination": AGENT_EXE, "Origin": origin, "Total": total, "Offset": 0, "Content": text}
    return lambda machine: append_file(machine, parameters, False)


_AGENT_CONTENT = content("MARSAgentInstaller.exe", "2.0.9260.0")
_APPENDS = [
    _append("the first piece", 0, b"0123"),
    _append("the last piece", 4, b"456789", sent(b"0123")),
    _append("the only piece", 0, _AGENT_CONTENT, parameters={"Total": len(_AGENT_CONTENT)}),
    _append("a piece that is there already", 0, b"0123", sent(b"0123")),
    _append("a piece too early", 4, b"4567"),
    _append("a piece of another file", 4, b"4567", sent(b"0123", "cd" * 32)),
    _append("a piece of a longer file", 4, b"4567", sent(b"0123", total=11)),
    _append("the first piece of another file", 0, b"4567", sent(b"0123", "cd" * 32)),
    _append("a piece after a broken download", 0, b"4567", broken(1000)),
    _append("a piece onto a full disk", 0, b"0123", full, parameters={"Total": 2**20}),
    _append("a piece into a folder that is open to others", 0, b"0123", open_folder),
    _append(
        "over one that is there", 4, b"456789", all_of(fetched("MARSAgentInstaller.exe", AGENT_EXE), sent(b"0123"))
    ),
    _append("in check mode", 0, b"0123", check_mode=True),
    _append("nothing", 0, b"", same_message=False),
]
CASES: Final = [
    *_FETCHES,
    *_APPENDS,
    Case(
        "inspect_file that is there",
        "inspect_file",
        hyperv_host(),
        {"Path": AGENT_EXE},
        prepare=fetched("MARSAgentInstaller.exe", AGENT_EXE),
    ),
    Case("inspect_file that is not there", "inspect_file", hyperv_host(), {"Path": AGENT_EXE}, check_mode=True),
    Case("inspect_file of a folder", "inspect_file", hyperv_host(), {"Path": r"C:\Windows"}),
    Case(
        "inspect_file without signature",
        "inspect_file",
        hyperv_host(),
        {"Path": r"C:\Windows\Temp\a.exe"},
        prepare=lambda machine: machine.write_file(r"C:\Windows\Temp\a.exe", b""),
    ),
    Case(
        "remove_file",
        "remove_file",
        vmm_server(),
        {"Paths": [STAGING + r"\siterecovery.hyperv-old.VaultCredentials", r"C:\none"]},
        prepare=all_of(staged, leftover),
    ),
    Case(
        "remove_file in check mode",
        "remove_file",
        vmm_server(),
        {"Paths": [STAGING + r"\siterecovery.hyperv-old.VaultCredentials"]},
        prepare=all_of(staged, leftover),
        check_mode=True,
    ),
    Case("remove_file leaves folders", "remove_file", vmm_server(), {"Paths": [r"C:\Windows\Temp"]}),
]
