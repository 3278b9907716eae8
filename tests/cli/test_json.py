# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON: every number reads back equal, every text is UTF-8, in every locale.

env JSON_LINES: json_lines, which prints what it is given as the library and the commands do.
"""
import json
import os
import pathlib
import random
import struct
import subprocess
import tempfile
import unittest

JSON_LINES = os.environ["JSON_LINES"]
EDGES = [0.0, -0.0, 1e-10, 0.1, 1 / 3, 1.0, 100.0, 1e15, 1e16, 1e17, 123456789012345678.0, 1e22,
         1e23, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -1e-5, 1e-4,
         9007199254740993.0]
TEXTS = [b"", b"cat", b'"', b"\\", b"a\"b\\c/", bytes(range(1, 32)), b"\x7f",
         "Käse \U0001f600".encode(), "\u2028\u0085".encode(),
         b"\xff", b"a\xffb", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80",
         b"\xed\xb0\x80x", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xef\xbf\xbe", b"\xef\xbb\xbfcat"]
ROUNDS = 20 if os.environ.get("WINNOW_TEST_FEWER") else 20000


def refuse(name):
    raise ValueError(f"{name} is not JSON")


def bits(value):
    return struct.pack(">d", value)


def cases():
    """(the bits of a double, of a float, a text)"""
    chance = random.Random(7)
    for value in EDGES:
        yield bits(value), struct.pack(">f", value) if abs(value) < 1e38 else bytes(4), b"x"
    for text in TEXTS:
        yield bits(0.5), bytes(4), text
    for _ in range(ROUNDS):
        text = bytes(chance.choice(b"ab\"\\\n\xff\xc3\xa4\xed\xa0\x80\x01") for _ in range(6))
        yield chance.randbytes(8), chance.randbytes(4), text


class Json(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="winnow-json-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def german(self):
        """The environment of a locale with decimal commas, made here: few systems have one."""
        made = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8",
                               self.folder / "de_DE.UTF-8"], check=False, capture_output=True)
        if not (self.folder / "de_DE.UTF-8" / "LC_NUMERIC").is_file():
            self.skipTest(f"no German locale: {made.stderr.decode()}")
        return {"LOCPATH": str(self.folder), "LC_ALL": "de_DE.UTF-8"}

    def check_number(self, printed, given):
        value = struct.unpack(">d", given)[0] if len(given) == 8 else struct.unpack(">f", given)[0]
        if value - value != 0:  # not finite
            self.assertIsNone(printed)
        else:
            self.assertIsInstance(printed, float)
            self.assertEqual(bits(printed), bits(value))

    def check_text(self, printed, given):
        try:
            self.assertEqual(printed, given.decode())
        except UnicodeDecodeError:
            self.assertIn("\N{REPLACEMENT CHARACTER}", printed)
            self.assertEqual([c for c in printed if c < "\x80"],
                             [chr(c) for c in given if c < 0x80])

    def check(self, given, environment):
        asked = "".join(f"{wide.hex()} {narrow.hex()} {text.hex()}\n"
                        for wide, narrow, text in given)
        done = subprocess.run([JSON_LINES], input=asked.encode(), capture_output=True, check=True,
                              env={**os.environ, **environment})
        lines = done.stdout.split(b"\n")  # not splitlines(), which knows others
        self.assertEqual(lines.pop(), b"")
        self.assertEqual(len(lines), 2 * len(given))
        for i, line in enumerate(lines):
            wide, narrow, text = given[i // 2]
            with self.subTest(line=line):
                read = json.loads(line.decode("utf-8", "strict"), parse_constant=refuse)
                self.check_number(read["survivor-scores"][0], wide)
                self.check_number(read["survivor-scores"][1], narrow)
                if i % 2 == 0:
                    self.check_number(read["confidence"], wide)
                    self.check_text(read["image"], text)
                if text or i % 2:
                    self.check_text(read["label"], text)
                self.check_text(read["survivor-labels"][0], text)

    def test_read_back(self):
        self.check(list(cases()), {})

    def test_decimal_comma(self):
        self.check(list(cases())[:2000], self.german())


if __name__ == "__main__":
    unittest.main()
