# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for every module of the collection, so that roles and playbooks alone are under test.

WANT_JSON: Ansible hands the options over as a file. The world lies in one JSON file below STAND_IN_WORLD; a call that
would change it is written to the journal beside it, and left out in check mode.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

UNKNOWN = "(known after apply)"
GROUP = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-dr/providers"


class World:
    def __init__(self, folder: Path, noun: str, options: dict[str, Any]) -> None:
        self.folder = folder
        self.state: dict[str, Any] = json.loads((folder / "world.json").read_text())
        self.noun = noun
        self.options = options
        self.check = bool(options["_ansible_check_mode"])

    def note(self, kind: str, name: str) -> None:
        given = sorted(name for name in self.options if not name.startswith("_ansible"))
        line = {"noun": self.noun, "kind": kind, "name": name, "options": given}
        with (self.folder / "journal.jsonl").open("a") as journal:
            journal.write(json.dumps(line) + "\n")

    def change(self, step: str, place: str, name: str, value: Any) -> dict[str, Any]:
        """A changing module's common part of the result."""
        before = self.state.setdefault(place, {}).get(name)
        changed = before != value
        if changed and not self.check:
            self.state[place][name] = value
            (self.folder / "world.json").write_text(json.dumps(self.state))
            self.note("write", name)
        done = "nothing to do" if not changed else f"planned: make {name}" if self.check else f"make {name}"
        verified = "after apply" if changed and self.check else f"{name} is there"
        row = {"step": step, "found": "there" if before else "not there", "done": done, "verified": verified}
        return {"changed": changed, "plan": [], "evidence": [row]}


def vault(world: World) -> dict[str, Any]:
    name = world.options["name"]
    result = world.change("B1", "vaults", name, world.options["location"])
    there = name in world.state["vaults"]
    shown = f"{GROUP}/Microsoft.RecoveryServices/vaults/{name}" if there else UNKNOWN
    return {**result, "vault": {"id": shown, "name": name, "location": world.options["location"]}}


def vault_info(world: World) -> dict[str, Any]:
    found = world.state.get("vaults", {})
    return {"changed": False, "vaults": [{"name": name, "location": place} for name, place in found.items()]}


def storage_account(world: World) -> dict[str, Any]:
    return world.change("T4", "accounts", world.options["name"], "ok")


def virtual_network(world: World) -> dict[str, Any]:
    return world.change("T6", "networks", world.options["name"], "ok")


def target_info(world: World) -> dict[str, Any]:
    vaults = world.state.get("vaults", {})
    name = world.options["vault_name"]
    judged = {
        kind: [
            {"name": candidate, "verdict": verdict, "reasons": [verdict]}
            for candidate, verdict in world.state.get(place, {}).items()
        ]
        for kind, place in (("storage_accounts", "accounts"), ("virtual_networks", "networks"))
    }
    counts = {kind: sum(entry["verdict"] != "refused" for entry in entries) for kind, entries in judged.items()}
    told = f"{counts['storage_accounts']} storage accounts and {counts['virtual_networks']} networks can be used"
    return {
        "changed": False,
        "target": {
            "vault_id": f"{GROUP}/Microsoft.RecoveryServices/vaults/{name}" if name in vaults else None,
            "compatible": counts,
            "scope": {
                "subscription_id": "11111111-2222-3333-4444-555555555555",
                "subscription_name": "Production",
                "resource_group": world.options["resource_group"],
                "rules": world.state.get("scope", []),
            },
            "policies": {"rules": []},
            **judged,
        },
        "evidence": [{"step": "T3", "found": told, "done": "nothing to do", "verified": told}],
    }


def vault_registration_key(world: World) -> dict[str, Any]:
    path = Path(world.options["path"])
    if world.options.get("state") == "absent":
        changed = path.exists()
        if changed and not world.check:
            world.note("write", "remove key")
            path.unlink()
        return {"changed": changed, "vault_registration_key": {"path": str(path), "exists": False}, "evidence": []}
    if not world.check and not world.state.get("vaults"):
        _answer({"failed": True, "msg": "vault does not exist"})
    world.note("planned" if world.check else "write", "make key")
    if not world.check:
        path.write_text("key")
    done = "planned: make a key" if world.check else "make a key"
    row = {"step": "S4", "found": "no key", "done": done, "verified": "after apply"}
    return {"changed": True, "vault_registration_key": {"path": str(path), "exists": True}, "evidence": [row]}


def vmm_server_info(world: World) -> dict[str, Any]:
    world.note("wait" if world.options.get("wait") else "read", "servers")
    registered = world.state.get("registered", {})
    servers: dict[str, dict[str, Any]] = {
        name: {
            "registered": name in registered,
            "connected": name in registered,
            "clouds": list(world.state.get("clouds", {})) if name in registered else [],
        }
        for name in world.options["names"]
    }
    missing = [name for name in servers if name not in registered]
    shown = {cloud for view in servers.values() for cloud in view["clouds"]}
    absent = [cloud for cloud in world.options["vmm_clouds"] if cloud not in shown]
    rows = [f"{name}: {'not ' if name in missing else ''}registered" for name in servers]
    done = "waited" if world.options.get("wait") else "nothing to do"
    return {
        "changed": False,
        "servers": servers,
        "missing": missing,
        "progress": [{"server": name} for name in [*missing, *absent]],
        "evidence": [{"step": "P10", "found": row, "done": done, "verified": row} for row in rows],
    }


def host_info(world: World) -> dict[str, Any]:
    host = _host(world)
    world.note("read", host)
    registered = host in world.state.get("registered", {})
    hosts = [{"id": name, "fqdn": f"{name}.x.test", "platform": "HyperV"} for name in world.state.get("of_gold", [])]
    vmm: dict[str, Any] = {"ha_name": None, "clouds": [{"name": "Gold", "hosts": hosts}, {"name": "Silver"}]}
    if world.state.get("vmm_stopped"):
        vmm["clouds"] = None
    checks = [
        {"id": "elevated", "step": "S2", "verdict": "pass", "message": "runs as an administrator"},
        {"id": "dotnet", "step": "S2", "verdict": world.state.get("verdict", "pass"), "message": f".NET on {host}"},
    ]
    observation = {
        "host": {"name": host, "fqdn": host},
        "vmm": vmm if world.options["kind"] == "vmm_server" else None,
        "registration": {"vault_name": "vault-dr"} if registered else None,
    }
    return {"changed": False, "host": observation, "checks": checks}


def provider(world: World) -> dict[str, Any]:
    return world.change("P1", "providers", _host(world), True)


def provider_registration(world: World) -> dict[str, Any]:
    host = _host(world)
    new = host not in world.state.get("registered", {})
    if new and not world.check and not Path(world.options["key_path"]).exists():
        return {"failed": True, "msg": "no key file"}
    return world.change("P4", "registered", host, world.options["vault_id"])


def vmm_cloud_sync(world: World) -> dict[str, Any]:
    return world.change("P9", "clouds", "Gold", True)


def mars_agent(world: World) -> dict[str, Any]:
    return world.change("H4", "agents", _host(world), True)


def mars_proxy(world: World) -> dict[str, Any]:
    return world.change("H5", "proxies", _host(world), world.options["proxy"]["mode"])


def _host(world: World) -> str:
    """The inventory gives every machine a temporary folder of its name: nothing else tells a module where it runs."""
    return str(world.options["_ansible_remote_tmp"].rsplit("/", 1)[1])


def _answer(result: dict[str, Any]) -> None:
    print(json.dumps(result))
    sys.exit(1 if result.get("failed") else 0)


def main() -> None:
    options = json.loads(Path(sys.argv[1]).read_text())
    noun = options["_ansible_module_name"].rsplit(".", 1)[-1]
    world = World(Path(os.environ["STAND_IN_WORLD"]), noun, options)
    faults = world.state.get("faults", {})
    for place in (noun, f"{noun}:{_host(world)}", *(["wait"] if options.get("wait") else [])):
        if place in faults:
            _answer({"failed": True, "msg": faults[place]})
    _answer(globals()[noun](world))


if __name__ == "__main__":
    main()
