# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a machine in a form in which two runs can be compared."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from .filesystem import File
from .state import MachineState


def of(machine: MachineState) -> dict[str, Any]:
    """Return the state without times, process ids, key names of certificates, and logs, which always grow."""
    return {
        "registry": {key.path: {value.name: value.data for value in key.values.values()} for key in machine.registry},
        "services": {
            service.name: {"status": service.status, "start_mode": service.start_mode, "account": service.account}
            for service in machine.services.all()
        },
        "files": {
            file.path: "folder " + file.sddl if file.is_folder else f"{_content(file)} {file.sddl}"
            for file in machine.files
            if not file.name.lower().endswith(".log")
        },
        "tasks": {task.name: [task.user, task.logon_type, task.state] for task in machine.tasks.values()},
        "microsoft_update": machine.microsoft_update,
        "certificates": sorted(certificate.friendly_name for certificate in machine.certificates),
        "vmm": _vmm(machine),
        "agent": _agent(machine),
        "cluster": _cluster(machine),
    }


def _cluster(machine: MachineState) -> list[Any] | None:
    cluster = machine.cluster
    return None if cluster is None else [cluster.owner, cluster.state, dict(cluster.nodes), dict(cluster.drains)]


def _content(file: File) -> str:
    """Return the hash of a file, or its JSON with sorted keys."""
    if not file.name.lower().endswith(".json"):
        return file.sha256
    try:
        return json.dumps(json.loads(file.content or b""), sort_keys=True)
    except ValueError:
        return file.sha256


def _vmm(machine: MachineState) -> dict[str, Any] | None:
    vmm = machine.vmm
    if vmm is None:
        return None
    return {
        "clouds": {cloud.name: cloud.published for cloud in vmm.clouds},
        "run_as": {account.name: [account.username, account.password_digest] for account in vmm.run_as},
        "registration": None
        if vmm.registration is None
        else [vmm.registration.vault_id, vmm.registration.friendly_name],
    }


def _agent(machine: MachineState) -> dict[str, Any] | None:
    if machine.agent is None:
        return None
    proxy = machine.agent.proxy
    return {
        "enabled": proxy.enabled,
        "server": proxy.server,
        "port": proxy.port,
        "username": proxy.username,
        "password": proxy.password_digest,
        "bypass": proxy.bypass,
        "throttle": dataclasses.asdict(machine.agent.throttle),
    }
