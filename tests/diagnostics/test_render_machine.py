"""The forms for programs: JSON, GitHub workflow commands, SARIF."""

import json
from urllib.parse import unquote

import pytest

from tilevm.diagnostics import CODES, Diagnostic, Label, Source, Span, render

SOURCE = Source("dir/a b,c:%.tile", "one\ntwo 漢 three\nfour\n")
THREE = Label(Span(SOURCE, 10, 15), "100% wrong")
TWO = Label(Span(SOURCE, 4, 7), "see")
DIAGNOSTIC = Diagnostic("TV0203", "a, b: 5%\nand\x1b", (THREE, TWO), ("note",), "mend")


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="one of text, json, github, sarif, not 'xml'"):
        render([DIAGNOSTIC], "xml")


def test_json() -> None:
    assert json.loads(render([DIAGNOSTIC, Diagnostic("TV0801", "no")], "json")) == [
        {
            "severity": "error",
            "code": "TV0203",
            "message": "a, b: 5%\nand\x1b",
            "labels": [
                {
                    "file": SOURCE.name,
                    "start": {"line": 2, "column": 7, "offset": 10},
                    "end": {"line": 2, "column": 12, "offset": 15},
                    "message": "100% wrong",
                    "primary": True,
                },
                {
                    "file": SOURCE.name,
                    "start": {"line": 2, "column": 1, "offset": 4},
                    "end": {"line": 2, "column": 4, "offset": 7},
                    "message": "see",
                    "primary": False,
                },
            ],
            "notes": ["note"],
            "help": "mend",
        },
        {
            "severity": "error",
            "code": "TV0801",
            "message": "no",
            "labels": [],
            "notes": [],
            "help": None,
        },
    ]


def test_github_escapes_what_the_runner_decodes() -> None:
    file = "dir/a b%2Cc%3A%25.tile"
    assert render([DIAGNOSTIC], "github") == (
        f"::error title=TV0203,file={file},line=2,endLine=2,col=7,endColumn=12::"
        "a, b: 5%25%0Aand\\x1b"
        "%0Adir/a b,c:%25.tile:2: 100%25 wrong%0Adir/a b,c:%25.tile:2: see"
        "%0Anote: note%0Ahelp: mend"
    )


def test_github_commands_by_severity_and_place() -> None:
    lines = render(
        [
            Diagnostic("TV0801", "no", severity="warning"),
            Diagnostic("TV0802", "x", (Label(Span(Source("s", "ab\ncd"), 1, 4)),), severity="note"),
        ],
        "github",
    )
    assert lines.split("\n") == [
        "::warning title=TV0801::no",
        "::notice title=TV0802,file=s,line=1,endLine=2::x",
    ]


def test_sarif() -> None:
    plain = Diagnostic("TV0801", "no", severity="warning")
    log = json.loads(render([DIAGNOSTIC, plain, DIAGNOSTIC], "sarif"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    driver = run["tool"]["driver"]
    assert driver["name"] == "tilevm"
    assert [rule["id"] for rule in driver["rules"]] == ["TV0203", "TV0801"]
    assert driver["rules"][0]["shortDescription"]["text"] == CODES["TV0203"].title
    first, second, third = run["results"]
    assert first == third
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert first["level"] == "error" and second["level"] == "warning"
    assert first["message"]["text"] == "a, b: 5%\nand\x1b\nnote: note\nhelp: mend"
    assert "locations" not in second and "relatedLocations" not in second
    (location,) = first["locations"]
    assert location["message"]["text"] == "100% wrong"
    assert location["physicalLocation"]["region"] == {
        "startLine": 2,
        "startColumn": 7,
        "endLine": 2,
        "endColumn": 12,
    }
    uri = location["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri) == SOURCE.name and not set(uri) & set(" ,:")
    assert [item["id"] for item in first["relatedLocations"]] == [1]


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("/tmp/a b.tile", "file:///tmp/a%20b.tile"),
        ("<input>", "%3Cinput%3E"),
        ("\udc80.tile", "%ED%B2%80.tile"),
    ],
)
def test_sarif_addresses(name: str, uri: str) -> None:
    label = Label(Span(Source(name, "x"), 0, 1))
    log = json.loads(render([Diagnostic("TV0001", "m", (label,))], "sarif"))
    (location,) = log["runs"][0]["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_sarif_of_a_code_that_is_not_in_the_catalogue() -> None:
    log = json.loads(render([Diagnostic("TV0999", "m")], "sarif"))
    assert log["runs"][0]["tool"]["driver"]["rules"] == [{"id": "TV0999"}]


@pytest.mark.parametrize(("format", "empty"), [("text", ""), ("github", "")])
def test_nothing_to_say(format: str, empty: str) -> None:
    assert render([], format) == empty


def test_nothing_to_say_in_json() -> None:
    assert json.loads(render([], "json")) == []
    assert json.loads(render([], "sarif"))["runs"][0]["results"] == []
