import { toJsonSchema } from '@valibot/to-json-schema';
import { Ajv } from 'ajv';
import type * as v from 'valibot';
import { expect, expectTypeOf, test } from 'vitest';
import { rules } from '../../rules/index.ts';
import { checkConfig } from '../../src/cli/check-config.ts';
import { configSchema } from '../../src/cli/config-schema.ts';
import type { UserConfig } from '../../src/library/config.ts';

/** What editors get: what may be written, before it is read. What all rules share is written once. */
function generated(): string {
  const schema = toJsonSchema(configSchema(rules), {
    typeMode: 'input',
    target: 'draft-07',
    overrideSchema: ({ jsonSchema, valibotSchema }) => {
      if (valibotSchema.type !== 'strict_tuple') return null;
      const { items } = valibotSchema as v.StrictTupleSchema<v.TupleItems, undefined>;
      return { ...jsonSchema, minItems: items.filter(({ type }) => type !== 'optional').length };
    },
  });
  const { overrides } = schema.properties as object as {
    readonly overrides: { readonly items: { readonly properties: { readonly rules: RuleTable } } };
  };
  const table = overrides.items.properties.rules;
  const shared = new Map([
    [withoutDescription(table), 'rules'],
    [withoutDescription(table.properties['table-rewrite']), 'ruleSetting'],
  ]);
  const definitions: Record<string, unknown> = {};
  const share = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(share);
    if (typeof value !== 'object' || value === null) return value;
    const name = shared.get(withoutDescription(value));
    const shown = Object.fromEntries(Object.entries(value).map(([key, held]) => [key, share(held)]));
    if (name === undefined) return shown;
    const { description, ...definition } = shown;
    definitions[name] = definition;
    return { ...(description === undefined ? {} : { description }), $ref: `#/definitions/${name}` };
  };
  const document = { title: 'The config of tiptoe', ...(share(schema) as object), definitions };
  return `${JSON.stringify(document, null, 2)}\n`;
}

interface RuleTable {
  readonly properties: Readonly<Record<string, object>>;
}

function withoutDescription(schema: object = {}): string {
  return JSON.stringify({ ...schema, description: undefined });
}

test('config.schema.json is current (npm run docs)', async () => {
  await expect(generated()).toMatchFileSnapshot('../../config.schema.json');
});

test('defineConfig knows every setting', () => {
  expectTypeOf<keyof UserConfig>().toEqualTypeOf<keyof v.InferInput<ReturnType<typeof configSchema>>>();
});

/** A schema as far as it has names in it. */
interface Named {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Named>>;
  readonly items?: Named | readonly Named[];
  readonly additionalProperties?: Named | boolean;
  readonly anyOf?: readonly Named[];
}

/** The settings at any depth that say nothing of themselves, by their path. */
function silent(schema: Named, path: string): string[] {
  const { properties = {}, items = [], additionalProperties, anyOf = [] } = schema;
  const held = [items, additionalProperties, anyOf].flat().filter((inner) => typeof inner === 'object');
  return [
    ...Object.entries(properties).flatMap(([name, inner]) => [
      ...(inner.description === undefined ? [`${path}${name}`] : []),
      ...silent(inner, `${path}${name}.`),
    ]),
    ...held.flatMap((inner) => silent(inner, path)),
  ];
}

test('every setting, rule and option says what it is for', () => {
  expect(silent(JSON.parse(generated()) as Named, '')).toEqual([]);
});

const accepted: readonly UserConfig[] = [
  {},
  { $schema: './node_modules/tiptoe/config.schema.json', pgVersion: 16, dir: 'db' },
  { extends: ['recommended', 'strict', 'style'] },
  { rules: { 'wide-table': 'off', 'wide-index': ['error'], 'float-for-money': ['warning', { words: ['betrag'] }] } },
  { rules: [{ 'wide-table': ['warning', { columns: 80 }] }] },
  {
    overrides: [
      { files: 'old/', rules: { 'wide-table': 'off' } },
      { files: ['a', '!b'], rules: {} },
    ],
  },
  { newTables: { policy: 'declare', maxWritesPerSecond: 5, schemas: ['x'], tables: { 'a.b': { policy: 'allow' } } } },
  { gate: { minRows: 0 }, environments: { production: { databaseUrlEnv: 'PRODUCTION_URL' } } },
  { apply: { cap: '5s', window: ['Mon-Fri 22:00-05:00'], waitForWindow: true }, backfill: { rate: '5000 rows/s' } },
];

const refused: readonly unknown[] = [
  [],
  'strict',
  { pgVersion: 12 },
  { pgVersion: 16.5 },
  { pgVersion: '16' },
  { pgVersoin: 16 },
  { extends: 'strict' },
  { extends: ['stricter'] },
  { rules: { 'wide-table': 'warn' } },
  { rules: { 'wide-tabel': 'off' } },
  { rules: { 'wide-table': [] } },
  { rules: { 'wide-table': ['off', {}, {}] } },
  { rules: { 'wide-table': ['off', { columns: 0 }] } },
  { rules: { 'wide-table': ['off', { column: 3 }] } },
  { rules: { 'float-for-money': ['off', { words: 'price' }] } },
  { rules: [3] },
  { overrides: [{ rules: {} }] },
  { overrides: [{ files: [], rules: {} }] },
  { overrides: { files: 'x', rules: {} } },
  { newTables: { policy: 'some' } },
  { gate: { minRows: -1 } },
  { environments: { production: 'PRODUCTION_URL' } },
  { environments: { production: { databaseUrlEnv: 'postgres://db/shop' } } },
  { apply: { caps: '5s' } },
  { apply: { waitForWindow: 'yes' } },
  { backfill: { rate: 5000 } },
];

const isValid = new Ajv({ strict: true, strictTuples: false, allowUnionTypes: true }).compile(
  JSON.parse(generated()) as object,
);

/** Whether the reader takes it. */
async function isRead(value: unknown): Promise<boolean> {
  const places = () => Promise.resolve(() => null);
  return checkConfig({ value, places }, 'tiptoe.config.json', rules).then(
    () => true,
    () => false,
  );
}

test.each(accepted.map((sample) => [JSON.stringify(sample), sample] as const))(
  'takes %s, as the reader does',
  async (_, sample) => {
    expect({ schema: isValid(sample), reader: await isRead(sample) }).toEqual({ schema: true, reader: true });
  },
);

test.each(refused.map((sample) => [JSON.stringify(sample), sample] as const))(
  'refuses %s, as the reader does',
  async (_, sample) => {
    expect({ schema: isValid(sample), reader: await isRead(sample) }).toEqual({ schema: false, reader: false });
  },
);
