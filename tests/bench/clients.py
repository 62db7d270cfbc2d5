# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run commands of the unmodified Azure CLI against the lab, and print what each of them ended with."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from lab.lab import Lab
from tests.tools.environments import interpreter
from tests.tools.paths import WORK, locked, say
from tests.tools.programs import answer

RELEASE = "azure-cli==2.91.0"
_PYTHON = (3, 12)
_VAULT = "--resource-group rg-cli --name vault-cli"
_NET = "--resource-group rg-cli"
# Commands in their order. The first ones are the sign-in.
COMMANDS = (
    "account show",
    "account list-locations",
    "group create --name rg-cli --location westeurope",
    "provider list",
    f"backup vault create {_VAULT} --location westeurope",
    f"backup vault show {_VAULT}",
    f"backup vault update {_VAULT} --immutability-state Unlocked",
    f"backup vault identity assign --system-assigned {_VAULT}",
    "storage account check-name --name stcli0001",
    "storage account create --resource-group rg-cli --name stcli0001 --location westeurope --sku Standard_LRS",
    "storage account show --resource-group rg-cli --name stcli0001",
    "storage account update --resource-group rg-cli --name stcli0001 --tags a=b",
    f"network vnet create {_NET} --name vnet-cli --address-prefixes 10.1.0.0/16 --subnet-name s1",
    f"network vnet subnet create {_NET} --vnet-name vnet-cli --name s2 --address-prefixes 10.1.9.0/24",
    f"network vnet show {_NET} --name vnet-cli",
    f"network vnet delete {_NET} --name vnet-cli",
    "storage account delete --resource-group rg-cli --name stcli0001 --yes",
    "role assignment list --all",
)


def clients(here: Lab) -> None:
    """Print one line for each command: its exit status, its seconds, and the last line of an error."""
    az = _azure_cli()
    with tempfile.TemporaryDirectory(prefix="bench-az-") as folder:
        environment = _environment(here, Path(folder))
        login = here.context.login
        sign_in = ["login", "--service-principal", "--username", login.client_id, "--tenant", login.tenant]
        sign_in += ["--password", login.secret]
        address = f"{here.arm_url}/"
        _run(az, ["cloud", "register", "--name", "Lab", *_cloud(here)], "cloud register", environment)
        _run(az, ["cloud", "set", "--name", "Lab"], f"cloud set ({address})", environment)
        _run(az, sign_in, "login --service-principal", environment)
        for command in COMMANDS:
            _run(az, command.split(), command, environment)


def _cloud(here: Lab) -> list[str]:
    address = here.arm_url
    return [
        *("--endpoint-resource-manager", f"{address}/"),
        *("--endpoint-active-directory", address),
        *("--endpoint-active-directory-resource-id", "https://management.core.windows.net/"),
        *("--endpoint-active-directory-graph-resource-id", f"{address}/graph"),
        *("--endpoint-management", "https://management.core.windows.net/"),
        *("--suffix-storage-endpoint", "core.windows.net"),
    ]


def _environment(here: Lab, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        **here.environment,
        "AZURE_CONFIG_DIR": str(folder),
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
        "AZURE_CORE_INSTANCE_DISCOVERY": "false",
        "AZURE_CORE_ONLY_SHOW_ERRORS": "true",
        "REQUESTS_CA_BUNDLE": str(here.authority_path),
    }


def _run(az: Path, arguments: list[str], title: str, environment: dict[str, str]) -> None:
    started = time.monotonic()
    done = subprocess.run(
        [az, *arguments, "--output", "none"],
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    last = (done.stderr.strip().splitlines() or [""])[-1]
    print(
        f"{'ok' if not done.returncode else 'FAILED':8} {time.monotonic() - started:5.1f} s  az {title}  {last[:160]}"
    )


def _azure_cli() -> Path:
    """Return the program of the pinned release, in an environment of its own."""
    target = WORK / "clients" / RELEASE
    with locked("clients"):
        if not (target / "complete").exists():
            base = interpreter(_PYTHON)
            if base is None:
                raise SystemExit("the Azure CLI needs Python 3.12 with venv")
            say(f"{RELEASE}: installing ...")
            shutil.rmtree(target, ignore_errors=True)
            answer([base, "-m", "venv", target], "the environment of the Azure CLI")
            answer(
                [target / "bin" / "python", "-m", "pip", "install", "--quiet", RELEASE], "pip install of the Azure CLI"
            )
            (target / "complete").touch()
    return target / "bin" / "az"
