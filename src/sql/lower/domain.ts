import type { AlterDomainStmt, CreateDomainStmt, Node } from '../libpg.ts';
import type { Action } from '../action.ts';
import { listName, typeName } from './name.ts';

export function createDomain({ domainname, typeName: base, constraints = [] }: CreateDomainStmt): Action {
  return {
    kind: 'create-domain',
    name: listName(domainname),
    base: typeName(base),
    constrained: constraints.some(constrains),
  };
}

export function alterDomain(node: AlterDomainStmt): Action {
  return { kind: 'alter-domain', name: listName(node.typeName), command: command(node) };
}

function constrains(node: Node): boolean {
  return (
    'Constraint' in node && (node.Constraint.contype === 'CONSTR_CHECK' || node.Constraint.contype === 'CONSTR_NOTNULL')
  );
}

function command({ subtype, def }: AlterDomainStmt) {
  // The letters are those of AlterDomainStmt.subtype in parsenodes.h.
  if (subtype === 'O') return 'set-not-null';
  if (subtype === 'V') return 'validate-constraint';
  if (subtype !== 'C') return 'other';
  return def !== undefined && 'Constraint' in def && def.Constraint.skip_validation === true
    ? 'add-constraint-not-valid'
    : 'add-constraint';
}
