# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulators: one Python function per script of the collection, over a machine's state, without PowerShell.

An emulator knows neither a desired state nor the collection. `bindings.json` holds the hash of the script text that
each emulator was compared with; `make bind` renews it after a comparison in PowerShell.
"""

from __future__ import annotations

from typing import Final

from .append_file import append_file
from .base import Emulator, EmulatorResult
from .clean_registration import clean_registration
from .configure_provider import configure_provider
from .end_background_task import end_background_task
from .fetch_file import fetch_file
from .inspect_file import inspect_file
from .install_agent import install_agent
from .install_provider import install_provider
from .list_host_machines import list_host_machines
from .list_restart_obstacles import list_restart_obstacles
from .list_running_jobs import list_running_jobs
from .list_virtual_machines import list_virtual_machines
from .list_vmm_fabric import list_vmm_fabric
from .observe import observe
from .pause_node import pause_node
from .poll_background_task import poll_background_task
from .probe_assumptions import probe_assumptions
from .publish_cloud import publish_cloud
from .read_symptoms import read_symptoms
from .register_vmm_server import register_vmm_server
from .remove_agent import remove_agent
from .remove_file import remove_file
from .remove_provider import remove_provider
from .remove_run_as_account import remove_run_as_account
from .restart_service import restart_service
from .resume_node import resume_node
from .run_background_task import background_task_runner
from .set_agent_limits import set_agent_limits
from .set_agent_proxy import set_agent_proxy
from .set_microsoft_update import set_microsoft_update
from .set_run_as_password import set_run_as_password
from .set_service_state import set_service_state
from .start_background_task import start_background_task
from .start_service import start_service

EMULATORS: Final[dict[str, Emulator]] = {
    "append_file": append_file,
    "clean_registration": clean_registration,
    "configure_provider": configure_provider,
    "end_background_task": end_background_task,
    "fetch_file": fetch_file,
    "inspect_file": inspect_file,
    "install_agent": install_agent,
    "install_provider": install_provider,
    "list_host_machines": list_host_machines,
    "list_restart_obstacles": list_restart_obstacles,
    "list_running_jobs": list_running_jobs,
    "list_virtual_machines": list_virtual_machines,
    "list_vmm_fabric": list_vmm_fabric,
    "observe": observe,
    "pause_node": pause_node,
    "poll_background_task": poll_background_task,
    "probe_assumptions": probe_assumptions,
    "publish_cloud": publish_cloud,
    "read_symptoms": read_symptoms,
    "register_vmm_server": register_vmm_server,
    "remove_agent": remove_agent,
    "remove_file": remove_file,
    "remove_provider": remove_provider,
    "remove_run_as_account": remove_run_as_account,
    "resume_node": resume_node,
    "restart_service": restart_service,
    "set_agent_limits": set_agent_limits,
    "set_agent_proxy": set_agent_proxy,
    "set_microsoft_update": set_microsoft_update,
    "set_run_as_password": set_run_as_password,
    "set_service_state": set_service_state,
    "start_service": start_service,
    "start_background_task": start_background_task,
}
EMULATORS["run_background_task"] = background_task_runner(EMULATORS)

__all__ = ["EMULATORS", "Emulator", "EmulatorResult"]
