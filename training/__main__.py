# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line: train, export, validation, plot.

Exit status 0 ok, 1 a failed operation, 2 wrong usage.
"""

import argparse
import sys

import training as package

from .config import ConfigError


def command_train(arguments):
    from . import config, data, models, train
    from .run import Run
    run = Run(arguments.out)
    settings = config.read(arguments.config)
    # What can be wrong is told before the images are read, which may take minutes.
    models.build(settings, 2)
    resumed = run.resume(settings) if arguments.resume else run.check_unused()
    dataset = data.read(arguments.data, settings.model.size, settings.export.resize)
    train.train(settings, dataset, run, resumed, show=sys.stderr.isatty())


def command_export(arguments):
    import onnx
    from . import export
    from .run import Run
    state, settings = Run(arguments.run).load()
    onnx.save(export.to_onnx(settings, state), arguments.output)


def command_validation(arguments):
    from . import config, data
    settings = config.read(arguments.config)
    dataset = data.read(arguments.data, settings.model.size, settings.export.resize)
    _, held = data.split(dataset, settings)
    data.write_validation(held, arguments.output)


def command_plot(arguments):
    from . import plot
    from .run import Run
    plot.draw(Run(arguments.run))


class Parser(argparse.ArgumentParser):
    """Says what is wrong on one line."""

    def error(self, message):
        print(f"training: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(2)


def parser():
    top = Parser(prog="python3 -m training", description=package.__doc__.splitlines()[0])
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
    sub.set_defaults(run_command=command_export, parser=sub)
    sub = commands.add_parser("validation", help="write the images that are held out of training")
    sub.add_argument("config", metavar="CONFIG", help="the one that training had")
    sub.add_argument("--data", required=True, metavar="DIR", help="the data set of the training")
    sub.add_argument("-o", "--output", required=True, metavar="FOLDER",
                     help="folder of class-named folders to make, for winnow tune")
    sub.set_defaults(run_command=command_validation)
    sub = commands.add_parser("plot", help="draw the log of a run as curves.png")
    sub.add_argument("run", metavar="RUN")
    sub.set_defaults(run_command=command_plot)
    return top


def main():
    arguments = parser().parse_args()
    try:
        arguments.run_command(arguments)
    except ConfigError as problem:
        return failed(problem)
    except OSError as problem:
        return failed(f"{problem.filename}: {problem.strerror}" if problem.filename else problem)
    except ImportError as problem:
        return failed(f"{problem}; on Debian install python3-torch, python3-onnx, python3-pil, "
                      "python3-tqdm and python3-matplotlib")
    except (MemoryError, RuntimeError) as problem:
        if isinstance(problem, RuntimeError) and "memory" not in str(problem):
            raise
        return failed("not enough memory; a smaller [train] batch needs less")
    except KeyboardInterrupt:
        print("training: interrupted; train --resume goes on after the last finished epoch",
              file=sys.stderr)
        return 130
    return 0


def failed(problem):
    print(f"training: {problem}", file=sys.stderr)
    return 1


sys.exit(main())
