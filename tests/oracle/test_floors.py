# SPDX-License-Identifier: LGPL-2.1-or-later
"""Floors on photographs: of 200 random draws, how many reject more known images than is promised.

Needs WINNOW_CIFAR10, a folder of class-named folders of images (thousands), and WINNOW_NOTHING, a
folder of pictures of other things; takes minutes. By hand: build/tests/oracle/floor_splits --help
"""
import os
import subprocess
import sys

from common import EDGE

if "WINNOW_CIFAR10" not in os.environ or "WINNOW_NOTHING" not in os.environ:
    print("needs WINNOW_CIFAR10=FOLDER and WINNOW_NOTHING=FOLDER")
    sys.exit(77)
sys.exit(subprocess.run([os.environ["FLOOR_SPLITS"], "--far-from-cifar10", EDGE,
                         os.environ["WINNOW_CIFAR10"], os.environ["WINNOW_NOTHING"]],
                        check=False).returncode)
