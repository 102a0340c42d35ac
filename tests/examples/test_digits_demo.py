"""The demo on digits: its layers, what it writes, and that it fails where something differs."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest

from examples.digits import demo, hardware, layers, reference
from examples.digits.report import HEADINGS, as_markdown, as_text
from hdl import Design
from tilevm import TileError


@pytest.fixture(scope="module")
def network():
    """The layers, run in the virtual machine on all test images."""
    return list(layers.run_layers(reference.test_set()[0]))


def test_layers_in_the_virtual_machine_equal_numpy(network):
    images, _ = reference.test_set()
    assert [layer.exact for layer in network] == [True] * 3
    np.testing.assert_array_equal(network[-1].y, reference.quantised_logits(images))


@pytest.mark.parametrize("number", reference.LAYERS)
def test_table_lookups_change_nothing(network, number):
    assert hardware.rewritten_is_equal(network[number - 1])


@pytest.mark.parametrize(("lanes", "used"), [(5, 5), (8, 5), (16, 10)])
def test_last_layer_as_hardware(network, lanes, used):
    layer = network[-1]
    design = hardware.build(layer, 2, lanes)
    outcome = hardware.simulate(layer, design, 2, "amaranth", hardware.STALL, seed=3)
    assert outcome.equal, outcome.problem
    assert outcome.lanes == used
    assert outcome.result.cycles == outcome.result.predicted >= design.cycles


def test_all_that_is_written(tmp_path, capsys):
    folder = tmp_path / "out" / "digits"
    assert demo.main(["--images", "1", "-o", str(folder)]) == 0, capsys.readouterr()
    printed = capsys.readouterr().out
    assert "All equal." in printed
    assert "float 99.0 %, quantised to integers 98.6 %" in printed
    text = (folder / "report.md").read_text("utf-8")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) == len(set(links))
    written = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert written == {*links, "report.md", "manifest.json"}
    for number in reference.LAYERS:
        name = "logits" if number == 3 else "hidden"
        assert re.search(rf"^module {name}\(", (folder / f"layer{number}.v").read_text(), re.M)
        assert "$enddefinitions" in (folder / f"layer{number}.vcd").read_text()
        for tile in ("wt", "xt", "acc"):
            ElementTree.parse(folder / f"layer{number}_layouts" / f"{tile}.svg")


@pytest.fixture
def only_last_layer(network, monkeypatch):
    """Shortens the demo: one layer, no Verilog, no waveform; returns how to change the layer."""
    monkeypatch.setattr(demo, "_files", lambda outcome: {})
    layer = network[-1]

    def use(**changes):
        monkeypatch.setattr(demo, "run_layers", lambda images: [replace(layer, **changes)])

    use()
    return use


def test_wrong_layer_fails_the_demo(tmp_path, capsys, network, only_last_layer):
    only_last_layer(expected=network[-1].expected + 1)
    assert demo.main(["--images", "1", "-o", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert "layer 3, 10 x 48: NOT EQUAL to NumPy" in printed.out
    assert printed.out.rstrip().endswith("NOT EQUAL: see above.")
    assert "the outputs differ from reference.py" in printed.err
    assert "layer 3: NO" in (tmp_path / "out" / "report.md").read_text("utf-8")


def test_mismatch_in_hardware_fails_the_demo(tmp_path, monkeypatch, capsys, only_last_layer):
    collect = Design.collect

    def flipped(self, beats, initial):
        outputs = collect(self, beats, initial)
        outputs["y"].reshape(-1)[3] ^= 1
        return outputs

    monkeypatch.setattr(Design, "collect", flipped)
    assert demo.main(["--images", "1", "-o", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert "error[TV0606]: `y[0, 3]` differs" in printed.err
    assert "hardware finds  -" in printed.out


def test_folder_of_others_is_left_alone(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("mine")
    assert demo.main(["-o", str(tmp_path)]) == 1
    assert "TV0806" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--images", "0"],
        ["--images", "501"],
        ["--lanes", "x"],
        ["--seed", "-1"],
        ["--simulator", "x"],
    ],
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as exit:
        demo.main(arguments)
    assert exit.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_nothing_is_written_where_the_build_fails(tmp_path, monkeypatch, capsys):
    from tilevm.diagnostics import error

    def refuse(*_):
        raise error("TV0604", "no Yosys here")

    monkeypatch.setattr(hardware, "build", refuse)
    assert demo.main(["-o", str(tmp_path / "out")]) == 1
    assert "no Yosys here" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_progress_says_that_it_failed(capsys):
    with pytest.raises(TileError), demo.progress("trying"):
        demo.check_folder("/dev/null/x", force=False)
    assert capsys.readouterr().out == "  trying ... failed\n"


def test_tables_have_one_cell_for_each_heading():
    body = [[str(n)] * len(HEADINGS) for n in (1, 200)]
    text = as_text(HEADINGS, body).splitlines()
    assert len({len(line) for line in text}) == 1
    assert [line.count("|") for line in as_markdown(HEADINGS, body).splitlines()] == [10] * 4
