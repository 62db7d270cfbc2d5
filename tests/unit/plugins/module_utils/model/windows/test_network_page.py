# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page for firewall teams lists every name that a machine calls."""

from __future__ import annotations

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.endpoints import ENVIRONMENTS
from tests.tools.paths import ROOT

PAGE = (ROOT / "docs" / "network.md").read_text()


@pytest.mark.parametrize("cloud", ENVIRONMENTS)
def test_the_page_lists_the_names_of_each_cloud(cloud: str) -> None:
    names = ENVIRONMENTS[cloud]
    wildcards = [f"*.{name}" for name in (names.backup, names.control, names.blob)]
    for name in (*names.sign_in, names.authority, names.backup, *wildcards):
        assert f"`{name}`" in PAGE
