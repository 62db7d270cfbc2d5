# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to a machine that the controller's HTTPS_PROXY takes is reported as that, with the remedy."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleConnectionFailure

from lab.windows.states import hyperv_host
from tests.unit.plugins.action.due import MakeRunner, installer

#: The text of the winrm connection, and the exception of requests that psrp lets through.
REFUSED = (
    "ntlm: HTTPSConnectionPool(host='hv01', port=5986): Max retries exceeded with url: /wsman (Caused by"
    " ProxyError('Unable to connect to proxy', OSError('Tunnel connection failed: {}')))"
)


class ProxyError(OSError):
    """Stands for the error of requests."""


@pytest.mark.parametrize("kind", [AnsibleConnectionFailure, ProxyError])
@pytest.mark.parametrize(
    ("answer", "asked"),
    [("407 Proxy Authentication Required", ", which requires a login"), ("403 Forbidden", "")],
)
def test_the_proxy_of_the_controller_is_named(
    runner: MakeRunner, kind: type[Exception], answer: str, asked: str
) -> None:
    found = runner(hyperv_host())
    error = kind(REFUSED.format(answer))

    def twist(_answer: object) -> dict[str, object]:
        raise error

    found.twist = twist
    with pytest.raises(AnsibleConnectionFailure) as raised:
        found.run("mars_agent", **installer("agent"))
    assert str(raised.value).startswith(
        f"the connection to the machine went to the controller's proxy (HTTPS_PROXY){asked}; list the machine in"
        " NO_PROXY on the controller"
    )


def test_another_lost_connection_does_not_blame_a_proxy(runner: MakeRunner) -> None:
    found = runner(hyperv_host())

    def twist(_answer: object) -> dict[str, object]:
        raise AnsibleConnectionFailure("ntlm: connection timed out")

    found.twist = twist
    with pytest.raises(AnsibleConnectionFailure, match=r"^ntlm: connection timed out$"):
        found.run("mars_agent", **installer("agent"))
