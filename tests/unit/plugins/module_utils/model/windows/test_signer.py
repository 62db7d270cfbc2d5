# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject of a signer is parsed: a part of a text that looks like Microsoft's name does not count."""

from __future__ import annotations

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.signer import attributes, is_microsoft


@pytest.mark.parametrize(
    ("subject", "genuine"),
    [
        ("CN=Microsoft Corporation, OU=MOPR, O=Microsoft Corporation, L=Redmond, S=Washington, C=US", True),
        ("CN=x, O=microsoft corporation", True),
        ('CN=x, O="Microsoft Corporation", C=US', True),
        ("CN=x+O=Microsoft Corporation", True),
        ("CN=x, 2.5.4.5=1, O=Microsoft Corporation", True),
        ("CN=x, O=Microsoft Corporation Ltd", False),
        ("CN=Microsoft Corporation, O=Contoso", False),
        ('CN="x, O=Microsoft Corporation, y", O=Contoso', False),
        ('CN="x, O=Microsoft Corporation", O=Contoso', False),
        ("CN=x, NO=Microsoft Corporation", False),
        ("O=Microsoft Corporation, no attribute", False),
        ('CN="open, O=Microsoft Corporation', False),
        ("", False),
        (None, False),
    ],
)
def test_the_organization_decides(subject: str | None, genuine: bool) -> None:
    assert is_microsoft(subject) is genuine


def test_quoted_values() -> None:
    assert attributes('CN="a ""b"", c", O=d') == [("CN", 'a "b", c'), ("O", "d")]
