import {
  type Catalog,
  type Constraint,
  descendants,
  findIndex,
  foreignKeysTo,
  hasIndexLike,
  isDomainConstrained,
  isSerial,
  type Table,
} from '../catalog/catalog.ts';
import type { LockMode } from '../postgres/lock-mode.ts';
import type { ActionOf, AlterCommand, ConstraintDef } from '../sql/action.ts';
import type { Collector, Work } from './collector.ts';
import { columnTypeChange } from './type-change.ts';
import { volatileCall } from './volatility.ts';

/** What one subcommand means, beside what it does to other tables. */
interface Impact extends Work {
  readonly lock: LockMode;
  readonly because: string;
  /** False for what stays on the named table; `locks` for what locks partitions and inheriting tables without work on them. */
  readonly recurses?: boolean | 'locks';
}

/** Everything a subcommand is judged by. */
interface Context {
  readonly out: Collector;
  readonly catalog: Catalog;
  readonly version: number;
  readonly action: ActionOf<'alter-table'>;
  /** Null for a table that the history does not show. */
  readonly table: Table | null;
}

/** Lock levels: AlterTableGetLockLevel in tablecmds.c; the strongest of the subcommands counts. */
export function alterTableEffects(
  out: Collector,
  catalog: Catalog,
  version: number,
  action: ActionOf<'alter-table'>,
): void {
  const table = out.table(action.name);
  const context = { out, catalog, version, action, table };
  out.main(action.name);
  for (const command of action.commands) {
    out.command(command.kind);
    const { lock, because, recurses = true, ...work } = impact(context, command);
    // A partitioned table has no rows of its own.
    out.name(action.name, lock, because, table?.partitioned === true ? {} : work);
    if (table === null || action.only || !recurses) continue;
    for (const child of descendants(table)) {
      const childWork = child.partitioned || recurses === 'locks' ? {} : work;
      out.relation(child, lock, `${because} (a partition or child of ${table.name})`, childWork);
    }
  }
}

const AX = 'AccessExclusiveLock';
const SUX = 'ShareUpdateExclusiveLock';

function impact(context: Context, command: AlterCommand): Impact {
  switch (command.kind) {
    case 'add-column':
      if (command.ifNotExists && context.table?.columns.has(command.column.name) === true)
        return { lock: AX, because: 'the column is there already' };
      return addColumn(context, command);
    case 'drop-column': {
      for (const constraint of foreignKeysOver(context.table, command.column))
        lockReferenced(context, constraint, 'drops a foreign key to it');
      lockSequences(context, AX, command.column);
      return { lock: AX, because: 'DROP COLUMN marks the column as dropped' };
    }
    case 'set-type':
      return setType(context, command);
    case 'set-not-null':
      return setNotNull(context, command.column);
    case 'drop-not-null':
      return { lock: AX, because: 'DROP NOT NULL changes the catalog only' };
    case 'set-default':
    case 'drop-default':
      return { lock: AX, because: 'changing a default concerns new rows only' };
    case 'set-expression': {
      const stored = context.table?.columns.get(command.column)?.generated !== 'virtual';
      return {
        lock: AX,
        rewrite: stored,
        because: stored
          ? 'SET EXPRESSION computes the stored column anew for every row'
          : 'SET EXPRESSION of a virtual column changes the catalog only',
      };
    }
    case 'set-identity':
    case 'drop-identity':
      lockSequences(context, command.kind === 'set-identity' ? 'ShareRowExclusiveLock' : AX, command.column);
      return { lock: AX, because: `${words(command.kind)} changes the catalog only` };
    case 'drop-expression':
    case 'add-identity':
    case 'set-storage':
    case 'set-compression':
      return { lock: AX, because: `${words(command.kind)} changes the catalog only` };
    case 'set-statistics':
    case 'set-column-options':
      return { lock: SUX, because: `${words(command.kind)} concerns the planner only` };
    case 'add-constraint':
      return addConstraint(context, command.constraint, { columnIsNew: false });
    case 'drop-constraint': {
      const constraint = context.table?.constraints.get(command.name);
      if (constraint !== undefined) lockReferenced(context, constraint, 'drops a foreign key to it');
      return { lock: AX, because: 'DROP CONSTRAINT changes the catalog only' };
    }
    case 'validate-constraint':
      return validateConstraint(context, command.name);
    case 'alter-constraint': {
      const constraint = context.table?.constraints.get(command.name);
      if (command.enforced === false && constraint !== undefined)
        lockReferenced(context, constraint, 'its side of the foreign key changes');
      if (command.enforced !== true) return { lock: AX, because: 'ALTER CONSTRAINT changes the catalog only' };
      const referenced = constraint?.references ?? null;
      if (referenced !== null)
        context.out.relation(referenced, 'ShareRowExclusiveLock', 'the foreign key that is enforced points to it', {
          scan: true,
        });
      return { lock: AX, scan: true, because: 'ENFORCED checks every row' };
    }
    case 'set-logged':
    case 'set-unlogged':
      return {
        lock: AX,
        rewrite: true,
        recurses: false,
        because: `${words(command.kind)} writes the table and its indexes anew`,
      };
    case 'set-access-method':
      if (command.to === 'heap' && context.table !== null)
        return { lock: AX, recurses: false, because: 'the table is a heap already' };
      return { lock: AX, rewrite: true, recurses: false, because: 'SET ACCESS METHOD writes the table anew' };
    case 'set-tablespace':
      return {
        lock: AX,
        rewrite: true,
        indexBuild: false,
        recurses: false,
        because: 'SET TABLESPACE copies the table to other files',
      };
    case 'set-options':
      return setOptions(context, command.options);
    case 'set-cluster':
      return { lock: SUX, recurses: false, because: 'only marks the index to cluster on' };
    case 'set-trigger':
      return { lock: 'ShareRowExclusiveLock', because: 'enabling or disabling a trigger changes what writes do' };
    case 'set-rule':
    case 'set-row-security':
    case 'set-replica-identity':
    case 'set-owner':
    case 'set-of-type':
      return { lock: AX, recurses: false, because: `${words(command.kind)} changes the catalog only` };
    case 'inherit':
    case 'no-inherit':
      context.out.name(
        command.parent,
        command.kind === 'inherit' ? SUX : 'AccessShareLock',
        'becomes or was the parent',
      );
      return { lock: AX, recurses: false, because: 'changes what the table inherits' };
    case 'attach-partition':
      return attachPartition(context, command);
    case 'detach-partition':
      return detachPartition(context, command);
    case 'unknown':
      context.out.notUnderstood(`the subcommand ${command.node} is not known`);
      return { lock: AX, rewrite: true, because: `${command.node} is not known, so the strongest effect is assumed` };
  }
}

function words(kind: string): string {
  return kind.replaceAll('-', ' ').toUpperCase();
}

function addColumn(context: Context, { column }: Extract<AlterCommand, { kind: 'add-column' }>): Impact {
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
      because: 'NOT NULL without a default is checked against every row, and fails if there is one',
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
  return result;
}

function setType(context: Context, command: Extract<AlterCommand, { kind: 'set-type' }>): Impact {
  const change = columnTypeChange(context.catalog, context.table, command);
  if (context.table !== null) {
    for (const constraint of foreignKeysOver(context.table, command.column))
      lockReferenced(context, constraint, 'the type of a foreign key to it changes', change.kind !== 'free');
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

function setNotNull({ table, version, action }: Context, column: string): Impact {
  const known = table?.columns.get(column);
  if (known?.notNull === true) return { lock: AX, because: 'the column is NOT NULL already' };
  const dropped = new Set(
    action.commands.flatMap((command) => (command.kind === 'drop-constraint' ? [command.name] : [])),
  );
  const proof = proofOf(table, column);
  if (proof !== undefined && version >= 12 && !dropped.has(proof.name))
    return { lock: AX, because: `the valid constraint ${proof.name} proves it without a scan` };
  if (proof !== undefined && dropped.has(proof.name)) {
    return {
      lock: AX,
      scan: true,
      because: `SET NOT NULL checks every row: ${proof.name} would prove it, but the same statement drops it`,
    };
  }
  return { lock: AX, scan: true, because: 'SET NOT NULL checks every row' };
}

/** The valid CHECK that says a column is not null. */
function proofOf(table: Table | null, column: string): Constraint | undefined {
  return [...(table?.constraints.values() ?? [])].find(
    (constraint) => constraint.kind === 'check' && constraint.validated && constraint.notNull.includes(column),
  );
}

function addConstraint(context: Context, constraint: ConstraintDef, { columnIsNew }: { columnIsNew: boolean }): Impact {
  switch (constraint.kind) {
    case 'check': {
      const scan = constraint.validated && constraint.enforced;
      return {
        lock: AX,
        scan,
        recurses: constraint.noInherit ? 'locks' : true,
        because: scan ? 'CHECK is checked against every row' : 'CHECK … NOT VALID is for new rows only',
      };
    }
    case 'not-null': {
      const notNull = context.table?.columns.get(constraint.column)?.notNull === true;
      const scan = constraint.validated && !notNull;
      return {
        lock: AX,
        scan,
        because: scan ? 'NOT NULL is checked against every row' : 'NOT NULL is known or for new rows only',
      };
    }
    case 'unique':
    case 'primary-key':
      return addKey(context, constraint);
    case 'exclude':
      return { lock: AX, indexBuild: true, because: 'EXCLUDE builds an index' };
    case 'foreign-key': {
      const scan = constraint.validated && constraint.enforced && !columnIsNew;
      const parentScan = scan && !isEmptyByConstruction(context);
      context.out.name(constraint.references, 'ShareRowExclusiveLock', 'the new foreign key points to it', {
        scan: parentScan,
      });
      return {
        lock: 'ShareRowExclusiveLock',
        scan,
        because: scan
          ? 'FOREIGN KEY looks up the referenced row for every row'
          : 'FOREIGN KEY … NOT VALID is for new rows only',
      };
    }
  }
}

function addKey({ table }: Context, constraint: Extract<ConstraintDef, { kind: 'unique' | 'primary-key' }>): Impact {
  const what = constraint.kind === 'unique' ? 'UNIQUE' : 'PRIMARY KEY';
  if (constraint.usingIndex === null) {
    // Only partitions share a key with their parent; inheriting tables have none of it.
    return {
      lock: AX,
      indexBuild: true,
      recurses: table?.partitioned === true ? true : 'locks',
      because: `${what} builds its index`,
    };
  }
  if (constraint.kind === 'unique')
    return { lock: AX, because: 'UNIQUE USING INDEX takes over an index that is there' };
  const index = [...(table?.indexes ?? [])].find((candidate) => candidate.name === constraint.usingIndex);
  const nullable =
    index === undefined ||
    index.columns.some(
      (column) =>
        column === null || (table?.columns.get(column)?.notNull !== true && proofOf(table, column) === undefined),
    );
  return nullable
    ? {
        lock: AX,
        scan: true,
        because: 'PRIMARY KEY USING INDEX sets its columns NOT NULL, and checks every row unless they are so already',
      }
    : { lock: AX, because: 'PRIMARY KEY USING INDEX takes over an index that is there' };
}

function isEmptyByConstruction({ table, catalog }: Context): boolean {
  return table !== null && catalog.file !== 0 && table.file === catalog.file;
}

function validateConstraint(context: Context, name: string): Impact {
  const constraint = context.table?.constraints.get(name);
  if (constraint?.validated === true) return { lock: SUX, because: 'the constraint is valid already' };
  const work = { scan: true, online: true };
  const referenced = constraint?.references ?? null;
  if (referenced !== null)
    context.out.relation(referenced, 'RowShareLock', 'the foreign key that is validated points to it', work);
  return {
    lock: SUX,
    ...work,
    recurses: constraint?.noInherit !== true,
    because: 'VALIDATE CONSTRAINT checks every row while writes go on',
  };
}

/** AlterTableGetRelOptionsLockLevel in reloptions.c. */
function setOptions({ action }: Context, options: readonly string[]): Impact {
  const strong =
    action.relationKind !== 'table' && action.relationKind !== 'materialized-view' && action.relationKind !== 'index';
  const exclusive = new Set([
    'user_catalog_table',
    'fastupdate',
    'gin_pending_list_limit',
    'pages_per_range',
    'autosummarize',
    'buffering',
  ]);
  const lock = strong || options.some((option) => exclusive.has(option)) ? AX : SUX;
  return { lock, recurses: false, because: `sets ${options.join(', ')}` };
}

function attachPartition(
  { out, table, catalog, action }: Context,
  command: Extract<AlterCommand, { kind: 'attach-partition' }>,
): Impact {
  if (action.relationKind === 'index') {
    out.name(command.partition, AX, 'becomes a part of the index');
    for (const name of [action.name, command.partition]) {
      const index = findIndex(catalog, name);
      if (index !== null) out.relation(index.table, 'AccessShareLock', 'the index is its');
    }
    return { lock: SUX, recurses: false, because: 'ATTACH PARTITION of an index reads no row' };
  }
  const partition = out.table(command.partition);
  // A valid CHECK that implies the partition's bounds would spare the scan; bounds are not compared here.
  out.name(command.partition, AX, 'ATTACH PARTITION checks every row of the new partition', { scan: true });
  const missing = [...(table?.indexes ?? [])].filter((index) => partition !== null && !hasIndexLike(partition, index));
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    out.name(command.partition, AX, `ATTACH PARTITION builds what matches ${names} of the partitioned table`, {
      indexBuild: true,
    });
  }
  for (const child of partition === null ? [] : descendants(partition))
    out.relation(child, AX, 'is a partition of the table that is attached', { scan: true });
  for (const sibling of table?.children ?? []) {
    if (sibling.isDefaultPartition && sibling !== partition)
      out.relation(sibling, AX, 'the default partition must hold no row of the new one', { scan: true });
  }
  return { lock: SUX, recurses: false, because: 'ATTACH PARTITION lets traffic on the partitioned table go on' };
}

function detachPartition(
  { out, table, version }: Context,
  command: Extract<AlterCommand, { kind: 'detach-partition' }>,
): Impact {
  const gentle = command.mode !== 'plain';
  out.name(command.partition, gentle ? SUX : version >= 14 ? AX : SUX, 'is detached');
  if (!gentle) {
    for (const sibling of table?.children ?? [])
      if (sibling.isDefaultPartition) out.relation(sibling, AX, 'the default partition gets new bounds');
  }
  return {
    lock: gentle ? SUX : AX,
    recurses: false,
    because: gentle ? 'DETACH … CONCURRENTLY lets traffic go on' : 'DETACH PARTITION changes the partitioned table',
  };
}

function foreignKeysOver(table: Table | null, column: string): Constraint[] {
  return [...(table?.constraints.values() ?? [])].filter(
    (constraint) => constraint.references !== null && constraint.columns.includes(column),
  );
}

/** Sequences that belong to a column, or to any. */
function lockSequences({ out, table }: Context, lock: LockMode, column?: string): void {
  for (const sequence of table?.sequences ?? []) {
    if (column === undefined || sequence.ownedBy?.column === column)
      out.relation(sequence, lock, 'belongs to the column');
  }
}

function lockReferenced({ out }: Context, constraint: Constraint, because: string, scan = false): void {
  if (constraint.references !== null) out.relation(constraint.references, AX, because, { scan });
}
