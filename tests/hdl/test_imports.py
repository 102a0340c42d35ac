"""Designs can be described, timed and sized without loading Amaranth."""

import subprocess
import sys


def test_descriptions_and_the_timed_model_do_not_load_amaranth() -> None:
    code = (
        "import sys, hdl.netlist, hdl.units, hdl.timing, hdl.sizing, hdl.evaluate\n"
        "print('amaranth' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.strip()) == (0, "False"), run.stderr
