# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line: train, export, plot.  Exit status 0 ok, 1 a failed operation, 2 wrong usage."""

import argparse
import sys


def command_train(arguments):
    from . import config, data, train
    from .run import Run
    run = Run(arguments.out)
    settings = config.read(arguments.config)
    dataset = data.read(arguments.data, settings.model.size)
    train.train(settings, dataset, run, arguments.resume, show=sys.stderr.isatty())


def command_export(arguments):
    import onnx
    from . import data, export
    from .config import ConfigError
    from .run import Run
    if (arguments.validation is None) != (arguments.data is None):
        raise ConfigError("--validation needs --data, the data set of the run, and the other way round")
    state, settings = Run(arguments.run).load()
    onnx.save(export.to_onnx(settings, state), arguments.output)
    if arguments.validation:
        _, held = data.split(data.read(arguments.data, settings.model.size), settings)
        data.write_validation(held, arguments.validation)


def command_plot(arguments):
    from . import plot
    from .run import Run
    plot.draw(Run(arguments.run))


def parser():
    top = argparse.ArgumentParser(prog="python3 -m training", description=__doc__.splitlines()[0])
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    sub = commands.add_parser("train", help="train a network as a configuration says")
    sub.add_argument("config", metavar="CONFIG", help="a file like those in configs/")
    sub.add_argument("--data", required=True, metavar="DIR",
                     help="folder of class-named folders, or with CIFAR's official Python files")
    sub.add_argument("--out", required=True, metavar="RUN", help="folder for the results")
    sub.add_argument("--resume", action="store_true", help="go on after the last finished epoch")
    sub.set_defaults(run_command=command_train)
    sub = commands.add_parser("export", help="write the trained network as an ONNX model")
    sub.add_argument("run", metavar="RUN")
    sub.add_argument("-o", "--output", required=True, metavar="MODEL.onnx")
    sub.add_argument("--validation", metavar="DIR",
                     help="also write the validation images there, for winnow tune")
    sub.add_argument("--data", metavar="DIR", help="the data set of the run, with --validation")
    sub.set_defaults(run_command=command_export)
    sub = commands.add_parser("plot", help="draw the log of a run as curves.png")
    sub.add_argument("run", metavar="RUN")
    sub.set_defaults(run_command=command_plot)
    return top


def main():
    from .config import ConfigError
    arguments = parser().parse_args()
    try:
        arguments.run_command(arguments)
    except (ConfigError, OSError) as problem:
        print(f"training: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("training: interrupted; --resume goes on after the last finished epoch", file=sys.stderr)
        return 130
    return 0


sys.exit(main())
