// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Runs models with onnxruntime-node (found through NODE_PATH) on float32 .npy inputs.
// usage: node ort.mjs MODEL INPUT.npy OUTDIR [MODEL INPUT.npy OUTDIR]...
// Writes OUTDIR/NAME.npy for every output (float32), as `winnow run` does; a model that
// fails prints `MODEL: reason` on stdout and the others go on.
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';

const ort = createRequire(import.meta.url)('onnxruntime-node');

function readNpy(path) {
  const b = readFileSync(path);
  const wide = b[6] >= 2;
  const start = (wide ? 12 : 10) + (wide ? b.readUInt32LE(8) : b.readUInt16LE(8));
  const head = b.toString('latin1', 0, start);
  if (!/'<f4'/.test(head) || !/False/.test(head))
    throw new Error(`${path}: not float32 in C order`);
  const dims = /\(([^)]*)\)/.exec(head)[1].split(',').filter((s) => s.trim()).map(Number);
  const data = b.buffer.slice(b.byteOffset + start, b.byteOffset + b.length);
  return new ort.Tensor('float32', new Float32Array(data), dims);
}

function writeNpy(path, tensor) {
  const dims = tensor.dims.length === 1 ? `${tensor.dims[0]},` : tensor.dims.join(', ');
  let head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims}), }`;
  head = head.padEnd(Math.ceil((head.length + 11) / 64) * 64 - 11) + '\n';
  const magic = Buffer.from('\x93NUMPY\x01\x00--', 'latin1');
  magic.writeUInt16LE(head.length, 8);
  const data = Float32Array.from(tensor.data, Number);
  const bytes = [magic, Buffer.from(head, 'latin1'), Buffer.from(data.buffer)];
  writeFileSync(path, Buffer.concat(bytes));
}

const args = process.argv.slice(2);
for (let i = 0; i + 2 < args.length; i += 3) {
  const [model, input, out] = args.slice(i, i + 3);
  try {
    const session = await ort.InferenceSession.create(model, {
      graphOptimizationLevel: 'disabled', intraOpNumThreads: 2, logSeverityLevel: 4 });
    const name = session.inputNames.find((n) => !n.startsWith('init_'));
    const outputs = await session.run({ [name]: readNpy(input) });
    mkdirSync(out, { recursive: true });
    for (const [key, tensor] of Object.entries(outputs))
      writeNpy(`${out}/${key.replace(/[^A-Za-z0-9._-]/g, '_')}.npy`, tensor);
    await session.release();
  } catch (error) {
    console.log(`${model}: ${String(error.message).replaceAll('\n', ' ')}`);
  }
}
