import { type Constraint, descendants, isPartitioned, type Table } from '../catalog/catalog.ts';
import { implies } from '../postgres/implication.ts';
import type { ConstraintDef } from '../sql/action.ts';
import { pointToNamed } from './foreign-keys.ts';
import type { Context, Impact } from './subcommand.ts';

const AX = 'AccessExclusiveLock';
const SUX = 'ShareUpdateExclusiveLock';

export function addConstraint(
  context: Context,
  constraint: ConstraintDef,
  { columnIsNew }: { columnIsNew: boolean },
): Impact {
  switch (constraint.kind) {
    case 'check': {
      const scan = constraint.validated && constraint.enforced;
      return {
        lock: AX,
        scan,
        recurses: constraint.noInherit ? locksHeirs(context) : true,
        because: scan ? 'CHECK is checked against every row' : 'CHECK … NOT VALID is for new rows only',
      };
    }
    case 'not-null': {
      const needsScan = (table: Table | null): boolean => constraint.validated && mayBeNull(table, constraint.column);
      const scan = needsScan(context.table);
      return {
        lock: AX,
        scan,
        workOn: (child) => ({ scan: needsScan(child) }),
        recurses: constraint.noInherit ? 'locks' : true,
        because: scan ? 'NOT NULL is checked against every row' : 'NOT NULL is known or for new rows only',
      };
    }
    case 'unique':
    case 'primary-key':
      return addKey(context, constraint);
    case 'exclude':
      return {
        lock: AX,
        indexBuild: true,
        recurses: isPartitioned(context.table) ? true : locksHeirs(context),
        because: 'EXCLUDE builds an index',
      };
    case 'foreign-key': {
      const scan = constraint.validated && constraint.enforced && !columnIsNew;
      const parentScan = scan && !isEmptyByConstruction(context) && hasRows(context.table);
      pointToNamed(context, constraint, 'the new foreign key points to it', parentScan);
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

/** A partitioned table without partitions has none. */
function hasRows(table: Table | null): boolean {
  return !isPartitioned(table) || (table !== null && descendants(table).some((child) => !isPartitioned(child)));
}

/** Until 17, what is not inherited leaves inheriting tables alone. */
function locksHeirs({ version }: Context): 'locks' | false {
  return version >= 18 ? 'locks' : false;
}

function addKey(context: Context, constraint: Extract<ConstraintDef, { kind: 'unique' | 'primary-key' }>): Impact {
  const { table } = context;
  const what = constraint.kind === 'unique' ? 'UNIQUE' : 'PRIMARY KEY';
  if (constraint.usingIndex === null) {
    // Only partitions share a key with their parent; inheriting tables have none of it.
    return {
      lock: AX,
      indexBuild: true,
      // Before 18 a partition is locked as for CREATE INDEX; NOT NULL takes more.
      ...(context.version < 18 && isPartitioned(table) && constraint.kind === 'unique'
        ? { childLock: 'ShareLock' }
        : {}),
      recurses: isPartitioned(table) ? true : inheritsKey(context, constraint),
      because: `${what} builds its index`,
    };
  }
  if (constraint.kind === 'unique')
    return { lock: AX, because: 'UNIQUE USING INDEX takes over an index that is there' };
  const index = [...(table?.indexes ?? [])].find((candidate) => candidate.name === constraint.usingIndex);
  const nullable = index === undefined || index.columns.some((column) => column === null || mayBeNull(table, column));
  return nullable
    ? {
        lock: AX,
        scan: true,
        because: 'PRIMARY KEY USING INDEX sets its columns NOT NULL, and checks every row unless they are so already',
      }
    : { lock: AX, because: 'PRIMARY KEY USING INDEX takes over an index that is there' };
}

/** Inheriting tables get none of a key's index, but a primary key's NOT NULL. */
function inheritsKey(
  context: Context,
  { kind, columns }: Extract<ConstraintDef, { kind: 'unique' | 'primary-key' }>,
): 'locks' | false {
  const { table, out, action } = context;
  if (kind === 'unique' || table === null) return locksHeirs(context);
  if (!columns.some((column) => mayBeNull(table, column))) return 'locks';
  for (const child of action.only ? [] : descendants(table))
    out.relation(child, AX, 'PRIMARY KEY sets the column NOT NULL in inheriting tables as well', { scan: true });
  return false;
}

function mayBeNull(table: Table | null, column: string): boolean {
  return table?.columns.get(column)?.notNull !== true && proofOf(table, column) === undefined;
}

export function validateConstraint(context: Context, name: string): Impact {
  const constraint = context.table?.constraints.get(name);
  if (constraint?.validated === true) return { lock: SUX, recurses: false, because: 'the constraint is valid already' };
  const work = { scan: true, online: true };
  const referenced = constraint?.references ?? null;
  if (referenced !== null && hasRows(context.table)) {
    const because = 'the foreign key that is validated points to it';
    context.out.relation(referenced, 'RowShareLock', because, isPartitioned(referenced) ? {} : work);
    for (const partition of isPartitioned(referenced) ? descendants(referenced) : [])
      context.out.relation(partition, 'AccessShareLock', because);
  }
  return {
    lock: SUX,
    ...work,
    recurses: constraint?.noInherit !== true,
    workOn: (child) => {
      const copy =
        constraint === undefined || context.table === null ? undefined : child.constraints.get(constraint.name);
      return copy?.validated === true ? {} : work;
    },
    because: 'VALIDATE CONSTRAINT checks every row while writes go on',
  };
}

export function setNotNull(context: Context, column: string): Impact {
  const { table, action, version } = context;
  const dropped = new Set(
    action.commands.flatMap((command) => (command.kind === 'drop-constraint' ? [command.name] : [])),
  );
  const scanOf = (target: Table | null): boolean => {
    if (target?.columns.get(column)?.notNull === true) return false;
    const proof = proofOf(target, column, dropped);
    return proof === undefined || dropped.has(proof.name) || unvalidatedNotNull(target, column) !== undefined;
  };
  const common = { lock: AX, workOn: (child: Table) => ({ scan: scanOf(child) }) } as const;
  if (table?.columns.get(column)?.notNull === true)
    return { ...common, recurses: version >= 18 ? false : 'locks', because: 'the column is NOT NULL already' };
  const unvalidated = unvalidatedNotNull(table, column);
  if (unvalidated !== undefined)
    return { ...common, scan: true, because: `SET NOT NULL validates ${unvalidated.name}, and checks every row` };
  const proof = proofOf(table, column, dropped);
  if (proof === undefined) return { ...common, scan: true, because: 'SET NOT NULL checks every row' };
  return dropped.has(proof.name)
    ? {
        ...common,
        scan: true,
        because: `SET NOT NULL checks every row: ${proof.name} would prove it, but the same statement drops it`,
      }
    : { ...common, because: `the valid constraint ${proof.name} proves it without a scan` };
}

/** A NOT NULL … NOT VALID, which no CHECK spares the scan. */
function unvalidatedNotNull(table: Table | null, column: string): Constraint | undefined {
  return [...(table?.constraints.values() ?? [])].find(
    ({ kind, validated, columns }) => kind === 'not-null' && !validated && columns.includes(column),
  );
}

/** The valid CHECK that says a column is not null; one that the statement drops only where there is no other. */
function proofOf(
  table: Table | null,
  column: string,
  dropped: ReadonlySet<string> = new Set(),
): Constraint | undefined {
  const proofs = [...(table?.constraints.values() ?? [])].filter(
    (constraint) =>
      constraint.kind === 'check' &&
      constraint.validated &&
      constraint.condition !== null &&
      implies([constraint.condition], { kind: 'is-not-null', column }, () => null),
  );
  return proofs.find(({ name }) => !dropped.has(name)) ?? proofs[0];
}

function isEmptyByConstruction({ table, catalog }: Context): boolean {
  return table !== null && catalog.file !== 0 && table.file === catalog.file;
}
