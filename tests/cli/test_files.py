# SPDX-License-Identifier: LGPL-2.1-or-later
"""Things that are no files where `winnow` reads one: it names them and waits for none."""
import os
import shutil
import socket
import subprocess
import unittest

from support import CAT, MODEL, WINNOW, CliTest, npy

PATIENCE = 60  # seconds; ends what hangs


class NoFiles(CliTest):
    def refuse_path(self, command, path, says):
        result = subprocess.run([WINNOW, *map(str, command)], capture_output=True, text=True,
                                check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assert_one_line(result.stderr, (path, says))

    def test_special_files(self):
        fifo, sock = self.folder / "x.jpg", self.folder / "y.jpg"
        os.mkfifo(fifo)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(sock))
            for path, kind in ((fifo, "FIFO"), (sock, "socket"), ("/dev/null", "device"),
                               ("/dev/zero", "device"), (self.folder, "folder")):
                with self.subTest(kind=kind):
                    self.refuse_path(["classify", MODEL, path], path, f"is a {kind}, not a picture")
                    self.refuse_path(["run", MODEL, "--input", path], path, f"is a {kind}, not a")
                    self.refuse_path(["classify", path, CAT], path, "cannot")

    def test_dataset(self):
        """It is named and left out; the pictures beside it count."""
        data, out = self.folder / "data", self.folder / "out.onnx"
        (data / "cat").mkdir(parents=True)
        os.mkfifo(data / "cat" / "x.jpg")
        shutil.copy(CAT, data / "cat" / "y.jpg")
        for command in (["eval", MODEL, data], ["quantize", MODEL, data, "-o", out],
                        ["tune", MODEL, data, "--max-accuracy-drop", "1", "-o", out]):
            result = subprocess.run([WINNOW, *map(str, command)], capture_output=True, text=True,
                                    check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL)
            told = f"winnow: {data / 'cat' / 'x.jpg'}: is no file and so no picture; left out"
            self.assertIn(told, result.stderr.splitlines())
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_labels(self):
        fifo = self.folder / "labels.txt"
        os.mkfifo(fifo)
        self.refuse_path(["classify", MODEL, CAT, "--labels", fifo], fifo, "not a regular file")

    def test_config(self):
        fifo = self.folder / "x.ini"
        os.mkfifo(fifo)
        result = subprocess.run([WINNOW, "classify", "--config", fifo, MODEL, CAT], text=True,
                                capture_output=True, check=False, timeout=PATIENCE)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assert_one_line(result.stderr, (fifo, "is a FIFO"))

    def test_standard_input(self):
        command = [WINNOW, "classify", str(MODEL), "/dev/stdin"]
        with CAT.open("rb") as picture:
            result = subprocess.run(command, stdin=picture, capture_output=True, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        result = subprocess.run(command, input=CAT.read_bytes(), capture_output=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (1, b""))
        self.assert_one_line(result.stderr.decode(), ("/dev/stdin", "give a file"))

    def test_tensor_is_read_as_before(self):
        self.succeed("run", MODEL, "--input", self.file("x.npy", npy([1, 3, 32, 32], [0.5] * 3072)),
                     "--output-dir", self.folder)


if __name__ == "__main__":
    unittest.main()
