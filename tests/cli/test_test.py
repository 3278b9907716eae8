# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `./test.sh` counts and what `./test.sh --slowest` lists.  env SOURCE_ROOT: the project.

A copy of the script runs where `meson` only writes the log of two tests for each section,
`pre-commit` finds and package.sh does what it is told; `dpkg-query` says that all is installed.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.environ["SOURCE_ROOT"])
MESON = """#!/bin/sh
[ "$1" = "$BROKEN" ] && exit 1
[ "$1" = test ] || exit 0
while [ $# -gt 1 ]; do
  case "$1" in -C) log=$2/meson-logs ;; --logbase) name=$2 ;; esac
  shift
done
[ "$name" != "$SILENT" ] || exit 0
mkdir -p "$log"
cat >"$log/$name.json" <<EOF
{"name": "winnow:unit / unit base", "stdout": "\\"result\\": \\"FAIL\\"", "result": "OK", "duration": 25.0}
{"name": "winnow:fuzz / of $name", "result": "${RESULT:-SKIP}", "duration": ${SECONDS_OF_TEST:-3}, "stderr": "why"}
EOF
"""  # noqa: E501  (an object a line)
PRE_COMMIT = """#!/bin/sh
case "$1" in install-hooks) exit ${OFFLINE:-0} ;; run) exit ${UNTIDY:-0} ;; esac
"""
PACKAGE = """#!/bin/sh
exit ${UNPACKAGED:-0}
"""


class Test(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="winnow-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        shutil.copy(ROOT / "test.sh", self.folder)
        for path in ("configs/debian.sh", "tests/last_run.py"):
            (self.folder / path).parent.mkdir()
            shutil.copy(ROOT / path, self.folder / path)
        for path in ("package.sh", "tests/packages/contents.py"):
            (self.folder / path).parent.mkdir(exist_ok=True)
            (self.folder / path).write_text(PACKAGE, encoding="utf-8")
            (self.folder / path).chmod(0o755)
        (self.folder / "build-arm64-sysroot").mkdir()
        (self.folder / "build-arm64-sysroot/complete").touch()
        (self.folder / "bin").mkdir()
        for name, text in (("meson", MESON), ("pre-commit", PRE_COMMIT),
                           ("dpkg-query", "#!/bin/sh\nprintf installed\n")):
            (self.folder / "bin" / name).write_text(text, encoding="utf-8")
            (self.folder / "bin" / name).chmod(0o755)

    def run_script(self, *options, **environment):
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return subprocess.run([self.folder / "test.sh", *options], capture_output=True, text=True,
                              check=False, env={**os.environ, "PATH": path, **environment})

    def assert_counts(self, done, counts, status):
        self.assertEqual((done.stdout.splitlines()[-1], done.returncode), (counts, status), done)

    def test_all_sections_count_and_say_their_time(self):
        done = self.run_script("--arm64")
        self.assert_counts(done, "10 passed, 0 failed, 8 skipped", 0)
        for section in ("building in build", "plain", "valgrind", "sanitize", "threads", "clang",
                        "style", "building in build-arm64", "cortex-a72"):
            self.assertRegex(done.stdout, rf"(?m)^== {section}: \d+ s$")

    def test_failures_count(self):
        done = self.run_script(RESULT="TIMEOUT")
        self.assert_counts(done, "7 passed, 5 failed, 0 skipped", 1)
        named = [line.split()[2:] for line in done.stdout.splitlines()[-11:-1]]
        self.assertIn("plain of plain TIMEOUT".split(), named)
        self.assertEqual(done.stdout.splitlines()[-2], "    why")
        self.assert_counts(self.run_script(SILENT="valgrind"), "6 passed, 1 failed, 4 skipped", 1)
        done = self.run_script("--arm64", BROKEN="compile")
        self.assert_counts(done, "2 passed, 5 failed, 0 skipped", 1)

    def test_style_counts_as_one(self):
        self.assert_counts(self.run_script(UNTIDY="1"), "6 passed, 1 failed, 5 skipped", 1)
        done = self.run_script(OFFLINE="1", UNTIDY="1")
        self.assert_counts(done, "6 passed, 0 failed, 6 skipped", 0)
        self.assertRegex(done.stdout, r"(?m)^Skipped: the style's tools")

    def test_packages_count_as_one(self):
        self.assert_counts(self.run_script(UNPACKAGED="1"), "6 passed, 1 failed, 5 skipped", 1)
        self.assert_counts(self.run_script(UNPACKAGED="77"), "6 passed, 0 failed, 6 skipped", 0)

    def test_the_slowest_of_the_last_run(self):
        self.run_script("--arm64")
        self.run_script(RESULT="OK", SECONDS_OF_TEST="30.5")
        listed = self.run_script("--slowest", "6")
        self.assertEqual([line.split() for line in listed.stdout.splitlines()], [
            f"30.5 s {section} of {section} slow: over 30 s".split()
            for section in ("valgrind", "threads", "sanitize", "plain", "clang")
        ] + ["25.0 s valgrind unit base".split()])
        self.assertEqual(len(self.run_script("--slowest").stdout.splitlines()), 10)
        self.run_script(RESULT="FAIL", SECONDS_OF_TEST="30.0")
        self.assertRegex(self.run_script("--slowest", "1").stdout, r"30\.0 s .* FAIL\n\Z")

    def test_nothing_to_list(self):
        listed = self.run_script("--slowest")
        self.assertEqual((listed.returncode, listed.stdout), (1, ""))
        self.assertRegex(listed.stderr, r"\A[^\n]*\./test\.sh runs them\n\Z")
        for number in ("0", "-1", "ten", "3x"):
            listed = self.run_script("--slowest", number)
            self.assertEqual((listed.returncode, listed.stdout), (2, ""), number)
            self.assertIn(number, listed.stderr)


if __name__ == "__main__":
    unittest.main()
