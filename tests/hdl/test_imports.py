"""Designs can be described, timed, sized and drawn without loading Amaranth."""

import subprocess
import sys


def test_descriptions_and_the_timed_model_do_not_load_amaranth() -> None:
    code = (
        "import sys, hdl.netlist, hdl.units, hdl.timing, hdl.sizing, hdl.evaluate, hdl.view\n"
        "from tests.hdl.designs import fork\n"
        "netlist = fork(4)\n"
        "assert '</svg>' in hdl.view.netlist_svg(netlist) and str(netlist)\n"
        "print('amaranth' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.strip()) == (0, "False"), run.stderr
