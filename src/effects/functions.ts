import { type Catalog, findTable } from '../catalog/catalog.ts';
import { tableFunction } from '../postgres/function-names.ts';
import type { Action, ActionOf, FunctionCall, Name } from '../sql/action.ts';
import { readSqlFunction } from '../sql/function-body.ts';
import type { Collector } from './collector.ts';
import type { Effects } from './effect.ts';
import { unplanned } from './queries.ts';

/** PostgreSQL looks up what the body of a function in SQL names when it is made, and keeps the locks; other languages wait until it runs. */
export function createFunctionEffects(
  out: Collector,
  action: ActionOf<'create-function'>,
  judge: (action: Action) => Effects,
): void {
  if (action.language !== 'sql') return;
  for (const inner of readSqlFunction(action)?.actions ?? []) {
    if (inner.kind !== 'select' && inner.kind !== 'dml') continue;
    const { relations } = judge(unplanned(inner));
    // Nothing runs: what rows would decide, foreign keys and the like, is not asked.
    for (const { relation, certain } of relations)
      if (certain !== null) out.key(relation, certain, 'the body of the function names it');
  }
}

/** PREPARE and EXPLAIN lock what the query names, and do nothing else. */
export function plannedEffects(out: Collector, planned: Effects): void {
  for (const { relation, lock } of planned.relations) out.key(relation, lock, 'the query names it');
  if (planned.notUnderstood !== null) out.notUnderstood(planned.notUnderstood);
}

/** What functions do that are not written in a migration: those of sequences, and of extensions that do DDL; `conditional` on rows. */
export function calledEffects(
  out: Collector,
  catalog: Catalog,
  calls: readonly FunctionCall[],
  conditional: boolean = false,
): void {
  for (const call of calls) {
    if (SEQUENCE_FUNCTIONS.has(call.name)) {
      const sequence = sequenceOf(catalog, call, calls);
      if (sequence !== null)
        out.name(sequence, 'RowExclusiveLock', `${call.name}() moves the sequence`, { conditional });
    }
    const known = tableFunction(call);
    if (known === null) continue;
    const table = known.names === 'geometry' ? geometryTable(call) : (call.arguments[0] ?? null);
    if (table === null) out.notUnderstood(`${call.name}() is called for a table that is named at run time`);
    else out.name(nameOf(table), known.lock, known.because, { rewrite: known.rewrite });
  }
}

const SEQUENCE_FUNCTIONS: ReadonlySet<string> = new Set(['setval', 'nextval', 'currval']);

/** The sequence that a call names by a constant, or by pg_get_serial_sequence() inside it. */
function sequenceOf(
  catalog: Catalog,
  { arguments: [given = null] }: FunctionCall,
  calls: readonly FunctionCall[],
): Name | null {
  if (given !== null) return nameOf(given);
  const [table = null, column] = calls.find(({ name }) => name === 'pg_get_serial_sequence')?.arguments ?? [];
  const known = table === null ? null : findTable(catalog, nameOf(table));
  for (const sequence of known?.sequences ?? []) if (sequence.ownedBy?.column === column) return sequence;
  return null;
}

/** `([catalog,] [schema,] table, column, srid …)`; the SRID, or the end, tells which is which. */
function geometryTable({ arguments: given }: FunctionCall): string | null {
  const srid = given.findIndex((argument) => argument !== null && /^-?\d+$/.test(argument));
  const before = srid === -1 ? given : given.slice(0, srid);
  const table = before.at(-2) ?? null;
  const schema = before.at(-3) ?? null;
  return table === null || schema === null ? table : `"${schema}"."${table}"`;
}

/** A name in a text, as regclass reads it. */
function nameOf(text: string): Name {
  const parts = [...text.matchAll(/"((?:[^"]|"")*)"|[^.\s"]+/g)].map(([plain, quoted]) =>
    quoted === undefined ? plain.toLowerCase() : quoted.replaceAll('""', '"'),
  );
  return { schema: parts.at(-2) ?? null, name: parts.at(-1) ?? '' };
}
