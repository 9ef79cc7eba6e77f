import { setImmediate } from 'node:timers/promises';
import {
  type Flower,
  trainIrisModel,
} from '@touchstone/kit/models/iris-model';
import { createNaiveModel } from './naive.ts';

/** Where one bit in the weights turns most answers round. */
const DAMAGED_AT = 245;

const { onnx, labels, testSet } = trainIrisModel();
const { predict } = await createNaiveModel(onnx);

let answered = 0;
const predictions = Array.from({ length: 100 }, async () => {
  await predict([5.9, 3, 4.2, 1.5]);
  answered += 1;
});
console.log('100 predictions arrive, then a health check');
await setImmediate();
console.log(`the health check is answered after ${answered} of them`);
await Promise.all(predictions);

await show('a petal 4.2 cm long', [5.9, 3, 4.2, 1.5]);
await show('a petal NaN cm long', [5.9, 3, Number.NaN, 1.5]);
await show('a petal -50 cm long', [5.9, 3, -50, 1.5]);

console.log(
  `of ${testSet.length} flowers, it knows ${await count(onnx)}`,
);
const damaged = Buffer.from(onnx);
damaged.writeUInt8(damaged.readUInt8(DAMAGED_AT) ^ 0x80, DAMAGED_AT);
console.log('one bit of the file is changed; it loads as before');
console.log(
  `of ${testSet.length} flowers, it knows ${await count(damaged)}`,
);

async function show(what: string, row: number[]) {
  const probabilities = await predict(row);
  const highest = Math.max(...probabilities);
  const label = labels[probabilities.indexOf(highest)];
  console.log(`${what}: ${label}, probability ${highest.toFixed(2)}`);
}

async function count(bytes: Uint8Array) {
  const model = await createNaiveModel(bytes);
  const answers = await Promise.all(
    testSet.map(({ features }) => model.predict(features)),
  );
  return answers.filter((answer, index) =>
    isRight(answer, testSet[index]),
  ).length;
}

function isRight(answer: Float32Array, flower?: Flower) {
  return answer.indexOf(Math.max(...answer)) === flower?.label;
}
