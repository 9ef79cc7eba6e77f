import protocol, { type onnx } from 'onnx-proto';

// CommonJS: Node finds its names only on the default export.
const { ModelProto, TensorProto } = protocol.onnx;

/** A layer of a network: `weights[input][output]`, and a bias for each output. */
export type Layer = { weights: number[][]; bias: number[] };

/** A classifier: inputs are standardised, layers follow one another with ReLU between them, softmax ends it. */
export type Classifier = {
  mean: number[];
  deviation: number[];
  layers: readonly [Layer, ...Layer[]];
};

/** The ONNX file of a classifier: `features` [batch, n] in, `probabilities` [batch, classes] out, as float32. */
export function toOnnx({ mean, deviation, layers }: Classifier): Uint8Array {
  const nodes = [
    node('Sub', ['features', 'mean'], 'centred'),
    node('Div', ['centred', 'deviation'], 'layer_0'),
    ...layers.flatMap((_, index) => toNodes(index, index === layers.length - 1)),
    node('Softmax', [`layer_${layers.length}`], 'probabilities'),
  ];
  const classes = layers.at(-1)?.bias.length ?? 0;
  const graph = {
    name: 'classifier',
    node: nodes,
    initializer: [
      tensor('mean', [mean.length], mean),
      tensor('deviation', [deviation.length], deviation),
      ...layers.flatMap(toTensors),
    ],
    input: [matrix('features', mean.length)],
    output: [matrix('probabilities', classes)],
  };
  return ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 13 }],
    producerName: 'touchstone',
    graph,
  }).finish();
}

function toNodes(index: number, isLast: boolean): onnx.INodeProto[] {
  const [input, sum, output] = [`layer_${index}`, `sum_${index}`, `layer_${index + 1}`];
  const parameters = [`weights_${index}`, `bias_${index}`];
  if (isLast) return [node('Gemm', [input, ...parameters], output)];
  return [node('Gemm', [input, ...parameters], sum), node('Relu', [sum], output)];
}

function toTensors({ weights, bias }: Layer, index: number): onnx.ITensorProto[] {
  return [
    tensor(`weights_${index}`, [weights.length, bias.length], weights.flat()),
    tensor(`bias_${index}`, [bias.length], bias),
  ];
}

function node(opType: string, input: string[], output: string): onnx.INodeProto {
  return { name: output, opType, input, output: [output] };
}

function tensor(name: string, dims: number[], values: number[]): onnx.ITensorProto {
  // rawData is little-endian, as every machine is that Node runs on.
  const rawData = new Uint8Array(Float32Array.from(values).buffer);
  return { name, dims, dataType: TensorProto.DataType.FLOAT, rawData };
}

/** A dimension with a name instead of a number is free: the size of the batch. */
function matrix(name: string, columns: number): onnx.IValueInfoProto {
  const shape = { dim: [{ dimParam: 'batch' }, { dimValue: columns }] };
  return { name, type: { tensorType: { elemType: TensorProto.DataType.FLOAT, shape } } };
}
