// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Many networks through onnxruntime-node (found through NODE_PATH), for differ.py.
// A line of stdin is MODEL INPUTS OUT; the files of inputs and outputs are those of differ.c.  A
// line of stdout answers: "ok" or "refused MESSAGE".
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { readFileSync, writeFileSync } from 'node:fs';

const ort = createRequire(import.meta.url)('onnxruntime-node');

function readTensors(path) {
  const b = readFileSync(path), tensors = [];
  for (let at = 0; at < b.length;) {
    const rank = b.readInt32LE(at), dims = [];
    for (let d = 0; d < rank; d++) dims.push(Number(b.readBigInt64LE(at + 4 + 8 * d)));
    const n = dims.reduce((a, d) => a * d, 1), start = at + 4 + 8 * rank;
    at = start + 4 * n;
    const data = new Float32Array(b.buffer.slice(b.byteOffset + start, b.byteOffset + at));
    tensors.push(new ort.Tensor('float32', data, dims));
  }
  return tensors;
}

function writeTensors(path, tensors) {
  const parts = [];
  for (const tensor of tensors) {
    const head = Buffer.alloc(4 + 8 * tensor.dims.length);
    head.writeInt32LE(tensor.dims.length, 0);
    tensor.dims.forEach((dim, d) => head.writeBigInt64LE(BigInt(dim), 4 + 8 * d));
    parts.push(head, Buffer.from(Float32Array.from(tensor.data, Number).buffer));
  }
  writeFileSync(path, Buffer.concat(parts));
}

async function answer(model, inputs, out) {
  try {
    // Nothing is fused, so that the values are those that the file's nodes name.
    const session = await ort.InferenceSession.create(model, {
      graphOptimizationLevel: 'disabled', intraOpNumThreads: 1, logSeverityLevel: 4 });
    const tensors = readTensors(inputs), feed = {};
    session.inputNames.forEach((name, i) => { feed[name] = tensors[i]; });
    const outputs = await session.run(feed);
    writeTensors(out, session.outputNames.map((name) => outputs[name]));
    await session.release();
    return 'ok';
  } catch (error) {
    return `refused ${String(error.message).replaceAll('\n', ' ')}`;
  }
}

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${await answer(...line.split(' '))}\n`);
