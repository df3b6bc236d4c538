import type { CreateFunctionStmt } from '../libpg.ts';
import type { Action } from '../action.ts';
import { listName, strings } from './name.ts';

export function createFunction(node: CreateFunctionStmt): Action {
  const options = new Map(
    (node.options ?? []).flatMap((item) =>
      'DefElem' in item ? [[item.DefElem.defname ?? '', item.DefElem.arg] as const] : [],
    ),
  );
  const text = (name: string): string | null => {
    const arg = options.get(name);
    return arg !== undefined && 'String' in arg ? (arg.String.sval ?? '') : null;
  };
  const as = options.get('as');
  const body = as !== undefined && 'List' in as ? (strings(as.List.items)[0] ?? null) : null;
  const volatility = text('volatility');
  return {
    kind: 'create-function',
    name: listName(node.funcname),
    orReplace: node.replace === true,
    // A body without LANGUAGE is the SQL standard's own (BEGIN ATOMIC or RETURN).
    language: text('language')?.toLowerCase() ?? 'sql',
    volatility: volatility === 'immutable' || volatility === 'stable' ? volatility : 'volatile',
    body,
  };
}
