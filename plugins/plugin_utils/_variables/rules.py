# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the rules of the model that apply to each variable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ...module_utils._model.azure.association_plan import DesiredAssociation
from ...module_utils._model.azure.drill import DesiredDrill
from ...module_utils._model.azure.network_mapping import DesiredMapping
from ...module_utils._model.azure.policy_plan import DesiredPolicy
from ...module_utils._model.azure.protection_request import OPTIONS as PROTECTION_OPTIONS
from ...module_utils._model.azure.protection_request import desired_from_options
from ...module_utils._model.azure.regions import require_region
from ...module_utils._model.azure.registration_key import DesiredKey
from ...module_utils._model.azure.replication_request import contradictions
from ...module_utils._model.azure.sign_in import require_subscription_id, require_tenant
from ...module_utils._model.azure.storage_account import DesiredPair
from ...module_utils._model.azure.target_request import require_deployment_model, require_log_account
from ...module_utils._model.azure.vault import DesiredVault
from ...module_utils._model.azure.virtual_network import DesiredNetwork
from ...module_utils._model.azure.vmm_server import require_names
from ...module_utils._model.common.change_window import parse_window_end
from ...module_utils._model.common.cloud_names import require_cloud
from ...module_utils._model.common.errors import InvalidInput
from ...module_utils._model.common.names import require_group_name, require_vault_name, same_name
from ...module_utils._model.common.plan import checked_tags
from ...module_utils._model.common.vm_group import VmGroup
from ...module_utils._model.common.vm_settings import HOSTS, MACHINES, OwnSettings
from ...module_utils._model.common.waiting import require_timeout
from ...module_utils._model.common.wave_sizes import wrong_sizes
from ...module_utils._model.windows.agent import DesiredAgent
from ...module_utils._model.windows.background_task import checked_timeout
from ...module_utils._model.windows.endpoints import addresses
from ...module_utils._model.windows.provider import DesiredProvider
from ...module_utils._model.windows.proxy import Proxy
from ...module_utils._model.windows.registration import DesiredRegistration
from ...module_utils._model.windows.setup_logon import checked_logon
from ...module_utils._model.windows.vmm_cloud import require_cloud_names

Values = Mapping[str, Any]
Problems = Iterator[InvalidInput]

#: Placeholders for missing or invalid values, so that the rules for the other values can be applied.
_NAME = "vault-name"
_REGION = "westeurope"
_INSTALLER = {"source": "https://mirror.example.com/setup.exe", "staging_dir": "C:\\Staging", "download_timeout": 1}
_KEY_PATH = "/name.VaultCredentials"
_VAULT_ID = f"/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/{_NAME}"


class _Options(dict[str, Any]):
    """The options of a module. An option that is not set is None."""

    def __missing__(self, _name: str) -> None:
        return None


def broken_rules(source: str, values: Values) -> Problems:
    """Yield the offline rules that the converted variables of a role or of the playbooks (`site`) break."""
    rules = _RULES.get(source)
    if rules is not None:
        yield from rules(values)


# Azure ----------------------------------------------------------------------------------------------------------------


def _azure_target(values: Values) -> Problems:
    given = _without_prefix("azure_target_", values)
    yield from _each(
        given,
        "azure_target_",
        subscription_id=require_subscription_id,
        tenant=require_tenant,
        cloud_environment=require_cloud,
        resource_group=require_group_name,
        vault_name=require_vault_name,
        deployment_model=require_deployment_model,
        wait_timeout=require_timeout,
    )
    location, problems = _location(given)
    yield from problems
    yield from _vault(given)
    yield from _accounts(given, location)
    yield from _networks(given, location)
    yield from _key(given)
    yield from _renamed(
        lambda: require_names(given["server_names"], given["clouds"], False, given["vm_networks"]),
        {
            "names": "azure_target_server_names",
            "vmm_clouds": "azure_target_clouds",
            "networks": "azure_target_vm_networks",
        },
    )


def _location(given: Values) -> tuple[str, list[InvalidInput]]:
    """Return a valid region for the rules of other values, and the problems of the region that is set."""
    location = given["location"]
    if location is None:
        return _REGION, []
    names = ("azure_target_location", "azure_target_cloud_environment")
    problems = list(
        _renamed(
            lambda: require_region(location, given["cloud_environment"], *names),
            {"cloud_environment": names[1]},
        )
    )
    return (_REGION if problems else location), problems


def _vault(given: Values) -> Problems:
    for variable in ("vault_tags", "group_tags"):
        yield from _renamed(partial(checked_tags, given[variable], f"azure_target_{variable}"), {})
    settings = _Options(given["vault"] or {})
    placeholders = {"name": _NAME, "resource_group": "g", "location": _REGION, "state": "present"}
    for problem in _refusals(DesiredVault.from_options, _Options({**settings, **placeholders}), placeholders):
        yield _moved(problem, "azure_target_vault.")


def _accounts(given: Values, location: str) -> Problems:
    accounts = given["storage_accounts"] or []
    for number, account in enumerate(accounts):
        place = f"azure_target_storage_accounts[{number}]."
        # The conversion has reported a log account without a name.
        nameless = "log_account" in account and "name" not in account["log_account"]
        checked = {option: value for option, value in account.items() if not (nameless and option == "log_account")}
        yield from _placed(place, DesiredPair.from_options, checked, given, location, name="account")
    named = [account for account in accounts if "name" in account]
    yield from _renamed(lambda: require_log_account(named, "azure_target_storage_accounts"), {})


def _networks(given: Values, location: str) -> Problems:
    for number, network in enumerate(given["virtual_networks"] or []):
        place = f"azure_target_virtual_networks[{number}]."
        subnets = [subnet for subnet in network.get("subnets") or [] if "name" in subnet]
        complete = {**network, **({"subnets": subnets} if "subnets" in network else {}), "state": "present"}
        single = [{**complete, "subnets": [subnet]} for subnet in subnets]
        found: dict[str, InvalidInput] = {}
        for each in [*single, complete]:
            for problem in _placed(place, DesiredNetwork.from_options, each, given, location, name="network"):
                found.setdefault(problem.message, problem)
        yield from found.values()


def _placed(
    place: str, build: Callable[[Values], object], entry: Values, given: Values, location: str, *, name: str
) -> Problems:
    """Yield the problems of an account or a network. By default it is in the vault's group and region."""
    if "resource_group" in entry:
        yield from _renamed(lambda: require_group_name(entry["resource_group"], f"{place}resource_group"), {})
    fixed = {"vault_location": location, "allow_other_region": given["allow_other_region"], "purge_tags": False}
    placeholders = {"name": name, "resource_group": "g", "location": location, "purge_network_rules": False}
    options = _Options({**placeholders, "subscription_id": given["subscription_id"], **entry, **fixed})
    for problem in _refusals(build, options, placeholders):
        yield _moved(problem, place)


def _key(given: Values) -> Problems:
    names = {
        "path": "azure_target_key_path",
        "validity_hours": "azure_target_key_validity_hours",
        "renewal_margin_hours": "azure_target_key_renewal_margin_hours",
    }
    written = {option: given[f"key_{option}"] for option in names if given[f"key_{option}"] is not None}
    if not written:
        return
    defaults = {"path": _KEY_PATH, "validity_hours": 120, "renewal_margin_hours": 24}
    options = _Options({**defaults, "vault_name": _NAME, "resource_group": "g", "state": "present", **written})
    for problem in _refusals(DesiredKey.from_options, options, {**defaults, "renewal_margin_hours": 0}):
        yield _renamed_problem(problem, names)


def _replication(values: Values) -> Problems:
    given = _without_prefix("replication_", values)
    yield from _each(given, "replication_", wait_timeout=require_timeout)
    for number, mapping in enumerate(given["network_mappings"] or []):
        yield from _entry(f"replication_network_mappings[{number}].", _mapping, mapping, {"vm_network": "network"})
    for number, policy in enumerate(given["policies"] or []):
        place = f"replication_policies[{number}]."
        yield from _entry(place, DesiredPolicy.from_options, policy, {"name": "policy"})
        if "clouds" in policy:
            yield from _entry(
                place, DesiredAssociation.from_options, {**policy, "policy": "policy"}, {"clouds": ["cloud"]}
            )
    yield from contradictions(given["network_mappings"] or [], given["policies"] or [], "replication_")


def _unregistration(values: Values) -> Problems:
    yield from _each(_without_prefix("unregistration_", values), "unregistration_", wait_timeout=require_timeout)


def _mapping(options: Values) -> DesiredMapping:
    return DesiredMapping.from_options(options, "s")


def _entry(place: str, build: Callable[[Values], object], entry: Values, placeholders: Values) -> Problems:
    defaults = {"state": "present", "resource_group": "g", "vault_name": _NAME, "purge": False}
    for problem in _refusals(build, _Options({**defaults, **placeholders, **entry}), placeholders):
        yield _moved(problem, place)


def _protection(values: Values) -> Problems:
    given = _without_prefix("protection_", values)
    yield from _each(given, "protection_", wait_timeout=require_timeout)
    parallel = given["parallel"]
    if parallel is not None and parallel < 1:
        yield InvalidInput("protection_parallel", "must be at least 1", "give a number of machines")
    groups = given["groups"] or []
    for number, group in enumerate(groups):
        place = f"protection_groups[{number}]"
        named = _Options({"name": "group", "cloud": "cloud", **group})
        yield from _renamed(partial(VmGroup.from_options, named, place), {})
        shared = {option: value for option, value in named.items() if option in PROTECTION_OPTIONS}
        entries = [(f"{place}.machines[{index}]", entry) for index, entry in enumerate(named["machines"] or [])]
        for where, options in [(place, shared), *entries]:
            yield from _machine(where, options)
    complete = [
        group for group in groups if group["name"] and group["cloud"] and (group["include"] or group["machines"])
    ]
    for number, group in enumerate(complete):
        if any(same_name(group["name"], other["name"]) for other in complete[:number]):
            yield InvalidInput("protection_groups", f"'{group['name']}' is a duplicate", "name each group once")
    yield from _own_settings(given["settings"] or [], given["host_settings"] or [])


def _own_settings(machines: Sequence[Values], hosts: Sequence[Values]) -> Problems:
    for variable, entries in ((MACHINES, machines), (HOSTS, hosts)):
        for number, entry in enumerate(entries):
            yield from _machine(f"{variable}[{number}]", {key: entry[key] for key in entry if key != "host"})
    named = OwnSettings(
        tuple(entry for entry in machines if entry.get("name")), tuple(entry for entry in hosts if entry.get("host"))
    )
    yield from named.duplicates()


def _machine(place: str, entry: Values) -> Problems:
    """Yield the problems of the settings of a machine or a group, under their place in the variable."""
    fixed = {"resource_group": "g", "cloud": "cloud", "policy": entry.get("policy"), "parallel": 1, "state": "present"}
    machine = {"name": "machine", **entry}

    def build(options: Values) -> object:
        return desired_from_options(_Options({**fixed, "machines": [options]}), "s")

    beginning = "machines[0]"
    for problem in _refusals(build, _Options(machine), {"name": "machine"}, f"{beginning}."):
        yield InvalidInput(place + problem.option.removeprefix(beginning), problem.rule, problem.fix)


def _drill(values: Values) -> Problems:
    given = _without_prefix("drill_", values)
    yield from _each(given, "drill_", wait_timeout=require_timeout)
    if given["concurrent"] is not None and given["concurrent"] < 1:
        yield InvalidInput("drill_concurrent", "must be at least 1", "give a number of machines")
    defaults = {"state": "tested", "recovery_point": "latest", "valid_hours": 0, "open_test": "refuse"}
    options = _Options({**defaults, **_without_blanks(given)})
    if given["only"]:
        options |= {"machines": given["only"], "recovery_plan": None}
    # The module requires machines and a network. A site without drills sets neither.
    placeholders = {**defaults, "network": "network", "network_resource_group": "g", "machines": ["machine"]}
    if not options["machines"] and not options["recovery_plan"]:
        options["machines"] = placeholders["machines"]
    if not options["network"] and not options["without_network"]:
        options |= {name: placeholders[name] for name in ("network", "network_resource_group")}
    for problem in _refusals(partial(DesiredDrill.from_options, subscription_id="s"), options, placeholders):
        yield _moved(problem, "drill_")


# Windows --------------------------------------------------------------------------------------------------------------


def _vmm_server(values: Values) -> Problems:
    given = _without_prefix("vmm_server_", values)
    yield from _setup("vmm_server_", "provider", given, DesiredProvider.from_options, running_jobs_timeout=0)
    yield from _proxy(given["proxy"], "vmm_server_proxy")
    placeholders = {"vault_id": _VAULT_ID, "registration_timeout": 1800}
    # The options of setup have been validated with the same timeout.
    options = _Options({**placeholders, **_without_blanks(given), "proxy": None, "running_jobs_timeout": 0})
    # _setup has evaluated these.
    options |= {"setup_logon": None, "setup_password": None}
    for problem in _refusals(DesiredRegistration.from_options, options, placeholders):
        yield _moved(problem, "vmm_server_")
    if given["clouds"]:
        yield from _renamed(lambda: require_cloud_names(given["clouds"]), {"vmm_clouds": "vmm_server_clouds"})


def _hyperv_host(values: Values) -> Problems:
    given = _without_prefix("hyperv_host_", values)
    if values.get("hyperv_host_begin_before"):
        yield from _window_end("hyperv_host_begin_before", values)
    yield from _setup("hyperv_host_", "agent", given, DesiredAgent.from_options, minimum_cache_gb=0)
    yield from _proxy(given["proxy"], "hyperv_host_proxy")


def _setup(prefix: str, program: str, given: Values, build: Callable[[Values], object], **more: Any) -> Problems:
    """Yield the problems of an installer and its options. `provider_version` is the `version` of the installer."""
    yield from _renamed(lambda: _require_wait(given), {"wait_timeout": f"{prefix}wait_timeout"})
    names = {name: f"{prefix}{name}" for name in ("setup_logon", "setup_password")}
    yield from _renamed(lambda: checked_logon(given), names)
    problems = list(_proxy(given["download_proxy"], f"{prefix}download_proxy"))
    yield from problems
    placeholders = {**_INSTALLER, **more}
    own = {f"{program}_{name}": name for name in ("source", "checksum", "version", "install_path")}
    options = {own.get(name, name): value for name, value in _without_blanks(given).items()}
    if problems:
        options["download_proxy"] = None
    for problem in _refusals(build, _Options({**placeholders, **options}), placeholders):
        name = problem.option.partition(".")[0]
        variable = next((variable for variable, option in own.items() if option == name and variable in given), name)
        yield _moved(problem, prefix + variable.removesuffix(name))


def _require_wait(given: Values) -> None:
    if given["wait_timeout"] is not None:
        checked_timeout(given)


def _proxy(value: Values | None, variable: str) -> Problems:
    if value is None:
        return
    if "mode" not in value:
        yield InvalidInput(f"{variable}.mode", "is required", "choose direct, system or custom")
        return
    placeholders = {"address": "http://proxy", "port": 8080} if value["mode"] == "custom" else {}
    inner = f"{variable}."
    yield from _refusals(lambda options: Proxy.from_options(options, variable), _Options(value), placeholders, inner)


# The playbooks --------------------------------------------------------------------------------------------------------


def _site(values: Values) -> Problems:
    yield from wrong_sizes("site_wave_sizes", values.get("site_wave_sizes") or [])
    for name in ("site_max_fail_percentage", "site_max_run_fail_percentage"):
        percentage = values.get(name)
        if percentage is not None and not 0 <= percentage <= 100:
            yield InvalidInput(name, f"must be from 0 to 100, not {percentage}", "correct the number")
    if values.get("site_window_end"):
        yield from _window_end("site_window_end", values)
    for text in values.get("site_endpoints") or []:
        yield from _renamed(partial(addresses, "AzureCloud", (), [text]), {"endpoints": "site_endpoints"})


def _window_end(variable: str, values: Values) -> Problems:
    return _renamed(partial(parse_window_end, variable, str(values[variable])), {})


_RULES: Mapping[str, Callable[[Values], Problems]] = {
    "azure_target": _azure_target,
    "vmm_server": _vmm_server,
    "hyperv_host": _hyperv_host,
    "replication": _replication,
    "protection": _protection,
    "drill": _drill,
    "unregistration": _unregistration,
    "site": _site,
}


# How rules are applied ------------------------------------------------------------------------------------------------


def _refusals(build: Callable[[Values], object], options: _Options, placeholders: Values, inside: str = "") -> Problems:
    """Yield every rule that the options break.

    The model raises for the first broken rule. Its option is then removed or replaced by a placeholder, and the rest is
    checked again. `inside` is the text before the option's name in a problem.
    """
    options = _Options(options)
    while True:
        try:
            build(options)
            return
        except InvalidInput as error:
            yield error
            name = _first_word(error.option.removeprefix(inside))
            if options[name] == placeholders.get(name):
                return
            options[name] = placeholders.get(name)


def _first_word(option: str) -> str:
    return option.replace(".", " ").partition(" ")[0]


def _each(given: Values, prefix: str, **rules: Callable[[Any, str], object]) -> Problems:
    """Yield the broken rules for single values. A rule has the name of its value."""
    for name, rule in rules.items():
        if given[name] is not None:
            yield from _renamed(partial(rule, given[name], prefix + name), {})


def _renamed(check: Callable[[], object], names: Mapping[str, str]) -> Problems:
    """Yield the broken rule of a check, under the name of the variable instead of the option."""
    try:
        check()
    except InvalidInput as error:
        yield _renamed_problem(error, names)


def _renamed_problem(problem: InvalidInput, names: Mapping[str, str]) -> InvalidInput:
    name = _first_word(problem.option)
    return InvalidInput(names.get(name, name) + problem.option.removeprefix(name), problem.rule, problem.fix)


def _moved(problem: InvalidInput, place: str) -> InvalidInput:
    return InvalidInput(place + problem.option, problem.rule, problem.fix)


def _without_prefix(prefix: str, values: Values) -> _Options:
    return _Options({name.removeprefix(prefix): _as_options(value) for name, value in values.items()})


def _as_options(value: Any) -> Any:
    """Return a value in which every dictionary returns None for a missing key."""
    if isinstance(value, Mapping):
        return _Options({name: _as_options(item) for name, item in value.items()})
    return [_as_options(item) for item in value] if isinstance(value, list) else value


def _without_blanks(values: Values) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
