# SPDX-License-Identifier: LGPL-2.1-or-later
"""Risk control on photographs: of 200 random draws, how many exceed the risk they promise to keep.

Needs WINNOW_CIFAR10, a folder of class-named folders of images (thousands), and takes minutes.
By hand: build/tests/oracle/tune_splits MODEL FOLDER [SPLITS [D [P]]]
"""
import os
import subprocess
import sys

from common import EDGE

if "WINNOW_CIFAR10" not in os.environ:
    print("needs WINNOW_CIFAR10=FOLDER")
    sys.exit(77)
sys.exit(subprocess.run([os.environ["TUNE_SPLITS"], EDGE, os.environ["WINNOW_CIFAR10"]],
                        check=False).returncode)
