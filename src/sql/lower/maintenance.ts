import type { VacuumStmt } from '../libpg.ts';
import type { Action } from '../action.ts';
import { target } from './name.ts';
import { hasOption } from './option.ts';

export function vacuum(node: VacuumStmt): Action {
  const tables = (node.rels ?? []).flatMap((item) =>
    'VacuumRelation' in item ? [target(item.VacuumRelation.relation)] : [],
  );
  if (node.is_vacuumcmd !== true) return { kind: 'analyze', tables };
  return { kind: 'vacuum', tables, full: hasOption(node.options, 'full'), analyze: hasOption(node.options, 'analyze') };
}
