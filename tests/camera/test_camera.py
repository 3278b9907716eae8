# SPDX-License-Identifier: LGPL-2.1-or-later
"""winnow-camera with pictures and clips in place of a camera.  env CAMERA: the program."""
import contextlib
import glob
import grp
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
from support import CAT, MODEL, ROOT, SAMPLE, WINNOW, CliTest, run, winnow  # pylint: disable=C0413

CAMERA = os.environ["CAMERA"]
WIDE = ROOT / "models" / "mcunet-in4.onnx"  # a thousand classes: long lines
PATIENCE = 60  # seconds; only a hang takes so long
WIDTH, HEIGHT = 48, 36


def y4m(n_frames=3, header=None, chroma="C420jpeg", size=WIDTH * HEIGHT * 3 // 2):
    """A clip of grey frames, each brighter than the last."""
    header = header or f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F25:1 Ip A1:1 {chroma}"
    frames = b"".join(b"FRAME\n" + bytes([40 * i + 40]) * size for i in range(n_frames))
    return header.encode() + b"\n" + frames


def noise(width, height):
    """Rows of (R, G, B): blocks of random colours, always the same."""
    chance = random.Random(5)
    blocks = [[tuple(chance.choices(range(256), k=3)) for _ in range(0, width, 4)]
              for _ in range(0, height, 4)]
    return [[blocks[y // 4][x // 4] for x in range(width)] for y in range(height)]


def without_time(result):
    return {key: value for key, value in result.items() if key != "latency-ns"}


class Camera(CliTest):
    program = CAMERA

    def setUp(self):
        super().setUp()
        self.socket = str(self.folder / "channel")

    def run_input(self, source, *options, status=0):
        """(the results, standard error)."""
        result = run(CAMERA, "--model", MODEL, "--json", "--fps", 1000, "--input", source, *options)
        self.assertEqual(result.returncode, status, result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()], result.stderr

    def start(self, *options, **keywords):
        process = subprocess.Popen([CAMERA, "--model", str(MODEL), *map(str, options)], text=True,
                                   stderr=subprocess.PIPE, **keywords)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    # ---- Pictures and clips

    def test_folder_gives_what_classify_gives(self):
        results, stderr = self.run_input(SAMPLE, "--precision", "fp32")
        paths = sorted(glob.glob(f"{SAMPLE}/*/*.jpg"))
        expected = winnow("classify", MODEL, *paths, "--json", "--precision", "fp32").stdout
        self.assertEqual([without_time(result) for result in results],
                         [without_time(json.loads(line)) for line in expected.splitlines()])
        self.assertRegex(stderr, r"\A.*: 40 pictures\n.*: 40 frames in .* 0 missed, 0 damaged\n\Z")

    def test_bad_picture_is_told_and_the_others_go_on(self):
        (self.folder / "a.jpg").write_bytes(CAT.read_bytes())
        (self.folder / "b.png").write_bytes(b"no picture")
        (self.folder / "c.JPG").write_bytes(CAT.read_bytes())
        (self.folder / "notes.txt").write_bytes(b"no picture either")
        results, stderr = self.run_input(self.folder, status=1)
        self.assertEqual([pathlib.Path(result["image"]).name for result in results],
                         ["a.jpg", "c.JPG"])
        self.assertIn("b.png", stderr)
        self.assertNotIn("notes.txt", stderr)

    def test_clip(self):
        for chroma, size in [("C420jpeg", WIDTH * HEIGHT * 3 // 2), ("C420", 2592),
                             ("C420mpeg2 XCOLORRANGE=FULL", 2592), ("", 2592),
                             ("Cmono", WIDTH * HEIGHT)]:
            with self.subTest(chroma=chroma):
                clip = self.file("clip.y4m", y4m(chroma=chroma, size=size))
                results, _ = self.run_input(clip)
                self.assertEqual([result["pts"] for result in results], [0, 10**6, 2 * 10**6])

    def test_bad_clips(self):
        clips = {
            "no YUV4MPEG2": b"RIFF....AVI ", "4:2:0": y4m(chroma="C422"),
            "W99999": y4m(header="YUV4MPEG2 W99999 H36 C420"),
            "W-4": y4m(header="YUV4MPEG2 W-4 H36"), "W4x": y4m(header="YUV4MPEG2 W4x H36"),
            "no width": y4m(header="YUV4MPEG2 H36 F25:1"),
            "too short": y4m(header="YUV4MPEG2 W16384 H16384 F25:1"),
            "damaged at frame 2": y4m()[:-10],
            "damaged at frame 1": y4m(1) + b"FRAMA\n" + bytes(WIDTH * HEIGHT * 3 // 2),
            "is no YUV4MPEG2": b"YUV4MPEG2 " + b"X" * 400 + b"\n",
        }
        for says, data in clips.items():
            with self.subTest(says=says):
                _, stderr = self.run_input(self.file("clip.y4m", data), status=1)
                self.assertIn(says, stderr)
                self.assertIn("clip.y4m", stderr)

    def test_odd_rates_of_clips(self):
        for rate in ["F0:1", "F1:0", "F2000000000:1", "Fx", "F"]:
            clip = self.file("clip.y4m", y4m(header=f"YUV4MPEG2 W{WIDTH} H{HEIGHT} {rate}"))
            self.succeed_quietly("--input", clip)

    def succeed_quietly(self, *options):
        result = run(CAMERA, "--model", MODEL, "--json", *options)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(result.stdout.splitlines()), 3)

    def test_unchanged(self):
        frames = [100, 102, 106, 140, 140]
        clip = self.file("clip.y4m", b"YUV4MPEG2 W48 H36 F25:1\n" + b"".join(
            b"FRAME\n" + bytes([grey]) * (WIDTH * HEIGHT) + bytes([128]) * (WIDTH * HEIGHT // 2)
            for grey in frames))
        def look(*options):
            results, _ = self.run_input(clip, *options)
            for one in results:
                same = one["stop-reason"] == "unchanged"
                self.assertEqual((one["macs"] == 0, one["age-ns"] > 0), (same, same))
            return [one["pts"] // 10**6 for one in results]  # ms, of the frame it is about
        self.assertEqual(look(), [0, 1, 2, 3, 4])
        self.assertEqual(look("--unchanged", "4"), [0, 0, 2, 3, 3])
        self.assertEqual(look("--unchanged", "8"), [0, 0, 0, 3, 3])
        self.assertEqual(look("--unchanged", "8", "--max-age", "0.002"), [0, 0, 2, 3, 3])
        config = self.file("camera.ini", b"[camera]\nunchanged = 255\nmax-age = 0\n")
        self.assertEqual(look("--config", config), [0, 0, 0, 0, 0])

    # ---- A part of the frame, and the frame turned

    def picture(self, name, rows):
        """A folder with a picture of rows of (R, G, B)."""
        (self.folder / name).mkdir()
        header = b"P6 %d %d 255\n" % (len(rows[0]), len(rows))
        self.file(f"{name}/a.ppm", header + bytes(value for row in rows for pixel in row
                                                  for value in pixel))
        return self.folder / name

    def look(self, source, *options):
        ((one,), _) = self.run_input(source, "--precision", "fp32", *options)
        return {key: value for key, value in without_time(one).items() if key != "image"}

    def assert_same(self, one, other):
        self.assertEqual(one["label"], other["label"])
        self.assertEqual(one["survivors"], other["survivors"])
        self.assertAlmostEqual(one["confidence"], other["confidence"], places=5)

    def test_region(self):
        rows = noise(64, 48)
        source = self.picture("whole", rows)
        part = self.look(self.picture("part", [row[32:] for row in rows[12:]]))
        self.assertNotIn("x", part)
        for region, name in (("door:32,12,32,36", "door"), ("32,12,99,99", ""),
                             ("right side : 0.5,0.25,0.5,0.75", "right side")):
            one = self.look(source, "--region", region)
            place = [one.pop(key) for key in ("x", "y", "w", "h", "region")]
            self.assertEqual(place, [32, 12, 32, 36, name])
            # The resampling at the edges sees the neighbours, so scores are not quite the same.
            self.assertEqual(one.keys(), part.keys())
        crop = self.look(self.picture("crop", [row[16:48] for row in rows[8:40]]))
        one = self.look(source, "--region", "16,8,32,32")  # as large as the network's input
        self.assert_same(one, crop)

    def test_ignored_areas_are_grey(self):
        rows = noise(64, 48)
        source = self.picture("frame", rows)
        for y in range(20):
            rows[y][8:50] = [(128, 128, 128)] * 42
        painted = self.look(self.picture("painted", rows))
        self.assert_same(self.look(source, "--ignore", "8,0,42,20"), painted)
        self.assert_same(self.look(source, "--ignore", "8,0,20,20", "--ignore", "28,0,22,20"),
                         painted)
        self.assert_same(self.look(source, "--ignore", "8,0,20,20; clock:20,0,30,20"), painted)
        self.assertNotEqual(self.look(source)["confidence"], painted["confidence"])
        config = self.file("camera.ini", b"[camera]\nignore = 8,0,20,20; 20,0,30,20\n"
                                         b"region = 0,0,64,48\n")
        self.assert_same(self.look(source, "--config", config), painted)

    def test_turned_frames(self):
        rows = noise(48, 36)
        source = self.picture("frame", rows)
        clockwise = [list(column) for column in zip(*rows[::-1])]
        turned = {("--rotate", "90"): clockwise,
                  ("--rotate", "180"): [row[::-1] for row in rows[::-1]],
                  ("--rotate", "270"): [row[::-1] for row in clockwise[::-1]],
                  ("--flip", "horizontal"): [row[::-1] for row in rows],
                  ("--flip", "vertical"): rows[::-1],
                  ("--rotate", "90", "--flip", "horizontal"): [row[::-1] for row in clockwise],
                  ("--rotate", "0", "--flip", "none"): rows}
        for i, (options, expected) in enumerate(turned.items()):
            with self.subTest(options=options):
                other = self.picture(f"turned {i}", expected)
                self.assertEqual(self.look(source, *options), self.look(other))
                region = ("--region", "4,0,20,30")  # of the turned frame
                self.assertEqual(self.look(source, *options, *region), self.look(other, *region))

    def test_turned_clip_is_published_turned(self):
        camera = self.start("--socket", self.socket, "--input", "-", "--rotate", "90", "--region",
                            "top:0,0,1.0,0.5", stdin=subprocess.PIPE)
        with subprocess.Popen([WINNOW, "monitor", self.socket, "--json"], stdout=subprocess.PIPE,
                              text=True) as monitor:
            clip = y4m(1)
            camera.stdin.buffer.write(clip)
            camera.stdin.flush()
            time.sleep(0.5)
            camera.stdin.buffer.write(clip[clip.index(b"FRAME"):])
            camera.stdin.flush()
            seen = json.loads(monitor.stdout.readline())
            monitor.terminate()
        camera.stdin.close()
        self.assertEqual((seen["format"], seen["width"], seen["height"]), ("I420", HEIGHT, WIDTH))
        self.assertEqual([seen[key] for key in ("x", "y", "w", "h", "region")],
                         [0, 0, HEIGHT, WIDTH // 2, "top"])

    def test_region_that_is_not_in_the_frame(self):
        clip = self.file("clip.y4m", y4m())
        for option in ("--region", "--ignore"):
            _, stderr = self.run_input(clip, option, "48,0,10,10", status=2)
            self.assertIn("outside the frame of 48 x 36", stderr)

    # ---- The channel

    def test_publishes_until_terminated(self):
        camera = self.start("--socket", self.socket, "--socket-mode", "0640", "--input", SAMPLE,
                            "--fps", 2)
        with subprocess.Popen([WINNOW, "monitor", self.socket, "--json"], stdout=subprocess.PIPE,
                              text=True) as monitor:
            seen = [json.loads(monitor.stdout.readline()) for _ in range(2)]
            mode = os.stat(self.socket).st_mode & 0o777
            second = run(CAMERA, "--model", MODEL, "--socket", self.socket, "--input", SAMPLE)
            camera.send_signal(signal.SIGTERM)
            self.assertEqual(camera.wait(PATIENCE), 0)
            monitor.terminate()
        self.assertEqual((seen[0]["format"], seen[0]["width"], seen[0]["label"]),
                         ("RGB", 32, "airplane"))
        self.assertEqual(mode, 0o640)
        self.assertFalse(os.path.exists(self.socket))
        self.assertEqual(second.returncode, 1)
        self.assert_one_line(second.stderr, ["serves this socket", self.socket])

    def test_ends_at_the_end_of_its_input(self):
        result = run(CAMERA, "--model", MODEL, "--socket", self.socket, "--input",
                     self.file("clip.y4m", y4m()))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertFalse(os.path.exists(self.socket))

    def test_output_that_is_closed_or_full(self):
        # Lines of this network are longer than what a pipe takes at once.
        camera = self.start("--json", "--input", SAMPLE, "--model", WIDE, "--strategy", "none",
                            stdout=subprocess.PIPE)
        camera.stdout.readline()
        camera.stdout.close()
        self.assertEqual(camera.wait(PATIENCE), 1)
        self.assertIn("standard output: Broken pipe", camera.stderr.read())
        with open("/dev/full", "w", encoding="utf-8") as full:
            camera = self.start("--json", "--input", SAMPLE, stdout=full)
            self.assertEqual(camera.wait(PATIENCE), 1)
        self.assertIn("standard output: No space left", camera.stderr.read())

    def test_output_that_nobody_takes(self):
        camera = self.start("--json", "--input", SAMPLE, "--model", WIDE, "--strategy", "none",
                            "--fps", 1000, stdout=subprocess.PIPE)
        time.sleep(1)
        # Pictures wait; none is left out.
        self.assertIsNone(camera.poll())
        printed = camera.stdout.readlines()
        self.assertEqual(camera.wait(PATIENCE), 0)
        self.assertEqual(len([json.loads(line) for line in printed]), 40)
        camera.stdout.close()
        # A signal is heard all the same.
        camera = self.start("--json", "--input", SAMPLE, "--model", WIDE, "--strategy", "none",
                            "--fps", 1000, stdout=subprocess.PIPE)
        camera.stdout.readline()  # it has begun
        time.sleep(1)
        camera.send_signal(signal.SIGTERM)
        self.assertEqual(camera.wait(PATIENCE), 0)
        camera.stdout.close()

    def test_many_bad_pictures_are_no_silence(self):
        (self.folder / "a.jpg").write_bytes(CAT.read_bytes())
        for i in range(7):
            (self.folder / f"b{i}.png").write_bytes(b"no picture")
        result = run(CAMERA, "--model", MODEL, "--json", "--fps", 1, "--input", self.folder)
        self.assertEqual((result.returncode, len(result.stdout.splitlines())), (1, 1))
        self.assertEqual(result.stderr.count("7 damaged"), 1)

    def test_ignored_signals_stay_so(self):
        camera = self.start("--json", "--input", SAMPLE, "--fps", 20, stdout=subprocess.DEVNULL,
                            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        time.sleep(0.5)
        camera.send_signal(signal.SIGHUP)
        self.assertEqual(camera.wait(PATIENCE), 0)
        self.assertIn(" 40 frames in", camera.stderr.read())

    # ---- systemd

    def listen(self, address):
        service = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(service.close)
        service.settimeout(PATIENCE)
        service.bind(address)
        return service

    def notified(self, address, environment):
        """What systemd would be told, until SIGTERM after a second of running."""
        service = self.listen(address)
        name = "@" + address[1:] if address[0] == "\0" else address
        camera = self.start("--socket", self.socket, "--input", SAMPLE, "--fps", 10,
                            env={**os.environ, "NOTIFY_SOCKET": name, **environment})
        told = []
        while "READY=1" not in told:
            told.append(service.recv(4096).decode())
        terminated = threading.Timer(1, camera.send_signal, [signal.SIGTERM])
        terminated.start()
        service.settimeout(0.1)  # read all the while: the socket's queue holds ten messages
        hangs = time.monotonic() + PATIENCE
        while camera.poll() is None and time.monotonic() < hangs:
            with contextlib.suppress(TimeoutError):
                told.append(service.recv(4096).decode())
        self.assertEqual(camera.wait(PATIENCE), 0)
        service.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                told.append(service.recv(4096).decode())
        return told

    def test_systemd_is_told(self):
        told = self.notified(str(self.folder / "notify"), {"WATCHDOG_USEC": "200000"})
        self.assertEqual(told.count("READY=1"), 1)
        self.assertEqual(told[-1], "STOPPING=1")
        self.assertGreaterEqual(told.count("WATCHDOG=1"), 5)
        self.assertTrue(any(line.startswith("STATUS=airplane, ") for line in told), told)

    def test_systemd_that_watches_somebody_else(self):
        told = self.notified(f"\0winnow-test-{os.getpid()}",
                             {"WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"})
        self.assertEqual(told.count("WATCHDOG=1"), 0)
        self.assertEqual(told[-1], "STOPPING=1")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze")
    def test_systemd_likes_the_units(self):
        for path in pathlib.Path(os.environ["UNITS"]).glob("*.service"):
            text = path.read_text(encoding="utf-8")
            text, n_found = re.subn(r"^ExecStart=\S+", f"ExecStart={CAMERA}", text, flags=re.M)
            self.assertEqual(n_found, 1)
            self.file(path.name, text.encode())
            unit = self.folder / path.name.replace("@", "@front")
            result = run("systemd-analyze", "verify", "--man=no", unit)
            self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""), path)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze")
    def test_the_units_expose_little(self):
        """Of what a service could do, 0 to 10: the less the better."""
        if "--offline" not in run("systemd-analyze", "--help").stdout:
            self.skipTest("needs a systemd-analyze that rates files (250)")
        for path in pathlib.Path(os.environ["UNITS"]).glob("*.service"):
            unit = self.file(path.name.replace("@", "@front"), path.read_bytes())
            rated = run("systemd-analyze", "security", "--offline=yes", "--no-pager", unit).stdout
            found = re.search(r"exposure level for \S+: ([\d.]+)", rated)
            self.assertIsNotNone(found, rated)
            self.assertLess(float(found[1]), 2.0, rated)

    def test_settings_of_the_service_are_known(self):
        settings = ROOT / "configs" / "systemd" / "camera.ini"
        text = re.sub(r"^# (\w+ = )", r"\1", settings.read_text(encoding="utf-8"), flags=re.M)
        config = self.file("all.ini", text.encode())
        model = ROOT / "models" / "everyday.onnx"
        # All keys are read; then the camera is not there.
        self.expect_failure(1, "--config", config, "--model", model, "--socket", self.socket,
                            "--socket-group", str(grp.getgrgid(os.getgid()).gr_name),
                            "--device", "/dev/video987", says="/dev/video987")

    # ---- The command line

    def test_config(self):
        config = self.file("camera.ini", b"[camera]\njson = yes\nfps = 1000\n# a comment\n"
                           b"input = %s\nmodel = %s\n"
                           b"[deploy]\nstrategy = none\n[train]\nepochs = 3\n"
                           % (str(SAMPLE).encode(), str(MODEL).encode()))
        result = run(CAMERA, "--config", config)
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual((result.returncode, len(lines)), (0, 40))
        self.assertEqual({line["exit-stage"] for line in lines}, {8})  # strategy none
        result = run(CAMERA, "--config", config, "--strategy", "class-exclusion")
        self.assertGreater(len({json.loads(line)["exit-stage"]
                                for line in result.stdout.splitlines()}), 2)
        both = self.file("both.ini", b"[deploy]\nstrategy = none\n[camera]\n"
                                     b"strategy = class-exclusion\n")
        results, _ = self.run_input(SAMPLE, "--config", both)
        self.assertGreater(len({result["exit-stage"] for result in results}), 2)

    def test_bad_config(self):
        for text, says in [(b"[camera]\ncolour = blue\n", "colour"),
                           (b"[camera]\nfps = fast\n", "fast"),
                           (b"[camera]\ngroup-exit = 7\n", "group-exit"),
                           (b"[deploy]\ndevice = /dev/video0\n", "device"),
                           (b"camera\n", "camera.ini")]:
            with self.subTest(text=text):
                config = self.file("camera.ini", text)
                self.expect_failure(2, "--model", MODEL, "--json", "--config", config,
                                    says=["camera.ini", says])

    def test_help_and_version(self):
        text = self.succeed("--help")
        for option in ("--list", "--device", "--size", "--fps", "--format", "--set", "--input",
                       "--socket", "--config", "--watch", "--deadline-ms"):
            self.assertIn(option, text)
        self.assertRegex(self.succeed("--version"), r"\Awinnow-camera \d+\.\d+\.\d+\n\Z")

    def test_wrong_usage(self):
        good = ["--model", MODEL, "--json", "--input", SAMPLE]
        for wrong, says in [(["--size", "640"], "WIDTHxHEIGHT"), (["--size", "0x480"], "--size"),
                            (["--size", "640x480x"], "--size"), (["--fps", "0.01"], "--fps"),
                            (["--fps", "nan"], "--fps"), (["--format", "TOOLONG"], "--format"),
                            (["--socket-mode", "9"], "--socket-mode"),
                            (["--device", "/dev/video0"], "--input"), (["--set", "a=1"], "--input"),
                            (["--set", "brightness"], "NAME=VALUE"),
                            (["--set", "=1"], "NAME=VALUE"),
                            (["--format", "YUYV"], "--input"), (["--colour"], "--colour"),
                            (["surplus"], "surplus"), (["--threads", "-3"], "--threads"),
                            (["--unchanged", "-1"], "unchanged"),
                            (["--unchanged", "nan"], "unchanged"),
                            (["--max-age", "-1"], "--max-age"),
                            (["--watch", "unicorn"], "unicorn"),
                            (["--region", "1,2,3"], "X,Y,W,H"),
                            (["--region", "a:b:1,2,3,4"], "name"),
                            (["--ignore", "1,2,3,4", "--ignore", "5,5,0,5"], "5,5,0,5"),
                            (["--rotate", "45"], "--rotate"), (["--flip", "both"], "--flip")]:
            with self.subTest(wrong=wrong):
                self.expect_failure(2, *good, *wrong, says=says)
        self.expect_failure(2, "--json", says="--model")
        self.expect_failure(2, "--model", MODEL, says="--socket")

    def test_what_is_not_there(self):
        model = ["--model", MODEL, "--json"]
        self.expect_failure(1, "--model", "/no/such.onnx", "--json", says="/no/such.onnx")
        self.expect_failure(1, *model, "--input", "/no/such", says="/no/such")
        self.expect_failure(1, *model, "--input", "/dev/null", says="is a device")
        self.expect_failure(1, *model, "--input", self.folder, says="no pictures")
        self.expect_failure(1, *model, "--device", "/dev/null", says="no camera")
        self.expect_failure(1, *model, "--device", "/dev/video987", says="--list")
        self.expect_failure(1, "--list", "--device", "/dev/video987", says="/dev/video987")
        if not glob.glob("/dev/video*"):
            self.expect_failure(1, *model, says="--input")
            self.expect_failure(1, "--list", says="no camera")


if __name__ == "__main__":
    unittest.main()
