import { bytes, type Field, integer, message, nested, text } from './protobuf.js';

/** A node of a graph; attributes are whole numbers or lists of them. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** A constant. Row-major; `dims` [] is a scalar. */
export interface OnnxConstant {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** An fp32 input or output; a dim that is a name takes any size. */
export interface OnnxValue {
  readonly name: string;
  readonly dims: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** As the graphs that training exports. */
const OPSET = 17;
/** The version of the file format that came with that opset. */
const IR_VERSION = 8;
const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

/** The bytes of an ONNX file. Field numbers are those of onnx.proto. */
export function writeOnnx({ name, nodes, constants, inputs, outputs }: OnnxGraph): Uint8Array {
  const graph = [
    ...nodes.map((node) => nested(1, nodeFields(node))),
    text(2, name),
    ...constants.map((constant) => nested(5, constantFields(constant))),
    ...inputs.map((value) => nested(11, valueFields(value))),
    ...outputs.map((value) => nested(12, valueFields(value))),
  ];
  return message([integer(1, IR_VERSION), text(2, 'labelstream'), nested(7, graph), nested(8, [text(1, ''), integer(2, OPSET)])]);
}

function nodeFields({ op, inputs, output, attributes = {} }: OnnxNode): Field[] {
  return [
    ...inputs.map((input) => text(1, input)),
    text(2, output),
    text(3, output),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => nested(5, attributeFields(name, value))),
  ];
}

function attributeFields(name: string, value: number | readonly number[]): Field[] {
  if (typeof value === 'number') return [text(1, name), integer(3, value), integer(20, ATTRIBUTE_INT)];
  return [text(1, name), ...value.map((each) => integer(8, each)), integer(20, ATTRIBUTE_INTS)];
}

function constantFields({ name, dims, data }: OnnxConstant): Field[] {
  return [
    ...dims.map((dim) => integer(1, dim)),
    integer(2, data instanceof Float32Array ? FLOAT : INT64),
    text(8, name),
    // Little-endian, as typed arrays are on every machine that Node runs on.
    bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ];
}

function valueFields({ name, dims }: OnnxValue): Field[] {
  const shape = dims.map((dim) => nested(1, [typeof dim === 'number' ? integer(1, dim) : text(2, dim)]));
  return [text(1, name), nested(2, [nested(1, [integer(1, FLOAT), nested(2, shape)])])];
}
