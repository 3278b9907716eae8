# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `./bench.sh` writes and where it gives up.  env SOURCE_ROOT: the project; BUILD: the folder
that is built.

The script runs where one small network is all that the clone has, and where `node` says that there
is no onnxruntime-node, or answers like ort_bench.mjs.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.environ["SOURCE_ROOT"])
BUILD = os.environ["BUILD"]
HEAD = ["network", "precision", "threads", "ms", "GMAC/s", "of the peak", "load ms", "MiB"]
THREADS = [str(n) for n in sorted({1, len(os.sched_getaffinity(0))})]
THEIRS = {"version": "1.30.0", "latency-median": 1e9, "latency-min": 1e9, "load-time": 1e9,
          "call-overhead": 1, "rss-growth-bytes": 1}
NODE = f"""#!/bin/sh
[ -n "$PEER" ] || exit 1
[ "$1" = -e ] || echo '{json.dumps(THEIRS)}'
"""
# On a processor with units for bfloat16, with a network for which they are slower than float32.
WINNOW = """#!/bin/sh
precision=fp32
case "$WINNOW_AUTO $*" in
  *--version*) echo winnow 9; exit ;;
  rule* | *"--precision bf16"*) precision=bf16 ;;
esac
cat <<EOF
{"precision": "$precision", "threads": 1, "instruction-sets": "avx2,avx512bf16",
 "latency-median": 1000000, "latency-min": 1000000, "load-time": 2000000, "stages": [{}],
 "macs-per-second": 5e9, "rss-growth-bytes": 1048576,
 "layers": [{"kernel": "igemm", "macs": 1000000, "latency-median": 100000, "share-of-peak": 0.5},
            {"kernel": "vec", "macs": 0, "latency-median": 100000}]}
EOF
"""
MESON = """#!/bin/sh
echo "meson.build:5: ERROR: Dependency glib-2.0 not found"
exit 1
"""
LSCPU = """#!/bin/sh
printf 'Vendor ID:  ARM\nModel name: Cortex-A72\nModel name: Cortex-A53\nModel name: Cortex-A72\n'
"""
VCGENCMD = """#!/bin/sh
echo throttled=0x50005
"""
NO_PACKAGE = "#!/bin/sh\nexit 1\n"  # dpkg-query


class Bench(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="winnow-bench-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        shutil.copy(ROOT / "bench.sh", self.folder)
        for name in ("configs", "tests"):
            (self.folder / name).symlink_to(ROOT / name)
        (self.folder / "models").mkdir()
        shutil.copy(ROOT / "models/person.onnx", self.folder / "models")
        self.program("bin/node", NODE)

    def program(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def run_script(self, *options, cwd="", **environment):
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        outside = {name: value for name, value in os.environ.items() if name != "WINNOW_AUTO"}
        # Without instruction sets the same rows come on every processor.
        return subprocess.run([self.folder / "bench.sh", *options], capture_output=True, text=True,
                              check=False, cwd=self.folder / cwd,
                              env={**outside, "PATH": path, "WINNOW_CPU_MASK": "none",
                                   **environment})

    def measure(self, *options, built=BUILD, status=0, **more):
        """(what facts say, rows as lists of cells, what ran)"""
        done = self.run_script("--quick", "--built", built, *options, **more)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        facts, table, remark = done.stdout.rstrip().split("\n\n")
        self.assertIn("--quick", remark)
        head, rule, *rows = [[cell.strip() for cell in line.strip("|").split("|")]
                             for line in table.split("\n")]
        self.assertEqual(head[:len(HEAD)], HEAD)
        self.assertEqual({len(row) for row in [rule, *rows]}, {len(head)}, table)
        return dict(re.findall(r"^- ([a-z ]+): (.+)$", facts, re.M)), rows, done

    def expect_failure(self, status, *options, says=(), **more):
        done = self.run_script(*options, **more)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        last = done.stderr.splitlines()[-1]
        self.assertTrue(last.startswith("bench.sh: "), done.stderr)
        for word in says:
            self.assertIn(word, last)
        self.assertFalse((self.folder / "bench.md").exists())
        return done.stderr

    def test_a_row_for_each_number_of_threads(self):
        facts, rows, done = self.measure()
        self.assertEqual([row[:3] for row in rows], [["person", "fp32", n] for n in THREADS])
        for row in rows:
            ms, rate = float(row[3]), float(row[4])
            self.assertAlmostEqual(ms * rate / 11.6, 1, delta=0.05)  # million MACs of the network
            self.assertRegex(" ".join(row[5:]), r"^\d+ % [0-9.]+ [0-9.]+$")
        for name in ("board", "processor", "instruction sets", "memory", "system", "built"):
            self.assertIn(name, facts)
        self.assertRegex(facts["built"], r"^winnow \d+\.\d+\.\d+, .*\d+\.\d+")
        self.assertNotIn("beside it", facts)
        self.assertRegex(done.stderr, "(?m)^ONNX Runtime is left out: install .*NODE_PATH$")
        self.assertEqual((self.folder / "bench.md").read_text("utf-8"), done.stdout[:-1])

    def test_beside_a_peer_and_with_units_for_bfloat16(self):
        self.program("other/apps/winnow/winnow", WINNOW)
        facts, rows, _ = self.measure(built="other", PEER="1")
        self.assertEqual(facts["beside it"], "ONNX Runtime 1.30.0")
        self.assertEqual(facts["instruction sets"], "avx2, avx512bf16")
        ours = ["1", "5", "25 %", "2", "1.0"]  # 5 of 1 million in 0.1 ms at half the peak
        self.assertEqual([row[:2] + row[3:] for row in rows if row[2] == "1"],
                         [["person", precision, *ours, "1000", "0.00"]
                          for precision in ("fp32", "bf16", "auto: fp32")])

    def test_what_a_raspberry_pi_says(self):
        self.program("bin/lscpu", LSCPU)
        self.program("bin/vcgencmd", VCGENCMD)
        self.program("other/apps/winnow/winnow", WINNOW)
        facts, _, _ = self.measure(built="other")
        self.assertRegex(facts["processor"], rf"^Cortex-A72 \+ Cortex-A53, {THREADS[-1]} core")
        self.assertRegex(facts["heat"], "since it started: voltage too low, throttled$")

    def test_models_that_are_given(self):
        (self.folder / "elsewhere").mkdir()
        for name, data in (("mine", (ROOT / "models/person.onnx").read_bytes()), ("bad", b"no")):
            (self.folder / f"elsewhere/{name}.onnx").write_bytes(data)
        _, rows, done = self.measure("mine.onnx", "bad.onnx", "--out", "table.md",
                                     built=os.path.relpath(BUILD, self.folder / "elsewhere"),
                                     cwd="elsewhere", status=1)
        self.assertEqual([row[0] for row in rows[::len(THREADS)]], ["person", "mine"])
        self.assertRegex(done.stderr, "(?m)^.*bad.onnx is left out: winnow does not run it$")
        self.assertEqual(os.listdir(self.folder / "elsewhere").count("table.md"), 1)

    def test_what_is_wrong_is_said_before_anything_runs(self):
        self.program("bin/meson", MESON)
        self.expect_failure(2, "none.onnx", says=["none.onnx", "no such file"])
        self.expect_failure(2, "--fast", says=["--fast", "--help"])
        self.expect_failure(2, "--out", says=["--out"])
        self.assertFalse((self.folder / "build-bench").exists())

    def test_a_build_that_fails(self):
        self.program("bin/meson", MESON)
        self.program("bin/dpkg-query", NO_PACKAGE)
        said = self.expect_failure(1, CC="sh", says=["bench-build.log", "libglib2.0-dev"])
        self.assertIn("ERROR: Dependency glib-2.0", said)
        self.expect_failure(1, CC="no-compiler -m64", says=["no no-compiler", "apt-get install"])


if __name__ == "__main__":
    unittest.main()
