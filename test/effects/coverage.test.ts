import { beforeAll, expect, test } from 'vitest';
import type { Action } from '../../src/sql/action.ts';
import { loadParser } from '../../src/sql/libpg.ts';
import { parseScript } from '../../src/sql/script.ts';
import { ACTIONS, COMMANDS, missing } from '../support/kinds.ts';
import { SHAPES } from './shapes/list.ts';

beforeAll(loadParser);

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
