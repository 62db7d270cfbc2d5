# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of variables that the collection does not know."""

from __future__ import annotations

import pytest

from .validation import lines


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("vmm_server_proxy_password", "did you mean vmm_server_proxy.password?"),
        ("vmm_server_cloud", "did you mean vmm_server_clouds?"),
        ("vmm_servers_clouds", "did you mean vmm_server_clouds?"),
        ("VMM_SERVER_PROXY", "did you mean vmm_server_proxy?"),
        ("vmm_server_agent_source", "did you mean hyperv_host_agent_source?"),
        ("vmm_server_xyz", "remove it, or rename it if it is your own variable"),
        ("site_wave_size", "did you mean site_wave_sizes?"),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest_one(name: str, fix: str) -> None:
    (line,) = lines(["vmm_server", "site"], {name: 1})
    assert line.endswith(f" {name} must be a variable of this collection; {fix}")


@pytest.mark.parametrize(
    "name",
    [
        "site_name",
        "site_location",
        "site_domain",
        "site_id",
        "vmm_servers",
        "vmm_server",
        "_vmm_server_x",
        "hyperv_host_oops",
        "vmm_server_evidence",
        "vmm_server_info",
        "other_vmm_server_name",
    ],
)
def test_other_variables_and_those_of_other_plays_are_ignored(name: str) -> None:
    assert lines(["vmm_server", "site"], {name: 1}) == []
