# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the command-line tests share: running `winnow`, damaged models, .npy and PNG files.

meson passes WINNOW (the program) and SOURCE_ROOT in the environment.
"""
import json
import os
import pathlib
import pty
import re
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib

WINNOW = os.environ["WINNOW"]
ROOT = pathlib.Path(os.environ["SOURCE_ROOT"])
MODEL = ROOT / "models" / "paper" / "edge-cifar10.onnx"
SAMPLE = ROOT / "tests" / "data" / "cifar10-sample"
CAT = SAMPLE / "cat" / "0000.jpg"
LABELS = "airplane automobile bird cat deer dog frog horse ship truck".split()
N_EXITS = 8
# As it stands in the file.
THRESHOLDS = re.search(rb"winnow\.thresholds\x12.([-0-9.,e]+)", MODEL.read_bytes())[1]


def for_each_exit(threshold):
    """The same threshold for every exit, as --thresholds takes it."""
    return ",".join([str(threshold)] * N_EXITS)


def run(program, *arguments, **options):
    """Runs it; the result has returncode, stdout and stderr as text."""
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False, **options)


def winnow(*arguments, **options):
    return run(WINNOW, *arguments, **options)


def on_terminal(*arguments):
    """(status, stdout, what was drawn) of the program with stderr on a terminal."""
    master, slave = pty.openpty()
    with subprocess.Popen([WINNOW, *map(str, arguments)], stderr=slave,
                          stdout=subprocess.PIPE) as process:
        os.close(slave)
        drawn = b""
        try:
            while chunk := os.read(master, 4096):
                drawn += chunk
        except OSError:  # how Linux ends a terminal without a writer
            pass
        printed = process.stdout.read()
    os.close(master)
    return process.returncode, printed, drawn


class CliTest(unittest.TestCase):
    """A test of `program` with a folder of its own."""

    program = WINNOW

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="winnow-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def succeed(self, *arguments):
        """Runs, expects status 0 and a silent stderr, returns stdout."""
        result = run(self.program, *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        return result.stdout

    def succeed_json(self, *arguments):
        """The objects printed, one a line."""
        return [json.loads(line) for line in self.succeed(*arguments, "--json").splitlines()]

    def expect_failure(self, status, *arguments, says=()):
        """Expects `status`, one line on stderr that holds every word of `says`, no stdout."""
        result = run(self.program, *arguments)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertEqual(result.stdout, "")
        self.assert_one_line(result.stderr, says)
        return result.stderr

    def assert_one_line(self, stderr, says=()):
        name = re.escape(pathlib.Path(self.program).name)
        self.assertRegex(stderr, rf"\A{name}: [^\n]+\n\Z")
        for word in says if isinstance(says, (tuple, list)) else [says]:
            self.assertIn(str(word), stderr)

    def edited_model(self, old, new, name="edited.onnx"):
        """The shipped model with the bytes `old` replaced by as many others."""
        data = MODEL.read_bytes()
        self.assertEqual(len(old), len(new), "an edit must keep protobuf's lengths")
        self.assertEqual(data.count(old), 1, old)
        return self.file(name, data.replace(old, new))

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path


class FewImagesTest(CliTest):
    """`few` is a folder with two images of each class of SAMPLE, for tests that run the network
    over all of them many times: under sanitizers each takes an eighth of a second."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.few = pathlib.Path(tempfile.mkdtemp(prefix="winnow-few-"))
        cls.addClassCleanup(shutil.rmtree, cls.few)
        for label in LABELS:
            (cls.few / label).mkdir()
            for path in sorted((SAMPLE / label).iterdir())[:2]:
                shutil.copy(path, cls.few / label)


def npy(shape, values=None, descr="<f4", order="False", version=1):
    """The bytes of a .npy file."""
    count = 1
    for size in shape:
        count *= size
    values = [0.0] * count if values is None else values
    body = struct.pack(f"<{len(values)}f", *values)
    header = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {tuple(shape)}, }}\n"
    header = header.encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + body


def read_npy(path):
    """Shape and values of a .npy file of float32."""
    data = pathlib.Path(path).read_bytes()
    length = struct.unpack_from("<H", data, 8)[0]
    header = eval(data[10:10 + length], {"__builtins__": {}})  # pylint: disable=eval-used
    assert header["descr"] == "<f4" and not header["fortran_order"]
    body = data[10 + length:]
    return header["shape"], list(struct.unpack(f"<{len(body) // 4}f", body))


def png_bytes(width, height, rows, color_type, depth=8, chunks=()):
    """A PNG file; color_type 0 is grey, 2 RGB, 6 RGBA; before the pixels stand `chunks`."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
            b"".join(chunk(*one) for one in chunks) + chunk(b"IDAT", body) + chunk(b"IEND", b""))
