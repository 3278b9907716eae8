# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example readers in C and in Python against a publisher in another process.

env PUBLISH: tests/ipc/publish; READER: apps/examples/reader; SOURCE_ROOT: the project.
"""
import fcntl
import importlib.util
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(os.environ["SOURCE_ROOT"])
PYTHON_READER = ROOT / "apps" / "examples" / "reader.py"
spec = importlib.util.spec_from_file_location("reader", PYTHON_READER)
reader = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reader)


def pixel(number, plane, y, x):
    """As in fixture.c."""
    return (number * 31 + plane * 7 + y * 3 + x) % 256


class Readers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="winnow-readers-")
        self.addCleanup(folder.cleanup)
        self.path = str(pathlib.Path(folder.name) / "channel")

    def publish(self, frames=1000000, pause_us=2000):
        process = subprocess.Popen([os.environ["PUBLISH"], self.path, str(frames), str(pause_us)])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        while not os.path.exists(self.path):
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        return process

    def test_python(self):
        self.publish()
        numbers = []
        for number, frame, pixels, (result,) in reader.Channel(self.path):
            side = (96, 96) if number % 10 == 0 else (64, 48)
            self.assertEqual(frame[1:3], side)
            self.assertEqual(frame[0], b"NV12\0\0\0\0")
            for plane, rows in ((0, side[1]), (1, side[1] // 2)):
                for y in (0, rows - 1):
                    begin = frame[7 + plane] + y * frame[10 + plane]
                    wanted = bytes(pixel(number, plane, y, x) for x in range(side[0]))
                    self.assertEqual(pixels[begin:begin + side[0]], wanted)
            self.assertEqual(result["macs"], number)
            self.assertEqual(result["label"], "class 0")
            self.assertEqual(result["group"], "pets")
            self.assertEqual(result["stop-reason"], "group")
            self.assertEqual(result["survivors"], [2, 1, 0])
            self.assertEqual(result["survivor-labels"], ["class 0", "class 1", "class 2"])
            self.assertEqual(result["survivor-scores"], [1 / (k + 1 + number) for k in range(3)])
            self.assertEqual(result["survivors-per-stage"], [10, 4, 4])
            self.assertEqual(result["model-id"], "model@12345678")
            self.assertEqual(result["pts"], number * 1000)
            self.assertEqual(result["time"], number * 1000 + 3)
            self.assertEqual(result["age-ns"], 77)
            self.assertEqual(result["watched"], 1)
            self.assertEqual(result["survivor-count"], 10)
            self.assertEqual([result[key] for key in reader.REGION], [1, -2, 30, 40, "door"])
            numbers.append(number)
            if len(numbers) == 50:
                break
        self.assertEqual(numbers, sorted(set(numbers)))

    def test_python_ends_with_the_publisher(self):
        process = self.publish()
        channel = iter(reader.Channel(self.path))
        next(channel)
        process.send_signal(signal.SIGKILL)
        self.assertLess(len(list(channel)), 1000)

    def test_python_and_a_publisher_that_leaves_at_once(self):
        """It hangs up before it greets: an end, not a traceback."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(self.path)
            listener.listen()
            process = subprocess.Popen(["python3", PYTHON_READER, self.path], text=True,
                                       stderr=subprocess.PIPE)
            connection, _ = listener.accept()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            _, errors = process.communicate()
        self.assertEqual((process.returncode, errors), (0, ""))
        process = subprocess.run(["python3", PYTHON_READER, self.path], text=True, check=False,
                                 stderr=subprocess.PIPE)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(process.stderr, r"^reader.py: .*refused\n$")

    def test_python_and_publishers_that_lie(self):
        """One sentence, whatever is wrong: a good publisher's memory with a number changed."""
        self.publish()
        channel = reader.Channel(self.path)
        next(iter(channel))
        good = bytes(channel.memory)
        number = struct.unpack_from("=Q", good, reader.LATEST)[0]
        slot = channel.first + number % channel.n_slots * channel.slot_bytes
        result = slot + reader.RESULT_AT
        sealed = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
        for says, seals, at, change in (
                ("could shrink", fcntl.F_SEAL_GROW, 0, b""),
                ("makes no sense", sealed, 12, struct.pack("=I", 0)),  # slots
                ("makes no sense", sealed, 24, struct.pack("=Q", 2**63)),  # where they begin
                ("makes no sense", sealed, slot + 28, struct.pack("=i", 2**30)),  # results
                ("makes no sense", sealed, result, struct.pack("=i", -1)),  # survivors
                ("makes no sense", sealed, result + reader.AT["stop-reason"],
                 struct.pack("=q", 99)),
                ("not JSON compliant", sealed, result + reader.AT["confidence"],
                 struct.pack("=d", float("nan")))):
            bad = bytearray(good)
            bad[slot:slot + 8] = struct.pack("=Q", 2 * number)
            bad[at:at + len(change)] = change
            memory = os.memfd_create("lie", os.MFD_ALLOW_SEALING)
            os.write(memory, bad)
            fcntl.fcntl(memory, fcntl.F_ADD_SEALS, seals)
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
                listener.bind(self.path + "-lie")
                listener.listen()
                process = subprocess.Popen(["python3", PYTHON_READER, self.path + "-lie"],
                                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                           text=True)
                connection, _ = listener.accept()
                hello = reader.HELLO.pack(b"WINNOW\r\n", reader.VERSION, 0, len(bad))
                socket.send_fds(connection, [hello], [memory])
                connection.close()
                printed, errors = process.communicate()
            os.close(memory)
            os.unlink(self.path + "-lie")
            self.assertEqual((process.returncode, printed), (1, ""), errors)
            self.assertRegex(errors, rf"^reader.py: .*{says}.*\n$")

    def test_python_description(self):
        self.publish()
        channel = reader.Channel(self.path)
        next(iter(channel))
        self.assertEqual(channel.description(), {"name": "test", "labels": ["a", "b"]})

    def test_c(self):
        process = self.publish(frames=500)
        done = subprocess.run([os.environ["READER"], self.path], capture_output=True, text=True,
                              timeout=120, check=False)
        self.assertEqual(process.wait(), 0)
        lines = done.stdout.splitlines()
        self.assertGreater(len(lines), 10)
        for line in lines:
            match = re.fullmatch(r"(\d+): (\d+) x (\d+), class 0 \([\d.]+ %\) at exit 2, "
                                 r"10 classes left", line)
            self.assertIsNotNone(match, line)
            large = int(match[1]) % 10 == 0
            self.assertEqual(match[2], "96" if large else "64")
        self.assertIn("nobody publishes", done.stderr)

    def test_killed_publishers_leave_nothing_in_the_way(self):
        for _ in range(10):
            process = self.publish(pause_us=0)
            next(iter(reader.Channel(self.path)))
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.assertTrue(os.path.exists(self.path))  # and the next one takes it
            with self.assertRaises(ConnectionRefusedError):
                reader.Channel(self.path)
            successor = subprocess.run([os.environ["PUBLISH"], self.path, "1"], check=False)
            self.assertEqual(successor.returncode, 0)
            self.assertFalse(os.path.exists(self.path))


if __name__ == "__main__":
    unittest.main()
