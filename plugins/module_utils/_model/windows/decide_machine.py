# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: decide assumptions about any Windows machine from readings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..common.assumption import CouldNotLook, Decision, Readings, decided, form_of, undecided
from ..common.versions import numbers
from .probe_readings import (
    AGENT_SETUP,
    CONTROL_URL,
    FIPS,
    FRAMEWORK,
    INTERNET_POLICY,
    MODULE_LOGGING,
    RUNTIME,
    SESSION,
    SHELL_POLICY,
    TRANSCRIPTION,
    WINLOGON,
    Key,
    find_key,
    need_key,
    raw_keys,
)
from .signer import is_microsoft

_PROVIDER_PREFIX = "microsoft azure site recovery"
_PROVIDER_PRODUCT = "microsoft azure site recovery provider"
_AGENT_PRODUCT = "microsoft azure recovery services agent"
_ON = ("1", "true")
#: `Release` of .NET Framework 4.8 in the registry.
_DOTNET_48 = 528040
#: Parts of a pending path that one of the two programs left.
_OWN_FOLDERS = ("azure site recovery", "azure recovery services agent", "asrlogs", "drconfigurator")


# ---- the registry and the shell ----


def registry_nulls(readings: Readings) -> Decision:
    """Look at the lists in the answers for keys without values and keys without subkeys."""
    facts = [fact for fact in raw_keys(readings).values() if isinstance(fact, Mapping) and not fact.get("error")]
    values = [fact.get("entries_form") for fact in facts if not fact.get("entries")]
    subkeys = [fact.get("subkeys_form") for fact in facts if not fact.get("subkeys")]
    if not values and not subkeys:
        return undecided("no key that was read is without values or without subkeys")
    absent = (*values, *subkeys).count("absent")
    return decided(absent == 0, keys_without_values=len(values), keys_without_subkeys=len(subkeys), absent_lists=absent)


def registry_empty_text(readings: Readings) -> Decision:
    """Look at a value that Windows sets to an empty text unless its owner has set another."""
    key = need_key(readings, WINLOGON, "the key of the logon settings does not exist")
    entry = key.entries.get("LegalNoticeCaption")
    if entry is None or entry.get("data") not in (None, ""):
        return undecided("no value with an empty text was found")
    return decided(entry.get("form") != "absent", data=str(entry.get("form")))


def unrestricted_scripts(readings: Readings) -> Decision:
    """Look at the language mode of the session, and report a policy on script files, which stops no command."""
    policy = find_key(readings, SHELL_POLICY)
    enabled = policy.text("EnableScripts") if policy else ""
    mode = str(readings.need("shell").get("language_mode"))
    known = ("FullLanguage", "ConstrainedLanguage", "RestrictedLanguage", "NoLanguage")
    words = ("AllSigned", "RemoteSigned", "Unrestricted", "Bypass", "Restricted")
    given = policy.text("ExecutionPolicy") if policy else ""
    named = next((word for word in words if word.casefold() == given.casefold()), form_of(given) if given else "none")
    return decided(
        mode == "FullLanguage",
        language_mode=mode if mode in known else form_of(mode),
        execution_policy_by_policy=named,
        scripts_disabled_by_policy=enabled == "0",
    )


def no_parameter_logs(readings: Readings) -> Decision:
    """Look for the policies that make PowerShell log parameters of commands."""
    logging, transcription = find_key(readings, MODULE_LOGGING), find_key(readings, TRANSCRIPTION)
    modules = logging is not None and logging.text("EnableModuleLogging").casefold() in _ON
    transcripts = transcription is not None and transcription.text("EnableTranscripting").casefold() in _ON
    return decided(not modules and not transcripts, module_logging=modules, transcription=transcripts)


def hashing_with_fips(readings: Readings) -> Decision:
    """Look at the mode that forbids classes of .NET, and whether the hash can be made in it."""
    policy, framework = find_key(readings, FIPS), find_key(readings, FRAMEWORK)
    if policy is None or policy.text("Enabled") != "1":
        return undecided("FIPS mode is off on this machine")
    failure = readings.failure("hashing")
    newer = framework is not None and int(framework.data("Release") or 0) >= _DOTNET_48
    return decided(failure is None, hash_made=failure is None, dotnet_48_or_newer=newer)


def no_task_is_no_error(readings: Readings) -> Decision:
    """Look at the list of tasks by a pattern, which most often fits none."""
    failure = readings.failure("tasks")
    if failure is not None:
        return decided(False, failure=str(failure.get("type")))
    tasks = int(readings.need("tasks").get("tasks") or 0)
    if tasks:
        return undecided("a background task of the collection exists, so the pattern fits one", tasks=tasks)
    return decided(True, tasks=0)


def update_agent_answers(readings: Readings) -> Decision:
    """Look at the Windows Update Agent's list of services."""
    failure = readings.failure("updates")
    if failure is not None:
        return decided(False, failure=str(failure.get("type")))
    services = int(readings.need("updates").get("services") or 0)
    return decided(services > 0, services=services)


# ---- ways to the Internet ----


def answers(url: str) -> Any:
    """Return the look at one address, compared with an address that is known to answer."""

    def decide(readings: Readings) -> Decision:
        seen = readings.need("urls", "the calls of addresses were switched off")
        control, asked = seen.get(CONTROL_URL) or {}, seen.get(url) or {}
        if not asked and not control:
            raise CouldNotLook("the calls of addresses were switched off")
        reached, status = control.get("status") is not None, asked.get("status")
        failure = "none" if status is not None else str(asked.get("failure"))
        if status is None and not reached:
            return undecided("the sign-in address was not reached either: this machine has no egress", failure=failure)
        return decided(status is not None, status=status, failure=failure)

    return decide


def only_the_accounts_proxy(readings: Readings) -> Decision:
    """Look for other places of a proxy than the two values that the collection reads."""
    settings = _account_settings(readings)
    policy = find_key(readings, INTERNET_POLICY)
    script = settings.has("AutoConfigURL")
    machine = policy is not None and policy.text("ProxySettingsPerUser") == "0"
    return decided(not script and not machine, configuration_script=script, settings_of_the_machine=machine)


def account_hive_is_loaded(readings: Readings) -> Decision:
    """Look for the Internet settings of the account that runs the service."""
    found = readings.need("account_proxy", "the service does not run")
    settings = found.get("settings")
    return decided(settings is not None, settings_found=settings is not None)


def _account_settings(readings: Readings) -> Key:
    settings = readings.need("account_proxy", "the service does not run").get("settings")
    if settings is None:
        raise CouldNotLook("the account's settings are not loaded")
    if settings.get("error"):
        raise CouldNotLook(f"the account's settings cannot be read (error {settings['error']})")
    return Key(settings.get("entries") or {}, tuple(settings.get("subkeys") or ()))


# ---- programs ----


def programs(readings: Readings) -> list[Mapping[str, Any]]:
    """Return what was read of the installed programs."""
    files = readings.need("files")
    found = [files.get(name) for name in ("configurator_vmm", "configurator_other", "agent_engine")]
    return [program for program in found if isinstance(program, Mapping)]


def programs_are_microsofts(readings: Readings) -> Decision:
    """Look at the signature of the programs that are installed."""
    found = programs(readings)
    if not found:
        return undecided("neither the Provider nor the agent is installed")
    named = sum(1 for program in found if is_microsoft(program.get("signer")))
    valid = sum(1 for program in found if program.get("signature") == "Valid")
    return decided(len(found) == named == valid, programs=len(found), signed_by_microsoft=named, valid=valid)


def one_product_entry(readings: Readings) -> Decision:
    """Look at the entries of installed programs whose names begin like the Provider's."""
    products = readings.need("products").get("products") or []
    names = [str(product.get("name")).casefold() for product in products]
    like = [name for name in names if name.startswith(_PROVIDER_PREFIX)]
    if not like:
        return undecided("the Provider is not installed")
    exact = like.count(_PROVIDER_PRODUCT)
    return decided(len(like) == 1 and exact == 1, entries=len(like), with_the_exact_name=exact)


def agent_product_entry(readings: Readings) -> Decision:
    """Look at the agent's entry of installed programs, and where its key says that it is."""
    key = need_key(readings, AGENT_SETUP, "the agent is not installed")
    products = readings.need("products").get("products") or []
    exact = [each for each in products if str(each.get("name")).casefold() == _AGENT_PRODUCT]
    files = readings.need("files")
    engine, module = files.get("agent_engine") is not None, bool(files.get("agent_module"))
    return decided(
        bool(key.text("InstallPath")) and len(exact) == 1 and engine and module,
        install_path=form_of(key.data("InstallPath")),
        entries=len(exact),
        version=form_of(exact[0].get("version")) if exact else "nothing",
        engine=engine,
        module=module,
    )


def no_renames_of_setup(readings: Readings) -> Decision:
    """Look at the renames that wait for a restart: whether one of the two setups left them."""
    key = need_key(readings, SESSION, "the key of the session manager does not exist")
    paths = [str(path).casefold() for path in key.data("PendingFileRenameOperations") or () if path]
    own = sum(1 for path in paths if any(folder in path for folder in _OWN_FOLDERS))
    if not programs(readings):
        return undecided("neither the Provider nor the agent is installed", pending=len(paths))
    if own == 0:
        return undecided(
            "none of their renames waits now; a restart since setup would have removed them", pending=len(paths)
        )
    return decided(False, pending=len(paths), of_the_programs=own)


def agent_with_runtime(readings: Readings) -> Decision:
    """Look at a running agent, and for the Visual C++ runtime."""
    _require_running_agent(readings)
    runtime = find_key(readings, RUNTIME)
    installed = runtime is not None and runtime.text("Installed") == "1"
    return decided(installed, runtime=installed)


def agent_with_older_framework(readings: Readings) -> Decision:
    """Look at a running agent on a .NET Framework before 4.8."""
    _require_running_agent(readings)
    framework = need_key(readings, FRAMEWORK, "no .NET Framework 4 was found")
    release = int(framework.data("Release") or 0)
    if release >= _DOTNET_48:
        return undecided("this machine has .NET Framework 4.8 or newer")
    return decided(True, release=release, agent=agent_version(readings))


def _require_running_agent(readings: Readings) -> None:
    readings.need("agent_setting", "no agent runs on this machine")


def agent_version(readings: Readings) -> str:
    """Return the version of the agent's engine, which is not a secret."""
    engine = readings.need("files").get("agent_engine") or {}
    return ".".join(str(part) for part in numbers(str(engine.get("version") or "0")))
