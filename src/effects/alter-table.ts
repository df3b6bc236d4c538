import {
  type Catalog,
  type Constraint,
  descendants,
  foreignKeysUsing,
  isPartitioned,
  referencedColumns,
  type Relation,
  type Table,
} from '../catalog/catalog.ts';
import type { LockMode } from '../postgres/lock-mode.ts';
import type { ActionOf, AlterCommand } from '../sql/action.ts';
import type { Collector } from './collector.ts';
import { addColumn, setType } from './columns.ts';
import { addConstraint, setNotNull, validateConstraint } from './constraints.ts';
import { dropPointers, foreignKeysOver, foreignKeysPointingTo, unpoint } from './foreign-keys.ts';
import { attachPartition, detachPartition } from './partitions.ts';
import type { Context, Impact } from './subcommand.ts';

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
    const { lock, because, recurses = true, workOn, childLock = lock, ...work } = impact(context, command);
    // A partitioned table has no rows of its own.
    out.name(action.name, lock, because, isPartitioned(table) ? {} : work);
    if (table === null || action.only || !recurses) continue;
    for (const child of descendants(table)) {
      const childWork = isPartitioned(child) || recurses === 'locks' ? {} : (workOn?.(child) ?? work);
      out.relation(child, childLock, `${because} (a partition or child of ${table.name})`, childWork);
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
        unpoint(context, constraint, 'drops a foreign key to it');
      if (command.cascade && context.table !== null) {
        dropViews(context, context.table, command.column);
        dropPointers(context, pointersTo(context.table, command.column), 'CASCADE drops its foreign key to the column');
      }
      lockSequences(context, AX, command.column);
      return { lock: AX, because: 'DROP COLUMN marks the column as dropped' };
    }
    case 'set-type':
      return setType(context, command);
    case 'set-not-null':
      return setNotNull(context, command.column);
    case 'drop-not-null':
      return {
        lock: AX,
        recurses: context.version < 18 || context.table?.columns.get(command.column)?.notNull !== false,
        because: 'DROP NOT NULL changes the catalog only',
      };
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
      return identityImpact(context, words(command.kind));
    case 'add-identity':
      return identityImpact(context, words(command.kind));
    case 'set-compression':
      return { lock: AX, recurses: false, because: 'SET COMPRESSION concerns new rows only' };
    case 'drop-expression':
    case 'set-storage':
      return { lock: AX, because: `${words(command.kind)} changes the catalog only` };
    case 'set-statistics':
    case 'set-column-options':
      return {
        lock: SUX,
        recurses: command.kind === 'set-statistics',
        because: `${words(command.kind)} concerns the planner only`,
      };
    case 'add-constraint':
      return addConstraint(context, command.constraint, { columnIsNew: false });
    case 'drop-constraint': {
      const constraint = context.table?.constraints.get(command.name);
      if (constraint === undefined)
        return {
          lock: AX,
          recurses: context.table === null || !command.ifExists,
          because: 'DROP CONSTRAINT changes the catalog only',
        };
      unpoint(context, constraint, 'drops a foreign key to it', { root: 'always' });
      if (command.cascade && context.table !== null)
        dropPointers(
          context,
          pointersUsing(context.table, constraint),
          'CASCADE drops its foreign key, which relies on the key',
        );
      return {
        lock: AX,
        recurses: isPassedOn(context.table, constraint),
        because: 'DROP CONSTRAINT changes the catalog only',
      };
    }
    case 'validate-constraint':
      return validateConstraint(context, command.name);
    case 'alter-constraint': {
      const constraint = context.table?.constraints.get(command.name);
      if (command.enforced !== null && constraint?.enforced === command.enforced)
        return { lock: AX, recurses: false, because: 'the constraint is so already' };
      if (command.enforced === false && constraint !== undefined)
        unpoint(context, constraint, 'its side of the foreign key changes', { root: 'always' });
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
      if (context.action.relationKind === 'sequence' || context.out.find(context.action.name)?.kind === 'sequence')
        return { lock: AX, because: `${words(command.kind)} of a sequence writes its one row anew` };
      // Of a table that the history does not make, this is not known.
      if (
        (context.table?.accessMethod ?? null) !== null &&
        context.table?.persistence === (command.kind === 'set-logged' ? 'permanent' : 'unlogged')
      )
        return { lock: AX, recurses: false, because: `the table is ${words(command.kind).slice(4)} already` };
      if (context.version >= 15) lockSequences(context, AX);
      return {
        lock: AX,
        rewrite: true,
        recurses: false,
        because: `${words(command.kind)} writes the table and its indexes anew`,
      };
    case 'set-access-method':
      if (context.table?.accessMethod === (command.to ?? 'heap'))
        return { lock: AX, recurses: false, because: 'the table has that access method already' };
      return { lock: AX, rewrite: true, recurses: false, because: 'SET ACCESS METHOD writes the table anew' };
    case 'set-tablespace':
      if (context.table?.tablespace === command.to)
        return { lock: AX, recurses: false, because: 'the table is in that tablespace already' };
      if (context.action.relationKind === 'index')
        return { lock: AX, because: 'SET TABLESPACE copies the index, which every query of its table waits for' };
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
    case 'set-trigger': {
      const { table } = context;
      // Only partitions have the trigger of their table, and only one for each row.
      const forEachRow =
        command.name === null
          ? [...(table?.triggers.values() ?? [])].some((trigger) => trigger.forEachRow)
          : table?.triggers.get(command.name)?.forEachRow !== false;
      return {
        lock: 'ShareRowExclusiveLock',
        recurses: isPartitioned(table) && forEachRow,
        because: 'enabling or disabling a trigger changes what writes do',
      };
    }
    case 'set-without-oids':
    case 'set-rule':
    case 'set-row-security':
    case 'set-replica-identity':
    case 'set-owner':
    case 'set-of-type':
      return { lock: AX, recurses: false, because: `${words(command.kind)} changes the catalog only` };
    case 'inherit':
    case 'no-inherit':
      for (const child of command.kind === 'inherit' && context.table !== null ? descendants(context.table) : [])
        context.out.relation(child, 'AccessShareLock', 'is looked at, so that there is no circle');
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

/** Whether children have the constraint from the table. */
function isPassedOn(table: Table | null, { kind, noInherit }: Constraint): boolean {
  return isPartitioned(table) || ((kind === 'check' || kind === 'not-null') && !noInherit);
}

/** CASCADE takes the views that read the column, and those that read them. */
function dropViews({ out, catalog }: Context, table: Table, column: string): void {
  const dropped = new Set<Relation>();
  for (let before = -1; before < dropped.size;) {
    before = dropped.size;
    for (const view of catalog.relations.values()) {
      if ((view.kind !== 'view' && view.kind !== 'materialized-view') || dropped.has(view)) continue;
      const reads = [...view.reads].some(
        ([source, { columns }]) => dropped.has(source) || (source === table && (columns?.has(column) ?? true)),
      );
      if (!reads) continue;
      dropped.add(view);
      out.relation(view, AX, 'CASCADE drops the view with the column');
    }
  }
}

/** Partitions share the identity of their table; inheriting tables have their own. */
function identityImpact({ table }: Context, what: string): Impact {
  return { lock: AX, recurses: isPartitioned(table), because: `${what} changes the catalog only` };
}

/** Foreign keys that point to a column. */
function pointersTo(table: Table, column: string): ReturnType<typeof foreignKeysPointingTo> {
  return foreignKeysPointingTo(table).filter(
    ({ constraint }) => referencedColumns(constraint)?.includes(column) ?? true,
  );
}

/** Foreign keys that rely on a key of the table. */
function pointersUsing(table: Table, key: Constraint): ReturnType<typeof foreignKeysPointingTo> {
  const users = new Set(foreignKeysUsing(table, key).map(({ constraint }) => constraint));
  return foreignKeysPointingTo(table).filter(({ constraint }) => users.has(constraint));
}

function words(kind: string): string {
  return kind.replaceAll('-', ' ').toUpperCase();
}

/** AlterTableGetRelOptionsLockLevel in reloptions.c. */
function setOptions({ action, out }: Context, options: readonly string[]): Impact {
  // ALTER TABLE may name any relation.
  const kind = out.find(action.name)?.kind ?? action.relationKind;
  const strong = kind !== 'table' && kind !== 'materialized-view' && kind !== 'index';
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

/** Sequences that belong to a column, or to any. */
function lockSequences({ out, table }: Context, lock: LockMode, column?: string): void {
  for (const sequence of table?.sequences ?? []) {
    if (column === undefined || sequence.ownedBy?.column === column)
      out.relation(sequence, lock, 'belongs to the column');
  }
}
