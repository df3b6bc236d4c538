import { beforeAll, expect, test } from 'vitest';
import type { Action, ActionKind, AlterCommand } from '../../src/sql/action.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { SHAPES } from './shapes/list.ts';

beforeAll(loadParser);

/** Every kind: a new one that is missing here does not compile. What no shape can show says why. */
const ACTIONS: Readonly<Record<ActionKind, 'shape' | string>> = {
  'create-table': 'shape',
  'create-table-as': 'shape',
  'create-view': 'shape',
  'create-sequence': 'shape',
  'alter-sequence': 'shape',
  'create-index': 'shape',
  'alter-table': 'shape',
  rename: 'shape',
  'set-schema': 'shape',
  'drop-relation': 'shape',
  'create-trigger': 'shape',
  'create-rule': 'shape',
  'create-policy': 'shape',
  'alter-policy': 'shape',
  'drop-table-object': 'shape',
  'depends-on-extension': 'shape',
  reindex: 'shape',
  cluster: 'shape',
  vacuum: 'shape',
  analyze: 'shape',
  'refresh-materialized-view': 'shape',
  truncate: 'shape',
  'lock-table': 'shape',
  comment: 'shape',
  dml: 'shape',
  select: 'shape',
  'create-schema': 'shape',
  'drop-schema': 'shape',
  'rename-schema': 'shape',
  'create-function': 'shape',
  'alter-function': 'shape',
  'drop-function': 'shape',
  call: 'shape',
  prepare: 'shape',
  execute: 'shape',
  deallocate: 'shape',
  explain: 'shape',
  'create-domain': 'shape',
  'alter-domain': 'shape',
  'create-enum': 'shape',
  'alter-enum': 'shape',
  grant: 'shape',
  'create-composite': 'shape',
  'alter-composite': 'shape',
  'create-range': 'shape',
  'change-type': 'shape',
  'drop-type': 'shape',
  'create-publication': 'shape',
  'alter-publication': 'shape',
  'rename-publication': 'shape',
  'drop-publication': 'shape',
  'create-statistics': 'shape',
  'drop-statistics': 'shape',
  'no-relation': 'shape',
  'runs-alone': 'shape',
  set: 'shape',
  discard: 'shape',
  transaction: 'shape',
  do: 'shape',
  unknown: 'is what effects do not understand',
};

const COMMANDS: Readonly<Record<AlterCommand['kind'], 'shape' | string>> = {
  'add-column': 'shape',
  'drop-column': 'shape',
  'set-type': 'shape',
  'set-not-null': 'shape',
  'drop-not-null': 'shape',
  'set-default': 'shape',
  'drop-default': 'shape',
  'set-expression': 'shape',
  'drop-expression': 'shape',
  'add-identity': 'shape',
  'set-identity': 'shape',
  'drop-identity': 'shape',
  'set-statistics': 'shape',
  'set-column-options': 'shape',
  'set-storage': 'shape',
  'set-compression': 'shape',
  'add-constraint': 'shape',
  'drop-constraint': 'shape',
  'validate-constraint': 'shape',
  'alter-constraint': 'shape',
  'set-logged': 'shape',
  'set-unlogged': 'shape',
  'set-access-method': 'shape',
  'set-tablespace': 'shape',
  'set-options': 'shape',
  'set-cluster': 'shape',
  'set-trigger': 'shape',
  'set-row-security': 'shape',
  'set-without-oids': 'shape',
  'set-rule': 'shape',
  'set-replica-identity': 'shape',
  'set-owner': 'shape',
  'set-of-type': 'shape',
  inherit: 'shape',
  'no-inherit': 'shape',
  'attach-partition': 'shape',
  'detach-partition': 'shape',
  unknown: 'is what effects do not understand',
};

function missing(kinds: Readonly<Record<string, string>>, seen: ReadonlySet<string>): string[] {
  return Object.keys(kinds).filter((kind) => kinds[kind] === 'shape' && !seen.has(kind));
}

function actions(): Action[] {
  return SHAPES.flatMap(({ sql }) => parseScript('shape.sql', sql).statements.map(({ action }) => action));
}

test('there are at least 300 shapes, each once and each one statement', () => {
  const spelled = SHAPES.map((shape) => JSON.stringify(shape));
  expect(spelled.filter((shape, index) => spelled.indexOf(shape) !== index)).toEqual([]);
  expect(SHAPES.filter(({ sql }) => parseScript('shape.sql', sql).statements.length !== 1)).toEqual([]);
  expect(SHAPES.length).toBeGreaterThanOrEqual(300);
});

test('every kind of statement is among the shapes', () => {
  expect(missing(ACTIONS, new Set(actions().map(({ kind }) => kind)))).toEqual([]);
});

test('every kind of subcommand is among the shapes', () => {
  const commands = actions().flatMap((action) => (action.kind === 'alter-table' ? action.commands : []));
  expect(missing(COMMANDS, new Set(commands.map(({ kind }) => kind)))).toEqual([]);
});
