// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One block of ONNX Runtime's side of compare.py: times a model with onnxruntime-node (found
// through NODE_PATH) and prints one JSON object with the keys of `winnow bench --json`.
// usage: node ort_bench.mjs TINY.onnx MODEL INPUT.npy|random THREADS FRAMES [exact]
//
// TINY is a network of one element. Running it first takes what is done once per process
// (environment, thread pool code, JIT) out of MODEL's figures, and its own time is what a call
// costs besides the network.
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';

const ort = createRequire(import.meta.url)('onnxruntime-node');
const [tiny, model, npy, threads, frames, exact] = process.argv.slice(2);

function memory(name) {
  const status = readFileSync('/proc/self/status', 'latin1');
  return Number(new RegExp(`${name}:\\s*(\\d+)`).exec(status)[1]) * 1024;
}

// Node's own start may have held more than it does now; 5 sets the peak to what is held now.
function resetPeak() {
  globalThis.gc?.();
  writeFileSync('/proc/self/clear_refs', '5');
}

async function open(path, options) {
  const start = process.hrtime.bigint();
  const session = await ort.InferenceSession.create(path, options);
  return [session, Number(process.hrtime.bigint() - start)];
}

async function measure(session, feeds, n) {
  const times = [];
  for (let i = -Math.max(3, Math.floor(n / 10)); i < n; i++) {
    const start = process.hrtime.bigint();
    await session.run(feeds);
    if (i >= 0) times.push(Number(process.hrtime.bigint() - start));
  }
  return times.sort((a, b) => a - b);
}

// The values are the file's last bytes, or random as those of `winnow bench`; dynamic dimensions
// are 1.
function input({ name, shape }, path) {
  const dims = shape.map((d) => (typeof d === 'number' ? d : 1));
  const n = dims.reduce((a, b) => a * b, 1);
  const values = path === 'random'
    ? Float32Array.from({ length: n }, () => Math.random() * 4 - 2)
    : new Float32Array(Uint8Array.from(readFileSync(path).subarray(-4 * n)).buffer);
  return [name, new ort.Tensor('float32', values, dims)];
}

const options = {
  executionProviders: ['cpu'], executionMode: 'sequential', graphOptimizationLevel: 'all',
  intraOpNumThreads: Number(threads), interOpNumThreads: 1, logSeverityLevel: 3,
  ...(exact && { extra: { session: { x64quantprecision: '1' } } }) };
const [small] = await open(tiny, { ...options, intraOpNumThreads: 1 });
const call = await measure(small, { x: new ort.Tensor('float32', [1], [1]) }, 300);

resetPeak();
const before = memory('VmRSS');
const [session, load] = await open(model, options);
const feeds = Object.fromEntries(session.inputMetadata.map((one) => input(one, npy)));
const times = await measure(session, feeds, Number(frames));
const rank = (q) => times[Math.max(Math.ceil(q * times.length), 1) - 1];
console.log(JSON.stringify({
  version: ort.env.versions.node ?? ort.env.versions.common, threads: Number(threads),
  'latency-median': rank(0.5), 'latency-min': times[0], 'latency-p95': rank(0.95),
  'load-time': load, 'call-overhead': call[call.length >> 1],
  'rss-growth-bytes': memory('VmHWM') - before }));
