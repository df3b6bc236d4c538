import type { VacuumStmt } from '../libpg.ts';
import type { Action } from '../action.ts';
import { relationName } from './name.ts';
import { hasOption } from './option.ts';

export function vacuum(node: VacuumStmt): Action {
  const tables = (node.rels ?? []).flatMap((item) =>
    'VacuumRelation' in item ? [relationName(item.VacuumRelation.relation)] : [],
  );
  if (node.is_vacuumcmd !== true) return { kind: 'analyze', tables };
  return { kind: 'vacuum', tables, full: hasOption(node.options, 'full') };
}
