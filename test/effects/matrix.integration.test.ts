import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openProof, type Proof } from './proof.ts';
import { isFor } from './shapes/shape.ts';
import { SHAPES } from './shapes/list.ts';

const version = inject('serverVersion');
let proof: Proof;

beforeAll(async () => {
  proof = await openProof(inject('serverUrl'), version);
});
afterAll(() => proof.close());

describe('effects are what the server does', () => {
  test.each(SHAPES.filter((shape) => isFor(shape, version)))('$sql', async (shape) => {
    const { expected, observed } = await proof.ask(shape);
    expect(expected).toEqual(observed);
  });
});
