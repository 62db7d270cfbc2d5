# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: decide assumptions about a VMM server from readings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..common.assumption import CouldNotLook, Decision, Readings, decided, form_of, is_guid, members, undecided
from .probe_readings import (
    ADAPTER,
    ADAPTER_PROXY,
    ADAPTER_REGISTRATION,
    CONSOLE,
    PROVIDER,
    PROXY,
    REGISTRATION,
    SETUP,
    Key,
    find_key,
    need_key,
    numbers_of,
)
from .vmm_jobs import is_refresher

_STOPPED = "the VMM service does not run"
_NO_CLOUDS = "VMM has no cloud"
_NO_CLUSTER = "VMM is not highly available, or its cluster service does not run"
_NOT_REGISTERED = "the server is not registered"
_CONSOLE_PORT = 8100
_HTTPS_PORT = 443
_COMMAND = re.compile(r"[A-Za-z]+-[A-Za-z]+")
_READING = ("refresh-", "read-", "update-")
_ADDRESSES = (
    "SRSUri",
    "AADAuthority",
    "IdmgmtSVCEndpoint",
    "ProtectionServiceSVCEndpoint",
    "TelemetryServiceSVCEndpoint",
)


# ---- VMM itself ----


def vmm_answers(readings: Readings) -> Decision:
    """Look whether VMM answers while its service runs."""
    failure = readings.failure("vmm")
    if failure is not None:
        return decided(False, failure=str(failure.get("type")), number=failure.get("number"))
    answer = readings.need("vmm", _STOPPED)
    return decided(True, members=members(answer.get("members") or ()))


def vmm_answers_on_owner(readings: Readings) -> Decision:
    """Look whether VMM answers to the local name on the node that owns its role."""
    if not _role_resource(readings).get("owned"):
        return undecided("this node does not own VMM's role")
    return vmm_answers(readings)


def vmm_stopped_elsewhere(readings: Readings) -> Decision:
    """Look whether VMM's service is stopped on a node that does not own its role."""
    if _role_resource(readings).get("owned"):
        return undecided("this node owns VMM's role")
    stopped = readings.get("connections") is None
    return decided(stopped, service_stopped=stopped)


def console_port(readings: Readings) -> Decision:
    """Look at the ports on which VMM's process listens."""
    console = find_key(readings, CONSOLE)
    named = console.data("IndigoTcpPort") if console is not None else None
    ports = numbers_of(readings.need("connections", _STOPPED).get("listening"))
    text = "" if named is None else str(named)
    expected = int(text) if text.isdigit() else _CONSOLE_PORT
    return decided(expected in ports, port_named_in_registry=named is not None, listening=len(ports), port=expected)


def vmm_module(readings: Readings) -> Decision:
    """Look for VMM's module below its install folder."""
    found = readings.need("files").get("vmm_module")
    if found is None:
        return undecided("the registry names no install folder of VMM")
    return decided(bool(found), module=bool(found))


def vmm_id(readings: Readings) -> Decision:
    """Look at the form of VMM's id."""
    setup = need_key(readings, SETUP, "VMM is not installed")
    return decided(is_guid(setup.data("VmmID")), form=form_of(setup.data("VmmID")), kind=setup.kind("VmmID"))


def quiet_vmm(readings: Readings) -> Decision:
    """Look at the jobs that run now: whether all of them are refreshers that the collection knows."""
    found = readings.need("jobs", _STOPPED)
    running = int(found.get("running") or 0)
    if running == 0:
        return decided(True, running=0)
    commands = [str(command) for command in found.get("commands") or () if _COMMAND.fullmatch(str(command))]
    shown = members(found.get("members") or ())
    unknown = sorted({command for command in commands if not is_refresher(command)})
    if len(commands) == running and not unknown:
        return decided(True, running=running, commands=sorted(set(commands)), members=shown)
    if any(command.casefold().startswith(_READING) for command in unknown):
        return decided(False, running=running, commands=unknown, members=shown)
    return undecided(
        "jobs other than refreshers run, or jobs do not show their command", running=running, members=shown
    )


# ---- clouds and what belongs to them ----


def _clouds(readings: Readings) -> list[Mapping[str, Any]]:
    clouds: list[Mapping[str, Any]] = list(readings.need("clouds", _STOPPED).get("clouds") or ())
    if not clouds:
        raise CouldNotLook(_NO_CLOUDS)
    return clouds


def flag_is_shown(readings: Readings) -> Decision:
    """Look for the flag of a cloud and the type of its value."""
    clouds = _clouds(readings)
    kinds = sorted({str(cloud.get("flag") or "nothing") for cloud in clouds})
    shown = members(clouds[0].get("members") or ())
    return decided(kinds == ["System.Boolean"], types=kinds, members=shown)


def flag_parameter(readings: Readings) -> Decision:
    """Look for the parameter that sets the flag."""
    found = bool(readings.need("clouds", _STOPPED).get("flag_parameter"))
    return decided(found, parameter=found)


def profiles_are_shown(readings: Readings) -> Decision:
    """Look for the capability profiles of the clouds."""
    clouds = _clouds(readings)
    lists = [cloud.get("profiles") for cloud in clouds]
    shown = [profiles for profiles in lists if profiles is not None]
    named = sum(1 for profiles in shown if any(str(name).casefold() == "hyper-v" for name in profiles))
    counts = {"clouds": len(clouds), "with_the_member": len(shown), "with_hyper_v": named}
    if len(shown) == len(clouds) and named == 0:
        return undecided("no cloud has the profile Hyper-V", **counts)
    return decided(len(shown) == len(clouds), **counts)


def inventory_members(readings: Readings) -> Decision:
    """Look for the members of host groups, hosts and VM networks that are read."""
    inventory = readings.need("inventory", _STOPPED)
    groups = [cloud for cloud in readings.need("clouds", _STOPPED).get("clouds") or () if cloud.get("group_members")]
    wanted = (
        ("group", groups[0]["group_members"] if groups else (), ("ID", "Path", "ChildHostGroups")),
        ("host", inventory.get("host_members"), ("ID", "FQDN", "VirtualizationPlatform", "VMHostGroup")),
        ("network", inventory.get("network_members"), ("Name", "LogicalNetwork")),
    )
    missing = [f"{kind}.{name}" for kind, shown, names in wanted if shown for name in names if name not in shown]
    present = [kind for kind, shown, _names in wanted if shown]
    if not present:
        return undecided("VMM has no host group in a cloud, no host and no VM network")
    return decided(not missing, looked_at=present, missing=missing)


def platform_word(readings: Readings) -> Decision:
    """Look at the word for the platform of a Hyper-V host."""
    platforms = sorted({str(each) for each in readings.need("inventory", _STOPPED).get("platforms") or ()})
    if not platforms:
        return undecided("VMM has no host")
    known = [each for each in platforms if each in ("HyperV", "VMwareESX", "XENServer", "Unknown")]
    return decided("HyperV" in platforms, platforms=known, others=len(platforms) - len(known))


# ---- the Provider and its registration ----


def configurator_place(readings: Readings) -> Decision:
    """Look for DRConfigurator below VMM's install folder."""
    files = readings.need("files")
    at_vmm, elsewhere = (files.get(name) is not None for name in ("configurator_vmm", "configurator_other"))
    if not at_vmm and not elsewhere:
        return undecided("the Provider is not installed")
    return decided(at_vmm, below_vmm=at_vmm, in_its_own_folder=elsewhere)


def provider_version(readings: Readings) -> Decision:
    """Look for the Provider's version in the registry, and compare it with the program's."""
    files = readings.need("files")
    program = files.get("configurator_vmm") or files.get("configurator_other")
    if program is None:
        return undecided("the Provider is not installed")
    key = find_key(readings, PROVIDER)
    text = key.text("Version") if key else ""
    return decided(bool(text), form=form_of(text), same_as_the_program=text == program.get("version"))


def adapter_key(readings: Readings) -> Decision:
    """Look for the key that setup makes below VMM's own."""
    files = readings.need("files")
    if files.get("configurator_vmm") is None and files.get("configurator_other") is None:
        return undecided("the Provider is not installed")
    adapter = find_key(readings, ADAPTER)
    return decided(adapter is not None, key=adapter is not None, subkeys=members(adapter.subkeys if adapter else ()))


def _registrations(readings: Readings) -> tuple[Key | None, Key | None]:
    """Return the Provider's key and the adapter's, each where it names a vault."""
    own, old = find_key(readings, REGISTRATION), find_key(readings, ADAPTER_REGISTRATION)
    own, old = (key if key is not None and key.text("ResourceName") else None for key in (own, old))
    if own is None and old is None:
        raise CouldNotLook(_NOT_REGISTERED)
    return own, old


def _registration(readings: Readings) -> Key:
    """Return the key that names the vault, the Provider's before the adapter's."""
    return next(key for key in _registrations(readings) if key is not None)


def registration_place(readings: Readings) -> Decision:
    """Look which of the two keys names the vault."""
    own, old = _registrations(readings)
    return decided(
        own is not None and old is None,
        provider_key=members(own.entries if own else ()),
        adapter_key=members(old.entries if old else ()),
    )


def registration_values(readings: Readings) -> Decision:
    """Look at the addresses that a registration leaves."""
    key = _registration(readings)
    forms = [f"{name}: {form_of(key.data(name)) if key.has(name) else 'absent'}" for name in _ADDRESSES]
    good = [key.text(name).casefold().startswith("https://") for name in _ADDRESSES[:4]]
    return decided(all(good), addresses=forms)


def registration_certificates(readings: Readings) -> Decision:
    """Look for certificates of a registration in the machine's store."""
    _registrations(readings)
    count = int(readings.need("certificates").get("of_site_recovery") or 0)
    return decided(count > 0, certificates=count)


def encryption_sign(readings: Readings) -> Decision:
    """Look for the value that shows the ended data encryption."""
    key = _registration(readings)
    kind, text = key.kind("EncryptionEnabled"), key.text("EncryptionEnabled")
    word = text if text.casefold() in ("", "0", "1", "true", "false") else form_of(text)
    if kind == "absent":
        return undecided("the registration has no such value", values=members(key.entries))
    return decided(kind in ("REG_SZ", "REG_DWORD"), kind=kind, value=word)


def _proxy(readings: Readings) -> Key:
    for path in (PROXY, ADAPTER_PROXY):
        key = find_key(readings, path)
        if key is not None and key.text("ProxyAddress"):
            return key
    raise CouldNotLook("the Provider has no proxy of its own")


def proxy_values(readings: Readings) -> Decision:
    """Look at the names and types of the Provider's proxy settings."""
    key, own = _proxy(readings), find_key(readings, PROXY)
    kinds = [f"{name}: {key.kind(name)}" for name in ("ProxyAddress", "ProxyPort", "ProxyUserName", "ProxyBypassUrls")]
    one_text = key.kind("ProxyBypassUrls") in ("REG_SZ", "REG_EXPAND_SZ", "absent")
    in_place = own is not None and bool(own.text("ProxyAddress"))
    return decided(in_place and one_text, below_the_provider=in_place, kinds=kinds)


def proxy_account(readings: Readings) -> Decision:
    """Look for the Run As account of a proxy's login."""
    if not _proxy(readings).text("ProxyUserName"):
        return undecided("the Provider's proxy has no login")
    count = int(readings.need("run_as", _STOPPED).get("proxy_accounts") or 0)
    return decided(count == 1, accounts=count)


def system_proxy_is_used(readings: Readings) -> Decision:
    """Look at the connections of VMM's process: whether they go to the proxy of its account."""
    _registrations(readings)
    try:
        _proxy(readings)
    except CouldNotLook:
        pass
    else:
        return undecided("the Provider has a proxy of its own")
    settings = readings.need("account_proxy", _STOPPED).get("settings") or {}
    key = Key(settings.get("entries") or {}, ())
    port = _port(key.text("ProxyServer"))
    if key.text("ProxyEnable") != "1" or port is None:
        return undecided("the account of the service has no proxy set")
    connected = list(readings.need("connections", _STOPPED).get("connected") or ())
    through, direct = connected.count(port), connected.count(_HTTPS_PORT)
    if port == _HTTPS_PORT or (not through and not direct):
        return undecided("no connection distinguishes the two ways", connections=len(connected))
    return decided(direct == 0, to_the_proxys_port=through, to_port_443=direct)


def _port(server: str) -> int | None:
    """Return the port of a proxy for https, from one of the two forms that Windows writes."""
    parts = server.casefold().split(";")
    entry = next((part.partition("=")[2] for part in parts if part.startswith("https=")), parts[0])
    text = entry.rpartition(":")[2].strip("/")
    return int(text) if text.isdigit() and "=" not in entry else None


def log_signs(readings: Readings) -> Decision:
    """Look for the known signs in the logs of setup and registration."""
    logs = readings.need("logs", "setup has left no log")
    signs, files = members(logs.get("signs") or ()), int(logs.get("files") or 0)
    if not signs:
        return undecided("the logs hold none of the signs; a failed registration would tell", logs=files)
    return decided(True, logs=files, signs=signs)


# ---- the cluster of a highly available VMM ----


def _resources(readings: Readings) -> Sequence[Mapping[str, Any]]:
    return list(readings.need("cluster", _NO_CLUSTER).get("resources") or ())


def _role_resource(readings: Readings) -> Mapping[str, Any]:
    found = [resource for resource in _resources(readings) if resource.get("by_service")]
    if len(found) != 1:
        raise CouldNotLook("no single resource of the cluster runs the VMM service")
    return found[0]


def cluster_answers(readings: Readings) -> Decision:
    """Look whether the cluster's commands answer in a session of a connection."""
    failure = readings.failure("cluster")
    if failure is not None:
        return decided(False, failure=str(failure.get("type")))
    return decided(True, nodes=int(readings.need("cluster", _NO_CLUSTER).get("nodes") or 0))


def cluster_resource(readings: Readings) -> Decision:
    """Look for the resource that runs VMM's service."""
    resources = _resources(readings)
    by_service = [resource for resource in resources if resource.get("by_service")]
    by_name = sum(1 for resource in resources if resource.get("by_name"))
    generic = sum(1 for resource in by_service if str(resource.get("type")).casefold() == "generic service")
    return decided(
        len(by_service) == 1,
        running_the_service=len(by_service),
        generic_services=generic,
        named_vmm_service=by_name,
    )


def cluster_checkpoints(readings: Readings) -> Decision:
    """Look for the registration's key among the registry checkpoints of the role."""
    paths = [str(path).casefold() for path in readings.need("checkpoints", _NO_CLUSTER).get("paths") or ()]
    provider = sum(1 for path in paths if "azure site recovery" in path)
    adapter = sum(1 for path in paths if "dradapter" in path)
    return decided(provider > 0, checkpoints=len(paths), of_the_provider=provider, of_the_adapter=adapter)
