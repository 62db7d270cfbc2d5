# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped lab in which the checks of the preflight fail or warn once (S1, S2, P1 to P9, H1 to H6)."""

from __future__ import annotations

from typing import Any

from lab.lab import find_document, read_document
from lab.windows import layout
from tests.unit.plugins.module_utils.model.windows.keys import VAULT_ID
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.test_host_info import read

# The way that was asked for is always a way; whether it leads anywhere is what the reach checks say.
NEVER_BAD = {"proxy"}


def test_every_check_goes_wrong_on_some_machine(harness: MakeHarness) -> None:
    document = read_document(find_document("broken"))
    wishes: dict[str, Any] = {
        "vmm_clouds": document["azure"]["protected_clouds"],
        "storage_accounts": ["stdrcontoso002"],
    }
    seen: dict[str, set[str]] = {}
    for entry in document["machines"]:
        found = harness(entry)
        result = read(found, entry["kind"], vault_id=VAULT_ID, check_connectivity=True, **wishes)
        assert found.scripts == ["observe"], "one execution returns everything"
        for check in result["checks"]:
            seen.setdefault(check["id"], set()).add(check["verdict"])
    assert {name for name, verdicts in seen.items() if verdicts == {"pass"}} == NEVER_BAD
    assert {"cluster", "domain-controller", "antivirus", "hotfix", "reach-control-plane", "reach-storage"} <= set(seen)
    assert len(seen) >= 30


def test_a_stopped_service_of_the_document_has_no_process(harness: MakeHarness) -> None:
    stopped = next(each for each in read_document(find_document("broken"))["machines"] if each["name"] == "hv02")
    service = harness(stopped).machine.service(layout.HYPERV_SERVICE)
    assert service is not None
    assert (service.status, service.process_id) == ("Stopped", 0)
