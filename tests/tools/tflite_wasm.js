// Runs a TFLite file on TensorFlow Lite's own runtime, compiled to WebAssembly: the npm package
// @tensorflow/tfjs-tflite, driven directly (its JavaScript wants a browser, the module does not).
//
//   node tflite_wasm.js PACKAGE_FOLDER MODEL OUTDIR [INPUT.npy ...]
//
// Inputs without a file are filled with (i mod 255)/255, or i mod 255 where they are integers, as
// `ocellus infer` does.  Writes OUTDIR/<index>.npy per output and prints name, type and shape.
'use strict';
const fs = require('fs');
const path = require('path');

const types = {
  float32: ['<f4', Float32Array], int32: ['<i4', Int32Array], uint8: ['|u1', Uint8Array],
  int8: ['|i1', Int8Array], bool: ['|b1', Uint8Array], int16: ['<i2', Int16Array],
  float64: ['<f8', Float64Array], uint32: ['<u4', Uint32Array],
};

function readNpy(file, Kind) {
  const b = fs.readFileSync(file);
  const head = b.readUInt16LE(8);
  const body = b.subarray(10 + head);
  return new Kind(body.buffer.slice(body.byteOffset, body.byteOffset + body.length));
}

function writeNpy(file, descr, shape, data) {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  let head = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  head = head.padEnd(Math.ceil((head.length + 11) / 64) * 64 - 11) + '\n';
  const start = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  start.writeUInt16LE(head.length, 8);
  fs.writeFileSync(file, Buffer.concat(
    [start, Buffer.from(head), Buffer.from(data.buffer, data.byteOffset, data.byteLength)]));
}

function fill(data) {
  const whole = !(data instanceof Float32Array || data instanceof Float64Array);
  for (let i = 0; i < data.length; i++) data[i] = whole ? i % 255 : Math.fround((i % 255) / 255);
}

function shapeOf(info) {
  return info.shape === '' ? [] : info.shape.split(',').map(Number);
}

async function main([folder, model, out, ...inputs]) {
  const wasm = path.join(folder, 'wasm', 'tflite_web_api_cc_simd');
  const runtime = await require(path.resolve(wasm + '.js'))({
    wasmBinary: fs.readFileSync(wasm + '.wasm'), print: () => {}, printErr: console.error});
  const bytes = fs.readFileSync(model);
  const at = runtime._malloc(bytes.length);
  runtime.HEAPU8.set(bytes, at);
  const made = runtime.TFLiteWebModelRunner.CreateFromBufferAndOptions(
    at, bytes.length, {numThreads: 1, enableProfiling: false, maxProfilingBufferEntries: 1});
  if (!made.ok()) throw new Error(`${model}: ${made.errorMessage()}`);
  const runner = made.value();
  const list = v => Array.from({length: v.size()}, (_, i) => v.get(i));
  list(runner.GetInputs()).forEach((info, i) => {
    const to = info.data();
    if (inputs[i]) to.set(readNpy(inputs[i], types[info.dataType][1]));
    else fill(to);
  });
  if (!runner.Infer()) throw new Error(`${model}: the runtime failed`);
  list(runner.GetOutputs()).forEach((info, i) => {
    const data = info.data();
    const shape = shapeOf(info);
    if (out) writeNpy(path.join(out, `${i}.npy`), types[info.dataType][0], shape, data);
    console.log(`${i}\t${info.name}\t${info.dataType}\t[${shape}]`);
  });
}

main(process.argv.slice(2)).catch(e => { console.error(String(e.message || e)); process.exit(1); });
