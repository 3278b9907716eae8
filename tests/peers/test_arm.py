# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which loops arm_loops.py finds in a disassembly, and what it says of them."""
import contextlib
import io
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import arm_loops

FUNCTION = """
kernel.o:     file format elf64-littleaarch64

0000000000000000 <wni_igemm_f32__neon>:
   0:	ldr	x1, [x0]
   4:	ldr	q0, [x1], #16
   8:	fmla	v1.4s, v0.4s, v2.s[0]
   c:	fmla	v3.4s, v0.4s, v2.s[1]
  10:	b.ne	4 <wni_igemm_f32__neon+0x4>  // b.any
  14:	add	x2, x2, #0x1
  18:	cbnz	x2, 0 <wni_igemm_f32__neon>
  1c:	ret

0000000000000020 <wni_other__neon>:
  20:	fmla	v1.4s, v0.4s, v2.s[0]
  24:	fmla	v1.4s, v0.4s, v2.s[0]
  28:	b.ne	20 <wni_other__neon>  // b.any
"""


def loops(*lines, least=1):
    """Of a function of these lines at 0, 4, 8, ...."""
    text = "0000000000000000 <f>:\n" + "".join(
        f"   {4 * i:x}:\t{line}\n" for i, line in enumerate(lines))
    return list(arm_loops.loops_of(text, "^f$", least))


class Loops(unittest.TestCase):
    def test_is_the_innermost_and_of_the_functions_that_match(self):
        found = list(arm_loops.loops_of(FUNCTION, "^wni_igemm_", 2))
        self.assertEqual([loop.function for loop in found], ["wni_igemm_f32__neon"])
        self.assertEqual(found[0].body, ["ldr\tq0, [x1], #16", "fmla\tv1.4s, v0.4s, v2.s[0]",
                                         "fmla\tv3.4s, v0.4s, v2.s[1]", "b.ne\t#0"])
        self.assertEqual(len(found[0].multiplies), 2)

    def test_is_of_a_file_whose_name_matches(self):
        text = FUNCTION.replace("kernel.o", "fc_u8.c.o").replace("wni_other__neon", "rows")
        found = list(arm_loops.loops_of(text, "^fc_", 1))
        self.assertEqual([loop.function for loop in found], ["fc_u8 rows"])

    def test_multiplies_often_enough(self):
        self.assertEqual(list(arm_loops.loops_of(FUNCTION, "^wni_igemm_", 3)), [])

    def test_of_copies_the_largest_is_kept(self):
        names = ["igemm_x wide_1", "igemm_x wide_6", "igemm_x narrow_6", "dwconv_x row_3_1"]
        every = [arm_loops.Loop(name, ["fmla\tv0.4s, v1.4s, v2.4s"] * int(name[-1]))
                 for name in names]
        self.assertEqual([loop.function for loop in arm_loops.largest_copies(every)], names[1:])

    def test_counts_vectors_alone(self):
        found = loops("sdot\tv0.4s, v1.16b, v2.4b[0]", "fmadd\ts0, s1, s2, s3", "mul\tx0, x1, x2",
                      "fadd\tv0.4s, v1.4s, v2.4s", "smlal2\tv0.4s, v1.8h, v2.8h", "cbnz\tw1, 0 <f>")
        self.assertEqual(len(found[0].multiplies), 2)

    def test_calls_nothing(self):
        self.assertEqual(loops("fmla\tv0.4s, v1.4s, v2.4s", "bl\t100 <g>", "cbnz\tw1, 0 <f>"), [])

    def test_is_one_way(self):
        lines = "cbz\tw2, 8 <f+0x8>", "fmla\tv0.4s, v1.4s, v2.4s", "cbnz\tw1, 0 <f>"
        self.assertEqual(loops(*lines), [])

    def test_may_end_early_once(self):
        early = ["cbz\tw2, 40 <f+0x40>", "fmla\tv0.4s, v1.4s, v2.4s"]
        self.assertEqual(len(loops(*early, "tbnz\tw1, #3, 0 <f>")), 1)
        self.assertEqual(loops(early[0], *early, "tbnz\tw1, #3, 0 <f>"), [])


class Table(unittest.TestCase):
    def test_has_a_row_once_and_nothing_where_a_processor_lacks_a_set(self):
        lines = "fmla\tv0.4s, v1.4s, v2.4s", "cbnz\tw1, 0 <f>"
        every = loops(*lines) + loops(*lines)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            arm_loops.print_table(every, {"one": dict.fromkeys(every, (4.0, 3.0)), "two": {}})
        self.assertEqual(printed.getvalue().splitlines()[2:], ["| f | 2 | 1 | 3 of 4.0, 75 % |  |"])


if __name__ == "__main__":
    unittest.main()
