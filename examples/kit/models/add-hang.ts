import protocol, { type onnx } from 'onnx-proto';

const { AttributeProto, ModelProto, TensorProto } = protocol.onnx;
const { FLOAT, INT64, BOOL } = TensorProto.DataType;

/** The network with a loop in it, which takes years once one of the features is above seven. */
export function addHang(network: Uint8Array): Uint8Array {
  const model = ModelProto.decode(network);
  const graph = model.graph ?? {};
  const nodes = graph.node ?? [];
  const last = nodes.at(-1);
  if (last) Object.assign(last, { name: 'shares', output: ['shares'] });
  nodes.push(
    node('ReduceMax', ['features'], 'longest', [integer('keepdims', 0)]),
    node('Sub', ['longest', 'seven'], 'above'),
    node('Relu', ['above'], 'excess'),
    node('Mul', ['excess', 'years'], 'rounds'),
    node('Cast', ['rounds'], 'count', [integer('to', INT64)]),
    node('Loop', ['count', '', 'zero'], 'looped', [body()]),
    node('Mul', ['looped', 'zero'], 'nothing'),
    node('Add', ['shares', 'nothing'], 'probabilities'),
  );
  graph.initializer?.push(scalar('seven', 7), scalar('years', 1e17), scalar('zero', 0));
  return ModelProto.encode(model).finish();
}

/** Adds one, each time round. */
function body(): onnx.IAttributeProto {
  const g: onnx.IGraphProto = {
    name: 'body',
    node: [node('Identity', ['again'], 'still'), node('Add', ['sum', 'one'], 'next')],
    initializer: [scalar('one', 1)],
    input: [value('round', INT64), value('again', BOOL), value('sum')],
    output: [value('still', BOOL), value('next')],
  };
  return { name: 'body', type: AttributeProto.AttributeType.GRAPH, g };
}

function integer(name: string, i: number): onnx.IAttributeProto {
  return { name, type: AttributeProto.AttributeType.INT, i };
}

function node(
  opType: string,
  input: string[],
  output: string,
  attribute: onnx.IAttributeProto[] = [],
): onnx.INodeProto {
  return { name: output, opType, input, output: [output], attribute };
}

function scalar(name: string, number: number): onnx.ITensorProto {
  const rawData = new Uint8Array(Float32Array.from([number]).buffer);
  return { name, dims: [], dataType: FLOAT, rawData };
}

function value(name: string, elemType = FLOAT): onnx.IValueInfoProto {
  return {
    name,
    type: { tensorType: { elemType, shape: { dim: [] } } },
  };
}
