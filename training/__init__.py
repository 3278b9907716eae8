# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trains networks with early exits and writes them as models for Winnow.

`python3 -m training --help` lists the commands; README.md beside this file explains them.
"""
