import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { READER_MS } from '../../src/demo/long-reader.ts';
import type { DemoReport, PhaseName, PhaseReport } from '../../src/demo/report.ts';
import { runTiptoe, startTiptoe, type TiptoeResult } from '../support/cli.ts';
import { ownTemporaryDirectory } from '../support/temporary.ts';

const temporary = ownTemporaryDirectory();

/** It takes half a minute on a machine that has nothing else to do. */
const TIMEOUT_MS = 240_000;

async function expectNothingLeft({ stdout }: TiptoeResult): Promise<void> {
  expect(await temporary.entries()).toEqual([]);
  const port = Number(/on port (\d+)/.exec(stdout)?.[1]);
  const socket = createConnection(port, '127.0.0.1');
  await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
}

test(
  'the traffic feels the usual way, and hardly tiptoe; nothing is left behind',
  { timeout: TIMEOUT_MS },
  async () => {
    const file = join(temporary.path, 'figures.json');
    const ended = await runTiptoe(['demo', '--json', file]);
    expect(ended).toMatchObject({ code: 0 });
    const report = JSON.parse(await readFile(file, 'utf8')) as DemoReport;
    await rm(file);
    await expectNothingLeft(ended);
    expect(ended.stdout + ended.stderr).not.toMatch(/(?!\n)\p{Cc}/u);

    expect(report).toMatchObject({ version: 1, pgVersion: 18 });
    expect(report.phases.map(({ name, kind }) => `${kind}: ${name}`)).toEqual([
      'calm: calm',
      'tiptoe: apply',
      'tiptoe: backfill',
      'tiptoe: index',
      'naive: naive-migration',
      'naive: naive-backfill',
    ]);
    for (const phase of report.phases) {
      expect(phase, phase.name).toMatchObject({ errors: 0 });
      expect(phase.samples, phase.name).toBeGreaterThan(0);
      expect(phase.p50Ms, phase.name).toBeGreaterThan(0);
      expect(phase.p99Ms, phase.name).toBeGreaterThanOrEqual(phase.p50Ms);
      expect(phase.maxMs, phase.name).toBeGreaterThanOrEqual(phase.p99Ms);
    }

    const phase = (name: PhaseName): PhaseReport | undefined => report.phases.find((one) => one.name === name);
    expect(phase('apply')?.durationMs).toBeGreaterThan(READER_MS);
    expect(phase('naive-migration')?.maxMs).toBeGreaterThan(phase('apply')?.maxMs ?? Infinity);
    expect(phase('naive-migration')?.p50Ms).toBeGreaterThan(phase('apply')?.p50Ms ?? Infinity);
    expect(phase('naive-backfill')?.maxMs).toBeGreaterThan(phase('backfill')?.maxMs ?? Infinity);

    expect(report.findings.map(({ rule, line }) => `${line} ${rule}`)).toEqual([
      '1 add-column-rewrite',
      '2 create-index-blocking',
    ]);
    for (const { rule } of report.findings) expect(ended.stdout).toContain(rule);

    const { rows, rowsAtPause, rowsAtResume, proved } = report.backfill;
    expect(proved).toBe(true);
    expect(rowsAtPause).toBeGreaterThan(0);
    expect(rowsAtPause).toBeLessThan(rows);
    expect(rowsAtResume).toBe(rowsAtPause);
  },
);

test('Ctrl-C stops it, removes the server, and is told', { timeout: TIMEOUT_MS }, async () => {
  // While rows are loaded, and while traffic, the reader and the migration are at work.
  for (const moment of [/on port/, /tiptoe does not queue/]) {
    const demo = startTiptoe(['demo']);
    await demo.waitForOutput(moment);
    demo.kill('SIGINT');
    const ended = await demo.finished();
    expect(ended).toMatchObject({ code: 3, stderr: 'tiptoe: stopped; the server and its files are removed.\n' });
    await expectNothingLeft(ended);
  }
});

test('figures that have no place are refused before anything is started', async () => {
  const missing = join(temporary.path, 'missing', 'figures.json');
  expect(await runTiptoe(['demo', '--json', missing])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining(`There is no folder ${join(temporary.path, 'missing')} for ${missing}.`),
  });
  expect(await runTiptoe(['demo', '--json', temporary.path])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is a folder'),
  });
});
