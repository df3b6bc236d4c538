import { beforeAll, describe, expect, inject, test } from 'vitest';
import { loadParser } from '../../src/sql/libpg.ts';
import { testDatabase } from '../support/database.ts';
import { type Product, PRODUCTS } from './packages.ts';
import { readHistory } from './read-history.ts';
import { precision, recall, replay, sum, emptyTally, type Tally, type Verdicts, verdictsOf } from './replay.ts';
import { flaggedBySquawk } from './squawk.ts';

const databases = PRODUCTS.map((product) => ({ product, ours: testDatabase(), theirs: testDatabase() }));
const tallies: { readonly product: Product; readonly tally: Tally; readonly squawk: Verdicts }[] = [];

beforeAll(loadParser);

describe('migration histories of products', () => {
  test.each(databases)(
    '$product.name',
    async ({ product, ours, theirs }) => {
      const history = await readHistory(product, theirs.adminUrl);
      const watcher = await ours.session(ours.adminUrl);
      // Not UTC, where timestamp and timestamptz would be the same; DISCARD ALL goes back to this.
      await watcher.exec(`ALTER DATABASE ${ours.name} SET TimeZone = 'Europe/Berlin'`);
      const session = await ours.session(ours.adminUrl);
      const { tally, disagreements, refused, truths } = await replay(
        history,
        { session, watcher },
        inject('serverVersion'),
      );
      for (const line of [...disagreements, ...refused]) console.info(line);
      console.info(`${product.name}: ${history.files.length} files, ${describeTally(tally)}`);
      tallies.push({ product, tally, squawk: verdictsOf(truths, await flaggedBySquawk(history)) });
      expect(refused).toHaveLength(product.refused ?? 0);
      expect(tally.syntaxErrors).toBe(0);
      expect(tally.notUnderstood / tally.statements).toBeLessThanOrEqual(0.005);
    },
    300_000,
  );

  test('are predicted', () => {
    const heldOut = tallies.filter(({ product }) => product.heldOut === true).map(({ tally }) => tally);
    const total = sum(tallies.map(({ tally }) => tally));
    console.info(`the ${heldOut.length} histories that were held out at first: ${describeTally(sum(heldOut))}`);
    console.info(`all ${tallies.length} histories: ${describeTally(total)}`);
    const squawk = sum(tallies.map((one) => ({ ...emptyTally(), ...one.squawk })));
    console.info(`squawk on the same statements: ${describeVerdicts(squawk)}`);
    expect(
      new Set(tallies.flatMap(({ product }) => product.packages.map(({ name }) => name))).size,
    ).toBeGreaterThanOrEqual(8);
    expect(tallies).toHaveLength(PRODUCTS.length);
    expect(total.executed).toBeGreaterThanOrEqual(1500);
    expect(precision(total)).toBeGreaterThanOrEqual(0.99);
    expect(recall(total)).toBeGreaterThanOrEqual(0.99);
    expect(total.exactLocks / total.relations).toBeGreaterThanOrEqual(0.99);
  });
});

function describeTally(tally: Tally): string {
  return [
    `${tally.statements} statements, ${tally.executed} executed (${tally.outside} outside of a transaction)`,
    `locks exact ${tally.exactLocks}/${tally.relations} (${percent(tally.exactLocks / tally.relations)})`,
    describeVerdicts(tally),
    `${tally.notUnderstood} not understood`,
  ].join('; ');
}

function describeVerdicts(verdicts: Verdicts): string {
  return [
    `blocking: ${verdicts.truePositives} true, ${verdicts.falsePositives} false, ${verdicts.falseNegatives} missed`,
    `precision ${percent(precision(verdicts))}, recall ${percent(recall(verdicts))}`,
  ].join('; ');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
