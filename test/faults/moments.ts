import { setTimeout as sleep } from 'node:timers/promises';
import { random } from '../support/random.ts';

/** TIPTOE_SEED draws the moments of the faults. */
export const SEED = Number(process.env['TIPTOE_SEED'] ?? 20261122);
export const draw = random(SEED);

export function within(ms: number): Promise<void> {
  return sleep(draw() * ms);
}
