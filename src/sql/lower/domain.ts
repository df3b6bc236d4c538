import type { AlterDomainStmt, Constraint, CreateDomainStmt, Node } from '../libpg.ts';
import type { Action, ActionOf } from '../action.ts';
import { listName, typeName } from './name.ts';

export function createDomain({ domainname, typeName: base, constraints = [] }: CreateDomainStmt): Action {
  const own = constraints.flatMap(constraintOf);
  return {
    kind: 'create-domain',
    name: listName(domainname),
    base: typeName(base),
    notNull: own.some(({ contype }) => contype === 'CONSTR_NOTNULL'),
    checks: own.flatMap(({ contype, conname }) => (contype === 'CONSTR_CHECK' ? [conname ?? null] : [])),
  };
}

function constraintOf(node: Node): Constraint[] {
  return 'Constraint' in node ? [node.Constraint] : [];
}

/** The letters are those of AlterDomainStmt.subtype in parsenodes.h. */
const COMMANDS: Readonly<Record<string, ActionOf<'alter-domain'>['command']>> = {
  O: 'set-not-null',
  N: 'drop-not-null',
  V: 'validate-constraint',
  X: 'drop-constraint',
  T: 'set-default',
};

export function alterDomain({ subtype = '', typeName: type, name, def }: AlterDomainStmt): Action {
  const common = { kind: 'alter-domain', name: listName(type) } as const;
  if (subtype !== 'C') return { ...common, command: COMMANDS[subtype] ?? 'set-default', constraint: name ?? null };
  const [added] = def === undefined ? [] : constraintOf(def);
  // 17 and later spell SET NOT NULL as ADD NOT NULL too.
  if (added?.contype === 'CONSTR_NOTNULL') return { ...common, command: 'set-not-null', constraint: null };
  return {
    ...common,
    command: added?.skip_validation === true ? 'add-constraint-not-valid' : 'add-constraint',
    constraint: added?.conname ?? null,
  };
}
