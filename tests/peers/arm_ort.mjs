// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ONNX Runtime's side of arm.py: runs a model so many times on one thread, with onnxruntime-node
// (found through NODE_PATH), on an input of float32 from the end of a .npy file.
// usage: node arm_ort.mjs MODEL INPUT.npy FRAMES
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const ort = createRequire(import.meta.url)('onnxruntime-node');
const [model, npy, frames] = process.argv.slice(2);
const session = await ort.InferenceSession.create(model, {
  executionProviders: ['cpu'], executionMode: 'sequential', graphOptimizationLevel: 'all',
  intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
const { name, shape } = session.inputMetadata[0];
const dims = shape.map((d) => (typeof d === 'number' ? d : 1));
const bytes = readFileSync(npy).subarray(-4 * dims.reduce((a, b) => a * b, 1));
const values = new Float32Array(Uint8Array.from(bytes).buffer);
const feeds = { [name]: new ort.Tensor('float32', values, dims) };
for (let i = 0; i < Number(frames); i++) await session.run(feeds);
console.log(JSON.stringify({ version: ort.env.versions.node ?? ort.env.versions.common }));
