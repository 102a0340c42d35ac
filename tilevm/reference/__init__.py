"""What a program means, told one element at a time: slow, obvious, and independent of NumPy.

Integers are Python integers, floats are fractions or one of four special numbers, and a tile is a
dictionary from index to number, so that a law of the documentation is one line here:
``r[m, n] = sum over k of a[m, k] * b[k, n]``.  The blocks of the grid run one after the other.
Where the virtual machine and this package differ, this package or the documentation is right; the
tests compare the two on programs, on random kernels and on random codes.

It reads kernels (`tilevm.ir`) and the parameters of formats (`tilevm.dtypes`): no arithmetic of
either.

>>> import tilevm, tilevm.reference
>>> program = tilevm.parse('''
... kernel tripled(x: global i4[3], y: global i4[3])
... {
...   a: i4[3] = load x[0]
...   three = full i4[3] {value = 3}
...   b = mul a, three {overflow = sat}
...   store b, y[0]
... }
... ''')
>>> tilevm.reference.run(program["tripled"], x=[1, -2, 3])
{'y': [3, -6, 7]}
"""

from tilevm.reference import parts, people, statements
from tilevm.reference.machine import STATEMENTS, run
from tilevm.reference.ops import MEANINGS

__all__ = ["MEANINGS", "STATEMENTS", "parts", "people", "run", "statements"]
