# SPDX-License-Identifier: LGPL-2.1-or-later
"""What README.md says of an installation and of a build that is not installed.

env SOURCE_ROOT: the project; BUILD: a build of it; MESON, CC: the commands.
"""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT, BUILD = (pathlib.Path(os.environ[key]) for key in ("SOURCE_ROOT", "BUILD"))
MESON, CC = os.environ["MESON"], os.environ["CC"].split()
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = (ROOT / "docs" / "programs.md").read_text(encoding="utf-8")


def output(*command, **environment):
    return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True,
                          env={**os.environ, **environment}).stdout


class Install(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="winnow-install-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        output(MESON, "install", "-C", BUILD, "--no-rebuild", "--destdir", self.root)
        (pc,) = self.root.rglob("winnow.pc")
        self.environment = {"PKG_CONFIG_SYSROOT_DIR": str(self.root), "PKG_CONFIG_PATH": pc.parent,
                            "LD_LIBRARY_PATH": str(pc.parent.parent)}

    def test_the_program_runs(self):
        (program,) = self.root.rglob("bin/winnow")
        self.assertRegex(output(program, "--version", **self.environment), r"^winnow \d")

    def test_the_models_are_found_by_name(self):
        (program,) = self.root.rglob("bin/winnow")
        (models,) = self.root.rglob("share/winnow/models")
        environment = {**os.environ, **self.environment}
        for name in ("everyday", "person", "efficientnet-lite0", "mcunet-in4"):
            subprocess.run([program, "inspect", name], stdout=subprocess.DEVNULL, check=True,
                           cwd=models / "licences", env=environment)
        (models / "person.onnx").unlink()
        done = subprocess.run([program, "inspect", "person"], stderr=subprocess.PIPE, text=True,
                              cwd=self.root, env=environment, check=False)
        self.assertIn(f"{models.resolve()}/person.onnx", done.stderr)

    def test_the_example_builds_and_classifies(self):
        self.assertIn("`cc classify.c $(pkg-config --cflags --libs winnow)` builds it", PROGRAMS)
        flags = output("pkg-config", "--cflags", "--libs", "winnow", **self.environment).split()
        program = self.root / "classify"
        output(*CC, ROOT / "apps/examples/classify.c", *flags, "-o", program, **self.environment)
        picture = self.root / "grey.ppm"
        picture.write_bytes(b"P6\n40 40\n255\n" + bytes([128]) * 4800)
        model = ROOT / "models/paper/edge-cifar10.onnx"
        shown = output(program, model, picture, **self.environment)
        self.assertIn("left the network at exit", shown)

    def test_the_build_shows_its_elements_without(self):
        self.assertIn("`meson devenv -C build --workdir .`", README)
        shown = output(MESON, "devenv", "-C", BUILD, "--workdir", ROOT, "gst-inspect-1.0",
                       "winnowclassify", GST_REGISTRY=str(self.root / "registry.bin"))
        self.assertIn("model-file", shown)


if __name__ == "__main__":
    unittest.main()
