# SPDX-License-Identifier: LGPL-2.1-or-later
"""Help, version and wrong usage of every command of `winnow`."""
import subprocess
import unittest

from support import CAT, MODEL, SAMPLE, WINNOW, CliTest, for_each_exit

COMMANDS = {
    "inspect": [MODEL],
    "adopt": [MODEL, "-o", "x.onnx"],
    "classify": [MODEL, CAT],
    "run": [MODEL, "--input", "x.npy"],
    "eval": [MODEL, SAMPLE],
    "tune": [MODEL, SAMPLE, "--max-accuracy-drop", "0.1", "-o", "x.onnx"],
    "collect": ["socket", "folder", "--label", "x"],
    "teach": [MODEL, SAMPLE, "-o", "x.onnx"],
    "quantize": [MODEL, SAMPLE, "-o", "x.onnx"],
    "join": [MODEL, MODEL, "-o", "x.onnx"],
    "bench": [MODEL, "--frames", "1"],
    "monitor": ["socket"],
}
WITHOUT_MODEL = {"adopt", "join", "monitor", "collect", "teach"}
THRESHOLDS = for_each_exit(0.1)


class Usage(CliTest):
    def test_help_lists_the_commands_that_exist(self):
        text = self.succeed("--help")
        section = text.split("Commands:\n")[1].split("\n\n")[0]
        listed = [line.split()[0] for line in section.splitlines()]
        self.assertEqual(listed, list(COMMANDS))

    def test_help_of_each_command(self):
        for command in COMMANDS:
            text = self.succeed(command, "--help")
            self.assertIn(f"winnow {command} [OPTION", text)
            self.assertIn("Example", text)
            if command not in WITHOUT_MODEL:
                self.assertIn(f"  winnow {command} models/paper/edge-cifar10.onnx", text)
                self.assertIn("--precision", text)

    def test_version(self):
        self.assertRegex(self.succeed("--version"), r"\Awinnow \d+\.\d+\.\d+\n\Z")

    def test_no_or_unknown_command(self):
        self.expect_failure(2, says="no command")
        self.expect_failure(2, "clasify", says="clasify")
        self.expect_failure(2, "--verbose", says="--verbose")

    def test_unknown_option(self):
        for command, arguments in COMMANDS.items():
            self.expect_failure(2, command, *arguments, "--no-such-option", says="--no-such-option")

    def test_missing_and_surplus_arguments(self):
        self.expect_failure(2, "inspect", says="MODEL")
        self.expect_failure(2, "inspect", MODEL, MODEL, says="unexpected")
        self.expect_failure(2, "classify", MODEL, says="IMAGE")
        self.expect_failure(2, "eval", MODEL, says="DATASET")
        self.expect_failure(2, "run", MODEL, says="--input")
        self.expect_failure(2, "bench", says="MODEL")

    def test_bad_values(self):
        image = ["classify", MODEL, CAT]
        for option, value in [("--threads", "many"), ("--threads", "-2"), ("--precision", "fp4"),
                              ("--strategy", "guess"), ("--threshold-scale", "0"),
                              ("--threshold-scale", "nan"), ("--threshold-scale", "-1"),
                              ("--deadline-ms", "-1"), ("--deadline-ms", "inf"),
                              ("--deadline-ms", "soon"), ("--cpu-mask", "mmx3"),
                              ("--watch", "unicorn"), ("--watch", "cat,unicorn")]:
            with self.subTest(option=option, value=value):
                self.expect_failure(2, *image, option, value)
        self.expect_failure(2, *image, "--watch", "unicorn",
                            says=["unicorn", "label or group", "airplane", "vehicle, animal"])
        self.expect_failure(2, "bench", MODEL, "--frames", "0", says="--frames")
        self.expect_failure(2, "bench", MODEL, "--exits", "maybe", says=["--exits", "maybe"])

    def test_bad_thresholds(self):
        image = ["classify", MODEL, CAT]
        others = for_each_exit(0.1).rsplit(",", 1)[0]
        zeros = for_each_exit(0).split(",", 1)[1]
        for thresholds in ["0.1", THRESHOLDS + ",0.1", others + ",1", others + ",-0.1",
                           others + ",nan", others + ",x", others.replace("0.1", "", 1) + ",0.1"]:
            with self.subTest(thresholds=thresholds):
                self.expect_failure(2, *image, "--thresholds", thresholds)
        self.expect_failure(2, *image, "--strategy", "confidence")  # needs thresholds of its own
        self.expect_failure(2, *image, "--strategy", "confidence", "--thresholds",
                            "2," + zeros)
        self.expect_failure(2, *image, "--strategy", "entropy", "--thresholds",
                            "-1," + zeros)

    def test_policy_that_the_strategy_cannot_follow(self):
        self.expect_failure(2, "classify", MODEL, CAT, "--strategy", "none", "--watch", "cat")
        self.expect_failure(2, "classify", MODEL, CAT, "--strategy", "none", "--group-exit")

    def test_full_disk_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([WINNOW, "inspect", MODEL], stdout=full, text=True,
                                    stderr=subprocess.PIPE, check=False)
        self.assertEqual(result.returncode, 1)
        self.assert_one_line(result.stderr, "standard output")


if __name__ == "__main__":
    unittest.main()
