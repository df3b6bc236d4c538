import type { ActionOf, ConstraintDef } from '../sql/action.ts';
import { once } from './once.ts';

/** The constraints that a statement adds, those beside columns too. */
export const addedConstraints = once((action: ActionOf<'create-table' | 'alter-table'>): readonly ConstraintDef[] => {
  if (action.kind === 'create-table')
    return [...action.constraints, ...action.columns.flatMap((column) => column.constraints)];
  return action.commands.flatMap((command) => {
    if (command.kind === 'add-constraint') return [command.constraint];
    return command.kind === 'add-column' ? command.column.constraints : [];
  });
});
