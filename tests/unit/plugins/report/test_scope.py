# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that a run must include, and the message when it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible.inventory.manager import split_host_pattern

from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.scope import PARTS, Group, Scope, missing

ALL = {"vmm_servers": ("vmm01",), "hyperv_hosts": ("hv01", "hv02")}


def scope(
    limit: str = "", included: tuple[str, ...] | None = None, parts: tuple[str, ...] = PARTS, **hosts: tuple[str, ...]
) -> Scope:
    known = {**ALL, **hosts}
    everything = ("localhost", *(host for group in known.values() for host in group))
    within = everything if included is None else included
    groups = {
        part: Group(part, group, tuple(host for host in group if host in within)) for part, group in known.items()
    }
    return Scope(parts, groups, "localhost" in within, limit, tuple(split_host_pattern(limit)) if limit else ())


@pytest.mark.parametrize(
    ("name", "run", "required"),
    [
        ("everything", scope(), ("azure", "vmm_servers", "hyperv_hosts")),
        ("one host alone", scope("hv01", ("hv01",)), ()),
        (
            "one host alone, of a playbook that handles only hosts",
            scope("hv01", ("hv01",), ("hyperv_hosts",)),
            ("hyperv_hosts",),
        ),
        ("localhost alone", scope("localhost", ("localhost",)), ("azure",)),
        ("one server with localhost", scope("x", ("localhost", "vmm01")), ("vmm_servers",)),
        (
            "a server that the playbook does not handle",
            scope("x", ("vmm01", "hv01"), ("hyperv_hosts",)),
            ("hyperv_hosts",),
        ),
        ("no server in the inventory, where none is handled", scope(parts=("azure",), vmm_servers=()), ("azure",)),
        ("no host in the inventory, where none is required", scope(hyperv_hosts=()), ("azure",)),
    ],
)
def test_a_run_that_includes_what_it_needs(name: str, run: Scope, required: tuple[str, ...]) -> None:
    assert missing(run, required) is None, name


NO_SERVER = (
    "the inventory has no host in 'vmm_servers'; put the VMM servers into the group vmm_servers, or name another"
)


@pytest.mark.parametrize(
    ("run", "required", "line"),
    [
        (scope(vmm_servers=()), (), NO_SERVER),
        (scope("localhost", ("localhost",), vmm_servers=()), ("vmm_servers",), NO_SERVER),
        (
            scope(hyperv_hosts=()),
            ("hyperv_hosts",),
            "the inventory has no host in 'hyperv_hosts'; put the Hyper-V hosts",
        ),
        (
            scope("hv01", ("localhost", "hv01")),
            ("vmm_servers",),
            "--limit hv01 leaves out every host of 'vmm_servers'; name",
        ),
        (
            scope("vmm01", ("localhost", "vmm01")),
            ("hyperv_hosts",),
            "--limit vmm01 leaves out every host of 'hyperv_hosts'",
        ),
        (
            scope("vmm01", ("vmm01",)),
            (),
            "localhost is not within --limit vmm01, but this playbook also runs there; use",
        ),
        (
            scope("hv01", ("hv01",)),
            ("azure",),
            "localhost is not within --limit hv01, but this playbook also runs there; use",
        ),
        (
            scope("other", ()),
            (),
            "--limit other leaves out localhost and every host of 'vmm_servers' and 'hyperv_hosts'",
        ),
        (
            scope("other", (), ("azure", "vmm_servers")),
            (),
            "--limit other leaves out localhost and every host of 'vmm_servers';",
        ),
    ],
)
def test_a_run_that_lacks_something(run: Scope, required: tuple[str, ...], line: str) -> None:
    assert str(missing(run, required)).startswith(line)


@pytest.mark.parametrize(
    ("limit", "use"),
    [
        ("hv01", "localhost,hv01"),
        ("hv01,!hv02", "localhost,hv01,!hv02"),
        ("!hv02", "localhost,all,!hv02"),
        ("!hv02:!hv01", "localhost,all,!hv02,!hv01"),
        ("hv01:vmm01", "localhost,hv01,vmm01"),
        ("all,!localhost", "localhost,all"),
        ("!localhost", "localhost,all"),
        ("@failed.retry", "localhost,@failed.retry"),
    ],
)
def test_the_limit_to_use_is_named(limit: str, use: str) -> None:
    assert str(missing(scope(limit, ("vmm01",)), ("azure",))).endswith(f"; use --limit {use}")


def test_an_intersection_cannot_include_localhost() -> None:
    line = str(missing(scope("windows:&vmm_servers", ("vmm01",)), ("azure",)))
    assert line.endswith("; an intersection with & excludes localhost, so name localhost and the hosts without &")


def test_a_limit_with_a_name_that_does_not_exist_is_refused() -> None:
    run = replace(scope("localhost,hv99", ("localhost",)), unmatched=("hv99",))
    assert missing(run, ()) == (
        "--limit localhost,hv99 contains 'hv99', which matches no host and no group; correct or remove it"
    )


def test_only_the_parts_of_a_run_are_included() -> None:
    run = scope(parts=("hyperv_hosts",))
    assert (run.included("hyperv_hosts"), run.included("vmm_servers"), run.azure) == (("hv01", "hv02"), (), False)
