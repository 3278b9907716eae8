# SPDX-License-Identifier: LGPL-2.1-or-later
"""The training loop: repeatable, resumable, and what stops it."""

import csv
import math
import unittest
from unittest import mock

import torch
from support import TrainingTest

from training import plot, train
from training.checkpoint import load_checkpoint
from training.run import Run


def log_without_seconds(run):
    with open(run.log, encoding="utf-8") as file:
        return [{key: value for key, value in row.items() if key != "seconds"}
                for row in csv.DictReader(file)]


class Loop(TrainingTest):
    def assert_same_runs(self, one, other):
        a, b = load_checkpoint(one.checkpoint), load_checkpoint(other.checkpoint)
        for key in ("model", "average"):
            self.assert_same_tensors(a[key], b[key])
        for momenta in zip(a["optimizer"]["state"].values(), b["optimizer"]["state"].values()):
            self.assertTrue(torch.equal(*(m["momentum_buffer"] for m in momenta)))
        self.assertEqual(log_without_seconds(one), log_without_seconds(other))

    def stopped(self, settings, name, where="save"):
        """A run that a user stops in its second epoch, at the call of `where` of its folder."""
        run_class_method, calls = getattr(Run, where), []

        def stop(run, *arguments):
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return run_class_method(run, *arguments)

        with mock.patch.object(Run, where, stop), self.assertRaises(KeyboardInterrupt):
            self.trained(settings, name)
        return Run(str(self.folder / name))

    def test_a_seed_gives_the_same_weights_whether_stopped_or_not(self):
        settings = self.configuration({"train.small-sizes": "16:1", "data.cutout": "6",
                                       "model.dropout": "0.2", "train.epochs": "3",
                                       "exits.distill": "0.3"})
        whole = self.trained(settings, "whole")
        self.assertEqual([row["epoch"] for row in log_without_seconds(whole)], ["1", "2", "3"])
        self.assert_same_runs(whole, self.trained(settings, "again"))
        # after the first epoch's checkpoint; and with a line in the log that has no checkpoint yet
        for where in ("append", "save"):
            run = self.stopped(settings, f"stopped {where}", where)
            self.assertEqual(load_checkpoint(run.checkpoint)["epoch"], 1)
            resumed = run.resume(settings)
            self.assert_same_runs(whole, self.trained(settings, f"stopped {where}", resumed))
        other = self.trained(self.configuration({"train.seed": "2", "train.epochs": "1"}), "other")
        self.assertNotEqual(log_without_seconds(other)[0], log_without_seconds(whole)[0])

    def test_a_finished_run_is_left_as_it_is(self):
        settings = self.configuration({"train.epochs": "1"})
        run = self.trained(settings)
        before = load_checkpoint(run.checkpoint)
        self.trained(settings, resumed=run.resume(settings))
        self.assert_same_tensors(before["model"], load_checkpoint(run.checkpoint)["model"])
        self.assertTrue((self.folder / "run" / "curves.png").read_bytes().startswith(b"\x89PNG"))

    def test_what_cannot_be_resumed(self):
        settings = self.configuration({"train.epochs": "1"})
        self.assert_refused(["run: no training run"],
                            Run(str(self.folder / "run")).resume, settings)
        run = self.trained(settings)
        changed = self.configuration({"train.epochs": "2"}, "changed.ini")
        self.assert_refused(["changed.ini: differs from"], run.resume, changed)
        self.assert_refused(["run: holds a training run already", "--resume"],
                            self.trained, settings)
        dataset, state = self.sample(), run.resume(settings)
        dataset.classes = [*dataset.classes[:-1], "lorry"]
        self.assert_refused(["other classes"], train.Trainer, settings, dataset, state)
        fewer = self.sample().part(range(0, 40, 2))
        self.assert_refused(["fewer images"], train.Trainer, settings, fewer, state)

    def test_a_loss_that_is_not_finite(self):
        settings = self.configuration({"train.learning-rate": "1000", "train.warmup": "0",
                                       "train.epochs": "30"})
        self.assert_refused(["the loss is", "epoch", "learning-rate"], self.trained, settings)

    def test_too_few_images_for_a_batch(self):
        self.assert_refused(["tiny.ini: [train] batch = 31", "30 images"], self.trained,
                            self.configuration({"train.batch": "31"}))

    def test_groups_are_checked_before_training(self):
        self.assert_refused(["tiny.ini: [export] groups", "'horses'"], self.trained,
                            self.configuration({"export.groups": "animal: horses"}))

    def test_without_validation(self):
        run = self.trained(self.configuration({"data.validation": "0", "train.epochs": "1"}))
        self.assertEqual(list(run.rows()[0]), ["epoch", "learning-rate", "loss", "seconds"])

    def test_the_average_of_the_weights(self):
        model = torch.nn.Linear(1, 1)
        torch.nn.init.constant_(model.weight, 2.0)
        average, wanted = train.Average(model, 0.15), 2.0
        for step, value in enumerate((1.0, 5.0, -3.0), 1):
            torch.nn.init.constant_(model.weight, value)
            average.update(model)
            keep = min(0.15, step / (step + 10))  # 1/11, then 0.15
            wanted = keep * wanted + (1 - keep) * value
            self.assertAlmostEqual(float(average.model.weight), wanted, places=5)
        self.assertIs(train.Average(model, 0).model, model)

    def test_validation_counts_right_answers(self):
        trainer = train.Trainer(self.configuration(), self.sample())
        outputs = trainer.validate()
        trainer.average.model.eval()
        with torch.no_grad():
            pixels = trainer.normalise(torch.from_numpy(trainer.validation.pixels(slice(None))), 32)
            answers = [o.argmax(1).numpy() for o in trainer.average.model(pixels)]
        for accuracy, answer in zip(outputs, answers):
            self.assertAlmostEqual(accuracy, (answer == trainer.validation.labels).mean(), places=6)


class Schedule(TrainingTest):
    def rate(self, epoch, **changes):
        changes = {f"train.{key}": value for key, value in changes.items()}
        settings = self.configuration({"train.epochs": "10", "train.learning-rate": "0.2",
                                       "train.warmup": "2", **changes})
        return train.schedule(settings.train, epoch)

    def test_warmup(self):
        for epoch, wanted in ((0, 0.002), (0.5, 0.05), (1, 0.1), (1.999, 0.1999), (2, 0.2)):
            self.assertAlmostEqual(self.rate(epoch), wanted, places=9)
        self.assertAlmostEqual(self.rate(0, warmup="0"), 0.2)
        self.assertAlmostEqual(self.rate(0, epochs="1", warmup="5"), 0.2)

    def test_cosine(self):
        for epoch in (2, 4, 6, 9, 10):
            wanted = 0.1 * (1 + math.cos(math.pi * (epoch - 2) / 8))
            self.assertAlmostEqual(self.rate(epoch), wanted)
        self.assertAlmostEqual(self.rate(6), 0.1)
        self.assertAlmostEqual(self.rate(10), 0)

    def test_steps(self):
        steps = {"schedule": "step", "steps": "0.25, 0.75"}
        for epoch, wanted in ((2, 0.2), (3.99, 0.2), (4, 0.02), (7.9, 0.02), (8, 0.002),
                              (10, 0.002)):
            self.assertAlmostEqual(self.rate(epoch, **steps), wanted)


class Init(TrainingTest):
    def setUp(self):
        super().setUp()
        self.first = self.trained(self.configuration({"train.epochs": "1"}), "first")
        self.state = load_checkpoint(self.first.checkpoint)

    def frozen(self, changes=None):
        return self.configuration({"model.init": "first/checkpoint.pt", "model.freeze": "backbone",
                                   "train.seed": "5", "exits.after": "stem, block0",
                                   "train.epochs": "1", **(changes or {})}, "frozen.ini")

    def test_heads_only_leaves_the_end_as_it_was(self):
        self.state["mean"] = [0.25, 0.5, 0.75]  # not what the images have
        torch.save(self.state, self.first.checkpoint)
        state = load_checkpoint(self.trained(self.frozen(), "heads").checkpoint)
        for kind in ("model", "average"):
            before = {k: v for k, v in self.state["average"].items() if k[:6] != "heads."}
            after = {k: v for k, v in state[kind].items() if k[:6] != "heads."}
            self.assert_same_tensors(before, after)
        self.assertFalse(torch.equal(self.state["average"]["heads.stem.fc.weight"],
                                     state["average"]["heads.stem.fc.weight"]))
        self.assertEqual((state["mean"], state["std"]), (self.state["mean"], self.state["std"]))

    def test_a_frozen_run_resumes_to_the_same_and_without_the_file(self):
        settings = self.frozen({"train.epochs": "2"})
        whole = load_checkpoint(self.trained(settings, "whole").checkpoint)
        save, calls = Run.save, []

        def stop(run, state):
            save(run, state)
            calls.append(1)
            raise KeyboardInterrupt

        with mock.patch.object(Run, "save", stop), self.assertRaises(KeyboardInterrupt):
            self.trained(settings, "half")
        (self.folder / "first" / "checkpoint.pt").unlink()
        run = Run(str(self.folder / "half"))
        resumed = load_checkpoint(self.trained(settings, "half", run.resume(settings)).checkpoint)
        self.assert_same_tensors(whole["average"], resumed["average"])

    def test_plain_weights_and_their_normalisation(self):
        torch.save(self.state["model"], self.folder / "plain.pt")
        state = load_checkpoint(self.trained(self.frozen(
            {"model.init": "plain.pt", "data.mean": "0.5, 0.4, 0.3",
             "data.std": "0.2, 0.25, 0.3"}), "plain").checkpoint)
        self.assertEqual((state["mean"], state["std"]), ([0.5, 0.4, 0.3], [0.2, 0.25, 0.3]))
        for key, value in self.state["model"].items():
            if not key.startswith("heads."):
                self.assertTrue(torch.equal(value, state["model"][key]), key)

    def test_what_cannot_be_started_from(self):
        wider = {"model.channels": "8, 8, 24"}
        self.assert_refused(["does not fit", "blocks.block1"],
                            self.trained, self.frozen(wider), "x")
        self.assert_refused(["none.pt", "No such file"], self.trained,
                            self.frozen({"model.init": "none.pt"}), "x")
        self.write("words.pt", "not a checkpoint")
        self.assert_refused(["words.pt: not a checkpoint"], self.trained,
                            self.frozen({"model.init": "words.pt"}), "x")
        torch.save([1, 2], self.folder / "list.pt")
        self.assert_refused(["list.pt: not a checkpoint"], self.trained,
                            self.frozen({"model.init": "list.pt"}), "x")
        self.state["classes"] = self.state["classes"][::-1]
        torch.save(self.state, self.first.checkpoint)
        self.assert_refused(["[model] init", "other classes"], self.trained, self.frozen(), "x")

    def test_a_checkpoint_reads_as_it_was_written(self):
        values = torch.arange(24.0).reshape(2, 3, 4)
        state = {"a": values, "b": values.permute(2, 0, 1), "c": values[1, 1:],
                 "d": torch.tensor(3), "e": torch.zeros(0), "f": values.half(),
                 "g": values.bfloat16(), "h": values > 3, "i": torch.nn.Parameter(values)}
        plain = {"numbers": [1, 2.5, True, None], "text": "x", 7: (1, 2)}
        torch.save({"state": state, "plain": plain}, self.folder / "all.pt")
        read = load_checkpoint(str(self.folder / "all.pt"))
        self.assert_same_tensors(state, read["state"])
        self.assertEqual(read["plain"], plain)
        for key, tensor in state.items():
            self.assertEqual((tensor.stride(), tensor.dtype),
                             (read["state"][key].stride(), read["state"][key].dtype))

    def test_damaged_checkpoints(self):
        torch.save({"a": torch.ones(1000)}, self.folder / "good.pt")
        good = (self.folder / "good.pt").read_bytes()
        for damaged in (b"", good[:-100], good[:300], good.replace(b"data.pkl", b"data.pxl"),
                        good.replace(b"\0\0\x80?", b"\0\0\0\0"), b"PK\5\6" + bytes(18)):
            self.write("bad.pt", damaged)
            self.assert_refused(["bad.pt: not a checkpoint"], load_checkpoint,
                                str(self.folder / "bad.pt"))

    def test_code_in_a_checkpoint_is_not_run(self):
        class Evil:
            def __reduce__(self):
                import os
                return os.mkdir, (mark,)

        mark = str(self.folder / "mark")
        for old in (False, True):
            torch.save({"model": Evil()}, self.folder / "evil.pt",
                       _use_new_zipfile_serialization=not old)
            self.assert_refused(["evil.pt: not a checkpoint"], load_checkpoint,
                                str(self.folder / "evil.pt"))
        self.assertFalse((self.folder / "mark").exists())


class Curves(TrainingTest):
    def test_logs_that_cannot_be_drawn(self):
        run = Run(str(self.folder))
        self.assert_refused(["no log.csv"], plot.draw, run)
        for text in ("epoch,loss\n", "epoch,loss\n1,x\n", "epoch,loss\n1\n", "a,b\n1,2\n", ""):
            self.write("log.csv", text)
            self.assert_refused(["log.csv: "], plot.draw, run)

    def test_a_log_is_drawn(self):
        self.write("log.csv", "epoch,learning-rate,loss,seconds,accuracy stem,accuracy end\n"
                              "1,0.1,2.5,1.0,0.1,0.2\n2,0.1,2.0,1.0,0.2,0.4\n")
        plot.draw(Run(str(self.folder)))
        self.assertTrue((self.folder / "curves.png").read_bytes().startswith(b"\x89PNG"))


if __name__ == "__main__":
    unittest.main()
