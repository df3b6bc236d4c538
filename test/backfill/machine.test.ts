import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { after, describeMachine, isAtWork, STATES, type State, type Step } from '../../src/backfill/machine.ts';

test('the states that a process leaves behind can be started again, all but success', () => {
  for (const state of Object.keys(STATES) as State[])
    expect(after(state, 'start')).toBe(state === 'succeeded' ? null : 'running');
});

test.each<[State, Step, State | null]>([
  ['running', 'throttle', 'throttled'],
  ['throttled', 'go', 'running'],
  ['throttled', 'ask-pause', 'pausing'],
  ['pausing', 'pause', 'paused'],
  ['pausing', 'go', 'running'],
  ['pending', 'pause', 'paused'],
  ['paused', 'cancel', 'cancelled'],
  ['pausing', 'finish', 'succeeded'],
  ['succeeded', 'finish', 'succeeded'],
  ['failed', 'fail', 'failed'],
  ['paused', 'throttle', null],
  ['paused', 'finish', null],
  ['succeeded', 'pause', null],
  ['succeeded', 'cancel', null],
])('%s, %s: %s', (state, step, next) => {
  expect(after(state, step)).toBe(next);
});

test('only at work can a state be left without a person', () => {
  expect((Object.keys(STATES) as State[]).filter(isAtWork)).toEqual(['running', 'throttled', 'pausing']);
});

test('docs/backfill.md has every state, and what leads to it', async () => {
  const page = await readFile(new URL('../../docs/backfill.md', import.meta.url), 'utf8');
  expect(page).toContain(`\n\`\`\`text\n${describeMachine()}\n\`\`\`\n`);
});
