import { expect, test } from 'vitest';
import { embedLabels, unit } from '../../src/zero-shot/embed-labels.js';

const signal = new AbortController().signal;
const onProgress = () => {};

/** As if a tower turned the first and the last character into two values. */
const toy = async (texts: readonly string[]) => texts.map((text) => Float32Array.of(text.charCodeAt(0), text.charCodeAt(text.length - 1)));

test('templates count alike whatever the length of their embeddings, and the result has length one', async () => {
  const embed = async (texts: readonly string[]) =>
    texts.map((text) => (text.startsWith('long') ? Float32Array.of(300, 0) : Float32Array.of(0, 2)));
  const [vector] = await embedLabels(['x'], { templates: ['long {label}', 'short {label}'], embed, onProgress, signal });
  expect(vector).toEqual(Float32Array.of(Math.SQRT1_2, Math.SQRT1_2));
});

test('every name gets its own vector in its place, and is asked for once', async () => {
  const asked: string[] = [];
  const embed = (texts: readonly string[]) => {
    asked.push(...texts);
    return toy(texts);
  };
  const names = Array.from({ length: 100 }, (_, at) => `${String.fromCharCode(40 + (at % 70))}x`);
  const vectors = await embedLabels(names, { templates: ['{label}'], embed, onProgress, signal });
  expect(vectors).toEqual((await toy(names)).map(unit));
  expect(asked).toHaveLength(70);
});

test('tells how far it is and stops when it is told to', async () => {
  const control = new AbortController();
  const seen: number[] = [];
  const work = embedLabels(
    Array.from({ length: 200 }, (_, at) => `label ${at}`),
    {
      templates: ['{label}'],
      embed: toy,
      signal: control.signal,
      onProgress: (done, total) => {
        seen.push(done);
        expect(total).toBe(200);
        if (done > 100) control.abort('SIGINT');
      },
    },
  );
  await expect(work).rejects.toBe('SIGINT');
  expect(seen).toEqual([64, 128]);
});

test('a vector without length stays as it is', () => {
  expect(unit(new Float32Array(3))).toEqual(new Float32Array(3));
});
