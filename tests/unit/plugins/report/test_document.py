# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The document of a run, and the page and files that are made from it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.check import Check
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.document import (
    About,
    json_schema,
    run_document,
)
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.files import as_csv, as_json, as_junit
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.page import render
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.records import Record
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.report import Report
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.scope import PARTS, Group, Scope
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.summary import summary
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.wave_times import read_waves
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.words import LANGUAGES, words

from .builders import FAILED, PASSED, WARNED, machine, observed, record, server

ROW = {"step": "H4", "found": "no agent", "done": "install the agent", "verified": "agent 2.0"}
SAME = {"step": "H5", "found": "no proxy", "done": "nothing to do", "verified": "no proxy"}
PLANNED = {"step": "T4", "found": "no account", "done": "planned: create it", "verified": "known after the run"}
DONE = {"evidence": [ROW, SAME]}
UNREAD = Check.failed("reachable", "H1", "not reachable: no answer")
UNKNOWN = Check.unknown("antivirus", "S2", "the exclusions could not be read")
AZURE = record("azure_target", "localhost", PASSED, facts={"evidence": [SAME]})
GOOD = record("hyperv_host", "hv01", PASSED, facts=DONE)
#: Texts that would do harm in a page, a spreadsheet or a template that takes them for its own.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></svg><iframe>",
    "{{ 7 * 7 }}{% raw %}",
    '=HYPERLINK("http://x")',
    "' onfocus='alert(1)",
    "]]><!--",
)


def report(*records: Record, stage: Any = "setup", machines: tuple[Record, ...] = (), **more: Any) -> Report:
    groups = {part: Group(part, ("x",), ("x",)) for part in ("vmm_servers", "hyperv_hosts")}
    return Report(Scope(PARTS, groups, localhost=True), records, machines, stage, **more)


def document(*records: Record, check_mode: bool = False, **more: Any) -> dict[str, Any]:
    about = About("2026-11-30T05:00:00+01:00", "0.1.0", "2.19.0", check_mode, "/subscriptions/s/vaults/v")
    made = run_document(report(*records, **more), about)
    Draft202012Validator(json_schema()).validate(made)
    return made


def states(made: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["state"] for each in made["machines"]}


@pytest.mark.parametrize(
    ("found", "state"),
    [
        pytest.param(GOOD, "good", id="good"),
        pytest.param(record("hyperv_host", "hv01", WARNED, facts=DONE), "warning", id="warning"),
        pytest.param(record("hyperv_host", "hv01", UNKNOWN, facts=DONE), "warning", id="check that was not evaluated"),
        pytest.param(record("hyperv_host", "hv01", FAILED), "blocked", id="blocked"),
        pytest.param(record("hyperv_host", "hv01", UNREAD), "unknown", id="not reachable"),
        pytest.param(machine("hv01"), "unknown", id="not checked"),
        pytest.param(record("hyperv_host", "hv01", PASSED), "open", id="not begun"),
        pytest.param(record("hyperv_host", "hv01", PASSED, facts={"failure": "1603"}), "failed", id="failed"),
        pytest.param(record("hyperv_host", "hv01", PASSED, facts={"evidence": [PLANNED]}), "planned", id="planned"),
    ],
)
def test_a_machine_has_one_state(found: Record, state: str) -> None:
    assert states(document(AZURE, found)) == {"Azure": "good", "hv01": state}


def test_a_host_that_was_left_out_or_is_missing_is_in_the_document() -> None:
    vmm = server({"Gold": ["hv01.example.com", "hv09.example.com"]})
    bad = record("hyperv_host", "hv02", FAILED)
    made = document(vmm, GOOD, bad, machines=(GOOD, bad), unready_hosts="accept")
    found = states(made)
    assert (found["hv01"], found["hv02"], found["hv09.example.com"]) == ("good", "left_out", "missing")
    assert made["clouds"] == [{"name": "Gold", "server": "vmm01", "hosts": ["hv01.example.com", "hv09.example.com"]}]
    assert made["counts"]["states"]["missing"] == 1


def test_machines_with_the_same_remedy_share_one_finding_and_the_worst_comes_first() -> None:
    names = ["hv01", "hv02", "hv03"]
    hosts = [
        record("hyperv_host", name, WARNED, Check.failed("cache", "H3", f"{number} GB free", "free some"))
        for number, name in enumerate(names)
    ]
    findings = document(*hosts)["findings"]
    assert [(row["status"], row["id"], row["fix"]) for row in findings] == [
        ("error", "cache", "free some"),
        ("warning", "dotnet", "install 4.8"),
    ]
    assert findings[0]["cases"][2] == {"message": "2 GB free", "machines": ["hv03"]}
    assert findings[1]["cases"] == [{"message": ".NET 4.7 is old", "machines": names}]


def test_a_failed_check_explains_why_a_machine_is_not_set_up() -> None:
    findings = document(record("hyperv_host", "hv01", FAILED), record("hyperv_host", "hv02", PASSED))["findings"]
    assert [(row["id"], [case["machines"] for case in row["cases"]]) for row in findings] == [
        ("cache", [["hv01"]]),
        ("", [["hv02"]]),
    ]


def test_a_step_says_what_happened_to_it() -> None:
    made = document(AZURE, record("hyperv_host", "hv01", PASSED, facts={"evidence": [SAME, ROW, PLANNED]}))
    (host,) = [each for each in made["machines"] if each["name"] == "hv01"]
    assert [(row["step"], row["outcome"]) for row in host["steps"]] == [
        ("T4", "planned"),
        ("H4", "changed"),
        ("H5", "unchanged"),
    ]


# The page -------------------------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """The tags, attributes and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    return tags


TIMES = {
    1: {"begun": "2026-11-30T01:00:00.900000+01:00", "ended": "2026-11-30T01:12:00+01:00"},
    "2": {"begun": "2026-11-30T00:20:00+00:00"},
}
WAVES = (("hv01",), ("hv02", "hv03"), ("hv04",))


@pytest.mark.parametrize(
    ("times", "begun", "ended", "seconds"),
    [
        (TIMES, [True, True, False], [True, False, False], [719, None, None]),
        (None, [False] * 3, [False] * 3, [None] * 3),
        ({"1": {"begun": "<b>", "ended": "9999-99-99"}, 2: "x", 3: ["y"]}, [False] * 3, [False] * 3, [None] * 3),
    ],
    ids=["times of a run", "no wave began", "no times"],
)
def test_a_wave_has_the_times_that_the_run_recorded(
    times: Any, begun: list[bool], ended: list[bool], seconds: list[int | None]
) -> None:
    rows = document(GOOD, planned_waves=WAVES, wave_times=times)["waves"]
    assert [row["machines"] for row in rows] == [list(wave) for wave in WAVES]
    assert [bool(row["begun"]) for row in rows] == begun
    assert [bool(row["ended"]) for row in rows] == ended
    assert [row["seconds"] for row in rows] == seconds


def test_the_page_shows_which_wave_ended_and_which_did_not_begin() -> None:
    made = document(GOOD, planned_waves=WAVES, wave_times=TIMES)
    assert made["machines"][0]["wave"] == 1
    text = " ".join(read(render(made)).text.split())
    assert "(12 min)" in text
    assert text.count("no end recorded") == 1
    assert text.count("did not begin") == 1


@pytest.mark.parametrize("stage", ["checks", "state"])
def test_only_the_end_of_a_setup_shows_the_times_of_waves(stage: str) -> None:
    made = document(GOOD, stage=stage, planned_waves=WAVES, wave_times=TIMES)
    assert made["waves"] == []
    assert "did not begin" not in read(render(made)).text


def test_the_facts_of_waves_can_have_any_shape() -> None:
    assert read_waves([["hv01"], "hv02", [3]]) == (("hv01",), ("3",))
    assert read_waves("hv01") == read_waves(None) == ()


def hostile_document(text: str) -> dict[str, Any]:
    """A document with this text in every place that quotes others."""
    row = {"step": text, "found": text, "done": text, "verified": text}
    check = Check.failed(text, text, f"message {text}", f"fix {text}")
    host = observed(text, f"{text}.example.com", cluster=text)
    records = [
        record("azure_target", "localhost", PASSED, facts={"evidence": [row]}),
        server({text: [text, "other.example.com"]}, name=f"vmm {text}"),
        record("hyperv_host", text, check, observed={"host": {"fqdn": text, "cluster": {"name": text}}}),
        record("hyperv_host", f"failed {text}", PASSED, facts={"failure": text, "evidence": [row]}),
    ]
    times = {number: {"begun": text, "ended": text} for number in range(9)}
    return document(*records, machines=(host,), stopped=text, wave_sizes=(), wave_times=times)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_part_of_the_page(text: str, language: str) -> None:
    harmless, hostile = (render(hostile_document(each), language) for each in ("plain", text))
    assert [(tag, sorted(attrs)) for tag, attrs in read(hostile).tags] == [
        (tag, sorted(attrs)) for tag, attrs in read(harmless).tags
    ]
    assert "49" not in read(render(hostile_document("{{ 7 * 7 }}"))).text
    assert " ".join(text.split()) in " ".join(read(hostile).text.split())


def test_the_page_needs_no_network_and_its_policy_allows_only_its_own_parts() -> None:
    tags = read(render(document(AZURE, GOOD))).tags
    policy = next(str(attrs["content"]) for tag, attrs in tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    references = [value for _tag, attrs in tags for name, value in attrs.items() if name in ("href", "src", "action")]
    assert references
    assert all(str(value).startswith("#") for value in references)
    assert not [attrs for _tag, attrs in tags if "style" in attrs or any(name.startswith("on") for name in attrs)]


@pytest.mark.parametrize(
    ("records", "stage", "check_mode", "verdict"),
    [
        ((AZURE, GOOD), "setup", False, "All 2 machines are set up."),
        ((AZURE, GOOD), "checks", False, "All 2 machines are ready for the setup."),
        ((GOOD, record("hyperv_host", "hv02", FAILED)), "checks", False, "1 of 2 machines stops the setup."),
        ((GOOD, record("hyperv_host", "hv02", WARNED, facts=DONE)), "setup", False, "with 1 warning."),
        (
            (record("hyperv_host", "hv01", PASSED, facts={"evidence": [PLANNED]}),),
            "setup",
            True,
            "The run would change 1 of 1 machines.",
        ),
    ],
)
def test_the_verdict_is_one_sentence(records: tuple[Record, ...], stage: str, check_mode: bool, verdict: str) -> None:
    made = document(*records, stage=stage, check_mode=check_mode)
    assert verdict in read(render(made)).text
    assert verdict in " ".join(summary(made, 120))


def test_every_language_has_the_same_words() -> None:
    first, *others = (words()[language] for language in LANGUAGES)
    for other in others:
        assert other.keys() == first.keys()
        assert {key: isinstance(word, str) for key, word in other.items()} == {
            key: isinstance(word, str) for key, word in first.items()
        }
    assert words().keys() == set(LANGUAGES)


def used_words() -> Iterator[str]:
    folder = Path(render.__code__.co_filename).parent
    for path in folder.rglob("*"):
        if path.suffix in (".py", ".j2"):
            yield path.read_text(encoding="utf-8")


def test_every_word_is_used() -> None:
    text = "\n".join(used_words())
    beginnings = ("state_", "status_", "role_", "outcome_", "verdict_")
    unused = [key for key in words()["en"] if not key.startswith(beginnings) and f"{key}'" not in text]
    assert [key for key in unused if f'"{key}"' not in text] == []


# The files ------------------------------------------------------------------------------------------------------------


def test_the_json_file_is_the_document() -> None:
    made = document(AZURE, GOOD)
    assert json.loads(as_json(made)) == made


def test_junit_fails_for_errors_and_skips_what_could_not_be_evaluated() -> None:
    made = document(record("hyperv_host", "hv01", PASSED, WARNED, FAILED, UNKNOWN), machine("hv02"))
    root = ET.fromstring(as_junit(made))
    first, second = root.findall("testsuite")
    assert (first.get("tests"), first.get("failures"), first.get("skipped")) == ("4", "1", "1")
    assert [case.get("name") for case in first] == ["H2 elevated", "H2 dotnet", "H3 cache", "S2 antivirus"]
    assert (second.get("tests"), second.get("failures")) == ("1", "1")


@pytest.mark.parametrize("text", [*HOSTILE, "\x0b\x1b[31m\ufffe"])
def test_junit_is_valid_xml_for_any_text(text: str) -> None:
    assert ET.fromstring(as_junit(hostile_document(text))).tag == "testsuites"


def test_no_cell_of_the_findings_is_a_formula() -> None:
    for start in "=+-@":
        made = document(record("hyperv_host", "hv01", Check.failed("cache", "H3", f"{start}1", "x")))
        (row,) = csv.DictReader(io.StringIO(as_csv(made)))
        assert row["message"] == f"'{start}1"
        assert (row["machine"], row["check"], row["step"]) == ("hv01", "cache", "H3")


@pytest.mark.parametrize("hosts", [1, 1000])
def test_the_summary_fits_on_a_screen(hosts: int) -> None:
    many = [
        Check.failed(f"check-{number}", "H2", "a long message " * 40, f"fix {number} " * 40) for number in range(12)
    ]
    made = document(*(record("hyperv_host", f"hv{number:04}", *many) for number in range(hosts)))
    lines = summary(made, 80)
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "and 6 more findings"
