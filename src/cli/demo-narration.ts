import type { DemoEvent } from '../demo/event.ts';
import { READER } from '../demo/long-reader.ts';
import type { PhaseName } from '../demo/report.ts';
import type { Style } from '../report/style.ts';
import type { Blocker } from '../safety/blockers.ts';
import { showBackfill } from '../terminal/backfill-progress.ts';
import { liveLine } from '../terminal/live-line.ts';
import { wrap } from '../terminal/wrap.ts';
import { describePulse, describeReader, narrate } from './demo-text.ts';

export interface Narration {
  readonly tell: (event: DemoEvent) => void;
  /** Shows that the demo is being ended early; from then on nothing else is told. */
  readonly interrupt: () => void;
  /** Takes the live line away. */
  readonly stop: () => void;
}

const PIPED_WIDTH = 110;

/** Tells the story on standard output and, in a terminal, what is going on right now on standard error. */
export function startNarration(style: Style): Narration {
  const line = liveLine(process.stderr);
  let phase: PhaseName | null = null;
  let waitsFor: Blocker | null = null;
  /** The backfill has the live line. */
  let filling = false;
  let interrupted = false;

  const print = (text: string): void => {
    if (text === '') return;
    line.clear();
    process.stdout.write(wrap(text, process.stdout.columns || PIPED_WIDTH));
  };
  /** Of no use but in a terminal. */
  const show = (text: string): void => {
    if (process.stderr.isTTY) line.show('', text);
  };

  const showMoment = (event: DemoEvent): void => {
    if (event.event === 'starting') show('starting a PostgreSQL');
    if (event.event === 'server') show('filling it with rows');
    if (event.event === 'measuring') phase = event.phase;
    if (event.event === 'measured') [phase, filling] = [null, false];
    if (event.event === 'paused') filling = false;
    if (event.event === 'pulse' && phase !== null && !filling) show(describePulse(phase, event.pulse, waitsFor));
    if (event.event === 'backfill' && event.of.event === 'progress') {
      filling = true;
      showBackfill(line, { name: event.name, figures: null, ...event.of });
    }
    if (event.event === 'apply' && event.of.event === 'waiting-for-lock') {
      const reader = event.of.blockers.find(({ application }) => application === READER) ?? null;
      if (waitsFor === null && reader !== null) print(describeReader(reader));
      waitsFor = reader;
    }
  };

  return {
    stop: () => line.clear(),
    tell(event) {
      if (interrupted) return;
      print(narrate(event, style));
      showMoment(event);
    },
    interrupt() {
      interrupted = true;
      show('stopping, and removing the server');
    },
  };
}
