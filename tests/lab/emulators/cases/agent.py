# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the scripts that install and configure the agent."""

from __future__ import annotations

from typing import Final

from lab.windows import layout
from lab.windows.agent import AgentProxy, AgentThrottle
from lab.windows.states import (
    THROTTLED,
    agent_proxy,
    agent_throttle,
    all_of,
    fault,
    hyperv_host,
    stopped,
)
from tests.lab.emulators.cases.calls import (
    AGENT_INSTALLER,
    AGENT_PROXY,
    install_agent,
    set_agent_proxy,
    set_limits,
)

_WITH_BYPASS = {"Mode": "proxy", "ProxyServer": "http://p", "ProxyPort": 1, "BypassUrls": ["a.test", "b.test"]}
CASES: Final = [
    install_agent("plainly", AGENT_INSTALLER),
    install_agent("and takes the installer away", AGENT_INSTALLER, parameters={"RemoveInstaller": True}),
    install_agent(
        "that fails and keeps the installer",
        all_of(AGENT_INSTALLER, fault("MARSAgentInstaller.exe", exit_code=1603)),
        parameters={"RemoveInstaller": True},
    ),
    install_agent("elsewhere", AGENT_INSTALLER, parameters={"InstallPath": "C:\\MARS\\", "CachePath": r"C:\My Cache"}),
    install_agent("over an older one", AGENT_INSTALLER, machine=hyperv_host(agent={"version": "2.0.9000.0"})),
    install_agent("over a later one", AGENT_INSTALLER, machine=hyperv_host(agent={"version": "2.0.9938.0"})),
    install_agent("on a drive that is not there", AGENT_INSTALLER, parameters={"CachePath": r"X:\Cache"}),
    install_agent("in check mode", AGENT_INSTALLER, check_mode=True),
    install_agent("without the installer", None),
    install_agent("that fails", all_of(AGENT_INSTALLER, fault("MARSAgentInstaller.exe", exit_code=1603))),
    install_agent(
        "over a stopped one",
        all_of(AGENT_INSTALLER, stopped(layout.AGENT_SERVICE)),
        machine=hyperv_host(agent={}),
        parameters={"ServiceTimeout": 10},
    ),
    set_limits("throttled"),
    set_limits("throttled anew", agent_throttle(THROTTLED)),
    set_limits("with no throttling", agent_throttle(THROTTLED), parameters={"Throttle": "none"}),
    set_limits("with threads alone", parameters={"Throttle": "keep", "UploadThreads": 8, "DownloadThreads": 32}),
    set_limits("with all", agent_throttle(AgentThrottle(), shown=False), parameters={"UploadThreads": 1}),
    set_limits("in check mode", parameters={"UploadThreads": 1}, check_mode=True),
    set_limits("in no way", parameters={"Throttle": "other"}, same_message=False),
    set_limits("without an agent", machine=hyperv_host()),
    set_limits("while the agent is stopped", stopped(layout.AGENT_SERVICE)),
    set_limits(
        "by no administrator",
        machine=hyperv_host(agent={}, administrator=False),
        parameters={"Throttle": "keep", "UploadThreads": 2},
    ),
    set_limits(
        "with a service that does not stop", fault("stop obengine"), parameters={"Throttle": "keep", "UploadThreads": 2}
    ),
    set_limits("without an agent, threads", machine=hyperv_host(), parameters={"Throttle": "keep", "UploadThreads": 2}),
    set_limits(
        "with a stopped agent, threads",
        stopped(layout.AGENT_SERVICE),
        parameters={"Throttle": "keep", "DownloadThreads": 2},
    ),
    set_limits(
        "with a service that does not come back",
        fault("start obengine"),
        parameters={"Throttle": "keep", "UploadThreads": 2},
    ),
    set_agent_proxy("without a login"),
    set_agent_proxy(
        "with a login",
        parameters={"Mode": "proxy", "ProxyServer": "http://p", "ProxyPort": 1, "ProxyUsername": "CORP\\u"},
        secrets={"ProxyPassword": 'ä"p'},
    ),
    set_agent_proxy("with a bypass list", parameters=_WITH_BYPASS),
    set_agent_proxy(
        "with a bypass list in an old build", agent_proxy(AgentProxy(), bypass_supported=False), parameters=_WITH_BYPASS
    ),
    set_agent_proxy("taken away", agent_proxy(AGENT_PROXY), parameters={"Mode": "none"}),
    set_agent_proxy("in check mode", check_mode=True),
    set_agent_proxy("without an agent", machine=hyperv_host()),
    set_agent_proxy("while the agent is stopped", stopped(layout.AGENT_SERVICE)),
    set_agent_proxy("with an unknown mode", parameters={"Mode": "other"}, same_message=False),
    set_agent_proxy(
        "without the agent's module", lambda m: m.remove_file(rf"{layout.AGENT_FOLDER}\bin\Modules", recurse=True)
    ),
]
