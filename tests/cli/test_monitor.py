# SPDX-License-Identifier: LGPL-2.1-or-later
"""`winnow monitor` as lines of JSON and on a terminal.  env PUBLISH: tests/ipc/publish."""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

from support import WINNOW, CliTest

PATIENCE = 60  # seconds; only a hang takes so long


class Monitor(CliTest):
    def setUp(self):
        super().setUp()
        self.socket = str(self.folder / "channel")

    def start(self, *command, **options):
        process = subprocess.Popen([str(part) for part in command], **options)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def publish(self, frames=10000000):
        return self.start(os.environ["PUBLISH"], self.socket, frames, 2000)

    def test_lines(self):
        # The monitor is there first, and stays when the publisher goes.  Unbuffered: a line read
        # ahead would be one of the publisher before.
        monitor = self.start(WINNOW, "monitor", self.socket, "--json", stdout=subprocess.PIPE,
                             bufsize=0)
        self.addCleanup(monitor.stdout.close)
        for _ in range(2):
            publisher = self.publish()
            last = 0
            for _ in range(20):
                line = json.loads(monitor.stdout.readline())
                self.assertGreater(line["number"], last)
                self.assertEqual(line["skipped"], line["number"] - last - 1 if last else 0)
                self.assertEqual(line["label"], "class 0")
                self.assertEqual(line["macs"], line["number"])
                self.assertEqual(line["survivors"], [2, 1, 0])
                self.assertEqual(line["format"], "NV12")
                self.assertIn(line["width"], (64, 96))
                last = line["number"]
            publisher.kill()
            publisher.wait()
            while select.select([monitor.stdout], [], [], 0.5)[0]:  # what was printed before
                monitor.stdout.readline()
        monitor.send_signal(signal.SIGTERM)
        self.assertEqual(monitor.wait(PATIENCE), 0)

    def test_signal_while_nobody_takes_the_lines(self):
        self.publish()
        monitor = self.start(WINNOW, "monitor", self.socket, "--json", stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
        monitor.stdout.readline()
        last, now = -1, 0
        while now != last:  # the pipe fills
            time.sleep(0.5)
            waiting = struct.pack("i", 0)
            last, now = now, struct.unpack("i", fcntl.ioctl(monitor.stdout, termios.FIONREAD,
                                                            waiting))[0]
        monitor.send_signal(signal.SIGTERM)
        self.assertEqual(monitor.wait(PATIENCE), 0)
        self.assertEqual(monitor.stderr.read(), "")
        monitor.stdout.close()
        monitor.stderr.close()

    def open_terminal(self, rows, columns):
        """(process, the terminal's other side)."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8")
        process = self.start(WINNOW, "monitor", self.socket, stdin=slave, stdout=slave,
                             stderr=slave, env=environment, start_new_session=True)
        os.close(slave)
        return process, master

    def drawn_until(self, master, *texts):
        """What is drawn until every text was."""
        drawn, end = b"", time.monotonic() + PATIENCE
        while not all(text in drawn for text in texts):
            self.assertLess(time.monotonic(), end, (texts, drawn))
            if select.select([master], [], [], 1)[0]:
                drawn += os.read(master, 65536)
        return drawn

    def test_screen(self):
        process, master = self.open_terminal(30, 90)
        self.drawn_until(master, b"nobody publishes")
        self.publish()
        self.drawn_until(master, b"class 0", b"exit 2 of 8, group", b"3 classes left", b"exit 7",
                         b"frames/s", b"model@12345678", b"NV12")
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 50, 0, 0))
        process.send_signal(signal.SIGWINCH)
        self.drawn_until(master, b"class 0", b"3 classes left")
        os.write(master, b"q")
        self.drawn_until(master, b"\x1b[?1049l")  # the screen of before is back
        self.assertEqual(process.wait(PATIENCE), 0)

    def test_tiny_screens(self):
        self.publish()
        for rows, columns in ((1, 1), (2, 20), (5, 10), (200, 300)):
            process, master = self.open_terminal(rows, columns)
            time.sleep(0.3)
            os.write(master, b"q")
            end = time.monotonic() + PATIENCE
            while process.poll() is None and time.monotonic() < end:
                if select.select([master], [], [], 0.1)[0]:
                    try:
                        os.read(master, 65536)
                    except OSError:  # how Linux ends a terminal without a writer
                        break
            self.assertEqual(process.wait(PATIENCE), 0, (rows, columns))

    def test_what_cannot_be_shown(self):
        self.expect_failure(1, "monitor", self.socket, says="terminal")
        self.expect_failure(2, "monitor", "/a/b" * 50, "--json", says="socket path")
        self.expect_failure(2, "monitor", says="SOCKET")


if __name__ == "__main__":
    unittest.main()
