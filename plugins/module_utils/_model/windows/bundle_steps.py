# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the installers of a bundle that a machine needs, one after the other (N-4)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.provider_releases import too_far
from ..common.versions import numbers
from .agent_builds import intermediate_build
from .bundle_manifest import AGENT, PROVIDER
from .fabric import Field, record_problems, record_schema

SCHEMA_VERSION = 1
MACHINE: Mapping[str, Field] = {
    "host": Field("text"),
    "program": Field("text"),
    "version": Field("text", nullable=True),
}
_FIX = "write it again with the mode survey of the playbook bundle"


@dataclass(frozen=True, slots=True)
class SeenVersion:
    """The version of a program on a machine. None: it is not installed there."""

    host: str
    program: str
    version: str | None

    def to_result(self) -> dict[str, Any]:
        """Return the record, as the file of versions has it."""
        return {name: getattr(self, name) for name in MACHINE}


@dataclass(frozen=True, slots=True)
class Steps:
    """The versions that a machine installs one after the other. Empty: it has the newest one of the bundle."""

    seen: SeenVersion
    versions: tuple[str, ...]
    #: The versions of which the step before is too far away.
    unsupported: tuple[str, ...] = ()

    @property
    def next(self) -> str | None:
        """Return the version of the next run."""
        return self.versions[0] if self.versions else None

    @property
    def gaps(self) -> tuple[str, ...]:
        """Describe each step that Microsoft does not support."""
        before = dict(zip(self.versions, (self.seen.version, *self.versions), strict=False))
        return tuple(f"{self.seen.program} {before[each]} to {each} ({self.seen.host})" for each in self.unsupported)

    def to_result(self) -> dict[str, Any]:
        """Return the record of a result."""
        return {**self.seen.to_result(), "steps": list(self.versions), "unsupported": list(self.unsupported)}


def provider_reaches(installed: str, wanted: str) -> bool:
    """Tell whether the module provider accepts the upgrade."""
    return not too_far(installed, wanted)


def agent_reaches(installed: str, wanted: str) -> bool:
    """Tell whether the module mars_agent accepts the upgrade."""
    return intermediate_build(installed, wanted) is None


_RULES: Mapping[str, Callable[[str, str], bool]] = {PROVIDER: provider_reaches, AGENT: agent_reaches}


def plan_steps(
    seen: Iterable[SeenVersion], offered: Mapping[str, Iterable[str]], *, allow_unsupported: bool = False
) -> tuple[Steps, ...]:
    """Plan the steps of every machine to the newest version that a bundle offers of its program.

    A program that the bundle does not offer needs no step. Raises Refused that names every step that Microsoft does not
    support, unless these are allowed.
    """
    versions = {program: sorted(found, key=numbers) for program, found in offered.items()}
    planned = tuple(_steps(each, versions.get(each.program, [])) for each in seen)
    gaps = _gaps(planned)
    if gaps and not allow_unsupported:
        raise Refused(
            f"the installers of the bundle cannot bridge {'; '.join(gaps)}; add an installer between these versions,"
            " because Microsoft supports upgrades from N-4, or set allow_unsupported_upgrade"
        )
    return planned


def unsupported_warnings(planned: Iterable[Steps]) -> tuple[str, ...]:
    """Return a warning for each step that is allowed, although Microsoft does not support it."""
    return tuple(f"{gap} is not supported, so Microsoft may not help if it fails" for gap in _gaps(planned))


def _gaps(planned: Iterable[Steps]) -> list[str]:
    return [gap for each in planned for gap in each.gaps]


def _steps(seen: SeenVersion, versions: Sequence[str]) -> Steps:
    """Return the steps to the newest version: the longest supported one, or the shortest one if none is supported.

    The longest supported step is always right: a version that is within reach of an older one is so of a newer one.
    """
    if seen.version is None:
        return Steps(seen, tuple(versions[-1:]))
    steps: list[str] = []
    unsupported: list[str] = []
    current, reaches = seen.version, _RULES[seen.program]
    while later := [each for each in versions if numbers(each) > numbers(current)]:
        within = [each for each in later if reaches(current, each)]
        current = within[-1] if within else later[0]
        steps.append(current)
        unsupported += [] if within else [current]
    return Steps(seen, tuple(steps), tuple(unsupported))


def seen_on(host: str, kind: str, reading: Mapping[str, Any]) -> SeenVersion:
    """Return the version in the result of the module host_info. Raises Refused if the machine was not read.

    An unread machine is never one without the program.
    """
    program = PROVIDER if kind == "vmm_server" else AGENT
    machine: Mapping[str, Any] = reading.get("host") or {}
    found = machine.get(program)
    # A machine that was read always has the section of the host. A reading that failed is null, and listed.
    read = bool(machine.get("host")) and (bool(found) or not machine.get("unread"))
    if reading.get("failed") or not read or (found and not found.get("version")):
        raise Refused(f"{host}: the version of the {program} could not be read; correct the errors of the machine")
    return SeenVersion(host, program, found["version"] if found else None)


def versions_document(seen: Iterable[SeenVersion]) -> dict[str, Any]:
    """Return the document of a file of versions."""
    return {"schema_version": SCHEMA_VERSION, "machines": [each.to_result() for each in seen]}


def read_versions(text: str, source: str) -> tuple[SeenVersion, ...]:
    """Read the text of a file of versions. Raises InvalidInput that names `source`."""
    try:
        raw = json.loads(text)
    except ValueError:
        raise InvalidInput(source, "must be a JSON document", _FIX) from None
    problem = next(_problems(raw), None)
    if problem is not None:
        raise InvalidInput(source, problem, _FIX)
    return tuple(SeenVersion(**{name: each[name] for name in MACHINE}) for each in raw["machines"])


def _problems(raw: Any) -> Iterator[str]:
    """Return the broken rules of a file of versions, one line each."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("machines"), list):
        yield "must be a JSON object with the list machines"
        return
    version = raw.get("schema_version")
    if isinstance(version, bool) or version != SCHEMA_VERSION:
        yield f"schema_version must be {SCHEMA_VERSION}"
    for index, record in enumerate(raw["machines"]):
        yield from record_problems(f"machines[{index}]", record, MACHINE)
        if isinstance(record, Mapping) and record.get("program") not in _RULES:
            yield f"machines[{index}].program must be {' or '.join(_RULES)}"


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a file of versions."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Versions on machines, version {SCHEMA_VERSION}",
        "type": "object",
        "required": ["schema_version", "machines"],
        "properties": {
            "schema_version": {"const": SCHEMA_VERSION},
            "machines": {"type": "array", "items": record_schema(MACHINE)},
        },
    }
