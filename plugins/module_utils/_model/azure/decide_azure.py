# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: decide assumptions about Azure from readings of a subscription and a vault."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..common.assumption import (
    CouldNotLook,
    Decision,
    Observed,
    Readings,
    decided,
    form_of,
    members,
    undecided,
    word,
)
from ..common.errors import InvalidInput
from .regions import require_region

Document = Mapping[str, Any]

_NO_VAULT = "the vault was not read"
_NO_GROUP, _NOT_FOUND = "ResourceGroupNotFound", 404
_NO_SERVER = "no VMM server is registered in the vault"
_FABRIC = re.compile(r"[0-9a-f]{64}")
_KEY_STATES = ("None", "Enabled", "Disabled")
_SOFT_DELETE = ("Enabled", "Disabled", "AlwaysON", "Invalid")
_IMMUTABILITY = ("Disabled", "Unlocked", "Locked")
_VERSION_STATES = ("None", "Latest", "Supported", "UpdateRequired", "Deprecated", "UpdateAvailable", "Expired")
_TLS = ("TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3")
_SOUTH_CENTRAL_INDIA = ("southcentralindia", "indiasouthcentral", "southindiacentral")


# ---- access to documents ----


def part(document: Document | None, *names: str) -> Any:
    """Return a member below others; None where one of them is missing."""
    found: Any = document
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _present(document: Document | None, *names: str) -> bool:
    """Tell whether a member is shown, also as null."""
    place = part(document, *names[:-1])
    return isinstance(place, Mapping) and names[-1] in place


def _properties(document: Document | None) -> Document:
    found = part(document, "properties")
    return found if isinstance(found, Mapping) else {}


def _texts(values: Iterable[Any]) -> set[str]:
    return {str(value).strip("{}").casefold() for value in values if value}


def _vmm_fabrics(readings: Readings) -> list[Document]:
    found = [
        fabric
        for fabric in readings.need("fabrics", _NO_SERVER)
        if str(part(fabric, "properties", "customDetails", "instanceType")).casefold() == "vmm"
    ]
    if not found:
        raise CouldNotLook(_NO_SERVER)
    return found


def _of_vmm(readings: Readings, name: str) -> list[Document]:
    """Return the children of VMM servers that one list of the vault names."""
    return [each for each in readings.need(name, _NO_SERVER) if _is_vmm(each)]


def _is_vmm(document: Document) -> bool:
    return str(part(document, "properties", "fabricType")).casefold() == "vmm"


# ---- Resource Manager ----


def offered_versions(readings: Readings) -> Decision:
    """Compare the api-versions that the installed SDK sends with those that the providers offer."""
    sent, providers = readings.need("versions"), readings.need("providers")
    missing, compared = [], 0
    for kind, version in sorted(sent.items()):
        namespace, _slash, name = kind.partition("/")
        offered = _offered(providers.get(namespace), name)
        if offered is None:
            continue
        compared += 1
        if version.casefold() not in offered:
            missing.append(f"{kind} {version}")
    if not compared:
        return undecided("the resource providers or the versions were not read")
    return decided(not missing, compared=compared, not_offered=missing)


def _offered(provider: Document | None, name: str) -> set[str] | None:
    for kind in part(provider, "resourceTypes") or ():
        if str(part(kind, "resourceType")).casefold() == name.casefold():
            return {str(version).casefold() for version in part(kind, "apiVersions") or ()}
    return None


def code_of(name: str, status: int, codes: Sequence[str], parent: str = "") -> Callable[[Readings], Decision]:
    """Return the look at the refusal of a question: its status and its code. `parent` is the reading of its parent."""

    def decide(readings: Readings) -> Decision:
        failure = readings.failure(name)
        if failure is None:
            return undecided("the question was answered, or was not asked")
        code = str(failure.get("code"))
        if reason := _open_reason(readings, failure, parent, codes):
            return undecided(reason)
        return decided(
            failure.get("status") == status and code in codes,
            status=failure.get("status"),
            code=code,
        )

    return decide


def _open_reason(readings: Readings, failure: Document, parent: str, codes: Sequence[str]) -> str:
    """Return why a refusal settles nothing: it is about the login, or about a parent that does not exist."""
    code = str(failure.get("code"))
    if failure.get("status") in (401, 403):
        return f"the login may not ask ({code})"
    if code == _NO_GROUP and code not in codes:
        return "the resource group does not exist"
    missing = readings.failure(parent) if parent else None
    return f"the {parent} does not exist" if missing and missing.get("status") == _NOT_FOUND else ""


def unregistered_reads(readings: Readings) -> Decision:
    """Look how a provider that the subscription is not registered for refuses a read."""
    providers = readings.need("providers")
    for namespace, name in (("Microsoft.Storage", "accounts"), ("Microsoft.Network", "networks")):
        if str(part(providers.get(namespace), "registrationState")) == "NotRegistered":
            failure = readings.failure(name)
            code = str(failure.get("code")) if failure else "none"
            return decided(code == "MissingSubscriptionRegistration", namespace=namespace, code=code)
    return undecided("the subscription is registered for all providers")


def inherited_locks(readings: Readings) -> Decision:
    """Look whether the locks of a group include those of its subscription."""
    own = [each for each in part(readings.need("locks_subscription"), "value") or () if _of_subscription(each)]
    if not own:
        return undecided("the subscription itself has no lock")
    shown = _texts(each.get("id") for each in part(readings.need("locks_group"), "value") or ())
    inherited = sum(1 for each in own if str(each.get("id")).casefold() in shown)
    return decided(inherited == len(own), locks_of_the_subscription=len(own), shown_at_the_group=inherited)


def _of_subscription(lock: Document) -> bool:
    return "/resourcegroups/" not in str(lock.get("id")).casefold()


def unconditional_permissions(readings: Readings) -> Decision:
    """Look for conditions in the login's permissions."""
    entries = list(part(readings.need("permissions"), "value") or ())
    conditions = sum(1 for entry in entries if entry.get("condition"))
    return decided(conditions == 0, permissions=len(entries), with_condition=conditions)


def no_deny_assignments(readings: Readings) -> Decision:
    """Look for deny assignments at the group."""
    count = len(part(readings.need("deny_assignments"), "value") or ())
    return decided(count == 0, deny_assignments=count)


def spelled_regions(readings: Readings) -> Decision:
    """Look how Azure spells the region of India that Site Recovery is not offered in."""
    names = [str(each.get("name")).casefold() for each in part(readings.need("locations"), "value") or ()]
    spelled = sorted(name for name in names if name in _SOUTH_CENTRAL_INDIA)
    if not spelled:
        return undecided("the subscription does not see the region South Central India")
    return decided(all(_is_refused(name) for name in spelled), spelled=spelled)


def _is_refused(name: str) -> bool:
    try:
        require_region(name)
    except InvalidInput:
        return True
    return False


# ---- the vault ----


def soft_delete_words(readings: Readings) -> Decision:
    """Look at the words for the vault's soft delete."""
    settings = part(readings.need("vault", _NO_VAULT), "properties", "securitySettings", "softDeleteSettings")
    if settings is None:
        return undecided("the installed SDK's api-version shows no soft delete")
    state, hybrid = part(settings, "softDeleteState"), part(settings, "enhancedSecurityState")
    known = {each.casefold() for each in _SOFT_DELETE}
    return decided(
        str(state).casefold() in known,
        state=word(state, _SOFT_DELETE),
        hybrid_state=word(hybrid, _SOFT_DELETE),
        members=members(settings),
    )


def soft_delete_for_good(readings: Readings) -> Decision:
    """Look whether the vault has the soft delete that cannot be switched off."""
    state = part(readings.need("vault", _NO_VAULT), "properties", "securitySettings", "softDeleteSettings")
    found = part(state, "softDeleteState")
    if found is None:
        return undecided("the installed SDK's api-version shows no soft delete")
    return decided(str(found).casefold() == "alwayson", state=word(found, _SOFT_DELETE))


def immutability_configuration(readings: Readings) -> Decision:
    """Look whether an immutable vault shows the configuration of its immutability."""
    settings = part(readings.need("vault", _NO_VAULT), "properties", "securitySettings", "immutabilitySettings")
    state = part(settings, "state")
    if state is None or str(state).casefold() == "disabled":
        return undecided("the vault is not immutable")
    shown = _present(settings, "configuration")
    return decided(shown, state=word(state, _IMMUTABILITY), configuration=shown, members=members(settings))


def settings_of_the_vault(readings: Readings) -> Decision:
    """Look for the settings that the vault shows without having been asked for them."""
    properties = _properties(readings.need("vault", _NO_VAULT))
    wanted = ("restoreSettings", "securitySettings", "publicNetworkAccess")
    missing = [name for name in wanted if name not in properties]
    return decided(not missing, missing=missing, members=members(properties))


def older_version_hides(readings: Readings) -> Decision:
    """Compare the vault as two api-versions show it."""
    newer = set(members(_properties(readings.need("vault", _NO_VAULT))))
    older = set(members(_properties(readings.need("vault_older", _NO_VAULT))))
    hidden = sorted(newer - older)
    if not hidden:
        return undecided("the vault has no setting that came later")
    return decided(older <= newer, hidden=hidden)


def extended_information(readings: Readings) -> Decision:
    """Look at the vault's extended information, or at the refusal of a vault that has none."""
    failure = readings.failure("extended")
    if failure is not None:
        if reason := _open_reason(readings, failure, "vault", ()):
            return undecided(reason)
        code = str(failure.get("code"))
        return decided(code == "ResourceExtendedInfoNotFound", status=failure.get("status"), code=code)
    shown = readings.need("extended")
    names = members(shown.get("members") or ())
    return decided("integrityKey" in names, members=names, algorithm=word(shown.get("algorithm"), ("None", "AES256")))


def vault_counts(readings: Readings) -> Decision:
    """Look at the counts of the vault: their names and members."""
    usages, replication = readings.need("usages"), readings.need("replication_usages")
    names = sorted({str(part(each, "name", "value")) for each in usages})
    kinds = members(names)
    shown = members({name for each in replication for name in each})
    wanted = ("protectedItemCount", "registeredServersCount", "recoveryPlanCount")
    if not replication:
        return undecided("the vault shows no counts of replication", usages=kinds)
    return decided(all(name in shown for name in wanted), usages=kinds, replication=shown)


def deleted_vaults_list(readings: Readings) -> Decision:
    """Look whether the region of the vault lists deleted vaults."""
    failure = readings.failure("deleted_vaults")
    if failure is not None:
        return decided(False, status=failure.get("status"), code=str(failure.get("code")))
    found = part(readings.need("deleted_vaults", _NO_VAULT), "value") or ()
    shown = members(_properties(found[0])) if found else []
    return decided(True, deleted_vaults=len(found), members=shown)


# ---- VMM servers in the vault ----


def fabric_forms(readings: Readings) -> Decision:
    """Look at the names of VMM servers in the vault."""
    fabrics = _vmm_fabrics(readings)
    fitting = sum(1 for fabric in fabrics if _FABRIC.fullmatch(str(fabric.get("name")).casefold()))
    named = sum(1 for fabric in fabrics if part(fabric, "properties", "friendlyName"))
    return decided(fitting == len(fabrics) == named, servers=len(fabrics), of_64_digits=fitting, with_name=named)


def fabric_is_vmm_id(readings: Readings) -> Decision:
    """Compare the identifiers of VMM servers in the vault with the ids in the servers' registries."""
    given = _texts(readings.need("vmm_ids", "no id of a VMM server was given"))
    shown = _texts(part(fabric, "properties", "internalIdentifier") for fabric in _vmm_fabrics(readings))
    if not given:
        return undecided("no id of a VMM server was given", servers_in_the_vault=len(shown))
    both = len(given & shown)
    if not both and len(given) != len(shown):
        return undecided(
            "the servers that were looked at may not be those of the vault", given=len(given), shown=len(shown)
        )
    return decided(both > 0, given=len(given), shown=len(shown), equal=both)


def provider_has_fabrics_id(readings: Readings) -> Decision:
    """Compare the names of providers with the identifiers of their VMM servers."""
    shown = _texts(part(fabric, "properties", "internalIdentifier") for fabric in _vmm_fabrics(readings))
    names = _texts(provider.get("name") for provider in _of_vmm(readings, "recovery_providers"))
    if not names:
        return undecided("no provider of a VMM server is shown")
    return decided(names == shown, providers=len(names), equal=len(names & shown))


def provider_forms(readings: Readings) -> Decision:
    """Look at the words and moments of a provider."""
    providers = _of_vmm(readings, "recovery_providers")
    if not providers:
        return undecided("no provider of a VMM server is shown")
    states = sorted({word(part(each, "properties", "providerVersionState"), _VERSION_STATES) for each in providers})
    expiry = sorted({form_of(part(each, "properties", "providerVersionExpiryDate")) for each in providers})
    beats = sorted({form_of(part(each, "properties", "lastHeartBeat")) for each in providers})
    known = all(state in _VERSION_STATES or state == "nothing" for state in states)
    readable = all(form.startswith(("moment", "nothing")) for form in (*expiry, *beats))
    return decided(known and readable, version_states=states, expiry=expiry, heartbeats=beats)


def container_is_cloud_id(readings: Readings) -> Decision:
    """Compare the names of protection containers with the ids of the VMM clouds."""
    given = _texts(readings.need("vmm_cloud_ids", "no id of a VMM cloud was given"))
    shown = _texts(container.get("name") for container in _of_vmm(readings, "containers"))
    if not given or not shown:
        return undecided("there is no VMM cloud on one of the two sides", given=len(given), shown=len(shown))
    both = len(given & shown)
    return decided(both > 0, given=len(given), shown=len(shown), equal=both)


def key_state_is_no_encryption(readings: Readings) -> Decision:
    """Look at the key state of VMM servers where no policy encrypts."""
    states = sorted(
        {
            word(part(each, "properties", "encryptionDetails", "kekState"), _KEY_STATES)
            for each in _vmm_fabrics(readings)
        }
    )
    policies = readings.need("policies")
    on = ("enable", "enabled", "true")
    encrypting = sum(
        1
        for policy in policies
        if str(part(policy, "properties", "providerSpecificDetails", "encryption")).casefold() in on
    )
    if encrypting:
        return undecided("a policy has data encryption on", states=states, encrypting_policies=encrypting)
    return decided("Enabled" in states, states=states, policies=len(policies))


def networks_of_all_servers(readings: Readings) -> Decision:
    """Compare the vault's list of VM networks with that of one server."""
    one = readings.need("fabric_networks", _NO_SERVER)
    every = readings.need("vm_networks", _NO_SERVER)
    if not one:
        return undecided("the VMM server shows no VM network", of_the_vault=len(every))
    ids = {str(each.get("id")).casefold() for each in every}
    both = sum(1 for each in one if str(each.get("id")).casefold() in ids)
    return decided(both == len(one), of_the_server=len(one), also_of_the_vault=both)


def policy_encryption(readings: Readings) -> Decision:
    """Look for the member of a policy that shows data encryption."""
    found = [
        part(policy, "properties", "providerSpecificDetails")
        for policy in readings.need("policies")
        if str(part(policy, "properties", "providerSpecificDetails", "instanceType")).casefold() == "hypervreplicaazure"
    ]
    if not found:
        return undecided("the vault has no policy for Hyper-V to Azure")
    shown = sum(1 for details in found if _present(details, "encryption"))
    return decided(shown == len(found), policies=len(found), with_the_member=shown, members=members(found[0]))


# ---- networks and storage accounts ----


def _networks(readings: Readings) -> list[Document]:
    networks: list[Document] = list(readings.need("networks"))
    if not networks:
        raise CouldNotLook("the subscription has no virtual network")
    return networks


def network_etags(readings: Readings) -> Decision:
    """Look for the marks of networks and subnets."""
    networks = _networks(readings)
    subnets = [subnet for network in networks for subnet in part(network, "properties", "subnets") or ()]
    marked = (sum(1 for each in networks if each.get("etag")), sum(1 for each in subnets if each.get("etag")))
    facts: dict[str, Observed] = {
        "networks": len(networks),
        "networks_with_etag": marked[0],
        "subnets": len(subnets),
        "subnets_with_etag": marked[1],
    }
    return decided(marked == (len(networks), len(subnets)), **facts)


def outbound_access(readings: Readings) -> Decision:
    """Look whether subnets show their default outbound access."""
    subnets = [subnet for network in _networks(readings) for subnet in part(network, "properties", "subnets") or ()]
    if not subnets:
        return undecided("no virtual network has a subnet")
    values = [part(subnet, "properties", "defaultOutboundAccess") for subnet in subnets]
    shown = sum(1 for value in values if value is not None)
    return decided(shown == len(subnets), subnets=len(subnets), shown=shown, private=values.count(False))


def account_members(readings: Readings) -> Decision:
    """Look for the settings that every storage account shows."""
    accounts = list(readings.need("accounts"))
    if not accounts:
        return undecided("the subscription has no storage account")
    wanted = ("networkAcls", "encryption", "supportsHttpsTrafficOnly", "minimumTlsVersion", "provisioningState")
    missing = sorted({name for each in accounts for name in wanted if name not in _properties(each)})
    blob = sum(1 for each in accounts if part(each, "properties", "encryption", "services", "blob", "keyType"))
    ends = sum(1 for each in accounts if _present(each, "properties", "privateEndpointConnections"))
    tls = sorted({word(part(each, "properties", "minimumTlsVersion"), _TLS) for each in accounts})
    return decided(
        not missing,
        accounts=len(accounts),
        missing=missing,
        with_key_type=blob,
        with_private_endpoint_connections=ends,
        tls=tls,
    )


def no_first_generation(readings: Readings) -> Decision:
    """Look for general-purpose accounts of the first generation, which Azure upgrades by itself."""
    kinds = [str(each.get("kind")) for each in readings.need("accounts")]
    if not kinds:
        return undecided("the subscription has no storage account")
    return decided("Storage" not in kinds, accounts=len(kinds), of_kind_storage=kinds.count("Storage"))
