# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual machines of a vault: one list per cloud, and the form that vm_info takes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.candidate_documents import (
    all_known_to_azure,
)
from lab.context import NO_LAG
from tests.lab.arm.replicas import machine, make_site
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

WHERE: dict[str, Any] = {"vault_name": "vault-dr", "resource_group": GROUP}
MACHINES = (
    machine(1, "web01", 40960, 1024, generation=1),
    machine(2, "db01", shared_disk="Present", physical_disk="Unknown"),
)


@pytest.fixture
def subscription(subscription: Subscription) -> Subscription:
    subscription.context.lag = NO_LAG
    subscription.context.clock.scale = 0.0
    make_site(subscription.azure, *MACHINES, group=GROUP, vault="vault-dr")
    return subscription


def run(subscription: Subscription, **options: Any) -> Ended:
    return subscription.run("protectable_vm_info", **{**WHERE, "clouds": ["gold"], **options})


def test_one_list_per_cloud_returns_all_machines(subscription: Subscription) -> None:
    ended = run(subscription)
    assert (ended.result["changed"], subscription.writes) == (False, [])
    web, database = ended.result["machines"]
    assert (web["name"], web["generation"], web["cloud"], web["vmm_server"]) == (
        "web01",
        1,
        "Gold",
        "vmm01.contoso.example",
    )
    assert web["id"] != web["hyperv_id"]
    assert [disk["size_mb"] for disk in web["disks"]] == [40960, 1024]
    assert (database["shared_disk"], database["physical_disk"], database["fibre_channel"]) == (True, None, False)
    assert not web["protected"]
    lists = [request.rpartition("/")[2] for request in subscription.requests]
    # The page after the last one is empty (recorded).
    assert lists.count("replicationProtectableItems") == 2
    assert len(lists) == 5
    assert all("replicationFabrics" in each.path for each in subscription.sent if "replicationPro" in each.path)


def test_vm_info_takes_the_machines(subscription: Subscription) -> None:
    web, database = all_known_to_azure("azure_machines", run(subscription).result["machines"])
    assert (web.name, web.observed.generation, web.observed.protected) == ("web01", 1, False)
    assert (database.observed.shared_disk, database.observed.physical_disk) == (True, None)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown cloud": ({"clouds": ["Tin"]}, "Tin"),
    "an unknown server": ({"vmm_server": "vmm9"}, "vmm9"),
    "an unknown vault": ({"vault_name": "vault-9"}, "vault 'vault-9' does not exist"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_absence_is_refused_and_no_empty_list(subscription: Subscription, case: str) -> None:
    options, text = REFUSED[case]
    ended = run(subscription, **options)
    assert ended.failed
    assert text in ended.msg
