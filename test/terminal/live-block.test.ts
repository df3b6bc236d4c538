import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { liveBlock } from '../../src/terminal/live-block.ts';

/** A stream that says it is a terminal of this size, and what was written to it. */
function terminal(columns: number, rows: number) {
  const stream = Object.assign(new PassThrough(), { columns, rows });
  return { stream, written: () => String(stream.read() ?? '') };
}

test('lines take the place of those before, cut to the terminal', () => {
  const { stream, written } = terminal(8, 4);
  const show = liveBlock(stream);
  show(['one', 'two, and more']);
  expect(written()).toBe('\u001b[0Jone\ntwo, a…\n');
  show(['three']);
  expect(written()).toBe('\u001b[2A\u001b[0Jthree\n');
  show(['1', '2', '3', '4', '5']);
  expect(written()).toBe('\u001b[1A\u001b[0J1\n2\n3\n');
});
