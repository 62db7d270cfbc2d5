# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand in for every module of the collection, so that only roles and playbooks are under test.

WANT_JSON: Ansible passes the options as a file. The state is one JSON file below STAND_IN_STATE. A call that would
change it is written to the journal next to it, and omitted in check mode.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from pathlib import Path
from typing import Any

UNKNOWN = "(known after apply)"
GROUP = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-dr/providers"


class State:
    def __init__(self, folder: Path, module: str, options: dict[str, Any]) -> None:
        self.folder = folder
        self.values: dict[str, Any] = json.loads((folder / "state.json").read_text())
        self.module = module
        self.options = options
        self.check = bool(options["_ansible_check_mode"])

    def record(self, kind: str, name: str) -> None:
        given = sorted(name for name in self.options if not name.startswith("_ansible"))
        cloud = self.options.get("cloud_environment")
        line = {"module": self.module, "kind": kind, "name": name, "options": given, "cloud": cloud}
        with (self.folder / "journal.jsonl").open("a") as journal:
            journal.write(json.dumps(line) + "\n")

    def change(self, step: str, place: str, name: str, value: Any) -> dict[str, Any]:
        """Make a change, and return the part of the result that all changing modules share."""
        before = self.values.setdefault(place, {}).get(name)
        changed = before != value
        if changed and not self.check:
            self.values[place][name] = value
            (self.folder / "state.json").write_text(json.dumps(self.values))
            self.record("write", name)
        done = "nothing to do" if not changed else f"planned: make {name}" if self.check else f"make {name}"
        verified = "known after the run" if changed and self.check else f"{name} is there"
        row = {"step": step, "found": "there" if before else "not there", "done": done, "verified": verified}
        return {"changed": changed, "plan": [], "evidence": [row]}


def vault(state: State) -> dict[str, Any]:
    name = state.options["name"]
    result = state.change("B1", "vaults", name, state.options["location"])
    there = name in state.values["vaults"]
    shown = f"{GROUP}/Microsoft.RecoveryServices/vaults/{name}" if there else UNKNOWN
    return {**result, "vault": {"id": shown, "name": name, "location": state.options["location"]}}


def storage_account(state: State) -> dict[str, Any]:
    return state.change("T4", "accounts", state.options["name"], "ok")


def virtual_network(state: State) -> dict[str, Any]:
    return state.change("T6", "networks", state.options["name"], "ok")


def target_info(state: State) -> dict[str, Any]:
    state.record("read", "target")
    name, found = state.options["vault_name"], state.values.get("vaults", {})
    vault = {"vault_id": f"{GROUP}/Microsoft.RecoveryServices/vaults/{name}", "exists": name in found}
    row = _row("B1", f"vault {name}" if name in found else "no vault")
    if name not in found and state.options.get("check_target") == "existing":
        return {"changed": False, "target": vault, "checks": [], "evidence": [row]}
    accounts, networks = state.values.get("accounts", {}), state.values.get("networks", {})
    summary = f"{len(accounts)} storage accounts and {len(networks)} networks can be used"
    return {
        "changed": False,
        "target": {
            **vault,
            "scope": {},
            "storage_accounts": [{"name": account} for account in accounts],
            "virtual_networks": [{"name": network} for network in networks],
        },
        "checks": state.values.get("target_checks", []),
        "evidence": [row, _row("T3", summary)],
    }


def vault_registration_key(state: State) -> dict[str, Any]:
    path = Path(state.options["path"])
    if state.options.get("state") == "absent":
        changed = path.exists()
        if changed and not state.check:
            state.record("write", "remove key")
            path.unlink()
        return {"changed": changed, "vault_registration_key": {"path": str(path), "exists": False}, "evidence": []}
    if not state.check and not state.values.get("vaults"):
        _answer({"failed": True, "msg": "vault does not exist"})
    state.record("planned" if state.check else "write", "make key")
    if not state.check:
        path.write_text("key")
    done = "planned: make a key" if state.check else "make a key"
    row = {"step": "S4", "found": "no key", "done": done, "verified": "known after the run" if state.check else "a key"}
    return {"changed": True, "vault_registration_key": {"path": str(path), "exists": True}, "evidence": [row]}


def vmm_server_info(state: State) -> dict[str, Any]:
    state.record("wait" if state.options.get("wait") else "read", "servers")
    registered = state.values.get("registered", {})
    expected = state.options.get("servers") or []
    clouds = [*state.options["vmm_clouds"], *(cloud for each in expected for cloud in each["vmm_clouds"] or [])]
    servers: dict[str, dict[str, Any]] = {
        name: {
            "registered": name in registered,
            "connected": name in registered,
            "clouds": list(state.values.get("clouds", {})) if name in registered else [],
        }
        for name in [*state.options["names"], *(each["name"] for each in expected)]
    }
    missing = [name for name in servers if name not in registered]
    shown = {cloud for view in servers.values() for cloud in view["clouds"]}
    absent = [cloud for cloud in clouds if cloud not in shown]
    rows = [f"{name}: {'not ' if name in missing else ''}registered" for name in servers]
    done = "waited" if state.options.get("wait") else "nothing to do"
    return {
        "changed": False,
        "servers": servers,
        "missing": missing,
        "progress": [{"server": name} for name in [*missing, *absent]],
        "evidence": [{"step": "P10", "found": row, "done": done, "verified": row} for row in rows],
    }


def host_info(state: State) -> dict[str, Any]:
    host = _host(state)
    state.record("read", host)
    registered = host in state.values.get("registered", {})
    server = state.options["kind"] == "vmm_server"
    hosts = [{"id": name, "fqdn": f"{name}.x.test", "platform": "HyperV"} for name in state.values.get("of_gold", [])]
    clouds = None if state.values.get("vmm_stopped") else [{"name": "Gold", "hosts": hosts}, {"name": "Silver"}]
    checks = [
        _check("elevated", "pass", "runs as an administrator"),
        _check("dotnet", _status(state), f".NET on {host}"),
    ]
    unknown = [name for name in state.options.get("vmm_clouds") or [] if name not in ("gold", "Gold", "Silver")]
    if server and unknown and clouds:
        message = f"VMM has no cloud {', '.join(unknown)}; its clouds are Gold, Silver"
        checks.append({**_check("cloud-unknown", "error", message), "step": "P9"})
    expected = list(state.options.get("vmm_clouds") or [])
    return {
        "changed": False,
        "host": {
            "host": {
                "name": host,
                "fqdn": state.values.get("names", {}).get(host, host),
                "cluster": {"name": state.values["clusters"][host]}
                if host in state.values.get("clusters", {})
                else None,
            },
            "vmm": {"clouds": clouds} if server else None,
            "provider": {"version": "5"} if host in state.values.get("providers", {}) else None,
            "registration": {"vault_name": "vault-dr", "management_uri": "https://pod.test"} if registered else None,
            "agent": {"version": "2"} if host in state.values.get("agents", {}) else None,
        },
        "checks": checks,
        "evidence": [_row("S2" if server else "H2", "2 checks passed")],
        "settled": None if server else _settled(state, host),
        "server_name": host if server else None,
        "active_node": host not in state.values.get("passive", []),
        "expected_clouds": expected,
        "expected_server": {"name": host, "vmm_id": None, "vmm_clouds": expected} if server else None,
    }


def _settled(state: State, host: str) -> list[dict[str, str]] | None:
    proxy = state.options.get("proxy")
    done = host in state.values.get("agents", {})
    same = not proxy or state.values.get("proxies", {}).get(host) == proxy["mode"]
    return [_row("H4", "there"), *([_row("H5", "there")] if proxy else [])] if done and same else None


def _status(state: State) -> str:
    return str(state.values.get("status", "pass"))


def _check(identity: str, status: str, message: str) -> dict[str, str]:
    """Return a check by its overall status: pass, warning or error."""
    severity = "info" if status == "pass" else status
    shown = "pass" if status == "pass" else "fail"
    return {"id": identity, "step": "S2", "severity": severity, "status": shown, "message": message, "fix": ""}


def _row(step: str, found: str) -> dict[str, str]:
    return {"step": step, "found": found, "done": "nothing to do", "verified": found}


def provider(state: State) -> dict[str, Any]:
    return state.change("P1", "providers", _host(state), True)


def provider_registration(state: State) -> dict[str, Any]:
    host = _host(state)
    new = host not in state.values.get("registered", {})
    if new and not state.check and not Path(state.options["key_path"]).exists():
        return {"failed": True, "msg": "no key file"}
    return state.change("P4", "registered", host, state.options["vault_id"])


def vmm_cloud_sync(state: State) -> dict[str, Any]:
    return state.change("P9", "clouds", "Gold", True)


def mars_agent(state: State) -> dict[str, Any]:
    return state.change("H4", "agents", _host(state), True)


def mars_proxy(state: State) -> dict[str, Any]:
    return state.change("H5", "proxies", _host(state), state.options["proxy"]["mode"])


def network_mapping(state: State) -> dict[str, Any]:
    name = state.options["vm_network"]
    if not state.values.get("registered"):
        return _refused(f"the vault has no VM network '{name}'")
    return state.change("N1", "mappings", name, state.options.get("azure_network"))


def replication_policy(state: State) -> dict[str, Any]:
    present = state.options.get("state") != "absent"
    if not present and state.options["name"] in state.values.get("associations", {}).values():
        return _refused(f"policy {state.options['name']} is associated; remove the associations first")
    return state.change("N2", "policies", state.options["name"], True if present else None)


def policy_association(state: State) -> dict[str, Any]:
    clouds = ", ".join(state.options["clouds"])
    if not state.values.get("registered"):
        return _refused(f"the vault has no cloud '{clouds}'")
    present = state.options["state"] != "absent"
    return state.change("N2", "associations", clouds, state.options["policy"] if present else None)


def _refused(message: str) -> dict[str, Any]:
    return {"failed": True, "msg": message, "error": {"kind": "refused"}}


def removal_info(state: State) -> dict[str, Any]:
    """Show one server of the vault, which a removal with its consent takes."""
    state.record("read", "removal")
    registered = list(state.values.get("registered", {}))
    problems = state.values.get("problems", [])
    goes = "servers" in state.options["remove"] and not problems
    row = {"blocked_by": [], "goes": goes, "stays": "" if goes else "no consent"}
    servers = [{"name": name, "vmm_id": None, "method": "remove", "ready": True} for name in registered if goes]
    steps = ("recovery_plans", "protected_items", "network_mappings", "policy_associations", "replication_policies")
    return {
        "changed": False,
        "vault_id": f"{GROUP}/Microsoft.RecoveryServices/vaults/{state.options['vault_name']}",
        "exists": True,
        "steps": [{"step": "servers", "objects": [{"name": name, **row} for name in registered]}],
        "removal": {**{step: [] for step in steps}, "servers": servers},
        "problems": problems,
        "documents": {"servers": registered},
        "evidence": [],
    }


def vmm_server(state: State) -> dict[str, Any]:
    return _gone(state, "registered", state.options["name"])


def registration_removal(state: State) -> dict[str, Any]:
    return {**_gone(state, "rests", _host(state)), "registration": {"exports": []}}


def provider_removal(state: State) -> dict[str, Any]:
    return _gone(state, "providers", _host(state))


def mars_agent_removal(state: State) -> dict[str, Any]:
    return _gone(state, "agents", _host(state))


def _gone(state: State, place: str, name: str) -> dict[str, Any]:
    return state.change("X1", place, name, None)


def _host(state: State) -> str:
    """Return the machine's name. The inventory gives every machine a temporary folder of that name."""
    return str(state.options["_ansible_remote_tmp"].rsplit("/", 1)[1])


def _answer(result: dict[str, Any]) -> None:
    print(json.dumps(result))
    sys.exit(1 if result.get("failed") else 0)


def main() -> None:
    options = json.loads(Path(sys.argv[1]).read_text())
    name = options["_ansible_module_name"].rsplit(".", 1)[-1]
    folder = Path(os.environ["STAND_IN_STATE"])
    # The stand-ins of several machines run at the same time and share one state.
    with (folder / "state.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = State(folder, name, options)
        faults = state.values.get("faults", {})
        for place in (name, f"{name}:{_host(state)}", *(["wait"] if options.get("wait") else [])):
            if place in faults:
                lost = faults[place].startswith("unreachable")
                _answer({"unreachable" if lost else "failed": True, "msg": faults[place]})
        _answer(globals()[name](state))


if __name__ == "__main__":
    main()
