# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the shapes of the objects that scripts return, as far as the collection reads them.

PowerShell turns a list of one item into the item, and an empty one into null, when a script is not careful. A machine
can also be hostile. Every object is checked here once, so that the code behind relies on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..common.errors import RemoteFailure
from ..common.shape import BOOL, NUMBER, TEXT, Misshapen, Optional, Shape, first_misshapen
from ..common.shown_text import foreign

_TEXT, _NUMBER, _BOOL, _TEXTS = Optional(TEXT), Optional(NUMBER), Optional(BOOL), [TEXT]
_SERVICE = Optional({"status": TEXT, "start_mode": _TEXT})
_HOST = {
    "name": TEXT,
    "fqdn": TEXT,
    "domain_role": NUMBER,
    "os_version": TEXT,
    "os_caption": TEXT,
    "account": _TEXT,
    "is_administrator": BOOL,
    "dotnet_release": _NUMBER,
    "powershell_version": _TEXT,
    "visual_cpp": _TEXT,
    "pending_restart": _TEXTS,
    "pending_files": Optional(_TEXTS, absent=True),
    "pending_file_count": Optional(NUMBER, absent=True),
    "execution_policy": Optional({"machine": _TEXT, "user": _TEXT}, absent=True),
    "batch_logon": Optional({"granted": Optional(_TEXTS), "denied": Optional(_TEXTS)}, absent=True),
    "roots": Optional({"present": _TEXTS, "fetched": BOOL}, absent=True),
    "utc_now": TEXT,
    "volumes": Optional([{"drive": TEXT, "free_bytes": NUMBER}]),
    "tls": {
        "schannel_client_enabled": _NUMBER,
        "schannel_client_disabled_by_default": _NUMBER,
        "strong_crypto": _NUMBER,
        "system_default": _NUMBER,
    },
    "system_proxy": Optional(
        {
            "enabled": BOOL,
            "server": _TEXT,
            "bypass": _TEXTS,
            "of_machine": Optional(BOOL, absent=True),
            "script_url": Optional(TEXT, absent=True),
            "winhttp": Optional(TEXT, absent=True),
        }
    ),
    "hotfixes": Optional(_TEXTS),
    "antivirus": Optional({"status": TEXT, "exclusions": _TEXTS}),
    "cluster": Optional({"name": _TEXT}),
}
_CLOUD = {
    "id": TEXT,
    "name": TEXT,
    "published": _BOOL,
    "hosts": Optional(
        [
            {
                "id": TEXT,
                "fqdn": TEXT,
                "platform": TEXT,
                "state": Optional(TEXT, absent=True),
                "communication_state": Optional(TEXT, absent=True),
                "maintenance": Optional(BOOL, absent=True),
            }
        ],
        absent=True,
    ),
    "capability_profiles": Optional(_TEXTS, absent=True),
}
_JOB_LIST = [{"name": TEXT, "command": TEXT, "owner": TEXT, "progress": _NUMBER, "minutes": _NUMBER}]
_JOBS = Optional(_JOB_LIST)
_VMM = {
    "product_version": _TEXT,
    "vmm_id": _TEXT,
    "ha_name": _TEXT,
    "service": _SERVICE,
    "running_jobs": _JOBS,
    "flag_supported": _BOOL,
    "clouds": Optional([_CLOUD]),
    "networks": Optional([{"name": TEXT, "logical_network": _TEXT}]),
    "install_path": Optional(TEXT, absent=True),
    "restart_due": BOOL,
    "cluster": Optional(
        {
            "service": TEXT,
            "node": TEXT,
            "nodes": Optional([{"name": TEXT, "state": TEXT}]),
            "resource": _TEXT,
            "resource_state": _TEXT,
            "owner_node": _TEXT,
        },
        absent=True,
    ),
}
_REGISTRATION = {
    "vault_name": _TEXT,
    "hive": _TEXT,
    "proxy": Optional({"address": TEXT, "port": _NUMBER, "username": _TEXT, "bypass": _TEXTS}),
    "run_as_account": _TEXT,
    "run_as_user": _TEXT,
    "certificates": NUMBER,
    "thumbprints": _TEXTS,
    "places": [{"key": TEXT, "vault_name": _TEXT}],
    "proxy_keys": Optional(_TEXTS, absent=True),
    "encryption": BOOL,
    "orphaned_key_files": _TEXTS,
}
_THROTTLE = {
    "enabled": BOOL,
    "work_days": [NUMBER],
    "start": _TEXT,
    "end": _TEXT,
    "work_bandwidth": _NUMBER,
    "non_work_bandwidth": _NUMBER,
}
_AGENT = {
    "version": _TEXT,
    "install_path": TEXT,
    "cache_path": _TEXT,
    "service": _SERVICE,
    "restart_due": BOOL,
    "paused_node": Optional(BOOL, absent=True),
    "backup_registered": BOOL,
    "proxy": Optional(
        {
            "enabled": BOOL,
            "server": _TEXT,
            "port": _NUMBER,
            "username": _TEXT,
            "login_shown": BOOL,
            "bypass": _TEXTS,
        }
    ),
    "setting_error": Optional(TEXT, absent=True),
    "bypass_supported": _BOOL,
    "throttle": Optional(_THROTTLE),
    "upload_threads": _NUMBER,
    "download_threads": _NUMBER,
}
_GUEST = {
    "name": TEXT,
    "generation": NUMBER,
    "secure_boot": _BOOL,
    "disks": NUMBER,
    "first_disk_bytes": _NUMBER,
    "shared_disks": NUMBER,
    "pass_through_disks": NUMBER,
}
_CALL = {
    "url": TEXT,
    "registered": BOOL,
    "via": TEXT,
    "status": _NUMBER,
    "from_proxy": BOOL,
    "failure": _TEXT,
    "date": _TEXT,
    "clock": _TEXT,
}
_OBSERVATION = {
    "language_mode": Optional(TEXT, absent=True),
    "unread": Optional([{"name": TEXT, "reason": TEXT}], absent=True),
    "host": Optional(_HOST),
    "vmm": Optional(_VMM),
    "provider": Optional(
        {
            "version": _TEXT,
            "adapter_present": BOOL,
            "configurator_path": _TEXT,
            "product_code": Optional(TEXT, absent=True),
        }
    ),
    "registration": Optional(_REGISTRATION),
    "agent": Optional(_AGENT),
    "hyperv": Optional({"service": _SERVICE, "switch_names": Optional(_TEXTS), "vms": Optional([_GUEST])}),
    "connectivity": Optional([_CALL], absent=True),
    "background_tasks": Optional(
        [{"name": TEXT, "task": _TEXT, "task_result": _NUMBER, "finished": BOOL}], absent=True
    ),
    "updates": Optional({"microsoft_update": _BOOL}, absent=True),
    "replication": Optional({"machines": Optional(_TEXTS)}, absent=True),
}
_SYMPTOMS = {
    **{name: _OBSERVATION[name] for name in _OBSERVATION if name not in ("connectivity", "updates", "replication")},
    "logs": [{"program": TEXT, "written": _TEXT, "lines": _TEXTS, "error": _TEXT}],
    "event_logs": [
        {
            "log": TEXT,
            "absent": BOOL,
            "events": [{"id": NUMBER, "time": TEXT, "lines": _TEXTS}],
            "error": _TEXT,
        }
    ],
}
_TRANSFER = {
    "sha256": _TEXT,
    "transfer": {
        "complete": BOOL,
        "received": _NUMBER,
        "total": _NUMBER,
        "host": _TEXT,
        "insecure": BOOL,
        "free_bytes": _NUMBER,
        "needed_bytes": _NUMBER,
        "error": Optional({"type": TEXT, "status": _NUMBER, "reason": _TEXT, "message": TEXT}),
    },
}
_PROGRAM = {"exit_code": _NUMBER, "log_tail": _TEXTS, "service": _TEXT}
# A program that an earlier release started does not report events.
_EVENTS = Optional(_TEXTS, absent=True)
_CONFIGURATOR = {**_PROGRAM, "started": BOOL, "running_jobs": _JOBS, "events": _EVENTS}
ANSWERS: Mapping[str, Shape] = {
    "append_file": _TRANSFER,
    "clean_registration": {"running_jobs": _JOBS, "exports": _TEXTS},
    "configure_provider": _CONFIGURATOR,
    "fetch_file": _TRANSFER,
    "inspect_file": {"sha256": _TEXT},
    "install_agent": _PROGRAM,
    "install_provider": {
        "extract_exit": _NUMBER,
        "setup_exit": _NUMBER,
        "service_after": _TEXT,
        "resource_after": Optional(TEXT, absent=True),
        # A setup that an earlier release started does not report them.
        "running_jobs": Optional(_JOB_LIST, absent=True),
        "log_tail": _TEXTS,
        "events": _EVENTS,
    },
    "list_restart_obstacles": {
        "node": TEXT,
        "machines": [TEXT],
        "nodes": [{"name": TEXT, "state": TEXT, "drain": TEXT}],
        "marked": BOOL,
    },
    "list_running_jobs": {"running_jobs": _JOBS},
    "list_host_machines": TEXT,
    "list_virtual_machines": TEXT,
    "list_vmm_fabric": TEXT,
    "observe": _OBSERVATION,
    "pause_node": {"paused": BOOL},
    "poll_background_task": {"task": _TEXT, "task_result": _NUMBER, "folder": BOOL, "answer": _TEXT, "log": _TEXT},
    "register_vmm_server": _CONFIGURATOR,
    "read_symptoms": _SYMPTOMS,
    "remove_agent": _PROGRAM,
    "remove_provider": {
        "exit_code": _NUMBER,
        "service_after": _TEXT,
        "resource_after": _TEXT,
        "running_jobs": _JOBS,
    },
    "remove_run_as_account": {"removed": BOOL, "refusal": _TEXT},
    "resume_node": {"resumed": BOOL, "marked": BOOL, "state": TEXT},
    "restart_service": {"restarted": BOOL, "running_jobs": _JOBS, "status": _TEXT},
    "start_background_task": {"started": BOOL},
    "set_agent_limits": {"service": _TEXT},
    "set_microsoft_update": {"microsoft_update": _BOOL, "registration": _NUMBER},
    "set_run_as_password": {"service": _TEXT},
    "set_service_state": {"status": TEXT, "start_mode": TEXT},
}
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def require_shape(script: str, answer: Any) -> None:
    """Raise RemoteFailure unless the object of a script has its shape. The error names the script and the field."""
    found = first_misshapen(answer, ANSWERS.get(script, {})) or _wrong_moment(script, answer)
    if found is not None:
        raise misshapen(script, found.describe())


def misshapen(script: str, description: str) -> RemoteFailure:
    """Return the error about an answer that does not have its shape."""
    return RemoteFailure(
        f"script {script} returned {foreign(description)}; check what changes the answers of this machine, then run"
        " again, and report a bug if it remains",
        script=script,
    )


def _wrong_moment(script: str, answer: Any) -> Misshapen | None:
    """Return the first point in time of an observation that is not one."""
    if script not in ("observe", "read_symptoms"):
        return None
    moments = [("host.utc_now", (answer["host"] or {}).get("utc_now"))]
    calls = answer.get("connectivity") or []
    moments += [(f"connectivity[{number}].clock", call["clock"]) for number, call in enumerate(calls)]
    for field, text in moments:
        if text is None or (not text and field != "host.utc_now"):
            continue
        try:
            datetime.strptime(text, _MOMENT)
        except ValueError:
            return Misshapen(field, f"'{text}'", "a time like 2026-01-31T12:00:00Z")
    return None
