# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Associations of clouds: all in one call, each failure named, nothing taken from protected machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import waiting
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.progress_file import VARIABLE
from lab.context import CloudFacts, ReplicationRefused
from tests.lab.arm.replicas import CLOUD, Site, associate, machine, make_site
from tests.unit.plugins.modules.conftest import GROUP, Ended, Subscription

NAMES: dict[str, Any] = {"policy": "gold", "clouds": ["Gold"], "vault_name": "vault-dr", "resource_group": GROUP}
SILVER = CloudFacts("09ED2D03-38EC-4BDD-9BA1-D7DD5D09FB42", "Silver")


@pytest.fixture
def site(subscription: Subscription) -> Site:
    """Create a vault with two clouds and two policies, and without associations."""
    subscription.context.clock.scale = 0.0
    made = make_site(subscription.azure, machine(1, "web"), group=GROUP, vault="vault-dr")
    subscription.state.seed_account("rg", "stlogs", "westeurope")
    made.vault.associations.clear()
    made.fabric.containers[SILVER.id.lower()] = SILVER
    for name in ("gold", "silver"):
        subscription.state.seed_policy(made.vault, name)
    return made


def run(subscription: Subscription, *, check: bool = False, **options: Any) -> Ended:
    ended = subscription.run("policy_association", check=check, **{**NAMES, **options})
    assert not ended.failed, ended.result
    return ended


def failed(subscription: Subscription, **options: Any) -> Ended:
    ended = subscription.run("policy_association", **{**NAMES, **options})
    assert ended.failed
    return ended


def states(ended: Ended) -> list[tuple[str, str | None, str]]:
    return [(one["cloud"], one["policy"], one["state"]) for one in ended.result["policy_association"]["clouds"]]


def unfit(monkeypatch: pytest.MonkeyPatch, site: Site, *hosts: str) -> None:
    refusals = [(host, ReplicationRefused("40003", 31218, f"Host {host} has no agent.")) for host in hosts]
    monkeypatch.setattr(site.fabrics, "prepare_cloud", lambda _vmm, _cloud: refusals)


def test_clouds_are_associated_in_one_call_and_parted(subscription: Subscription, site: Site) -> None:
    both = ["silver", CLOUD.id]
    planned = run(subscription, check=True, clouds=both)
    assert subscription.writes == []
    assert states(planned) == [("Silver", "gold", "Paired"), ("Gold", "gold", "Paired")]
    made = run(subscription, clouds=both)
    assert made.paths == ["associate Silver", "associate Gold"]
    assert subscription.writes == ["put Silver-gold", "put Gold-gold"]
    # No list of the whole vault is read: the role Contributor of Site Recovery does not allow it.
    assert not [one for one in subscription.requests if one.startswith("GET vault-dr/replicationProtection")]
    assert states(made) == states(planned)
    again = run(subscription, clouds=both)
    assert (again.result["changed"], subscription.writes) == (False, [])
    gone = run(subscription, clouds=both, state="absent")
    assert [entry.target.split("/")[-2] for entry in subscription.context.journal.entries] == [
        "Silver-gold",
        "Gold-gold",
    ]
    assert states(gone) == [("Silver", None, "NotPaired"), ("Gold", None, "NotPaired")]
    assert not run(subscription, clouds=both, state="absent").result["changed"]


def test_both_jobs_are_started_before_one_is_followed(subscription: Subscription, site: Site) -> None:
    run(subscription, clouds=["Gold", "Silver"])
    order = [one.split()[0] for one in subscription.requests if one.startswith("PUT") or "replicationJobs" in one]
    assert order[:3] == ["PUT", "PUT", "GET"]


def test_the_progress_names_the_cloud_of_each_job(
    subscription: Subscription, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(waiting, "_FIRST", 0.05)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "lines"))
    subscription.context.clock.scale = 0.02
    run(subscription, clouds=["Gold", "Silver"])
    lines = (tmp_path / "lines").read_text(encoding="utf-8")
    assert "of 'gold' in cloud Gold: " in lines
    assert "of 'gold' in cloud Silver: " in lines


def test_the_failure_of_each_host_is_named(
    subscription: Subscription, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    unfit(monkeypatch, site, "hv01", "hv02")
    subscription.state.unfit_hosts_fail_pairing = True
    ended = failed(subscription, clouds=["Gold", "Silver"])
    for words in ("Host hv01 has no agent", "Host hv02 has no agent", "cloud Gold", "cloud Silver"):
        assert words in ended.msg
    assert ended.error["provider_code"] == "31218"
    assert ended.result["changed"]


def test_a_partial_success_fails_and_the_association_stays(
    subscription: Subscription, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    unfit(monkeypatch, site, "hv02")
    ended = failed(subscription)
    assert "PartiallySucceeded" in ended.msg
    assert "Host hv02 has no agent" in ended.msg
    assert not run(subscription).result["changed"]


def test_a_failed_association_is_cleared_first(subscription: Subscription, site: Site) -> None:
    associate(site.vault, "PairingFailed", "gold")
    for document in site.vault.associations.values():
        document |= {"name": "gold", "id": f"{site.cloud}/replicationProtectionContainerMappings/gold"}
    planned = run(subscription, check=True)
    assert planned.paths == ["purge Gold", "associate Gold"]
    run(subscription)
    assert subscription.writes == ["delete gold", "put Gold-gold"]


def test_a_cloud_changes_its_policy_only_without_protected_machines(subscription: Subscription, site: Site) -> None:
    run(subscription)
    changed = run(subscription, policy="silver")
    assert changed.paths == ["remove Gold", "associate Gold"]
    assert states(changed) == [("Gold", "silver", "Paired")]
    address = f"{site.cloud}/replicationProtectedItems/web"
    answer = subscription.azure.send("PUT", address, "2025-08-01", protecting(site))
    assert answer.status_code == 202, answer.text
    subscription.state.settle()
    assert site.vault.items, [job.errors for job in site.vault.jobs.values()]
    for options in ({}, {"policy": "silver", "state": "absent"}):
        assert "1 of its machines are protected" in failed(subscription, **options).msg
        assert subscription.writes == []


def protecting(site: Site) -> dict[str, Any]:
    body = site.body("web")
    body["properties"]["policyId"] = f"{site.vault.site_id}/replicationPolicies/silver"
    return body


def test_a_lost_server_needs_a_purge(subscription: Subscription, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    run(subscription)

    def lost(_vmm: str, _cloud: str) -> None:
        raise ReplicationRefused("25018", 0, "The server is not connected.")

    monkeypatch.setattr(site.fabrics, "release_cloud", lost)
    assert "25018" in failed(subscription, state="absent").msg
    planned = run(subscription, check=True, state="absent", purge=True)
    assert "hosts keep their configuration" in planned.result["plan"][0]["reason"]
    run(subscription, state="absent", purge=True)
    assert subscription.writes == ["delete Gold-gold"]


def test_a_running_association_is_waited_for(subscription: Subscription, site: Site) -> None:
    subscription.context.clock.scale = 0.005
    body = {
        "properties": {
            "targetProtectionContainerId": "Microsoft Azure",
            "policyId": f"{site.vault.site_id}/replicationPolicies/gold",
            "providerSpecificInput": {"instanceType": "HyperVReplicaAzure"},
        }
    }
    address = f"{site.cloud}/replicationProtectionContainerMappings/mine"
    assert subscription.azure.send("PUT", address, "2025-08-01", body).status_code == 202
    assert states(run(subscription, check=True)) == [("Gold", "gold", "PairingInProgress")]
    waited = run(subscription)
    assert (waited.result["changed"], states(waited)) == (False, [("Gold", "gold", "Paired")])


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"clouds": ["Bronze"]}, "has no cloud 'Bronze'; its clouds are: Gold"),
    ({"vmm_server": "vmm99"}, "has no cloud 'Gold' of vmm99"),
    ({"clouds": []}, "must list at least one cloud"),
    ({"clouds": ["Gold", "gold"]}, "duplicate"),
    ({"purge": True}, "only possible with state=absent"),
    ({"policy": "bronze"}, "the vault has no policy 'bronze'"),
]


@pytest.mark.parametrize(("options", "words"), REFUSED)
def test_a_wrong_name_changes_nothing(
    subscription: Subscription, site: Site, options: dict[str, Any], words: str
) -> None:
    assert words in failed(subscription, **options).msg
    assert subscription.writes == []


def test_clouds_of_two_servers_with_one_name_need_the_server(subscription: Subscription, site: Site) -> None:
    site.fabric.containers["x"] = CloudFacts("x", "Gold")
    assert "is not unique in the vault" in failed(subscription).msg
    assert run(subscription, clouds=["x"]).result["changed"]
