# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped lab in which the checks of the preflight fail or warn once (S1, S2, P1 to P9, H1 to H6)."""

from __future__ import annotations

from typing import Any

from lab.lab import find_document, read_document
from lab.windows import layout
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.test_host_info import read, statuses

# `proxy` describes the desired connection, and the connectivity checks report whether it works. `visual-cpp` only
# informs. The other states are not in the document: tests/unit has a row for each of them.
ALWAYS_GOOD = {
    "proxy",
    "visual-cpp",
    "vmm",
    "vmm-answers",
    "agent-service",
    "powershell",
    "data-encryption",
    "cloud-ambiguous",
    "language-mode",
}
# As the roles pass them.
OPTIONS: dict[str, dict[str, Any]] = {
    "vmm_server": {"vmm_clouds": ["Gold", "Silver", "Tin"], "version": "5.1.8095.0", "install_path": r"D:\ASR"},
    "hyperv_host": {"version": "2.0.9938.0", "cache_path": r"E:\Cache"},
}


def test_the_checks_go_wrong_on_some_machine(harness: MakeHarness) -> None:
    document = read_document(find_document("broken"))
    found: dict[str, set[str]] = {}
    for entry in document["machines"]:
        machine, kind = harness(entry), entry["kind"]
        result = read(machine, kind, check_connectivity=True, storage_accounts=["stdrcontoso002"], **OPTIONS[kind])
        assert machine.scripts == ["observe"], "one execution returns everything"
        for name, status in statuses(result).items():
            found.setdefault(name, set()).add(status)
    assert {name for name, known in found.items() if known == {"pass"}} == ALWAYS_GOOD
    expected = {"cluster", "domain-controller", "antivirus", "hotfix", "connectivity-storage"}
    assert expected | {"connectivity-control-plane", "cloud-unknown"} <= set(found)
    assert len(found) >= 40


def test_a_stopped_service_of_the_document_has_no_process(harness: MakeHarness) -> None:
    stopped = next(each for each in read_document(find_document("broken"))["machines"] if each["name"] == "hv02")
    service = harness(stopped).machine.service(layout.HYPERV_SERVICE)
    assert service is not None
    assert (service.status, service.process_id) == ("Stopped", 0)
