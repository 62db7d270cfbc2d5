# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of publish_cloud: makes VMM send the metadata of clouds, or stop that."""

from __future__ import annotations

from typing import Any

from .base import ParameterRefused, Run, ScriptFailed, connect_vmm, emulator, need_vmm_service


@emulator
def publish_cloud(run: Run) -> dict[str, Any]:
    wanted = run.texts("CloudIds")
    if not wanted:
        raise ParameterRefused("Cannot bind argument to parameter 'CloudIds' because it is an empty array.")
    need_vmm_service(run.machine)
    publish = run.switch("Publish", default=True)
    done: list[str] = []
    if not run.check_mode:
        vmm = connect_vmm(run.machine, 300)
        for cloud_id in wanted:
            cloud = vmm.cloud(cloud_id)
            if cloud is None:
                raise ScriptFailed(f"VMM has no cloud with the id '{cloud_id}'.")
            run.machine.publish_cloud(cloud.id, publish)
            run.changed = True
            done.append(cloud.id)
    return {"clouds": done}
