import type { Severity } from '../lint/kit.ts';
import { severities } from './counts.ts';
import type { Room } from './lint-report.ts';

/** What is said of one finding. */
interface Block {
  readonly severity: Severity;
  readonly text: string;
}

/** As many blocks as there is room for, errors first, in the order in which they come; `command` shows the rest. */
export function fitting(head: string, blocks: readonly Block[], room: Room, command: string): string {
  const sizeOf =
    room.unit === 'bytes' ? (text: string) => new TextEncoder().encode(text).length : (text: string) => text.length;
  const all = [head, ...blocks.map(({ text }) => text)].join('\n');
  if (sizeOf(all) <= room.size) return all;
  let left = room.size - sizeOf(head) - sizeOf(leftOut(blocks, command)) - 1;
  const kept = new Set<Block>();
  for (const severity of ['error', 'warning'] as const) {
    for (const one of blocks.filter((block) => block.severity === severity)) {
      left -= sizeOf(one.text) + 1;
      if (left < 0) break;
      kept.add(one);
    }
    if (left < 0) break;
  }
  const shown = blocks.filter((one) => kept.has(one));
  const rest = leftOut(
    blocks.filter((one) => !kept.has(one)),
    command,
  );
  return [head, ...shown.map(({ text }) => text), rest].join('\n');
}

function leftOut(blocks: readonly Block[], command: string): string {
  return `**${severities(blocks).join(' and ')} more**, left out for want of room: \`${command}\` shows all.\n`;
}

const MOST_TEXT = 1_000;

/** A text that is not too long for one finding. */
export function cut(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
}
