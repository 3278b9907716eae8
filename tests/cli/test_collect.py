# SPDX-License-Identifier: LGPL-2.1-or-later
"""`winnow collect`: frames of a clip or a channel as pictures.
env PUBLISH: tests/ipc/publish; CAMERA: winnow-camera, may be missing."""
import os
import pathlib
import resource
import signal
import struct
import subprocess
import time
import unittest

from support import MODEL, WINNOW, CliTest

PATIENCE = 60  # seconds; only a hang takes so long
WIDTH, HEIGHT = 64, 48
CAMERA = os.environ.get("CAMERA")


def y4m_header(fps=10):
    return b"YUV4MPEG2 W%d H%d F%d:1 C420jpeg XCOLORRANGE=FULL\n" % (WIDTH, HEIGHT, fps)


def frame(value):
    """Of one grey."""
    return b"FRAME\n" + bytes([value]) * (WIDTH * HEIGHT) + bytes([128]) * (WIDTH * HEIGHT // 2)


def jpeg_size(path):
    """Width and height, as the first frame header says."""
    data = path.read_bytes()
    assert data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9", path
    at = 2
    while data[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    height, width = struct.unpack_from(">HH", data, at + 5)
    return width, height


class Collect(CliTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "photos"

    def clip(self, values, fps=10, name="hall.y4m"):
        return self.file(name, y4m_header(fps) + b"".join(map(frame, values)))

    def names(self, label="open"):
        return sorted(path.name for path in (self.out / label).iterdir())

    def times(self, label="open"):
        """In milliseconds, of a clip's pictures."""
        return [int(name.split("-")[-1].removesuffix("ms.jpg")) for name in self.names(label)]


class Clip(Collect):
    def collect(self, clip, *options):
        return self.succeed("collect", "--from", clip, self.out, "--label", "open", *options)

    def test_a_second_apart(self):
        text = self.collect(self.clip([i % 250 for i in range(0, 350, 10)]))
        self.assertEqual(text, f"4 pictures in {self.out}/open\n")
        self.assertEqual(self.names(), [f"hall-{t:09}ms.jpg" for t in (0, 1000, 2000, 3000)])
        self.assertEqual(jpeg_size(self.out / "open" / "hall-000000000ms.jpg"), (WIDTH, HEIGHT))

    def test_pixels_come_through(self):
        self.collect(self.clip([90]))
        (name,) = self.names()
        # The project's own decoder says how they look: a flat picture of the same grey.
        again = self.folder / "again"
        again.mkdir()
        (again / "a.jpg").write_bytes((self.out / "open" / name).read_bytes())
        (again / "b.ppm").write_bytes(b"P6 %d %d 255\n" % (WIDTH, HEIGHT) +
                                      bytes([90]) * (WIDTH * HEIGHT * 3))
        one, other = self.succeed_json("classify", MODEL, again / "a.jpg", again / "b.ppm",
                                       "--strategy", "none")
        self.assertEqual(one["label"], other["label"])
        self.assertAlmostEqual(one["confidence"], other["confidence"], places=2)

    def test_what_looks_the_same_is_left_out(self):
        text = self.collect(self.clip([100] * 15 + [107] * 10 + [109] * 10), "--every", "0")
        self.assertEqual(self.times(), [0, 2500])
        self.assertIn("33 left out", text)

    def test_of_a_still_scene_some_are_taken(self):
        """After ten times the seconds between two."""
        text = self.collect(self.clip([100] * 60), "--every", "0.5")
        self.assertIn("2 pictures", text)

    def test_every_and_count(self):
        clip = self.clip([i * 9 % 250 for i in range(60)])
        self.collect(clip, "--every", "0.5", "--count", "3")
        self.assertEqual(self.times(), [0, 500, 1000])
        text = self.collect(clip, "--every", "2.5")
        self.assertEqual(self.times(), [0, 500, 1000, 2500, 5000])
        self.assertIn("2 pictures in", text)
        self.assertIn("1 there already", text)

    def test_it_adds_and_overwrites_nothing(self):
        clip = self.clip(range(0, 200, 10))
        folder = self.out / "open"
        folder.mkdir(parents=True)
        (folder / "hall-000001000ms.jpg").write_text("mine")
        (folder / "other.jpg").write_text("mine")
        text = self.collect(clip)
        self.assertIn("1 picture in", text)
        self.assertEqual((folder / "hall-000001000ms.jpg").read_text(), "mine")
        self.assertEqual(len(self.names()), 3)

    def test_between(self):
        clip = self.clip([i * 9 % 250 for i in range(900)])
        for times in (("0:02", "00:04.5"), ("2", "4.5"), ("0:00:02.0", "4.5")):
            self.collect(clip, "--between", *times, "--every", "0.5")
            self.assertEqual(self.times(), [2000, 2500, 3000, 3500, 4000])
        self.collect(clip, "--between", "1:20", "1:20.05")
        self.assertEqual(self.times()[-1], 80000)
        self.expect_failure(1, "collect", "--from", clip, self.out, "--label", "open",
                            "--between", "1:0:0", "1:0:1", says="no frame between")

    def test_between_is_checked(self):
        clip = self.clip([1])
        for times in (("4", "2"), ("2", "2"), ("-1", "2"), ("a", "2"), ("1:60", "3:00"),
                      ("1.", "2"), ("1", "inf"), ("1:2:3:4", "2:0:0:0"), ("", "2"),
                      ("1", "9999999999999")):
            with self.subTest(times=times):
                self.expect_failure(2, "collect", "--from", clip, self.out, "--label", "open",
                                    "--between", *times, says="--between")

    def test_region(self):
        clip = self.clip([1])
        for region, size in (("0.5,0.0,0.5,1", (32, 48)), ("door:60,-10,50,20", (4, 10))):
            self.collect(clip, "--region", region)
            path = self.out / "open" / "hall-000000000ms.jpg"
            self.assertEqual(jpeg_size(path), size)
            path.unlink()
        self.expect_failure(1, "collect", "--from", clip, self.out, "--label", "open", "--region",
                            "64,0,1,1", says="outside the frame")

    def test_only_the_region_has_to_change(self):
        still = [bytearray(frame(100)) for _ in range(3)]
        for i, one in enumerate(still):  # the last row of blocks alone changes
            one[6 + 40 * WIDTH:6 + 48 * WIDTH] = bytes([60 * i]) * (8 * WIDTH)
        clip = self.file("hall.y4m", y4m_header() + b"".join(still))
        self.collect(clip, "--every", "0", "--region", "0,0,64,40")
        self.assertEqual(self.times(), [0])
        self.collect(clip, "--every", "0")
        self.assertEqual(self.times(), [0, 100, 200])

    def test_standard_input(self):
        result = subprocess.run([WINNOW, "collect", "--from", "-", self.out, "--label", "open"],
                                input=self.clip([1, 50]).read_bytes(), capture_output=True,
                                check=True)
        self.assertIn(b"1 picture in", result.stdout)
        self.assertEqual(self.names(), ["stdin-000000000ms.jpg"])

    def test_names_are_never_hidden(self):
        self.collect(self.clip([1], name=".y4m"))
        self.collect(self.clip([1], name="..dots.y4m"))
        self.assertEqual(self.names(), ["clip-000000000ms.jpg", "dots-000000000ms.jpg"])

    def test_unsure(self):
        clip = self.clip([i * 9 % 250 for i in range(30)])
        text = self.succeed("collect", "--from", clip, self.out, "--unsure", "--model", MODEL,
                            "--every", "0")
        frames = self.folder / "frames"
        frames.mkdir()
        unsure = []
        for i in range(30):
            path = frames / f"{i:02}.ppm"
            path.write_bytes(b"P6 %d %d 255\n" % (WIDTH, HEIGHT) +
                             bytes([i * 9 % 250]) * (WIDTH * HEIGHT * 3))
        for i, one in enumerate(self.succeed_json("classify", MODEL, *sorted(frames.iterdir()))):
            scores = one["survivor-scores"]
            if one["class-index"] < 0 or (len(scores) > 1 and scores[0] - scores[1] < 0.2):
                unsure.append(i * 100)
        self.assertTrue(0 < len(unsure) < 30, unsure)
        self.assertEqual(self.times("unsorted"), unsure)
        self.assertIn(f"{len(unsure)} pictures in {self.out}/unsorted", text)

    def test_bad_clips(self):
        for data, says in ((b"nonsense", "no YUV4MPEG2"), (y4m_header(), "too short")):
            self.expect_failure(1, "collect", "--from", self.file("bad.y4m", data), self.out,
                                "--label", "open", says=says)
        self.expect_failure(1, "collect", "--from", "/no/such", self.out, "--label", "open",
                            says="/no/such")
        clip = self.file("cut.y4m", self.clip([1, 50]).read_bytes()[:-3])
        result = subprocess.run([WINNOW, "collect", "--from", clip, self.out, "--label", "open"],
                                capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("1 picture in", result.stdout)
        self.assert_one_line(result.stderr, "damaged at frame 1")


class Usage(Collect):
    def test_refusals(self):
        clip = self.clip([1])
        for arguments, says in (
                (["--from", clip, self.out], "--label"),
                (["--from", clip, "socket", self.out, "--label", "x"], "--from"),
                ([self.out, "--label", "x"], "SOCKET"),
                (["socket", self.out, "--label", "x", "--between", "1", "2"], "--between"),
                (["socket", self.out, "--label", "x", "--unsure"], "--unsure"),
                (["socket", self.out, "--label", "x", "--region", "1,2,3,4"], "--region"),
                (["--from", clip, self.out, "--label", "x", "--region", "1,2,3"], "X,Y,W,H"),
                (["--from", clip, self.out, "--unsure"], "--model"),
                (["socket", self.out, "--unsure", "--model", MODEL], "--model"),
                (["--from", clip, self.out, "--label", "x", "--model", MODEL], "--model"),
                (["--from", clip, self.out, "--label", "a/b"], "a/b"),
                (["--from", clip, self.out, "--label", ".."], "'..'"),
                (["--from", clip, self.out, "--label", ""], "--label"),
                (["--from", clip, self.out, "--label", "x", "--count", "-1"], "--count"),
                (["--from", clip, self.out, "--label", "x", "--every", "-1"], "--every"),
                (["--from", clip, self.out, "--label", "x", "--every", "nan"], "--every"),
                (["--from", clip, self.out, "--label", "x", "--between", "1"], "between")):
            with self.subTest(arguments=arguments):
                self.expect_failure(2, "collect", *arguments, says=says)
                self.assertFalse(self.out.exists())

    def test_folders_that_cannot_be(self):
        clip = self.clip([1])
        self.expect_failure(1, "collect", "--from", clip, clip, "--label", "x", says=clip)
        self.expect_failure(1, "collect", "--from", clip, self.out, "--unsure", "--model",
                            "/no/model", says="/no/model")

    def test_full_disk_leaves_no_piece(self):
        """A file that may not become large is as good as a full disk."""
        clip = self.clip(range(0, 200, 20))

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        result = subprocess.run([WINNOW, "collect", "--from", clip, self.out, "--label", "open"],
                                capture_output=True, text=True, check=False, preexec_fn=limit)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assert_one_line(result.stderr, "hall-000000000ms.jpg")
        self.assertFalse((pathlib.Path(self.out) / "open").exists())


class Channel(Collect):
    def setUp(self):
        super().setUp()
        self.socket = str(self.folder / "channel")

    def start(self, *command, **how):
        process = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, **how)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                self.addCleanup(pipe.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def publish(self, *arguments):
        process = self.start(os.environ["PUBLISH"], self.socket, *arguments)
        while not os.path.exists(self.socket):
            time.sleep(0.01)
        return process

    def collect(self, *options):
        return self.start(WINNOW, "collect", self.socket, self.out, *options,
                          stdout=subprocess.PIPE, text=True)

    def feed(self, values, *options, pause=0.05):
        """winnow-camera with frames that come slowly."""
        if CAMERA is None:
            self.skipTest("needs winnow-camera")
        camera = self.start(CAMERA, "--model", MODEL, "--socket", self.socket, "--input", "-",
                            *options, stdin=subprocess.PIPE)
        camera.stdin.write(y4m_header())
        for value in values:
            try:
                camera.stdin.write(frame(value))
                camera.stdin.flush()
            except BrokenPipeError:
                break
            time.sleep(pause)
        return camera

    def test_the_region_of_the_result(self):
        self.publish(10000000, 2000)
        self.assertEqual(self.succeed("collect", self.socket, self.out, "--label", "open",
                                      "--count", "1"), f"1 picture in {self.out}/open\n")
        (name,) = self.names()
        self.assertRegex(name, r"\A19700101T0000\d\d\.\d{3}Z\.jpg\Z")
        self.assertEqual(jpeg_size(self.out / "open" / name), (30, 38))

    def test_unsure(self):
        self.publish(10000000, 2000)  # whose best two scores are always close
        self.assertEqual(self.succeed("collect", self.socket, self.out, "--unsure", "--count", "1"),
                         f"1 picture in {self.out}/unsorted\n")

    def test_count(self):
        collecting = self.collect("--label", "open", "--count", "4", "--every", "0")
        before = time.time()
        self.feed((i * 20 % 250 for i in range(25)), "--region", "door:0.5,0.0,0.5,1")
        output, errors = collecting.communicate(timeout=PATIENCE)
        self.assertEqual((collecting.returncode, errors), (0, ""), output)
        self.assertIn("4 pictures in", output)
        self.assertEqual(len(self.names()), 4)
        for name in self.names():
            self.assertRegex(name, r"\A\d{8}T\d{6}\.\d{3}Z\.jpg\Z")
            self.assertEqual(jpeg_size(self.out / "open" / name), (WIDTH // 2, HEIGHT))
        day = time.strftime("%Y%m%dT", time.gmtime(before))
        self.assertTrue(self.names()[0].startswith(day) or before % 86400 > 86340)

    def test_publisher_that_goes(self):
        collecting = self.collect("--label", "open", "--every", "0.01")
        self.feed(i * 20 % 250 for i in range(20)).stdin.close()
        output, errors = collecting.communicate(timeout=PATIENCE)
        self.assertEqual(collecting.returncode, 1)
        self.assert_one_line(errors, "nobody publishes there any more")
        self.assertIn(f"{len(self.names())} pictures in", output)

    def test_interrupt(self):
        self.publish(10000000, 2000)
        collecting = self.collect("--label", "open")
        while not self.out.exists() or not self.names():
            time.sleep(0.02)
        collecting.send_signal(signal.SIGINT)
        output, errors = collecting.communicate(timeout=PATIENCE)
        self.assertEqual((collecting.returncode, errors), (0, ""))
        self.assertRegex(output, r"\A\d+ pictures? in ")

    def test_nobody_publishes(self):
        self.expect_failure(1, "collect", self.socket, self.out, "--label", "open",
                            says=["nobody publishes there", self.socket])

    def test_socket_that_may_not_be_opened(self):
        publisher = self.publish(10000000, 2000)
        os.chmod(self.socket, 0)
        if os.geteuid() == 0:
            publisher.kill()
            publisher.wait()
            self.skipTest("root may open everything")
        self.expect_failure(1, "collect", self.socket, self.out, "--label", "open",
                            says=self.socket)


if __name__ == "__main__":
    unittest.main()
