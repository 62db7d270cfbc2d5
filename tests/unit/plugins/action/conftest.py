# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugins as Ansible runs them, with a machine of the lab instead of a connection."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.plugins.action import ActionBase

from tests.unit.plugins.plugin_utils.conftest import MakeHarness, harness, internet
from tests.unit.plugins.plugin_utils.harness import ScriptHarness

__all__ = ["harness", "internet"]

RESOURCES = ("host_info", "mars_agent", "mars_proxy", "provider", "provider_registration", "vmm_cloud_sync")


class Runner:
    """Runs the ActionModule of a resource. Only the remote execution is replaced."""

    def __init__(self, machine: ScriptHarness) -> None:
        self.machine = machine
        #: Changes the answers of the machine.
        self.twist: Callable[[dict[str, Any]], dict[str, Any]] = lambda answer: answer
        #: The folder of the play.
        self.folder = Path("/nowhere")
        #: The connection and the plugin loader of the next run.
        self.connection: Any = SimpleNamespace(
            _shell=SimpleNamespace(tmpdir="C:\\tmp"), always_pipeline_modules=True, reset=lambda: None
        )
        self.loader: Any = None
        #: The executed modules.
        self.modules: list[str] = []

    def run(self, name: str, *, check: bool = False, diff: bool = False, **options: Any) -> dict[str, Any]:
        self.machine.executions.clear()
        module = importlib.import_module(f"ansible_collections.siterecovery.hyperv.plugins.action.{name}")
        task = Task()
        task.action, task.args = f"siterecovery.hyperv.{name}", options
        task.check_mode, task.diff = check, diff
        plugin: ActionBase = module.ActionModule(
            task=task,
            connection=self.connection,
            play_context=SimpleNamespace(check_mode=check, diff=diff),
            loader=self._loader(),
            templar=None,
            shared_loader_obj=None,
        )
        if self.loader is not None:
            plugin._shared_loader_obj = self.loader
        # As the plugin loader sets it.
        plugin._load_name = task.action
        plugin._execute_module = self._execute(check)
        result: dict[str, Any] = plugin.run(task_vars={})
        # As callbacks receive it.
        through: dict[str, Any] = json.loads(json.dumps(result))
        return through

    def _loader(self) -> DataLoader:
        loader = DataLoader()
        loader.set_basedir(str(self.folder))
        return loader

    def _execute(self, check: bool) -> Callable[..., dict[str, Any]]:
        def execute(*, module_name: str, module_args: dict[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
            self.modules.append(module_name)
            answer = dict(self.machine.execute(module_args, check_mode=check))
            # As every module answers with high verbosity.
            return self.twist({**answer, "invocation": {"module_args": module_args}})

        return execute

    @property
    def scripts(self) -> list[str]:
        return self.machine.scripts


@pytest.fixture
def runner(harness: MakeHarness) -> Callable[..., Runner]:
    def made(entry: dict[str, Any], prepare: Any = None) -> Runner:
        return Runner(harness(entry, prepare))

    return made
