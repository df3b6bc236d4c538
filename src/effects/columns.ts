import { foreignKeysTo, isDomainConstrained, isSerial } from '../catalog/catalog.ts';
import type { AlterCommand } from '../sql/action.ts';
import { addConstraint } from './constraints.ts';
import { foreignKeysOver, pointTo, unpoint } from './foreign-keys.ts';
import type { Context, Impact } from './subcommand.ts';
import { columnTypeChange } from './type-change.ts';
import { volatileCall } from './volatility.ts';

const AX = 'AccessExclusiveLock';

export const REQUIRED_WITHOUT_VALUE =
  'NOT NULL without a default is checked against every row, and fails if there is one';

export function addColumn(context: Context, { column }: Extract<AlterCommand, { kind: 'add-column' }>): Impact {
  const { catalog, version } = context;
  let result: Impact = { lock: AX, because: 'ADD COLUMN changes the catalog only' };
  const rewrite = (because: string): Impact => ({ lock: AX, rewrite: true, because });
  const volatile = column.default === null ? null : volatileCall(catalog, column.default);
  if (isSerial(column.type)) result = rewrite(`${column.type.name} gives every row a number of its own`);
  else if (column.identity !== null) result = rewrite('an identity column gives every row a number of its own');
  else if (column.generated?.kind === 'stored') result = rewrite('a stored generated column is computed for every row');
  else if (column.generated?.kind === 'virtual')
    result = { lock: AX, scan: column.notNull, because: 'a virtual column is computed when it is read' };
  else if (volatile !== null) {
    result = rewrite(
      volatile.known
        ? `the default calls ${volatile.name}(), which is volatile, so it is computed for every row`
        : `the default calls ${volatile.name}(); whether that is volatile is not known, and if it is, it is computed for every row`,
    );
  } else if (isDomainConstrained(catalog, column.type))
    result = rewrite(`the domain ${column.type.name} has constraints, which are checked for every row`);
  else if (column.default !== null && version < 11) result = rewrite('before 11, a default is written to every row');
  else if (column.notNull && (column.default === null || column.default.isNull))
    result = {
      lock: AX,
      scan: true,
      because: REQUIRED_WITHOUT_VALUE,
    };
  const hasValue = result.rewrite === true || (column.default !== null && !column.default.isNull);
  for (const constraint of column.constraints) {
    if (constraint.kind === 'not-null') continue;
    const added = addConstraint(context, constraint, { columnIsNew: !hasValue });
    // Work only: the column takes AccessExclusive anyway.
    result = {
      ...result,
      scan: result.scan === true || added.scan === true,
      indexBuild: result.indexBuild === true || added.indexBuild === true,
      because: added.scan === true || added.indexBuild === true ? added.because : result.because,
    };
  }
  // A default that is written is a value to the server, also NULL: transformAlterTableStmt in parse_utilcmd.c.
  if (!hasValue && column.default !== null && column.constraints.some(({ kind }) => kind === 'foreign-key'))
    result = { ...result, scan: true, because: 'with DEFAULT NULL every row is looked at for the foreign key' };
  return result;
}

export function setType(context: Context, command: Extract<AlterCommand, { kind: 'set-type' }>): Impact {
  const change = columnTypeChange(context.catalog, context.table, command);
  if (context.table !== null) {
    if (context.table.columns.get(command.column)?.identity === true)
      for (const sequence of context.table.sequences)
        if (sequence.ownedBy?.column === command.column)
          context.out.relation(sequence, 'ShareRowExclusiveLock', 'gets the type of its column');
    for (const constraint of foreignKeysOver(context.table, command.column)) {
      const because = 'the type of a foreign key to it changes';
      if (constraint.references !== null) pointTo(context.out, constraint.references, because, false);
      unpoint(context, constraint, because, { scan: change.kind !== 'free' });
    }
    for (const other of context.table.referencedBy) {
      if (foreignKeysTo(other, context.table, command.column).length === 0) continue;
      context.out.relation(other, AX, 'its foreign key points to the column whose type changes', {
        scan: change.kind !== 'free',
      });
    }
  }
  return {
    lock: AX,
    rewrite: change.kind === 'rewrite',
    ...(change.kind === 'indexes' ? { indexBuild: true } : {}),
    scan: change.kind === 'recheck',
    because: change.because,
  };
}
